"""A client that hangs up: the upstream's connection is closed within a second, or somebody pays for nobody."""

from benchmarks.faults.check import Ask, Check, Protocol
from benchmarks.faults.checks.bytes import PAIRS
from benchmarks.faults.must import freed
from benchmarks.faults.scripts import ROLE, begin, chunk, event
from tests.answers import HANG, Answer, events

OPENED = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
WORD = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "word "})


def endless(to: Protocol) -> Answer:
    if to == "openai":
        return events(ROLE, chunk({"content": "word "}), endless=True, pause=0.05)
    return events(begin(), OPENED, WORD, endless=True, pause=0.05)


LEAVING = tuple(
    check
    for client, to in PAIRS
    for check in (
        Check(f"in a stream, {to} to {client}", Ask(client, to, stream=True, leave=1.0), (freed,), (endless(to),)),
        Check(f"before a plain answer, {to} to {client}", Ask(client, to, leave=1.0), (freed,), (HANG,)),
    )
)
