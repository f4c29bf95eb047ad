"""Every trap has its test, or waits for the Responses API."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
NAMED = re.compile(r"^(?:async )?def test_trap_(\d\d)_", re.MULTILINE)

# By number, as long as that protocol is not spoken here.
RESPONSES_API = {
    18: "a call id longer than 64 characters",
    48: "reasoning effort together with tools",
    52: "events without type, nesting or number, and deltas before their part",
    53: "reasoning deltas without a part around them",
    54: "no mark behind response.completed",
    55: "an unknown event early in the stream",
    56: "a delta whose item was never added",
    57: "parallel calls that share an index",
    58: "reasoning items without their content",
}


def test_every_trap_has_a_test_or_waits_for_its_protocol() -> None:
    sources = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_traps*.py")]
    tested = [int(number) for source in sources for number in NAMED.findall(source)]
    assert len(tested) == len(set(tested))
    assert set(tested) & set(RESPONSES_API) == set()
    assert set(tested) | set(RESPONSES_API) == set(range(1, 65))
