"""What a request costs a client key that has limits, and what the key's client is told of them with each answer.

A model's answer costs a request and its tokens. What it will read is estimated, and charged before anybody is asked;
what it will write is not, since clients allow far more than comes. The end settles both. A count of tokens costs a
request, a list of models nothing.
"""

import math
import time
from collections.abc import Iterator, Mapping

from inference.api.identity import ANTHROPIC, client_protocol
from inference.api.requests import ApiRequest
from inference.ir import Usage
from inference.key_limits import Bucket, LimitReached

type Headers = Mapping[str, str]

NO_COST = Usage()
PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")


def charge(request: ApiRequest) -> None:
    """Once it is noted in the request's course what it asks. Raises LimitReached."""
    client = request.client
    if not client.is_limited:
        return
    gateway = request.gateway
    request.standing = gateway.key_limits.standing(client)
    try:
        request.standing.admit(request.course.prompt)
    except LimitReached as reached:
        gateway.meter.limited.add((reached.unit,))
        raise
    if client.tokens_per_minute is not None:
        request.charged = request.course.prompt


def settle(request: ApiRequest) -> None:
    """Once its course knows what the answer cost: nothing where there was none."""
    if request.standing is not None and request.charged:
        usage = request.course.usage or NO_COST
        cost = usage.input_tokens + usage.output_tokens
        request.standing.settle(cost - request.charged)
        request.charged = cost


def told(request: ApiRequest, headers: Headers, *, is_over: bool) -> Headers:
    """`headers`, with the key's limits in place of an upstream's: two of a kind would contradict each other.

    `is_over`: what the answer costs is known, as it is of all but streams.
    """
    if request.standing is None:
        return headers
    if is_over:
        settle(request)
    kept = {name: value for name, value in headers.items() if not name.startswith(PREFIXES)}
    return {**kept, **dict(limits(request))}


def limits(request: ApiRequest) -> Iterator[tuple[str, str]]:
    standing = request.standing
    assert standing is not None
    now = standing.clock()
    form = anthropic if client_protocol(request) == ANTHROPIC else openai
    for unit, bucket in (("requests", standing.requests), ("tokens", standing.tokens)):
        if bucket is not None:
            yield from form(unit, bucket, now)


def openai(unit: str, bucket: Bucket, now: float) -> Iterator[tuple[str, str]]:
    yield f"x-ratelimit-limit-{unit}", str(bucket.limit)
    yield f"x-ratelimit-remaining-{unit}", str(bucket.left(now))
    yield f"x-ratelimit-reset-{unit}", duration(bucket.refill(now))


def anthropic(unit: str, bucket: Bucket, now: float) -> Iterator[tuple[str, str]]:
    yield f"anthropic-ratelimit-{unit}-limit", str(bucket.limit)
    yield f"anthropic-ratelimit-{unit}-remaining", str(bucket.left(now))
    full = time.gmtime(math.ceil(time.time() + bucket.refill(now)))
    yield f"anthropic-ratelimit-{unit}-reset", time.strftime("%Y-%m-%dT%H:%M:%SZ", full)


def duration(seconds: float) -> str:
    """As OpenAI has it: `20ms`, `1.5s`, `6m0s`, `1h0m0s`."""
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    shown = f"{rest / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{shown}"
    return f"{minutes}m{shown}" if minutes else shown
