"""Grammars are compiled in a process of their own before the worker does it.

The compiler's limits do not hold for all: thirty patterns that shall match at once take it minutes and gigabytes, and
what it might crash at would take the models along.
"""

import asyncio
import dataclasses
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from inference.errors import GatewayError, Kind
from inference.worker import forms, schema_trial
from inference.worker.forms import Form, Schema

SECONDS = 30
REMEMBERED = 1024
LONGEST_REASON = 200
TOO_LONG = "it takes too long to compile"


class Trials:
    """Called on the event loop, one trial after the other."""

    def __init__(self, *, queue_limit: int) -> None:
        self._queue_limit = queue_limit
        self._waiting = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trials")
        self._passed: set[bytes] = set()

    async def settle(self, form: Form) -> Form:
        """The form with schemas that can be compiled. Raises GatewayError naming one that cannot."""
        grammars = {schema: f"start: body\nbody: %json {schema.text}" for schema in form.schemas}
        found = await self._try(grammars.values())
        problems = {schema: found[grammar] for schema, grammar in grammars.items() if grammar in found}
        for schema, problem in problems.items():
            if problem == TOO_LONG or not schema.lenient:
                raise refusal(schema, problem)
        calls = {
            name: forms.any_object(schema.param) if schema in problems else schema
            for name, schema in form.calls.items()
        }
        return dataclasses.replace(form, calls=calls)

    async def check(self, grammar: str, *, param: str) -> None:
        """Raises GatewayError where the grammar is too much; its schemas alone were not."""
        if await self._try([grammar]):
            raise forms.too_much(param)

    async def _try(self, grammars: Iterable[str]) -> dict[str, str]:
        """The problems with those that have one. Behind one that takes too long none is tried."""
        untried = [grammar for grammar in dict.fromkeys(grammars) if fingerprint(grammar) not in self._passed]
        if not untried:
            return {}
        if self._waiting >= self._queue_limit:
            raise GatewayError(Kind.QUEUE_FULL, "Too many requests wait for their schemas.", retry_after=1)
        self._waiting += 1
        try:
            problems = await asyncio.get_running_loop().run_in_executor(self._thread, run, untried)
        finally:
            self._waiting -= 1
        told = dict(zip(untried, problems, strict=False))
        self._remember(grammar for grammar, problem in told.items() if not problem)
        return {grammar: problem for grammar, problem in told.items() if problem}

    def _remember(self, grammars: Iterable[str]) -> None:
        if len(self._passed) > REMEMBERED:
            self._passed.clear()
        self._passed.update(map(fingerprint, grammars))


def fingerprint(grammar: str) -> bytes:
    return hashlib.sha256(grammar.encode()).digest()


def run(grammars: Sequence[str]) -> list[str]:
    """The problem with each grammar, or an empty text. One that takes too long is the last that is told of."""
    command = [sys.executable, "-I", schema_trial.__file__]
    given = json.dumps(grammars).encode()
    try:
        written = subprocess.run(  # noqa: S603 - our own program
            command, input=given, stdout=subprocess.PIPE, timeout=SECONDS, check=False
        ).stdout
    except subprocess.TimeoutExpired as error:
        written = error.stdout or b""
    problems: list[str] = [json.loads(line) for line in written.splitlines()]
    return problems if len(problems) == len(grammars) else [*problems, TOO_LONG]


def refusal(schema: Schema, problem: str) -> GatewayError:
    reason = problem.partition("failed to compile JSON schema: ")[2] or problem
    line = reason.partition("\n")[0].rstrip(".: ")[:LONGEST_REASON]
    if line == "NoExtensionBias":
        line = "nothing satisfies it"
    return GatewayError(Kind.INVALID_VALUE, f"The schema cannot be held to: {line}.", param=schema.param)
