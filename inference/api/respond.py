"""From an answer or an error to a response in the client's protocol, with the headers that tell what happened."""

from collections.abc import Mapping
from typing import Any

import msgspec

from inference.api.charging import told
from inference.api.identity import client_protocol, is_messages
from inference.api.requests import ApiRequest
from inference.errors import BackendError, GatewayError, Kind
from inference.executor import Answer
from inference.failures import AttemptsFailed
from inference.protocols.error_table import headers_of
from inference.protocols.openai_chat.errors import code_of
from inference.relay import Relay
from inference.translate import CLIENT_CODECS
from routing.route import Route, Target

# An upstream that refuses our credential has said nothing about the client's request.
OUR_CREDENTIAL = {Kind.UPSTREAM_AUTH_FAILED, Kind.UPSTREAM_QUOTA_SPENT}
JSON = {"content-type": "application/json"}
STREAM = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}

type Headers = Mapping[str, str]


class Response(msgspec.Struct, frozen=True):
    """`headers` have names in lower case and ASCII values. Whoever sends it closes a body that is a relay."""

    body: bytes | Relay
    status: int = 200
    headers: Headers = msgspec.field(default_factory=lambda: JSON)


def json_response(value: Any, status: int = 200, **headers: str) -> Response:  # Any: what JSON can hold.
    return Response(msgspec.json.encode(value), status, JSON | headers)


def answer_response(request: ApiRequest, answer: Answer, route: Route) -> Response:
    request.course.target = answer.target
    headers = {
        **(STREAM if isinstance(answer.body, Relay) else JSON),
        **dict(answer.headers),
        **identity(request),
        **described(answer.target, answer.attempts),
    }
    if route.mapping_id is not None:
        headers["x-mlxmanager-mapping"] = str(route.mapping_id)
    if answer.fallback_reason is not None:
        headers["x-mlxmanager-fallback-reason"] = code_of(answer.fallback_reason)
    return Response(answer.body, headers=told(request, headers, is_over=isinstance(answer.body, bytes)))


def error_response(request: ApiRequest, error: GatewayError, more: Headers | None = None) -> Response:
    """`more` are headers that this error has besides."""
    request.course.outcome = error.kind.value
    protocol = client_protocol(request)
    response = as_it_came(error, protocol)
    if response is None:
        rendered = CLIENT_CODECS[protocol].render_error(error, request.id)
        response = Response(rendered.body, rendered.status, JSON | dict(rendered.headers))
    headers = {**response.headers, **identity(request), **(more or {})}
    if isinstance(error, AttemptsFailed):
        request.course.target = error.target
        headers |= described(error.target, error.attempts)
        if error.warning:
            headers["x-mlxmanager-warning"] = error.warning
    return Response(response.body, response.status, told(request, headers, is_over=True))


def as_it_came(error: GatewayError, protocol: str) -> Response | None:
    """The upstream's own refusal, where the client speaks its protocol and it is about the client's request."""
    if not isinstance(error, AttemptsFailed) or error.protocol != protocol or error.kind in OUR_CREDENTIAL:
        return None
    answer = error.cause.answer if isinstance(error.cause, BackendError) else None
    if answer is None or not answer.is_readable or error.kind is Kind.UPSTREAM_INVALID_RESPONSE:
        return None
    return Response(answer.body, answer.status, {**JSON, **dict(answer.headers), **dict(headers_of(error))})


def identity(request: ApiRequest) -> Headers:
    """Our request id, where each vendor's SDK looks for it."""
    if is_messages(request.path):
        return {"x-request-id": request.id, "request-id": request.id}
    return {"x-request-id": request.id}


def described(target: Target, attempts: int) -> Headers:
    return {
        "x-mlxmanager-backend": target.backend,
        "x-mlxmanager-model": target.model.encode("ascii", "backslashreplace").decode("ascii"),
        "x-mlxmanager-attempts": str(attempts),
    }
