"""The rows of the request log: made of courses, and written many at once.

Written by one prepared statement: the ORM's own way costs several times as much for each row.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import msgspec
from django.db import connection, transaction

from inference.course import Course
from inference.models import RequestLog

LARGEST = 2**31 - 1

type Value = Any  # What a column takes, as its database has it.


def write(courses: Sequence[Course]) -> None:
    """Once each, however often it is tried. Raises DatabaseError."""
    rows = [list(row(course).values()) for course in courses]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement(), rows)
    finally:
        connection.close()


@cache
def statement() -> str:
    columns = row(Course())
    table, *names = map(connection.ops.quote_name, (RequestLog._meta.db_table, *columns))
    # No column but the request's id is unique: it has been written then.
    places = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608 - our names


def row(course: Course) -> dict[str, Value]:
    """By column, times and JSON as text that our databases take: Django's own way there takes as long as the rest."""
    client, route, usage, target = course.client, course.route, course.usage, place(course)
    return {
        "time": str(datetime.fromtimestamp(course.ended_at - course.duration, UTC).replace(tzinfo=None)),
        "request_id": course.request_id,
        "client_key_id": client.id if client is not None else 0,
        "client_key_name": text(client.name) if client is not None else "",
        "endpoint": text(course.endpoint),
        "model": text(course.model),
        "mapping_id": route.mapping_id if route is not None else None,
        "mapping_name": text(route.pattern) if route is not None else "",
        "attempts": msgspec.json.encode(attempts(course)).decode(),
        "backend": target[0],
        "backend_model": text(target[1]),
        "status": course.status or None,
        "outcome": course.outcome,
        "stream": course.stream,
        "first_byte_ms": milliseconds(course.first_byte - course.began) if course.status else None,
        "duration_ms": milliseconds(course.duration),
        "input_tokens": number(usage.input_tokens) if usage is not None else None,
        "cached_tokens": number(usage.cached_tokens) if usage is not None else None,
        "output_tokens": number(usage.output_tokens) if usage is not None else None,
        "is_estimated": course.is_estimated,
    }


def place(course: Course) -> tuple[str, str]:
    """The backend and its model that answered or failed last; of a client that left, the one that was being asked."""
    if course.target is not None:
        return course.target.backend, course.target.model
    if course.attempts:
        return course.attempts[-1].backend, course.attempts[-1].model
    return "", ""


def attempts(course: Course) -> list[dict[str, Value]]:
    return [msgspec.structs.asdict(attempt) | {"model": text(attempt.model)} for attempt in course.attempts]


@lru_cache(maxsize=1024)
def text(value: str) -> str:
    """As every database takes it: clients choose names, and one that is refused would hold up all the others."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:255]


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def number(value: int) -> int:
    return min(max(value, 0), LARGEST)
