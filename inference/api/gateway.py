"""What one web process needs to answer requests, made once from the settings and closed with the server."""

import asyncio
import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from django.http.request import split_domain_port, validate_host

from credentials.client_keys import digest, is_well_formed
from inference.api.activity import Activity
from inference.api.count_cache import CountCache
from inference.api.housekeeping import keep_up
from inference.api.installed_models import InstalledModels
from inference.api.last_used import LastUsed
from inference.api.local_options import LocalOptions
from inference.api.log_retention import keep_short
from inference.api.log_writer import LogWriter
from inference.backends.local import LocalBackend
from inference.backends.transport import AiohttpTransport
from inference.course import Course
from inference.errors import GatewayError, Kind
from inference.executor import Executor
from inference.key_limits import KeyLimits
from inference.protocols.wire import ModelOptions
from routing.client import Client
from routing.resolver import SnapshotKeeper
from routing.route import Route, Target

# Clients write it as they like: whoever tries many shall not fill the memory.
KNOWN_HOSTS = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """`body` in bytes, the rest in seconds: to the first byte of a stream and of a plain answer, between two chunks."""

    body: int
    stream_first_byte: float
    plain_first_byte: float
    idle: float


class Gateway:
    def __init__(
        self,
        *,
        keeper: SnapshotKeeper,
        executor: Executor,
        local: LocalBackend,
        transport: AiohttpTransport,
        installed: InstalledModels,
        read_options: Callable[[], Sequence[ModelOptions]],
        limits: Limits,
        hosts: Sequence[str],
        origins: Collection[str],
        is_behind_proxy: bool,
    ) -> None:
        self.keeper = keeper
        self.executor = executor
        self.meter = executor.meter
        self.local = local
        self.transport = transport
        self.installed = installed
        self.limits = limits
        self.hosts = hosts
        self.origins = origins
        self.is_behind_proxy = is_behind_proxy
        self._goes_by = lru_cache(maxsize=KNOWN_HOSTS)(self._is_ours)
        self.activity = Activity()
        self.last_used = LastUsed()
        self.log = LogWriter(self.meter)
        self.counts = CountCache()
        self.key_limits = KeyLimits(lambda: keeper.current)
        self.options = LocalOptions(keeper, local, read_options)

    async def start(self) -> None:
        await asyncio.to_thread(self.keeper.start)
        await self.installed.refresh()

    async def keep_house(self) -> None:
        """What goes on beside the requests, until it is cancelled."""
        await keep_up(
            self.installed.keep_fresh,
            self.last_used.keep_written,
            self.options.keep_told,
            self.log.keep_written,
            keep_short,
        )

    async def stop(self) -> None:
        await self.last_used.write()
        await self.log.write()
        await self.local.aclose()
        await self.transport.aclose()
        await asyncio.to_thread(self.keeper.stop)

    def check_host(self, host: str) -> None:
        """Refuse a Host we do not go by: a web page could have bound its own name to our address."""
        if not self._goes_by(host):
            message = "This Host is not allowed; MLXMANAGER_ALLOWED_HOSTS lists those that are."
            raise GatewayError(Kind.HOST_NOT_ALLOWED, message)

    def _is_ours(self, host: str) -> bool:
        domain, _ = split_domain_port(host)
        return bool(domain) and validate_host(domain, self.hosts)

    def authenticate(self, key: str | None) -> Client:
        """The client whose key this is. A missing, a malformed and an unknown key look alike."""
        client = self.keeper.current.client(digest(key)) if key and is_well_formed(key) else None
        if client is None:
            if not self.keeper.healthy:
                raise GatewayError(Kind.DATABASE_UNAVAILABLE, "The database cannot be asked now.", retry_after=5)
            raise GatewayError(Kind.INVALID_API_KEY, "The client key is missing or not valid.")
        if not client.enabled:
            raise GatewayError(Kind.KEY_DISABLED, f"The client key {client.name} is disabled.")
        if client.expires_at is not None and client.expires_at <= datetime.now(UTC):
            raise GatewayError(Kind.KEY_DISABLED, f"The client key {client.name} has expired.")
        self.last_used.note(client.id)
        return client

    def end(self, course: Course) -> None:
        """A request has ended, whatever became of it."""
        course.end()
        self.meter.count(course)
        self.log.note(course)

    def route(self, model: str, client: Client) -> Route:
        """Raises GatewayError where the key may not use the model or nothing answers it."""
        if not client.allows(model):
            raise GatewayError(Kind.MODEL_NOT_ALLOWED, f"This key may not use the model {model}.", param="model")
        route = self.find_route(model)
        if route is None:
            near = difflib.get_close_matches(model, self.names(client), n=5)
            hint = f" Near names: {', '.join(near)}." if near else ""
            raise GatewayError(Kind.MODEL_NOT_FOUND, f"model: {model} is not known here.{hint}", param="model")
        return free_of_charge(route, client) if client.has_no_budget else route

    def find_route(self, model: str) -> Route | None:
        """The first mapping that matches; failing that, the installed model of that very name."""
        mapped = self.keeper.current.route(model)
        if mapped is not None:
            return mapped
        return Route(model, None, (Target("local", model),)) if model in self.installed.models else None

    def names(self, client: Client) -> list[str]:
        """What a key can name: exact patterns, and installed models that are answered under their own name."""
        own = [name for name in self.installed.models if answers_itself(self.find_route(name), name)]
        names = dict.fromkeys([*self.keeper.current.exact_names, *sorted(own)])
        return [name for name in names if client.allows(name) and (not client.has_no_budget or self._is_free(name))]

    def _is_free(self, model: str) -> bool:
        route = self.find_route(model)
        return route is not None and bool(local_targets(route))


def local_targets(route: Route) -> tuple[Target, ...]:
    return tuple(target for target in route.targets if target.backend == "local")


def free_of_charge(route: Route, client: Client) -> Route:
    """The route without what may cost money. Raises GatewayError where nothing is left of it."""
    targets = local_targets(route)
    if route.targets and not targets:
        message = (
            f"The client key {client.name} has a monthly budget of 0: no provider answers {route.requested_model}."
        )
        raise GatewayError(Kind.BUDGET_SPENT, message)
    return replace(route, targets=targets)


def answers_itself(route: Route | None, name: str) -> bool:
    return route is not None and route.targets[:1] == (Target("local", name),)
