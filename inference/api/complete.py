"""One completion, whichever protocol asks: envelope, route, attempts, response."""

import time

import structlog
from django.http.response import HttpResponseBase

from inference import envelope
from inference.api.identity import client_protocol
from inference.api.patience import patience, retries
from inference.api.requests import ApiRequest
from inference.api.respond import answer_response
from inference.executor import Incoming

log = structlog.get_logger("mlxmanager.api")


async def complete(request: ApiRequest) -> HttpResponseBase:
    """Raises GatewayError."""
    asked = envelope.read(request.body)
    gateway = request.gateway
    limits = gateway.limits
    route = gateway.route(asked.model, request.client)
    if repeated := retries(request.META):
        log.info("client retry", model=asked.model, retry=repeated)
    incoming = Incoming(
        request_id=request.id,
        protocol=client_protocol(request),
        body=request.body,
        model=asked.model,
        stream=asked.stream,
        created=int(time.time()),
        headers=request.plain_headers,
        tenant=str(request.client.id),
        first_byte=min(limits.stream_first_byte if asked.stream else limits.plain_first_byte, patience(request.META)),
        idle=limits.idle,
        strict=route.strict_params,
    )
    return answer_response(request, await gateway.executor.execute(incoming, route), route)
