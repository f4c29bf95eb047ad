"""`/v1/messages/count_tokens`: exact where the backend counts, else an estimate.

That a backend cannot count, or cannot be reached, is no error of the client's: agents do badly without a count.
"""

import hashlib
import time

import msgspec

from inference import envelope
from inference.api.charging import charge
from inference.api.complete import find_route, make_incoming
from inference.api.requests import ApiRequest
from inference.api.respond import Response, answer_response
from inference.errors import BackendError, Kind
from inference.executor import Answer
from inference.failures import AttemptsFailed
from inference.incoming import Incoming
from inference.protocols.anthropic_count import estimated
from routing.route import Route

# In seconds. Nobody waits longer to be told exactly what can be told about.
PATIENCE = 10.0
# The request is at fault, whoever found out.
REFUSALS = frozenset(
    {
        Kind.INVALID_JSON,
        Kind.MISSING_PARAMETER,
        Kind.INVALID_TYPE,
        Kind.INVALID_VALUE,
        Kind.REQUEST_TOO_LARGE,
        Kind.CONTEXT_LENGTH_EXCEEDED,
        Kind.UPSTREAM_REJECTED,
    }
)
HEADER = "x-mlxmanager-token-count"


async def count_tokens(request: ApiRequest) -> Response:
    """Raises GatewayError."""
    asked = envelope.read(request.body)
    gateway = request.gateway
    route = find_route(request, asked.model, stream=False)
    charge(request)
    targets = tuple((target.backend, target.model) for target in route.targets)
    key = (request.client.id, targets, hashlib.blake2b(request.body, digest_size=16).digest())
    answer = gateway.counts.get(key)
    if answer is None:
        incoming = make_incoming(request, asked, route, protocol="anthropic_count", stream=False)
        incoming = msgspec.structs.replace(
            incoming, first_byte=min(PATIENCE, incoming.first_byte), until=time.monotonic() + PATIENCE
        )
        answer = await count(request, incoming, route)
        # What an upstream said of that one exchange is not said again.
        lasting = tuple(pair for pair in answer.headers if pair[0] == HEADER)
        gateway.counts.put(key, msgspec.structs.replace(answer, headers=lasting, attempts=0))
    return answer_response(request, answer, route)


async def count(request: ApiRequest, incoming: Incoming, route: Route) -> Answer:
    try:
        answer = await request.gateway.executor.execute(incoming, route)
    except AttemptsFailed as error:
        if is_refusal(error):
            raise
        return Answer(estimated(incoming.body), ((HEADER, "estimate"),), error.target, error.attempts, None)
    return msgspec.structs.replace(answer, headers=(*answer.headers, (HEADER, "exact")))


def is_refusal(error: AttemptsFailed) -> bool:
    """An upstream that does not know the address has not looked at the request."""
    answer = error.cause.answer if isinstance(error.cause, BackendError) else None
    return error.kind in REFUSALS and (answer is None or answer.status not in (404, 405))
