"""Runs one request over the targets of its route: attempts, at most one retry each, and fallback.

A target that is cooling down is passed over.

The first target that starts to answer wins. Until then nothing has reached the client; from then on nothing else may.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import msgspec

from inference import guess, translate
from inference.answer_headers import UPSTREAM_ID, Headers, answer_headers
from inference.backends.base import Backend, Call, Reply
from inference.cooldowns import CoolDown, Cooldowns, Spot, Visit
from inference.course import ANSWERED, CANCELLED, Attempt
from inference.errors import BackendError, GatewayError, Kind
from inference.exchange import Exchange
from inference.failures import Failure, cooling_error, summed_up
from inference.healing import REASON, Lessons
from inference.incoming import Incoming
from inference.meter import Meter
from inference.policy import policy, wait_to_retry
from inference.relay import TIMING, Relay, Timing
from inference.thinking_store import ThinkingStore
from routing.route import Route, Target

MOST_ATTEMPTS = 4
NOTHING: Headers = ()


class Answer(msgspec.Struct, frozen=True):
    """`body` is the whole plain answer, or the stream, which the caller closes."""

    body: bytes | Relay
    headers: Headers
    target: Target
    attempts: int
    fallback_reason: Kind | None


class Executor:
    def __init__(
        self, backends: Mapping[str, Backend], timing: Timing = TIMING, *, cooldowns: Cooldowns | None = None
    ) -> None:
        self.backends = backends
        self.timing = timing
        self.cooldowns = cooldowns or Cooldowns()
        self.meter = Meter()
        self.lessons = Lessons()
        self.thinking = ThinkingStore()

    async def execute(self, incoming: Incoming, route: Route) -> Answer:
        """Raises AttemptsFailed, or GatewayError where there is no target."""
        failures: list[Failure] = []
        for target in route.targets:
            # Alone it is asked all the same: a client rather has the upstream's word than ours.
            visit = self.cooldowns.visit(Spot(target, purpose(incoming.protocol)), alone=len(route.targets) == 1)
            if isinstance(visit, CoolDown):
                error = cooling_error(visit.kind, self.cooldowns.left(visit))
                failures.append(self.failure(error, target, was_asked=False))
                continue
            answer = await self.visited(incoming, visit, failures=failures, route=route)
            if answer is not None:
                return answer
            if not policy(failures[-1].error.kind).falls_back or not may_try(incoming, failures):
                break
        if not failures:
            raise GatewayError(Kind.LOCAL_ONLY, f"{route.requested_model} may only be answered on this machine.")
        raise summed_up(failures, incoming.model)

    async def visited(
        self, incoming: Incoming, visit: Visit, *, failures: list[Failure], route: Route
    ) -> Answer | None:
        """What `ask` gives, and the target's cool-downs told of it, once for all its tries."""
        try:
            answer = await self.ask(incoming, visit.spot.target, failures=failures, route=route)
            if answer is not None:
                self.cooldowns.succeeded(visit)
            elif not ((incoming.is_hurried or incoming.left <= 0) and failures[-1].error.kind is Kind.UPSTREAM_TIMEOUT):
                self.cooldowns.failed(visit, failures[-1].error)
            return answer
        finally:
            self.cooldowns.leave(visit)

    async def ask(self, incoming: Incoming, target: Target, *, failures: list[Failure], route: Route) -> Answer | None:
        """The target's answer, at its first or second try. None: it failed, as the last of `failures` has it."""
        retried = False
        healed: str | None = None
        while may_try(incoming, failures):
            try:
                body, headers = await self.attempt(incoming, target, route=route, healed=healed)
            except GatewayError as error:
                failures.append(self.failure(error, target))
                healed = None if retried else self.heal(incoming, target, error)
                wait = None if retried else wait_to_retry(error, last=is_last(target, route))
                if healed is not None:
                    wait = 0.0
                if wait is None:
                    break
                retried = True
                await asyncio.sleep(wait)
            else:
                reason = next((f.error.kind for f in failures if f.target is not target), None)
                if reason is not None:
                    self.meter.fallbacks.add((target.backend, reason.value))
                return Answer(body, headers, target, tries(failures) + 1, reason)
        return None

    def failure(self, error: GatewayError, target: Target, *, was_asked: bool = True) -> Failure:
        return Failure(error, target, self.backends[target.backend].protocol, was_asked)

    def heal(self, incoming: Incoming, target: Target, error: GatewayError) -> str | None:
        """The field to leave out where the same target is tried once more; never where the client's bytes pass."""
        if incoming.strict or not error.is_translated:
            return None
        return self.lessons.learn(target, self.backends[target.backend].protocol, error)

    async def attempt(
        self, incoming: Incoming, target: Target, *, route: Route, healed: str | None
    ) -> tuple[bytes | Relay, Headers]:
        """One try, from the client's original request. Raises GatewayError before the first byte.

        `healed` is the field that the try before was refused for.
        """
        began = time.monotonic()
        outcome, headers = CANCELLED, NOTHING
        try:
            answer = await self.answer(incoming, target, route=route, healed=healed)
            outcome, headers = ANSWERED, answer[1]
        except GatewayError as error:
            outcome, headers = error.kind.value, upstream_headers(error)
            raise
        finally:
            ms = round((time.monotonic() - began) * 1000)
            self.meter.attempts.add((target.backend, outcome))
            upstream_id = next((value for name, value in headers if name == UPSTREAM_ID), "")
            incoming.course.tried(Attempt(target.backend, target.model, outcome, ms), upstream_id)
        return answer

    async def answer(
        self, incoming: Incoming, target: Target, *, route: Route, healed: str | None
    ) -> tuple[bytes | Relay, Headers]:
        if target.problem is not None:
            raise BackendError(Kind.NO_UPSTREAM_CREDENTIAL, target.problem)
        backend = self.backends[target.backend]
        exchange = translate.begin(
            incoming,
            backend.protocol,
            target.model,
            overrides=self.lessons.overrides(target),
            strict=incoming.strict,
            memory=self.thinking.of(incoming.tenant),
        )
        if healed is not None:
            exchange.warnings.add(healed, REASON)
        try:
            return await self.exchanged(incoming, target, exchange=exchange, route=route)
        except GatewayError as error:
            error.warning = exchange.warnings.header
            error.is_translated = not exchange.passes
            raise

    async def exchanged(
        self, incoming: Incoming, target: Target, *, exchange: Exchange, route: Route
    ) -> tuple[bytes | Relay, Headers]:
        same = exchange.passes
        sent = forwarded(incoming.headers, first=target is route.targets[0]) if same else ()
        call = make_call(incoming, exchange, headers=sent, last=is_last(target, route))
        reply = await self.backends[target.backend].open(call, target)
        headers = answer_headers(reply, same=same, stream=incoming.stream, warning=exchange.warnings.header)
        if not incoming.stream:
            answer = await whole(reply, exchange)
            incoming.course.spend(exchange.usage, written=guess.answer_tokens(incoming.protocol, answer))
            return answer, headers
        relay = Relay(reply, exchange.stream(reply.is_stream), self.timing, course=incoming.course)
        try:
            await relay.begin()
        except BaseException:
            await relay.aclose()
            raise
        return relay, headers


def purpose(protocol: str) -> str:
    """What a target is asked for: a conversation, in whichever protocol, or something of its own."""
    return "conversation" if protocol in translate.CLIENT_CODECS else protocol


def tries(failures: Sequence[Failure]) -> int:
    return sum(failure.was_asked for failure in failures)


def may_try(incoming: Incoming, failures: Sequence[Failure]) -> bool:
    tried = tries(failures)
    return not tried or (tried < MOST_ATTEMPTS and incoming.left > 0)


def make_call(incoming: Incoming, exchange: Exchange, *, headers: Headers, last: bool) -> Call:
    return Call(
        request_id=incoming.request_id,
        endpoint=exchange.endpoint,
        body=exchange.request,
        stream=incoming.stream,
        headers=headers,
        tenant=incoming.tenant,
        is_batch=incoming.is_batch,
        first_byte=min(incoming.first_byte, incoming.left),
        idle=incoming.idle,
        last=last,
    )


def is_last(target: Target, route: Route) -> bool:
    return target is route.targets[-1]


def upstream_headers(error: GatewayError) -> Headers:
    """Of the upstream's refusal, where the error is one."""
    return error.answer.headers if isinstance(error, BackendError) and error.answer is not None else NOTHING


def forwarded(headers: Headers, *, first: bool) -> Headers:
    """What a client sent, for a target. Its idempotency key holds for the first target alone."""
    return headers if first else tuple(pair for pair in headers if pair[0] != "idempotency-key")


async def whole(reply: Reply, exchange: Exchange) -> bytes:
    """The plain answer, from a backend that gave it whole or as a stream."""
    try:
        chunks = [chunk async for chunk in reply.chunks()]
        return exchange.plain(b"".join(chunks), is_stream=reply.is_stream)
    finally:
        await reply.aclose()
