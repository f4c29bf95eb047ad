"""However the upstream cuts, spells and packs its bytes, the client reads the same; translated or not."""

import gzip
import json

from benchmarks.faults.check import Ask, Check, Outcome, Protocol
from benchmarks.faults.must import ends, hear, says, well_formed
from benchmarks.faults.scripts import Json, block, completion, deltas, event, message, said, spoken, text, thinking
from tests.answers import Answer, Headers, events, plain

WORDS = "Żółć 日本語 👩‍👩‍👧 naïve"
LINES = "one\u2028two\u2029three\u0085four"
MEGABYTE = "lorem " * 170_000
PACKED: Headers = (("content-encoding", "gzip"),)
SIGNATURE = "ErUBCkYIBRgCKkBxyz+/=="
PAIRS: tuple[tuple[Protocol, Protocol], ...] = (
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("openai", "anthropic"),
    ("anthropic", "openai"),
)


def streamed(to: Protocol, words: str) -> bytes:
    answer = said({"content": words}) if to == "openai" else spoken(text(0, words))
    return b"".join(answer.chunks)


def cut(whole: bytes, *, size: int) -> Answer:
    return events(*(whole[at : at + size] for at in range(0, len(whole), size)))


def commented(whole: bytes) -> Answer:
    parts = [part + b"\n\n" for part in whole.split(b"\n\n") if part]
    return events(b": hello\n\n", *(b": keep-alive\n\n" + part for part in parts))


def whole(to: Protocol) -> Json:
    return completion({"content": "Hi"}) if to == "openai" else message(({"type": "text", "text": "Hi"},))


def on_two_lines(whole: bytes) -> bytes:
    return whole.replace(b"data: {", b"data: {\ndata: ")


def packed(to: Protocol) -> Answer:
    return plain(gzip.compress(json.dumps(whole(to)).encode()), headers=PACKED)


def packed_stream(to: Protocol) -> Answer:
    return events(gzip.compress(streamed(to, "Hi")), headers=PACKED)


def names_the_request(outcome: Outcome) -> None:
    name = "request-id" if outcome.ask.client == "anthropic" else "x-request-id"
    assert outcome.reply.header(name), f"no header {name}"


def length_is_true(outcome: Outcome) -> None:
    length = outcome.reply.header("content-length")
    packed = outcome.reply.header("content-encoding")
    assert packed or length is None or int(length) == len(outcome.reply.body), "content-length is another"


def signed(outcome: Outcome) -> None:
    found = [part.signature for part in hear(outcome).whole.content if part.type == "thinking"]
    assert found == [SIGNATURE], f"the signatures are {found}"


def redacted(outcome: Outcome) -> None:
    kinds = [part.type for part in hear(outcome).whole.content]
    assert kinds == ["thinking", "redacted_thinking", "text"], f"the blocks are {kinds}"


def of_pairs() -> tuple[Check, ...]:
    checks: list[Check] = []
    for client, to in PAIRS:
        ask, way = Ask(client, to, stream=True), f"{to} to {client}"
        crlf = streamed(to, "Hi").replace(b"\n", b"\r\n")
        checks += [
            Check(
                f"characters cut anywhere, {way}", ask, (well_formed, says(WORDS)), (cut(streamed(to, WORDS), size=3),)
            ),
            Check(f"U+2028 and U+0085 in text, {way}", ask, (says(LINES),), (events(streamed(to, LINES)),)),
            Check(f"comments, {way}", ask, (says("Hi"),), (commented(streamed(to, "Hi")),)),
            Check(f"lines that end with CRLF, {way}", ask, (says("Hi"),), (events(crlf),)),
            Check(f"data on two lines, {way}", ask, (says("Hi"),), (events(on_two_lines(streamed(to, "Hi"))),)),
            Check(f"a packed answer, {way}", Ask(client, to), (says("Hi"), length_is_true), (packed(to),)),
            Check(f"a packed stream, {way}", ask, (well_formed, says("Hi")), (packed_stream(to),)),
        ]
        if client != to:
            checks += [
                Check(f"a megabyte in one event, {way}", ask, (says(MEGABYTE),), (events(streamed(to, MEGABYTE)),)),
                Check(
                    f"a whole answer although a stream was asked for, {way}", ask, (says("Hi"),), (plain(whole(to)),)
                ),
            ]
    return tuple(checks)


THINKS = Ask(
    "anthropic",
    "anthropic",
    stream=True,
    body={"max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 2000}},
)
HIDDEN = block(1, {"type": "redacted_thinking", "data": "c2VjcmV0"})

BYTES = (
    *of_pairs(),
    Check(
        "an OpenAI answer names its request",
        Ask("openai", "openai"),
        (says("Hi"), names_the_request),
        (plain(completion({"content": "Hi"})),),
    ),
    Check("an Anthropic answer names its request", Ask("anthropic", "anthropic"), (names_the_request,)),
    Check(
        "a signature arrives untouched",
        THINKS,
        (well_formed, says("Four."), signed, redacted),
        (spoken(thinking(0, "Two.", signature=SIGNATURE), HIDDEN, text(2, "Four.")),),
    ),
    Check(
        "an event without a last blank line",
        Ask("anthropic", "openai", stream=True),
        (says("Hi"), ends("end_turn")),
        (events(b"".join(deltas({"content": "Hi"})).rstrip(b"\n")),),
    ),
    Check(
        "data without a space",
        Ask("anthropic", "openai", stream=True),
        (says("Hi"), ends("end_turn")),
        (events(streamed("openai", "Hi").replace(b"data: ", b"data:")),),
    ),
    Check(
        "[DONE] after Anthropic's end",
        Ask("openai", "anthropic", stream=True),
        (well_formed, says("Hi")),
        (events(streamed("anthropic", "Hi"), b"data: [DONE]\n\n"),),
    ),
    Check(
        "an unknown event among Anthropic's",
        Ask("anthropic", "anthropic", stream=True),
        (says("Hi"),),
        (spoken(event("newly_made", payload={"a": 1}), text(0, "Hi")),),
    ),
)
