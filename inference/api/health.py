"""`/health/live` and `/health/ready`: for probes, so no Host is refused and no key is asked for.

Who shows a client key, or asks from loopback, also sees the parts.
"""

import asyncio
import ipaddress
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import JsonResponse

from inference.api.gateway import Gateway
from inference.api.identity import presented_key
from inference.errors import BackendError, GatewayError

PATIENCE = 2.0
PATHS = ("/health/live", "/health/ready")


async def health_response(request: ASGIRequest, gateway: Gateway) -> JsonResponse:
    if request.path.rstrip("/") == "/health/live":
        return JsonResponse({"status": "ok"})
    parts = await look(gateway)
    configured = parts["configuration"]["generation"] >= 0
    somebody = parts["worker"]["status"] == "ok" or gateway.keeper.current.has_cloud_target
    serving = parts["gateway"] == "ok" and configured and somebody
    body: dict[str, Any] = {"status": verdict(parts) if serving else "unavailable"}
    if is_trusted(request, gateway):
        body["parts"] = parts
    return JsonResponse(body, status=200 if serving else 503)


async def look(gateway: Gateway) -> dict[str, Any]:
    return {
        "gateway": "draining" if gateway.activity.draining else "ok",
        "database": "ok" if gateway.keeper.healthy else "unreachable",
        "configuration": {"generation": gateway.keeper.current.generation},
        "credentials": {"unreadable": list(gateway.keeper.current.problems)},
        "worker": await worker_part(gateway),
    }


async def worker_part(gateway: Gateway) -> dict[str, Any]:
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


def verdict(parts: dict[str, Any]) -> str:
    whole = parts["database"] == "ok" and parts["worker"]["status"] == "ok" and not parts["credentials"]["unreadable"]
    return "ok" if whole else "degraded"


def is_trusted(request: ASGIRequest, gateway: Gateway) -> bool:
    if ipaddress.ip_address(request.META.get("REMOTE_ADDR", "0.0.0.0")).is_loopback:  # noqa: S104 - stands for unknown
        return True
    try:
        gateway.authenticate(presented_key(request))
    except GatewayError:
        return False
    return True
