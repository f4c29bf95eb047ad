"""The rows of the request log: what is written of a course, in which databases, for how long; and their admin."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inference import metrics
from inference.api.log_writer import MOST_WAITING, LogWriter
from inference.course import Attempt, Course
from inference.ir import Usage
from inference.meter import Meter
from inference.models import RequestLog
from inference.request_log import write
from routing.client import Client
from routing.route import Route, Target

TARGET = Target("openai", "gpt-real")
CLIENT = Client(7, "laptop", b"")

written = pytest.mark.django_db(transaction=True)


def course(request_id: str = "req_1", **fields: Any) -> Course:
    facts: dict[str, Any] = {
        "endpoint": "/v1/chat/completions",
        "target": TARGET,
        "client": CLIENT,
        "model": "gpt-5",
        "route": Route("gpt-5", 3, (TARGET,), pattern="gpt-*"),
        "usage": Usage(100, 20, cached_tokens=60),
    }
    made = Course(request_id, **facts | fields)
    made.attempts.append(Attempt("openai", "gpt-real", "answered", 120))
    made.answer(fields.get("status", 200))
    made.end()
    return made


def dropped(meter: Meter) -> float:
    return meter.values().get((metrics.UNLOGGED.name,), 0.0)


@written
def test_a_course_is_written_as_it_was() -> None:
    write([course()])
    row = RequestLog.objects.get()
    assert (row.request_id, row.client_key_id, row.client_key_name) == ("req_1", 7, "laptop")
    assert (row.model, row.mapping_id, row.mapping_name) == ("gpt-5", 3, "gpt-*")
    assert row.attempts == [{"backend": "openai", "model": "gpt-real", "outcome": "answered", "ms": 120}]
    assert (row.input_tokens, row.cached_tokens, row.output_tokens, row.is_estimated) == (100, 60, 20, False)
    assert abs(datetime.now(UTC) - row.time) < timedelta(seconds=30)


@written
def test_a_batch_that_is_tried_again_is_written_once() -> None:
    write([course("req_1"), course("req_2")])
    write([course("req_1"), course("req_2"), course("req_3")])
    assert sorted(RequestLog.objects.values_list("request_id", flat=True)) == ["req_1", "req_2", "req_3"]


@written
def test_names_and_numbers_that_a_database_would_refuse_are_written_all_the_same() -> None:
    odd = course(model="\0\ud800" + "x" * 300, usage=Usage(10**30, -1))
    odd.attempts.append(Attempt("openai", "\0", "answered", 1))
    write([odd])
    row = RequestLog.objects.get()
    assert row.model == "\ufffd?" + "x" * 253
    assert (row.input_tokens, row.output_tokens) == (2**31 - 1, 0)


@written
def test_what_waits_is_written_and_waits_no_more() -> None:
    writer = LogWriter(Meter())
    for number in range(2500):
        writer.note(course(f"req_{number}"))
    asyncio.run(writer.write())
    assert RequestLog.objects.count() == 2500
    RequestLog.objects.all().delete()
    asyncio.run(writer.write())
    assert RequestLog.objects.count() == 0


@written
def test_a_batch_that_is_refused_for_what_it_holds_does_not_hold_up_the_next() -> None:
    meter = Meter()
    writer = LogWriter(meter)
    writer.note(course(status=-5))
    asyncio.run(writer.write())
    assert dropped(meter) == 1
    writer.note(course("req_2"))
    asyncio.run(writer.write())
    assert [row.request_id for row in RequestLog.objects.all()] == ["req_2"]


def test_so_many_wait_and_no_more_which_is_counted() -> None:
    meter = Meter()
    writer = LogWriter(meter)
    one = course()
    for _ in range(MOST_WAITING + 5):
        writer.note(one)
    assert dropped(meter) == 5
