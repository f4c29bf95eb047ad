"""One exchange with a gateway: sends what a check asks, reads all that comes, and sees what the upstreams received."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import httpx2

from benchmarks.faults.check import PATHS, Address, Ask, Check, Outcome, Place, Reply, Served
from tests.answers import Answer, Received, plain, vendor_answer
from tests.upstreams import Upstream

NOBODY = "http://127.0.0.1:9"
SECONDS = 20.0
PATIENCE = 3.0


class Bench:
    """The upstreams of all checks on one port, each under a path of its own, so that a late request disturbs none."""

    def __init__(self, upstream: Upstream, checks: tuple[Check, ...]) -> None:
        self.upstream = upstream
        self.checks = {f"check-{number}": check for number, check in enumerate(checks)}
        self.answered: dict[str, int] = {}
        upstream.always = self.answer

    def served(self) -> tuple[Served, ...]:
        """What the gateway is to be configured with."""
        return tuple(self.serve(name, check) for name, check in self.checks.items())

    def serve(self, name: str, check: Check) -> Served:
        base = f"{NOBODY if check.closed else self.upstream.url}/{name}"
        second = Place(check.second, f"{self.upstream.url}/{name}/second") if check.second else None
        return Served(name, Place(check.ask.to, f"{base}/first"), second)

    def answer(self, received: Received) -> Answer:
        _, name, place, *_ = received.target.split("/")
        answers = self.checks[name].answers
        if received.target.endswith("/responses/input_tokens"):
            return plain({"object": "response.input_tokens", "input_tokens": 120})
        if place == "second" or not answers or received.method != "POST":
            return vendor_answer(received)
        number = self.answered[name] = self.answered.get(name, -1) + 1
        says = answers[min(number, len(answers) - 1)]
        return says if isinstance(says, Answer) else says(received)

    def received(self, name: str, place: str) -> tuple[Received, ...]:
        """What was posted; a gateway may look around as well."""
        posted = [one for one in self.upstream.requests if one.method == "POST"]
        return tuple(one for one in posted if one.target.startswith(f"/{name}/{place}/"))

    def run(self, name: str, gateway: Address) -> Outcome:
        ask = self.checks[name].ask
        freed = None
        if ask.leave is None:
            reply = exchange(gateway, ask, name)
        else:
            reply, freed = self.leave(gateway, ask, name)
        return Outcome(ask, name, reply, self.received(name, "first"), self.received(name, "second"), freed)

    def leave(self, gateway: Address, ask: Ask, name: str) -> tuple[Reply, float | None]:
        """Hang up in the middle; how many seconds later was the upstream's connection closed?"""
        closed = self.upstream.closed_by_client
        reply = exchange(gateway, ask, name)
        with contextlib.suppress(AssertionError):
            return reply, self.upstream.wait_until(lambda: self.upstream.closed_by_client > closed, PATIENCE)
        return reply, None


def exchange(gateway: Address, ask: Ask, model: str) -> Reply:
    """Where the client leaves early, the reply is as far as it had come."""
    began = time.monotonic()
    status, headers, body = 0, tuple[tuple[str, str], ...](), bytearray()
    try:
        with opened(gateway, ask, model) as answer:
            status, headers = answer.status_code, tuple(answer.headers.multi_items())
            for part in answer.iter_bytes():
                body += part
                if ask.leave is not None and time.monotonic() - began > ask.leave:
                    break
                if time.monotonic() - began > SECONDS:
                    return Reply(status, headers, bytes(body), "it never ended")
    except httpx2.HTTPError as error:
        return Reply(status, headers, bytes(body), type(error).__name__)
    return Reply(status, headers, bytes(body))


@contextlib.contextmanager
def opened(gateway: Address, ask: Ask, model: str) -> Iterator[httpx2.Response]:
    content = ask.content(model)
    sent: dict[str, Any] = {"content": content} if isinstance(content, bytes) else {"json": content}
    if ask.method == "GET":
        sent = {}
    headers = {"authorization": f"Bearer {gateway.key}", "content-type": "application/json"}
    if ask.client == "anthropic":
        headers |= {"x-api-key": gateway.key, "anthropic-version": "2023-06-01"}
    headers |= ask.headers
    given = {name: value for name, value in headers.items() if value}
    path = (ask.path or PATHS[ask.client]).replace("MODEL", model)
    timeout = ask.leave or SECONDS
    with (
        httpx2.Client(timeout=httpx2.Timeout(SECONDS, read=timeout), trust_env=False) as client,
        client.stream(ask.method, f"{gateway.url}{path}", headers=given, **sent) as answer,
    ):
        yield answer
