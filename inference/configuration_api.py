"""`/api/route`: what the command `route` tells, as JSON.

The server hands its cool-downs in with the ASGI scope, under `COOLDOWNS`.
"""

from dataclasses import asdict
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from inference.explain import explain, look_around

COOLDOWNS = "mlxmanager.cooldowns"

route = Router(tags=["route"])


class RouteQuestion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: str = Field(min_length=1)


@route.post("", summary="Explain what would happen to a request for a model")
def explain_route(request: HttpRequest, question: RouteQuestion) -> dict[str, Any]:
    scope = request.scope if isinstance(request, ASGIRequest) else {}
    return asdict(explain(question.model, look_around(scope.get(COOLDOWNS))))
