"""`/metrics`: what all web processes have counted and what the worker says of itself, for Prometheus.

For an administrator's client key, or who asks on this machine.
"""

import asyncio
from collections import Counter

from inference import exposition, metrics
from inference.api.gateway import Gateway
from inference.api.requests import ApiRequest
from inference.api.respond import Response, json_response
from inference.api.trust import client_of, is_from_here
from inference.figures import Board, Figures
from inference.metrics import Key
from inference.worker_figures import figures
from inference.worker_state import Checkup

PATH = "/metrics"
EVERY = 1.0


class Metrics:
    def __init__(self, gateway: Gateway, checkup: Checkup, board: Board) -> None:
        self._gateway = gateway
        self._checkup = checkup
        self._board = board
        self._showing = asyncio.Lock()
        self._shown: Figures | None = None

    async def respond(self, request: ApiRequest) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        own = await self.show()
        counted = await asyncio.to_thread(self._board.add_up, own)
        values = counted | figures(await self._checkup.look())
        return Response(exposition.render(values).encode(), headers={"content-type": exposition.CONTENT_TYPE})

    async def show(self) -> Figures:
        """Let the other processes see how far we are."""
        async with self._showing:
            own = self._look()
            if own != self._shown:
                await asyncio.to_thread(self._board.show, own)
                self._shown = own
        return own

    async def keep_shown(self) -> None:
        while True:
            await self.show()
            await asyncio.sleep(EVERY)

    def _look(self) -> Figures:
        activity = self._gateway.activity
        gauges: dict[Key, float] = {
            (metrics.IN_PROGRESS.name,): len(activity.requests),
            (metrics.STREAMS.name,): len(activity.streams),
            (metrics.WEB_PROCESSES.name,): 1,
        }
        cooling = Counter(target.backend for target in self._gateway.executor.cooldowns.targets())
        for backend in self._gateway.executor.backends:
            if backend != "local":
                gauges[metrics.COOLDOWNS.name, backend] = cooling[backend]
        return Figures(self._board.pid, self._gateway.meter.values(), gauges)


def refused(request: ApiRequest) -> Response | None:
    if request.method not in ("GET", "HEAD"):
        return json_response({"detail": "GET is allowed here."}, 405, allow="GET, HEAD")
    if is_from_here(request):
        return None
    client = client_of(request)
    if client is None:
        detail = "Show an administrator's client key, or ask on this machine."
        return json_response({"detail": detail}, 401, **{"www-authenticate": "Bearer"})
    return None if client.is_admin else json_response({"detail": "This key is no administrator's."}, 403)
