"""Keeps the log of requests short: now and then, old rows go, a few at a time. Each web process may."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from django.db import DatabaseError, connection
from django.db.models import Max, QuerySet

from inference.models import RequestLog

log = structlog.get_logger("mlxmanager.request_log")

# What is older goes, and the oldest where there are more.
DAYS = 90
MOST_ROWS = 1_000_000
# So few at a time that nobody waits for the lock of the table.
AT_ONCE = 500

# In seconds.
EVERY = 600.0
PAUSE = 0.1


async def keep_short() -> None:
    while True:
        await asyncio.sleep(EVERY)
        try:
            more = True
            while more:
                more = await asyncio.to_thread(remove_some)
                await asyncio.sleep(PAUSE)
        except DatabaseError:
            log.warning("old requests could not be removed from the log")


def remove_some() -> bool:
    """Whether there may be more to remove. Raises DatabaseError."""
    try:
        newest = RequestLog.objects.aggregate(newest=Max("id"))["newest"] or 0
        old = RequestLog.objects.filter(time__lt=datetime.now(UTC) - timedelta(days=DAYS)).order_by("time")
        # Ids are given in turn, so that nothing need be counted.
        extra = RequestLog.objects.filter(id__lte=newest - MOST_ROWS).order_by("id")
        return remove(old) or remove(extra)
    finally:
        connection.close()


def remove(rows: QuerySet[RequestLog]) -> bool:
    found = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    RequestLog.objects.filter(pk__in=found).delete()
    return len(found) == AT_ONCE
