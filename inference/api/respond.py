"""From an answer or an error to a response in the client's protocol, with the headers that tell what happened."""

from collections.abc import Iterable

from django.http import HttpResponse
from django.http.response import HttpResponseBase

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


class StreamResponse(HttpResponseBase):
    """A response whose body is a relay. Whoever sends it closes the relay."""

    streaming = True

    def __init__(self, relay: Relay, request: ApiRequest) -> None:
        super().__init__(content_type="text/event-stream; charset=utf-8")
        self.relay = relay
        self.request = request


def answer_response(request: ApiRequest, answer: Answer, route: Route) -> HttpResponseBase:
    response: HttpResponseBase
    if isinstance(answer.body, Relay):
        response = StreamResponse(answer.body, request)
        set_headers(response, [*answer.headers, ("cache-control", "no-cache"), ("x-accel-buffering", "no")])
    else:
        response = HttpResponse(answer.body, content_type="application/json")
        set_headers(response, answer.headers)
    identify(response, request)
    request.course.backend = answer.target.backend
    describe(response, answer.target, answer.attempts)
    if route.mapping_id is not None:
        response["x-mlxmanager-mapping"] = str(route.mapping_id)
    if answer.fallback_reason is not None:
        response["x-mlxmanager-fallback-reason"] = code_of(answer.fallback_reason)
    return response


def error_response(request: ApiRequest, error: GatewayError) -> HttpResponse:
    request.course.outcome = error.kind.value
    protocol = client_protocol(request)
    relayed = as_it_came(error, protocol)
    if relayed is not None:
        response = relayed
    else:
        rendered = CLIENT_CODECS[protocol].render_error(error, request.id)
        response = HttpResponse(rendered.body, status=rendered.status, content_type="application/json")
        set_headers(response, rendered.headers)
    identify(response, request)
    if isinstance(error, AttemptsFailed):
        request.course.backend = error.target.backend
        describe(response, error.target, error.attempts)
        if error.warning:
            response["x-mlxmanager-warning"] = error.warning
    return response


def as_it_came(error: GatewayError, protocol: str) -> HttpResponse | None:
    """The upstream's own refusal, where the client speaks its protocol and it is about the client's request."""
    if not isinstance(error, AttemptsFailed) or error.protocol != protocol or error.kind in OUR_CREDENTIAL:
        return None
    answer = error.cause.answer if isinstance(error.cause, BackendError) else None
    if answer is None or not answer.is_readable or error.kind is Kind.UPSTREAM_INVALID_RESPONSE:
        return None
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    set_headers(response, [*answer.headers, *headers_of(error)])
    return response


def set_headers(response: HttpResponseBase, headers: Iterable[tuple[str, str]]) -> None:
    for name, value in headers:
        response[name] = value


def identify(response: HttpResponseBase, request: ApiRequest) -> None:
    """Our request id, where each vendor's SDK looks for it."""
    response["x-request-id"] = request.id
    if is_messages(request.path):
        response["request-id"] = request.id


def describe(response: HttpResponseBase, target: Target, attempts: int) -> None:
    response["x-mlxmanager-backend"] = target.backend
    response["x-mlxmanager-model"] = target.model.encode("ascii", "backslashreplace").decode("ascii")
    response["x-mlxmanager-attempts"] = str(attempts)
