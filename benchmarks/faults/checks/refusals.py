"""A request that cannot be served: the client gets an error in its own protocol, which says whose fault it is."""

from typing import Any

from benchmarks.faults.check import Ask, Check, Must, Outcome, Protocol
from benchmarks.faults.checks.upstream_errors import error
from benchmarks.faults.must import refused
from benchmarks.faults.received import or_refused
from tests.answers import Answer

CLIENTS: tuple[Protocol, ...] = ("openai", "anthropic")
BAD = (refused(400, 413, 422),)
DEEP = b'{"model":"MODEL","max_tokens":9,"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
WITH = b'{"model":"MODEL","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],'
LONE = b'{"model":"MODEL","max_tokens":9,"messages":[{"role":"user","content":"\\ud800"}]}'
LATIN = b'{"model":"MODEL","max_tokens":9,"messages":[{"role":"user","content":"caf\xe9"}]}'
RAW = {
    "a body that is no JSON": b'{"model": "MODEL", "messages": [',
    "an empty body": b"",
    "a body that is a list": b"[1]",
    "NaN in the body": WITH + b'"temperature":NaN}',
    "nesting 100,000 deep": DEEP,
    "bytes that are no UTF-8": LATIN,
}
TOO_LARGE = b'{"model":"MODEL","max_tokens":9,"messages":[{"role":"user","content":"' + b"x" * 36_000_000 + b'"}]}'


def one_model(outcome: Outcome) -> None:
    """The upstream was not left to choose between two."""
    names = outcome.first[0].body.count(b'"model"')
    assert names == 1, f"the upstream received {names} models"


def odd(to: Protocol) -> Answer:
    return error(to, 400, "The request is odd")


def too_large(to: Protocol) -> Answer:
    kind = "request_too_large" if to == "anthropic" else "invalid_request_error"
    return error(to, 413, "The request is too large", kind=kind)


def of_client(client: Protocol) -> tuple[Check, ...]:
    def ask(**rest: object) -> Ask:
        return Ask(client, client, **rest)  # type: ignore[arg-type]  # The fields of Ask, each by its name.

    def check(name: str, asked: Ask, must: tuple[Must, ...]) -> Check:
        # Whoever leaves the judgement to the vendor has it.
        return Check(f"{name}, {client}", asked, must, (odd(client),))

    wrong = {"authorization": "Bearer sk-wrong", "x-api-key": "sk-wrong" if client == "anthropic" else ""}
    none = {"authorization": "", "x-api-key": ""}
    return (
        *(check(name, ask(raw=raw), BAD) for name, raw in RAW.items()),
        check("two models", ask(raw=WITH + b'"model":"other"}'), (or_refused(one_model),)),
        check("a lone surrogate", ask(raw=LONE), (no_fault_of_the_server,)),
        check("no messages", ask(body={"messages": []}), (refused(400, 422),))
        if client == "openai"
        else check("messages that are text", ask(body={"messages": "Hi"}), (refused(400, 422),)),
        check("an unknown model", ask(body={"model": "nobody-serves-this"}), (refused(400, 404),)),
        check("a model that is a number", ask(body={"model": 7}), (refused(400, 404, 422),)),
        check(
            "a stream of an unknown model", ask(stream=True, body={"model": "nobody-serves-this"}), (refused(400, 404),)
        ),
        check("a wrong key", ask(headers=wrong), (refused(401),)),
        check("no key", ask(headers=none), (refused(401),)),
        check("GET where POST is meant", ask(method="GET"), (refused(404, 405),)),
        Check(f"36 MB, {client}", ask(raw=TOO_LARGE), (refused(413),), (too_large(client),)),
    )


def no_fault_of_the_server(outcome: Outcome) -> None:
    if outcome.reply.status != 200:
        refused(400, 422)(outcome)


ANTHROPIC_UNKNOWN = Ask("anthropic", "anthropic", path="/v1/messages/unknown")
OPENAI_UNKNOWN = Ask("openai", "openai", path="/v1/chat/unknown")
# Translation has to look inside; what it finds there is the client's doing.
INSIDE: dict[str, dict[str, Any]] = {
    "a role nobody knows": {"messages": [{"role": "wizard", "content": "Hi"}]},
    "a message without content": {"messages": [{"role": "user"}]},
    "tools that are text": {"tools": "all of them"},
}

REFUSALS = (
    *(check for client in CLIENTS for check in of_client(client)),
    Check("an unknown path, openai", OPENAI_UNKNOWN, (refused(404),)),
    Check("an unknown path, anthropic", ANTHROPIC_UNKNOWN, (refused(404),)),
    *(
        Check(
            f"{name}, openai to anthropic",
            Ask("openai", "anthropic", body=body),
            (refused(400, 422),),
            (odd("anthropic"),),
        )
        for name, body in INSIDE.items()
    ),
    *(
        Check(
            f"{name}, anthropic to openai",
            Ask("anthropic", "openai", body=body),
            (refused(400, 422),),
            (odd("openai"),),
        )
        for name, body in INSIDE.items()
    ),
)
