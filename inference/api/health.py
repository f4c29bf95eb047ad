"""`/health/live` and `/health/ready`: for probes, so no Host is refused and no key is asked for.

Who shows a client key, or asks from loopback, also sees the parts.
"""

import asyncio
import ipaddress
import math
import time
from pathlib import Path
from typing import Any

from django.http import JsonResponse

from inference.api.gateway import Gateway
from inference.api.identity import presented_key
from inference.api.requests import ApiRequest
from inference.backends.local import LocalBackend
from inference.cooldowns import name_of
from inference.errors import BackendError, GatewayError
from inference.protocols import wire
from inference.restarts import read as read_restarts

PATHS = ("/health/live", "/health/ready")
PATIENCE = 2.0
PROBE_HOLDS = 1.0

type Part = dict[str, Any]  # Rendered as JSON.


class Health:
    """Asks a running worker at most once a second, however many ask us: each time costs it a step.

    `record` is the file with the worker's restarts.
    """

    def __init__(self, gateway: Gateway, record: Path) -> None:
        self._gateway = gateway
        self._record = record
        self._probing = asyncio.Lock()
        self._probed_at = -math.inf
        self._worker: Part = {}

    async def respond(self, request: ApiRequest) -> JsonResponse:
        if request.path == "/health/live":
            return JsonResponse({"status": "ok"})
        parts = await self.look()
        serving = is_serving(parts, has_cloud=self._gateway.keeper.current.has_cloud_target)
        body: Part = {"status": verdict(parts) if serving else "unavailable"}
        if is_trusted(request):
            body["parts"] = parts
        return JsonResponse(body, status=200 if serving else 503)

    async def look(self) -> dict[str, Any]:
        gateway = self._gateway
        async with self._probing:
            if not gateway.local.is_connected or time.monotonic() - self._probed_at > PROBE_HOLDS:
                self._worker = await probe(gateway.local) | restarted(self._record)
                self._probed_at = time.monotonic()
        return {
            "gateway": "draining" if gateway.activity.draining else "ok",
            "database": "ok" if gateway.keeper.healthy else "unreachable",
            "configuration": {"generation": gateway.keeper.current.generation},
            "credentials": {"unreadable": list(gateway.keeper.current.problems)},
            "cooling": [name_of(target) for target in gateway.executor.cooldowns.targets()],
            "worker": self._worker,
        }


async def probe(local: LocalBackend) -> Part:
    """What the thread that runs the models says. A worker whose socket answers while that thread does not is no use.

    In a long step that thread cannot say anything; then the worker's own statuses tell whether it goes on.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            await local.ping()
            status = await local.status()
    except BackendError as error:
        return {"status": "unavailable", "reason": error.message}
    except TimeoutError:
        working = local.at_work(within=PATIENCE)
        if working is None:
            reason = local.trouble() or f"it has not answered for {PATIENCE:g} s"
            return {"status": "unavailable", "reason": f"The local worker hangs: {reason}."}
        status = working
    return shown(status)


def shown(status: wire.Status) -> Part:
    return {
        "status": "ok",
        "models": [model.name for model in status.models],
        "loading": status.loading,
        "active": status.active,
        "waiting": status.waiting,
        "steps": status.steps,
        "memory": status.memory,
    }


def restarted(record: Path) -> Part:
    restarts = read_restarts(record)
    ended = {} if restarts.reason is None else {"last_end": f"The local worker {restarts.reason}."}
    return {"restarts": restarts.count, **ended}


def is_serving(parts: dict[str, Any], *, has_cloud: bool) -> bool:
    """Whether somebody can be answered: keys are known, and a worker or a cloud is there."""
    configured = parts["configuration"]["generation"] >= 0
    return parts["gateway"] == "ok" and configured and (parts["worker"]["status"] == "ok" or has_cloud)


def verdict(parts: dict[str, Any]) -> str:
    whole = parts["database"] == "ok" and parts["worker"]["status"] == "ok" and not parts["credentials"]["unreadable"]
    return "ok" if whole else "degraded"


def is_trusted(request: ApiRequest) -> bool:
    address = request.META.get("REMOTE_ADDR", "")
    if address and ipaddress.ip_address(address).is_loopback:
        return True
    try:
        request.gateway.authenticate(presented_key(request))
    except GatewayError:
        return False
    return True
