"""Joins `/v1`, health, metrics and the site into one ASGI application; what they share lives as long as the server."""

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import replace

from django.conf import settings

from inference import figures, installed, restarts, sockets
from inference.api.endpoint import Endpoint
from inference.api.gateway import Gateway, Limits
from inference.api.health import PATHS, Health
from inference.api.housekeeping import keep_up
from inference.api.installed_models import InstalledModels
from inference.api.metrics import PATH, Metrics
from inference.api.requests import ApiRequest, App, Message, Receive, Send
from inference.backends.local import LocalBackend
from inference.backends.transport import AiohttpTransport
from inference.clouds import cloud_backends
from inference.configuration_api import COOLDOWNS
from inference.cooldowns import Cooldowns
from inference.executor import Executor
from inference.model_facts import ModelFacts, read_facts
from inference.models import read_options
from inference.protocols.wire import largest_frame
from inference.worker_state import Checkup
from routing.resolver import SnapshotKeeper


def make_gateway() -> Gateway:
    transport = AiohttpTransport(settings.PRIVATE_UPSTREAMS)
    models = InstalledModels(usable_models)
    local = LocalBackend(
        sockets.socket_path(settings.HOME), largest_frame=largest_frame(settings.MAX_BODY), needs=models.needs
    )
    keeper = SnapshotKeeper()
    cooldowns = Cooldowns(generation=lambda: keeper.current.generation)
    return Gateway(
        keeper=keeper,
        executor=Executor({"local": local, **cloud_backends(transport)}, cooldowns=cooldowns),
        local=local,
        transport=transport,
        installed=models,
        read_options=read_options,
        limits=Limits(
            body=settings.MAX_BODY,
            stream_first_byte=settings.STREAM_FIRST_BYTE,
            plain_first_byte=settings.PLAIN_FIRST_BYTE,
            idle=settings.IDLE_TIMEOUT,
        ),
        hosts=settings.ALLOWED_HOSTS,
        origins=frozenset(settings.CORS_ORIGINS),
        is_behind_proxy=bool(settings.PUBLIC_URL),
    )


def usable_models() -> dict[str, ModelFacts]:
    usable: dict[str, ModelFacts] = {}
    for name, model in installed.find(settings.MODELS_DIR, settings.HUB_CACHE).items():
        # One may be removed while we look.
        with contextlib.suppress(FileNotFoundError):
            if model.problem is None:
                usable[name] = replace(read_facts(model.folder), needs=model.needs)
    return usable


class Application:
    def __init__(self, site: App, gateway: Gateway) -> None:
        self.site = site
        self.gateway = gateway
        self.api = Endpoint(gateway)
        checkup = Checkup(gateway.local, restarts.place(settings.HOME))
        self.health = Health(gateway, checkup)
        self.metrics = Metrics(gateway, checkup, figures.Board(figures.place(settings.HOME)))

    def __call__(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """Gives what answers: no frame of ours stays open below each stream."""
        if scope["type"] == "lifespan":
            return self.live(receive, send)
        path = scope["path"]
        if path.startswith("/v1/") or path == "/v1":
            return self.api(scope, receive, send)
        if path.rstrip("/") in PATHS:
            return self.tell(self.health, scope, send)
        if path.rstrip("/") == PATH:
            return self.tell(self.metrics, scope, send)
        return self.site({**scope, COOLDOWNS: self.gateway.executor.cooldowns}, receive, send)

    async def tell(self, part: Health | Metrics, scope: Message, send: Send) -> None:
        request = ApiRequest(scope, self.gateway)
        await self.api.answer(request, await part.respond(request), send)

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.gateway.start()
        housekeeping = asyncio.create_task(keep_up(self.gateway.keep_house, self.metrics.keep_shown))
        try:
            await send({"type": "lifespan.startup.complete"})
            await receive()
            housekeeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await housekeeping
            await self.metrics.show()
        finally:
            await self.gateway.stop()
        await send({"type": "lifespan.shutdown.complete"})
