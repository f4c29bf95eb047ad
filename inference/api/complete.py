"""One answer, whichever protocol asks: envelope, route, attempts, response."""

import time

import structlog

from inference import envelope, guess
from inference.api.charging import charge
from inference.api.patience import patience, retries
from inference.api.requests import ApiRequest
from inference.api.respond import Response, answer_response
from inference.incoming import Incoming
from routing.route import Route

log = structlog.get_logger("mlxmanager.api")

# In seconds. How long we try for a client that does not say how long it waits.
LONGEST = 600.0


async def complete(request: ApiRequest, protocol: str, *, streams: bool = True) -> Response:
    """`streams`: an answer of this protocol may come as a stream. Raises GatewayError."""
    asked = envelope.read(request.body)
    stream = asked.stream and streams
    route = find_route(request, asked.model, stream=stream)
    request.course.prompt = guess.prompt_tokens(request.body)
    charge(request)
    incoming = make_incoming(request, asked, route, protocol=protocol, stream=stream)
    return answer_response(request, await request.gateway.executor.execute(incoming, route), route)


def find_route(request: ApiRequest, model: str, *, stream: bool) -> Route:
    """Noted, with what was asked, in the request's course. Raises GatewayError."""
    course = request.course
    course.model, course.stream = model, stream
    course.route = route = request.gateway.route(model, request.client)
    return route


def make_incoming(
    request: ApiRequest, asked: envelope.Envelope, route: Route, *, protocol: str, stream: bool
) -> Incoming:
    limits = request.gateway.limits
    if repeated := retries(request.headers):
        log.info("client retry", model=asked.model, retry=repeated)
    limit = limits.stream_first_byte if stream else limits.plain_first_byte
    waits = patience(request.headers)
    return Incoming(
        request_id=request.id,
        protocol=protocol,
        body=request.body,
        model=asked.model,
        stream=stream,
        created=int(time.time()),
        headers=request.plain_headers,
        tenant=str(request.client.id),
        is_batch=request.client.is_batch,
        first_byte=min(limit, waits),
        idle=limits.idle,
        until=time.monotonic() + min(max(limit, LONGEST), waits),
        strict=route.strict_params,
        is_hurried=waits < limit,
        course=request.course,
    )
