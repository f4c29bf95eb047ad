"""The upstream refuses or fails, and no fallback is there: the client gets an error in its own protocol, once."""

from benchmarks.faults.check import Ask, Check, Must, Outcome, Protocol
from benchmarks.faults.checks.bytes import PAIRS
from benchmarks.faults.must import asked_once, raises, refused
from benchmarks.faults.scripts import anthropic_error, openai_error
from tests.answers import WEB_PAGE, Answer, plain

PAGE = b"<html><body>Bad gateway</body></html>"
FAILED = (500, 502, 503, 504, 529)
TOO_LONG = "prompt is too long: 250000 tokens > 200000 maximum"
OPENAI_TOO_LONG = (
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens."
)


def error(to: Protocol, status: int, words: str, *, kind: str = "invalid_request_error") -> Answer:
    if to == "openai":
        return openai_error(status, words, kind=kind)
    return anthropic_error(status, words, kind=kind)


def tells_when(outcome: Outcome) -> None:
    after = outcome.reply.header("retry-after")
    assert after is not None, "no retry-after"
    assert 1 <= float(after) <= 60, f"retry-after is {after}"


def rate_limited(to: Protocol) -> Answer:
    limited = error(to, 429, "Slow down", kind="rate_limit_error")
    return Answer(429, (*limited.headers, ("retry-after", "20")), limited.chunks)


def not_the_clients_key(outcome: Outcome) -> None:
    """A 401 would tell the client that its own key is wrong."""
    refused(*FAILED)(outcome)


def of_pairs() -> tuple[Check, ...]:
    checks: list[Check] = []
    for client, to in PAIRS:
        ask, streamed, way = Ask(client, to), Ask(client, to, stream=True), f"{to} to {client}"
        once: tuple[Must, ...] = (refused(400, words="tools.0 is odd"), asked_once)
        checks += [
            Check(f"400 stays 400, {way}", ask, once, (error(to, 400, "tools.0 is odd"),)),
            Check(f"400 for a stream is no stream, {way}", streamed, once, (error(to, 400, "tools.0 is odd"),)),
            Check(f"429 with its retry-after, {way}", ask, (refused(429), tells_when), (rate_limited(to),)),
            Check(f"500, {way}", ask, (refused(*FAILED),), (error(to, 500, "Internal", kind="api_error"),)),
            Check(f"a web page with 502, {way}", streamed, (refused(*FAILED),), (page(502),)),
        ]
    return tuple(checks)


def page(status: int) -> Answer:
    return Answer(status, (("content-type", "text/html"),), (PAGE,))


UPSTREAM_ERRORS = (
    *of_pairs(),
    *(
        Check(
            f"401 is not the client's, {to} to {client}",
            Ask(client, to),
            (not_the_clients_key,),
            (error(to, 401, "Incorrect API key provided", kind="authentication_error"),),
        )
        for client, to in PAIRS
    ),
    Check(
        "529 to an OpenAI client",
        Ask("openai", "anthropic"),
        (refused(*FAILED),),
        (anthropic_error(529, "Overloaded", kind="overloaded_error"),),
    ),
    Check(
        "413 to an OpenAI client",
        Ask("openai", "anthropic"),
        (refused(413), asked_once),
        (anthropic_error(413, "Request exceeds the maximum size", kind="request_too_large"),),
    ),
    Check(
        "413 to an Anthropic client",
        Ask("anthropic", "openai"),
        (refused(413), asked_once),
        (openai_error(413, "Request too large"),),
    ),
    Check(
        "404 to an OpenAI client",
        Ask("openai", "anthropic"),
        (refused(404),),
        (anthropic_error(404, "model: claude-old", kind="not_found_error"),),
    ),
    Check(
        "404 to an Anthropic client",
        Ask("anthropic", "openai"),
        (refused(404),),
        (openai_error(404, "The model does not exist", code="model_not_found"),),
    ),
    Check(
        "a prompt that is too long, to an OpenAI client",
        Ask("openai", "anthropic"),
        (refused(400),),
        (anthropic_error(400, TOO_LONG),),
    ),
    Check(
        "a prompt that is too long, to an Anthropic client",
        Ask("anthropic", "openai"),
        (refused(400),),
        (openai_error(400, OPENAI_TOO_LONG, code="context_length_exceeded"),),
    ),
    Check("a web page with 200", Ask("openai", "openai"), (raises, refused(*FAILED)), (WEB_PAGE,)),
    Check("an empty 200", Ask("anthropic", "anthropic"), (raises, refused(*FAILED)), (plain(b""),)),
    Check("nobody listens", Ask("anthropic", "openai"), (refused(*FAILED),), closed=True),
)
