"""The log of requests: a row for each that showed a valid key, whatever became of it, and nothing of what was said."""

import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.answers import Answer, events, refusal
from tests.end_to_end.questions import CAPITAL, CHUNK, fresh
from tests.gateway import CLIENT_KEY, Gateway, serving, short_home, wait_until
from tests.upstreams import Upstream
from tests.vendor_answers import INPUT_TOKENS, OUTPUT_TOKENS

CHAT, MESSAGES, COUNT = "/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens"

type Row = dict[str, Any]


def asked(model: str, **fields: object) -> dict[str, object]:
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": CAPITAL}]} | fields


def rows(gateway: Gateway, **wanted: str) -> list[Row]:
    with sqlite3.connect(gateway.database) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute("SELECT * FROM request_logs")]
    return [
        row | {"attempts": json.loads(row["attempts"])}
        for row in found
        if all(row[name] == value for name, value in wanted.items())
    ]


def the_row(gateway: Gateway, **wanted: str) -> Row:
    """The only one of them, once it is there."""
    wait_until(lambda: rows(gateway, **wanted) != [])
    [row] = rows(gateway, **wanted)
    return row


def row_of(gateway: Gateway, answer: httpx2.Response) -> Row:
    return the_row(gateway, request_id=answer.headers["x-request-id"])


def tries(row: Row) -> list[tuple[str, str, str]]:
    assert all(0 <= one["ms"] < 10_000 for one in row["attempts"])
    return [(one["backend"], one["model"], one["outcome"]) for one in row["attempts"]]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_answered_request_is_logged_with_its_facts(gateway: Gateway, cloud: Upstream, stream: bool) -> None:
    answer = gateway.post(MESSAGES, asked("renamed-claude", stream=stream))
    row = row_of(gateway, answer)
    assert (row["client_key_name"], row["endpoint"], row["model"]) == ("environment", MESSAGES, "renamed-claude")
    assert (row["mapping_name"], str(row["mapping_id"])) == ("renamed-claude", answer.headers["x-mlxmanager-mapping"])
    assert tries(row) == [("anthropic", "claude-real-name", "answered")]
    assert (row["backend"], row["backend_model"]) == ("anthropic", "claude-real-name")
    assert (row["status"], row["outcome"], row["stream"]) == (200, "answered", stream)
    assert 0 <= row["first_byte_ms"] <= row["duration_ms"] < 10_000
    assert (row["input_tokens"], row["output_tokens"], row["is_estimated"]) == (INPUT_TOKENS, OUTPUT_TOKENS, False)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(f"{row['time']}Z")) < timedelta(seconds=30)


def test_a_local_answer_is_logged_with_what_the_worker_counted(gateway: Gateway) -> None:
    answer = gateway.post(CHAT, asked("mlxmanager/demo"))
    row = row_of(gateway, answer)
    usage = answer.json()["usage"]
    assert (row["backend"], row["backend_model"], row["outcome"]) == ("local", "mlxmanager/demo", "answered")
    assert (row["input_tokens"], row["output_tokens"]) == (usage["prompt_tokens"], usage["completion_tokens"])


def test_a_stream_whose_upstream_tells_no_tokens_is_logged_with_an_estimate(gateway: Gateway, cloud: Upstream) -> None:
    row = row_of(gateway, gateway.post(CHAT, asked("gpt-5", stream=True)))
    assert row["is_estimated"]
    assert 0 < row["input_tokens"] < 100
    assert 0 < row["output_tokens"] < 30


def test_a_fallback_is_logged_with_both_attempts(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(refusal(500))
    model = fresh("safe")
    row = row_of(gateway, gateway.post(CHAT, asked(model)))
    assert tries(row) == [("openai", model, "upstream_error"), ("local", "mlxmanager/demo", "answered")]
    assert (row["backend"], row["backend_model"], row["outcome"]) == ("local", "mlxmanager/demo", "answered")


def test_a_failure_is_logged_with_what_went_wrong(gateway: Gateway) -> None:
    row = row_of(gateway, gateway.post(CHAT, asked("unheard-of")))
    assert (row["status"], row["outcome"], row["model"]) == (404, "model_not_found", "unheard-of")
    assert (row["backend"], row["attempts"], row["mapping_id"], row["input_tokens"]) == ("", [], None, None)


def test_counting_tokens_is_logged_and_costs_none(gateway: Gateway, cloud: Upstream) -> None:
    row = row_of(gateway, gateway.post(COUNT, asked("gpt-5")))
    assert (row["endpoint"], row["status"], row["input_tokens"]) == (COUNT, 200, None)


def test_who_shows_no_valid_key_is_not_logged(gateway: Gateway) -> None:
    refused = gateway.post(CHAT, asked("gpt-5"), authorization="Bearer wrong")
    assert refused.status_code == 401
    row_of(gateway, gateway.post(CHAT, asked("unheard-of")))
    assert rows(gateway, request_id=refused.headers["x-request-id"]) == []


def test_a_client_that_leaves_before_the_answer_is_logged(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(Answer(raw=b"", ending="hang"))
    model = fresh("gpt")
    with pytest.raises(httpx2.ReadTimeout):
        leave(gateway, model)
    row = the_row(gateway, model=model)
    assert (row["status"], row["outcome"], row["first_byte_ms"]) == (None, "client_gone", None)
    assert (row["backend"], tries(row)) == ("openai", [("openai", model, "cancelled")])
    assert 200 < row["duration_ms"] < 5000


def leave(gateway: Gateway, model: str) -> None:
    headers = {"authorization": f"Bearer {gateway.key}"}
    httpx2.post(f"{gateway.url}{CHAT}", json=asked(model), headers=headers, timeout=0.3)


def test_a_stream_that_its_client_leaves_is_logged_with_what_was_sent(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(events(CHUNK, endless=True, pause=0.02))
    model = fresh("gpt")
    headers = {"authorization": f"Bearer {gateway.key}"}
    body = asked(model, stream=True)
    with httpx2.stream("POST", f"{gateway.url}{CHAT}", json=body, headers=headers) as answer:
        parts = answer.iter_bytes()
        for _ in range(5):
            next(parts)
    row = the_row(gateway, model=model)
    assert (row["status"], row["outcome"], row["is_estimated"]) == (200, "client_gone", True)
    assert row["output_tokens"] >= 5


def test_neither_what_is_asked_nor_what_is_answered_is_in_the_database(gateway: Gateway, cloud: Upstream) -> None:
    said = "A sentence that nobody else says."
    secret = asked("gpt-5", messages=[{"role": "user", "content": said}], user=said)
    answer = gateway.post(CHAT, secret)
    told = answer.json()["choices"][0]["message"]["content"]
    row_of(gateway, answer)
    with sqlite3.connect(gateway.database) as connection:
        dump = "\n".join(connection.iterdump())
    assert answer.headers["x-request-id"] in dump
    assert said not in dump
    assert told not in dump
    assert CLIENT_KEY not in dump


def test_a_database_that_is_away_fails_no_request_and_gets_the_rows_later(gateway: Gateway, cloud: Upstream) -> None:
    with sqlite3.connect(gateway.database, isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        first = gateway.post(CHAT, asked("gpt-5"))
        wait_until(lambda: "the log of requests cannot be written" in gateway.log, seconds=20)
        began = time.monotonic()
        second = gateway.post(CHAT, asked("gpt-5"))
        assert time.monotonic() - began < 2
        assert (first.status_code, second.status_code) == (200, 200)
        connection.execute("ROLLBACK")
    assert row_of(gateway, first)["time"] < row_of(gateway, second)["time"]


def test_what_was_not_yet_written_is_written_at_the_end(cloud: Upstream) -> None:
    with short_home() as home:
        with serving(home) as gateway:
            answer = gateway.post(CHAT, asked("unheard-of"))
        assert row_of(gateway, answer)["outcome"] == "model_not_found"
