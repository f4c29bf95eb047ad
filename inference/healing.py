"""Learns from an upstream's refusal what its model does not take, so that a request can be tried once more without.

What was learnt is kept as overrides of the model's profile, in memory, for the next requests. An operator's own word
goes before it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from inference.errors import GatewayError, Kind
from inference.protocols.profiles import profile_of
from routing.route import Target

log = structlog.get_logger("mlxmanager.healing")

MOST_MODELS = 1024
REASON = "refused_upstream"
UNSUPPORTED = re.compile(
    r"not supported|n't supported|unsupported|does(?: not|n't) support|unrecognized|unknown|unexpected|extra inputs"
    r"|not permitted|not allowed|deprecated|cannot both|instead|not one of|invalid role|should be",
    re.IGNORECASE,
)
# One client's value was too much or too little: nothing is wrong with the field, and others may go on using it.
OUT_OF_RANGE = re.compile(
    r"(?:less|greater|lower|higher|larger|smaller) than|between|\branges?\b|at (?:most|least)|maximum|minimum|exceed"
    r"|\btoo \w+|[<>]=? ?-?\d",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """`words`: how an upstream names the `field`. `overrides`: what is then known of its model."""

    field: str
    words: re.Pattern[str]
    overrides: Mapping[str, Any]


def named(field: str, words: str, **overrides: Any) -> Remedy:
    return Remedy(field, re.compile(words, re.IGNORECASE | re.DOTALL), overrides)


# The first that fits counts: a narrower one stands before a wider.
REMEDIES = (
    named("top_p", r"temperature\b.*\btop_p\b.*\bboth\b|\bboth\b.*temperature\b.*\btop_p\b", sampling="one"),
    named("temperature", r"\btemperature\b", sampling="none"),
    named("top_p", r"\btop_p\b", sampling="none"),
    named("top_k", r"\btop_k\b", top_k=False),
    named("max_tokens", r"\bmax_tokens\b.*\bmax_completion_tokens\b", max_tokens_field="max_completion_tokens"),
    named("max_completion_tokens", r"\bmax_completion_tokens\b", max_tokens_field="max_tokens"),
    named("max_tokens", r"\bmax_tokens\b", max_tokens_field="max_completion_tokens"),
    named("role", r"\bdeveloper\b", system_role="system"),
    named("role", r"\brole\W{0,4}system\b", mid_system=False),
    named("reasoning_effort", r"\btools?\b.*\breasoning_effort\b", reasoning_effort_with_tools=False),
    named("reasoning_effort", r"\breasoning_effort\b", reasoning_effort=False),
    named("stream_options", r"\bstream_options\b", stream_options=False),
)


class Lessons:
    def __init__(self, most: int = MOST_MODELS) -> None:
        self._most = most
        self._learnt: dict[tuple[str, str | None, str], dict[str, Any]] = {}

    def overrides(self, target: Target) -> Mapping[str, Any]:
        """All that is known of the target's model beside what its name tells."""
        learnt = self._learnt.get(key_of(target))
        return target.overrides if learnt is None else learnt | dict(target.overrides)

    def learn(self, target: Target, protocol: str, error: GatewayError) -> str | None:
        """The field to do without, where this refusal names one and what we now know would leave it out."""
        if error.kind is not Kind.UPSTREAM_REJECTED or not is_unsupported(error.message):
            return None
        found = next((remedy for remedy in REMEDIES if remedy.words.search(error.message)), None)
        known = self.overrides(target)
        better = {**known, **(found.overrides if found else {}), **target.overrides}
        if found is None or profile_of(protocol, target.model, better) == profile_of(protocol, target.model, known):
            return None
        self._remember(target, found)
        return found.field

    def _remember(self, target: Target, found: Remedy) -> None:
        key = key_of(target)
        self._learnt[key] = self._learnt.pop(key, {}) | dict(found.overrides)
        if len(self._learnt) > self._most:
            del self._learnt[next(iter(self._learnt))]
        log.info("learnt from a refusal", backend=target.backend, target=target.model, field=found.field)


def is_unsupported(message: str) -> bool:
    return UNSUPPORTED.search(message) is not None and OUT_OF_RANGE.search(message) is None


def key_of(target: Target) -> tuple[str, str | None, str]:
    return target.backend, target.upstream.base_url if target.upstream else None, target.model
