"""With a fallback configured, the client gets an answer in the same call, until something of the first was sent."""

from benchmarks.faults.check import Ask, Check, Must, Outcome, Protocol
from benchmarks.faults.checks.cut import ANTHROPIC_ERROR, OPENAI_ERROR, half, short
from benchmarks.faults.checks.upstream_errors import error
from benchmarks.faults.must import not_complete, says, second_not_asked, well_formed
from benchmarks.faults.scripts import ROLE, begin
from tests.answers import WEB_PAGE, Answer, events, plain
from tests.vendor_answers import TEXT

# The client's protocol, and that of its first and its second upstream.
WAYS: tuple[tuple[Protocol, Protocol, Protocol], ...] = (
    ("openai", "openai", "anthropic"),
    ("anthropic", "anthropic", "openai"),
)
RESET = Answer(raw=b"", ending="reset")
ANSWERED: tuple[Must, ...] = (says(TEXT),)


def once(outcome: Outcome) -> None:
    assert outcome.reply.body.count(b"Half an") == 1, "what was sent is repeated or lost"


def of_ways() -> tuple[Check, ...]:
    checks: list[Check] = []
    for client, first, second in WAYS:
        failures = {
            "429": error(first, 429, "Slow down", kind="rate_limit_error"),
            "500": error(first, 500, "Internal", kind="api_error"),
            "503": error(first, 503, "Unavailable", kind="api_error"),
            "529": error(first, 529, "Overloaded", kind="overloaded_error"),
            "401": error(first, 401, "Incorrect API key provided", kind="authentication_error"),
            "404": error(first, 404, "model: no longer served", kind="not_found_error"),
            "a web page with 200": WEB_PAGE,
            "an empty 200": plain(b""),
            "a reset": RESET,
            "a plain answer that breaks off": short(first),
        }
        for number, (name, answer) in enumerate(failures.items()):
            ask = Ask(client, first, stream=number % 2 == 0)
            mode = "stream" if ask.stream else "plain"
            checks.append(Check(f"after {name}, {client} {mode}", ask, ANSWERED, (answer,), second))
        checks += of_streams(client, first, second=second)
    return tuple(checks)


def of_streams(client: Protocol, first: Protocol, *, second: Protocol) -> tuple[Check, ...]:
    ask = Ask(client, first, stream=True)
    fault = OPENAI_ERROR if first == "openai" else ANTHROPIC_ERROR
    start = ROLE if first == "openai" else begin()
    broken = events(*half(first), fault)
    cut = events(*half(first), ending="reset")
    return (
        Check(f"after nobody listened, {client}", ask, ANSWERED, second=second, closed=True),
        Check(f"after an error as the first event, {client}", ask, (well_formed, *ANSWERED), (events(fault),), second),
        Check(
            f"after an error before any content, {client}",
            ask,
            (well_formed, *ANSWERED),
            (events(start, fault),),
            second,
        ),
        Check(f"after a stream without content, {client}", ask, (well_formed, *ANSWERED), (events(start),), second),
        Check(
            f"not after content and an error, {client}", ask, (second_not_asked, once, not_complete), (broken,), second
        ),
        Check(f"not after content and a cut, {client}", ask, (second_not_asked, once, not_complete), (cut,), second),
    )


FALLBACK = of_ways()
