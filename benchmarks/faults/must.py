"""What must hold at the client. Each raises AssertionError with what is wrong."""

import json
from typing import Any

from benchmarks.faults.check import Must, Outcome
from benchmarks.faults.grammar import ANTHROPIC_ENDS, OPENAI_ENDS, anthropic_events, events, openai_chunks
from benchmarks.faults.sdk import Call, Heard, hear_anthropic, hear_openai

ANTHROPIC_ERRORS = {
    "invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error",
    "request_too_large", "rate_limit_error", "timeout_error", "api_error", "overloaded_error", "conflict_error",
}  # fmt: skip
OF_STATUS = {
    400: {"invalid_request_error"}, 401: {"authentication_error"}, 403: {"permission_error"},
    404: {"not_found_error", "invalid_request_error"}, 413: {"request_too_large", "invalid_request_error"},
    429: {"rate_limit_error"},
}  # fmt: skip


def hear(outcome: Outcome) -> Heard:
    """The answer as the SDK reads it. It must be one."""
    reply = outcome.reply
    assert reply.status == 200, f"status {reply.status}: {reply.body[:200]!r}"
    listen = hear_anthropic if outcome.ask.client == "anthropic" else hear_openai
    try:
        return listen(reply, stream=outcome.ask.stream)
    except Exception as error:  # The SDKs raise what they will, assertions of their own among it.
        raise AssertionError(f"the SDK raised {type(error).__name__}: {error}") from error


def well_formed(outcome: Outcome) -> None:
    assert outcome.reply.status == 200, f"status {outcome.reply.status}: {outcome.reply.body[:200]!r}"
    if outcome.ask.client == "anthropic":
        anthropic_events(outcome.reply.body)
    else:
        openai_chunks(outcome.reply.body)


def says(text: str) -> Must:
    def must(outcome: Outcome) -> None:
        heard = hear(outcome).text
        assert heard == text, f"the text is {heard!r}, not {text!r}"

    return must


def calls(*expected: tuple[str, dict[str, Any]]) -> Must:
    """The tools called and their arguments; ids are there and differ."""

    def must(outcome: Outcome) -> None:
        heard = hear(outcome).calls
        given = [(one.name, arguments(one)) for one in heard]
        assert given == list(expected), f"the calls are {given}"
        assert all(one.id for one in heard), "a call without id"
        assert len({one.id for one in heard}) == len(heard), "ids that are alike"

    return must


def arguments(call: Call) -> Any:
    try:
        return json.loads(call.arguments) if isinstance(call.arguments, str) else call.arguments
    except ValueError as error:
        raise AssertionError(f"arguments that are no JSON: {call.arguments!r}") from error


def ends(*reasons: str) -> Must:
    def must(outcome: Outcome) -> None:
        ended = hear(outcome).ended
        assert ended in reasons, f"it ended with {ended!r}, not {' or '.join(reasons)}"

    return must


def ends_as_the_vendor_says(outcome: Outcome) -> None:
    known = ANTHROPIC_ENDS if outcome.ask.client == "anthropic" else OPENAI_ENDS
    ends(*known)(outcome)


def tokens(**expected: int) -> Must:
    """Fields of the vendor's usage; two underscores lead to one within another."""

    def must(outcome: Outcome) -> None:
        usage = hear(outcome).usage
        assert usage is not None, "no usage"
        for path, count in expected.items():
            found = usage
            for name in path.split("__"):
                found = getattr(found, name, None)
            assert (found or 0) == count, f"{path} is {found}, not {count}"

    return must


def refused(*statuses: int, words: str = "") -> Must:
    """An error in the client's protocol, with one of these statuses."""

    def must(outcome: Outcome) -> None:
        reply = outcome.reply
        assert reply.status in statuses, f"status {reply.status or reply.broken}: {reply.body[:160]!r}"
        assert "json" in (reply.header("content-type") or ""), f"content type {reply.header('content-type')}"
        body = json.loads(reply.body)
        error = body.get("error")
        assert isinstance(error, dict), f"no error object: {reply.body[:160]!r}"
        assert isinstance(error.get("message"), str), f"no message: {reply.body[:160]!r}"
        assert words.lower() in error["message"].lower(), f"the message is {error['message'][:160]!r}"
        if outcome.ask.client == "anthropic":
            check_anthropic_error(body, status=reply.status)
        else:
            check_openai_error(error)

    return must


def check_anthropic_error(body: dict[str, Any], *, status: int) -> None:
    kind = body["error"].get("type")
    assert body.get("type") == "error", "type is not error"
    assert kind in ANTHROPIC_ERRORS, f"error.type {kind!r} is not one of Anthropic's"
    assert kind in OF_STATUS.get(status, ANTHROPIC_ERRORS), f"error.type {kind!r} with status {status}"


def check_openai_error(error: dict[str, Any]) -> None:
    assert isinstance(error.get("type"), str), f"error.type is {error.get('type')!r}"
    code = error.get("code")
    assert code is None or isinstance(code, str), f"error.code is {code!r}"


def not_complete(outcome: Outcome) -> None:
    """What was cut must not look like a whole answer: an error, a broken connection, or at least no end."""
    reply = outcome.reply
    if reply.status != 200 or reply.broken:
        return
    found = events(reply.body)
    if any(name == "error" or '"error"' in data for name, data in found):
        return
    assert outcome.ask.stream, f"a whole answer: {reply.body[:160]!r}"
    for _, data in found:
        assert data != "[DONE]", "[DONE] after a cut stream"
        assert '"message_stop"' not in data, "message_stop after a cut stream"
        ended = any(choice.get("finish_reason") for choice in json.loads(data).get("choices") or ())
        assert not ended, "a finish reason after a cut stream"


def raises(outcome: Outcome) -> None:
    """The SDK tells its caller that something went wrong."""
    try:
        heard = hear(outcome)
    except AssertionError:
        return
    raise AssertionError(f"the SDK read an answer: {heard.text!r}, ended {heard.ended!r}")


def asked_once(outcome: Outcome) -> None:
    assert len(outcome.first) == 1, f"the upstream was asked {len(outcome.first)} times"


def second_not_asked(outcome: Outcome) -> None:
    assert not outcome.second, "the fallback was asked after content had been sent"


def freed(outcome: Outcome) -> None:
    assert outcome.first, "the upstream was never asked"
    assert outcome.freed is not None, "the upstream stayed open"
    assert outcome.freed < 1, f"the upstream was closed after {outcome.freed:.1f} s"
