"""`/health/live` and `/health/ready`: for probes, so no Host is refused and no key is asked for.

Who shows a client key, or asks from loopback, also sees the parts.
"""

import asyncio
import ipaddress
import math
import time
from typing import Any

from django.http import JsonResponse

from inference.api.gateway import Gateway
from inference.api.identity import presented_key
from inference.api.requests import ApiRequest
from inference.cooldowns import name_of
from inference.errors import BackendError, GatewayError

PATHS = ("/health/live", "/health/ready")
PATIENCE = 2.0
PROBE_HOLDS = 1.0

type Part = dict[str, Any]  # Rendered as JSON.


class Health:
    """Asks a running worker at most once a second, however many ask us: each time costs it a step."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
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
                self._worker = await probe(gateway)
                self._probed_at = time.monotonic()
        return {
            "gateway": "draining" if gateway.activity.draining else "ok",
            "database": "ok" if gateway.keeper.healthy else "unreachable",
            "configuration": {"generation": gateway.keeper.current.generation},
            "credentials": {"unreadable": list(gateway.keeper.current.problems)},
            "cooling": [name_of(target) for target in gateway.executor.cooldowns.targets()],
            "worker": self._worker,
        }


async def probe(gateway: Gateway) -> Part:
    """What the thread that runs the models says. A worker whose socket answers while that thread does not is no use."""
    try:
        async with asyncio.timeout(PATIENCE):
            await gateway.local.ping()
            status = await gateway.local.status()
    except BackendError as error:
        return {"status": "unavailable", "reason": error.message}
    except TimeoutError:
        return {"status": "unavailable", "reason": f"The local worker has not answered for {PATIENCE:g} s."}
    return {
        "status": "ok",
        "models": [model.name for model in status.models],
        "active": status.active,
        "waiting": status.waiting,
        "steps": status.steps,
        "memory": status.memory,
    }


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
