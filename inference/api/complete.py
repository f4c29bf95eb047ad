"""One completion, whichever protocol asks: envelope, route, attempts, response."""

import time

from django.http.response import HttpResponseBase

from inference import envelope
from inference.api.identity import client_protocol
from inference.api.requests import ApiRequest
from inference.api.respond import answer_response
from inference.executor import Incoming


async def complete(request: ApiRequest) -> HttpResponseBase:
    """Raises GatewayError."""
    asked = envelope.read(request.body)
    gateway = request.gateway
    limits = gateway.limits
    route = gateway.route(asked.model, request.client)
    incoming = Incoming(
        request_id=request.id,
        protocol=client_protocol(request),
        body=request.body,
        model=asked.model,
        stream=asked.stream,
        created=int(time.time()),
        headers=request.plain_headers,
        tenant=str(request.client.id),
        first_byte=limits.stream_first_byte if asked.stream else limits.plain_first_byte,
        idle=limits.idle,
        strict=route.strict_params,
    )
    return answer_response(request, await gateway.executor.execute(incoming, route), route)
