"""Schemas are compiled in a process of their own before the worker does it.

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


class Trials:
    """Called on the event loop, one trial after the other."""

    def __init__(self, *, queue_limit: int) -> None:
        self._queue_limit = queue_limit
        self._waiting = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trials")
        self._passed: set[bytes] = set()

    async def settle(self, form: Form) -> Form:
        """The form with schemas that can be compiled. Raises GatewayError naming one that cannot."""
        untried = [schema for schema in form.schemas if fingerprint(schema) not in self._passed]
        problems = dict(zip(untried, await self._try(untried), strict=True)) if untried else {}
        for schema, problem in problems.items():
            if problem and not schema.lenient:
                raise refusal(schema, problem)
        self._remember(schema for schema, problem in problems.items() if not problem)
        calls = {
            name: forms.any_object(schema.param) if problems.get(schema) else schema
            for name, schema in form.calls.items()
        }
        return dataclasses.replace(form, calls=calls)

    async def _try(self, schemas: Sequence[Schema]) -> list[str]:
        if self._waiting >= self._queue_limit:
            raise GatewayError(Kind.QUEUE_FULL, "Too many requests wait for their schemas.", retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run, schemas)
        finally:
            self._waiting -= 1

    def _remember(self, schemas: Iterable[Schema]) -> None:
        if len(self._passed) > REMEMBERED:
            self._passed.clear()
        self._passed.update(map(fingerprint, schemas))


def fingerprint(schema: Schema) -> bytes:
    return hashlib.sha256(schema.text.encode()).digest()


def run(schemas: Sequence[Schema]) -> list[str]:
    """The problem with each schema, or an empty text."""
    command = [sys.executable, "-I", schema_trial.__file__]
    given = json.dumps([schema.text for schema in schemas]).encode()
    try:
        written = subprocess.run(  # noqa: S603 - our own program
            command, input=given, stdout=subprocess.PIPE, timeout=SECONDS, check=False
        ).stdout
    except subprocess.TimeoutExpired as error:
        written = error.stdout or b""
    problems: list[str] = [json.loads(line) for line in written.splitlines()]
    if len(problems) < len(schemas):
        raise refusal(schemas[len(problems)], "it takes too long to compile")
    return problems


def refusal(schema: Schema, problem: str) -> GatewayError:
    reason = problem.partition("failed to compile JSON schema: ")[2] or problem
    line = reason.partition("\n")[0].rstrip(".: ")[:LONGEST_REASON]
    if line == "NoExtensionBias":
        line = "nothing satisfies it"
    return GatewayError(Kind.INVALID_VALUE, f"The schema cannot be held to: {line}.", param=schema.param)
