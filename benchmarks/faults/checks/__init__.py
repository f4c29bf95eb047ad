"""The checks by group. Each is comparable: the vendors' protocols demand it of whoever speaks them."""

from collections.abc import Callable, Mapping

from benchmarks.faults.check import Check
from benchmarks.faults.checks.addresses import ADDRESSES
from benchmarks.faults.checks.anthropic_histories import ANTHROPIC_HISTORIES
from benchmarks.faults.checks.anthropic_streams import ANTHROPIC_STREAMS
from benchmarks.faults.checks.anthropic_tool_streams import ANTHROPIC_TOOL_STREAMS
from benchmarks.faults.checks.bytes import BYTES
from benchmarks.faults.checks.cut import CUT
from benchmarks.faults.checks.fallback import FALLBACK
from benchmarks.faults.checks.leaving import LEAVING
from benchmarks.faults.checks.local_answers import LOCAL_ANSWERS
from benchmarks.faults.checks.local_refusals import LOCAL_REFUSALS
from benchmarks.faults.checks.openai_histories import OPENAI_HISTORIES
from benchmarks.faults.checks.openai_streams import OPENAI_STREAMS
from benchmarks.faults.checks.plain import PLAIN
from benchmarks.faults.checks.refusals import REFUSALS
from benchmarks.faults.checks.requests import REQUESTS
from benchmarks.faults.checks.upstream_errors import UPSTREAM_ERRORS
from benchmarks.faults.local import Local

GROUPS: Mapping[str, tuple[Check, ...]] = {
    "streams to OpenAI clients": OPENAI_STREAMS,
    "streams to Anthropic clients": (*ANTHROPIC_STREAMS, *ANTHROPIC_TOOL_STREAMS),
    "plain answers": PLAIN,
    "bytes and events": BYTES,
    "cut and broken answers": CUT,
    "errors of the upstream": UPSTREAM_ERRORS,
    "fallback": FALLBACK,
    "bad requests": REFUSALS,
    "conversations toward Anthropic": ANTHROPIC_HISTORIES,
    "conversations toward OpenAI": OPENAI_HISTORIES,
    "translated requests": REQUESTS,
    "other addresses": ADDRESSES,
    "clients that leave": LEAVING,
}

# For servers that run a model themselves. What may keep one busy for a while comes last.
LOCAL: Mapping[str, Callable[[Local], None]] = {**LOCAL_REFUSALS, **LOCAL_ANSWERS}
