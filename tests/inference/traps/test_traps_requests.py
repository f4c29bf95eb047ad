"""Traps of the other fields of a request: caching, identity, roles and limits."""

import json
from typing import Any

import pytest

from tests.inference.exchanges import ANTHROPIC, OPENAI, ask
from tests.inference.pairings import BACKENDS, Backend, begin
from tests.inference.traps.probes import (
    CLAUDE_TOOL,
    GPT,
    NEWER_CLAUDE,
    SERVER,
    asked,
    assistant,
    result,
    sent,
    text,
    use,
    user,
)

NOT_CLAUDE = pytest.mark.parametrize(
    "backend", [backend for backend in BACKENDS if backend.protocol != ANTHROPIC], ids=str
)
BILLING = text("x-anthropic-billing-header: cc_version=2.1.197; cch=4f1c2;")
SESSION = "0198c0de-65af-42bd-9e0d-df71e4b20186"
USER = json.dumps({"device_id": "d62c" * 16, "account_uuid": "", "session_id": SESSION})


@NOT_CLAUDE
def test_trap_42_cache_marks_stay_with_those_who_know_them(backend: Backend) -> None:
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    fields: dict[str, Any] = {
        "system": [text("Be brief.") | mark],
        "tools": [CLAUDE_TOOL | mark],
        "messages": [
            user(text("Hello") | mark),
            assistant(use("call_1") | mark),
            user(result("call_1", text("a") | mark) | mark),
        ],
    }
    assert b"cache_control" not in asked(ANTHROPIC, backend, **fields).request
    assert begin(ask(ANTHROPIC, **fields), NEWER_CLAUDE).request.count(b'"ttl": "1h"') == 6


@NOT_CLAUDE
def test_trap_43_the_billing_header_does_not_spoil_the_prompts_beginning(backend: Backend) -> None:
    system = [BILLING, text("You are Claude Code.")]
    assert b"billing-header" not in asked(ANTHROPIC, backend, system=system).request
    assert b"You are Claude Code." in asked(ANTHROPIC, backend, system=system).request
    assert b"billing-header" in begin(ask(ANTHROPIC, system=system), NEWER_CLAUDE).request


def test_trap_44_a_cache_key_is_the_sessions_and_never_random() -> None:
    metadata = {"user_id": USER}
    one = sent(ANTHROPIC, GPT, metadata=metadata)
    assert one == sent(ANTHROPIC, GPT, metadata=metadata)
    later = sent(ANTHROPIC, GPT, metadata=metadata, messages=[user("Hi"), assistant(text("Hi")), user("Go on.")])
    other = sent(ANTHROPIC, GPT, metadata={"user_id": USER.replace("0198", "0199")})
    assert one["prompt_cache_key"] == later["prompt_cache_key"] != other["prompt_cache_key"]
    assert SESSION not in one["prompt_cache_key"]


def test_trap_45_who_asks_is_told_as_the_vendor_wants_it() -> None:
    identifier = sent(ANTHROPIC, GPT, metadata={"user_id": USER})["safety_identifier"]
    assert len(identifier) == 64
    assert identifier.isalnum()
    assert not {"user", "safety_identifier"} & set(sent(ANTHROPIC, SERVER, metadata={"user_id": USER}))
    told = sent(OPENAI, NEWER_CLAUDE, user="someone@example.org")["metadata"]["user_id"]
    assert (len(told), "@" in told) == (64, False)
    assert sent(OPENAI, NEWER_CLAUDE, user="user-1")["metadata"] == {"user_id": "user-1"}


def test_trap_46_a_server_that_may_not_know_developers_is_spoken_to_by_the_system() -> None:
    roles = [message["role"] for message in sent(ANTHROPIC, SERVER, system="Be brief.")["messages"]]
    assert roles == ["system", "user"]
    (block,) = sent(OPENAI, NEWER_CLAUDE, messages=[{"role": "developer", "content": "Be brief."}, user("x")])["system"]
    assert block["text"] == "Be brief."


@pytest.mark.parametrize(
    ("backend", "field"),
    [(GPT, "max_completion_tokens"), (Backend(OPENAI, "o3-mini"), "max_completion_tokens"), (SERVER, "max_tokens")],
    ids=str,
)
def test_trap_47_the_limit_is_told_once_and_by_the_name_that_is_known(backend: Backend, field: str) -> None:
    request = sent(ANTHROPIC, backend, max_tokens=77)
    assert {name: request[name] for name in ("max_tokens", "max_completion_tokens") if name in request} == {field: 77}
