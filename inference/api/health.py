"""`/health/live` and `/health/ready`: for probes, so no Host is refused and no key is asked for.

Who shows a client key, or asks from loopback, also sees the parts.
"""

from typing import Any

import msgspec

from inference.api.gateway import Gateway
from inference.api.requests import ApiRequest
from inference.api.respond import Response, json_response
from inference.api.trust import client_of, is_from_here
from inference.cooldowns import name_of
from inference.protocols import wire
from inference.worker_state import Checkup, WorkerState

PATHS = ("/health/live", "/health/ready")

type Part = dict[str, Any]  # Rendered as JSON.


class Health:
    def __init__(self, gateway: Gateway, checkup: Checkup) -> None:
        self._gateway = gateway
        self._checkup = checkup

    async def respond(self, request: ApiRequest) -> Response:
        if request.path == "/health/live":
            return json_response({"status": "ok"})
        parts = await self.look()
        serving = is_serving(parts, has_cloud=self._gateway.keeper.current.has_cloud_target)
        body: Part = {"status": verdict(parts) if serving else "unavailable"}
        if is_from_here(request) or client_of(request) is not None:
            body["parts"] = parts
        return json_response(body, 200 if serving else 503)

    async def look(self) -> dict[str, Any]:
        gateway = self._gateway
        worker = await self._checkup.look()
        return {
            "gateway": "draining" if gateway.activity.draining else "ok",
            "database": "ok" if gateway.keeper.healthy else "unreachable",
            "configuration": {"generation": gateway.keeper.current.generation},
            "credentials": {"unreadable": list(gateway.keeper.current.problems)},
            "cooling": [name_of(target) for target in gateway.executor.cooldowns.targets()],
            "web": {"restarts": worker.of_web},
            "worker": worker_part(worker),
        }


def worker_part(state: WorkerState) -> Part:
    status: Part = {"status": "unavailable", "reason": state.reason} if state.status is None else shown(state.status)
    ended = {} if state.own.reason is None else {"last_end": f"The local worker {state.own.reason}."}
    return {**status, "restarts": state.own.count, **ended}


def shown(status: wire.Status) -> Part:
    return {
        "status": "ok",
        "pid": status.pid,
        "models": {model.name: {"memory": model.size, "active": model.active} for model in status.models},
        "loading": status.loading,
        "active": status.active,
        "reading": status.reading,
        "waiting": status.waiting,
        "steps": status.steps,
        "tokens": {"read": status.read, "written": status.written, "written_per_second": round(status.speed, 1)},
        "memory": status.memory,
        "budget": status.budget,
        "prefixes": msgspec.to_builtins(status.prefixes),
    }


def is_serving(parts: dict[str, Any], *, has_cloud: bool) -> bool:
    """Whether somebody can be answered: keys are known, and a worker or a cloud is there."""
    configured = parts["configuration"]["generation"] >= 0
    return parts["gateway"] == "ok" and configured and (parts["worker"]["status"] == "ok" or has_cloud)


def verdict(parts: dict[str, Any]) -> str:
    whole = parts["database"] == "ok" and parts["worker"]["status"] == "ok" and not parts["credentials"]["unreadable"]
    return "ok" if whole else "degraded"
