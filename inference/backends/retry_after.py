"""When an upstream says it may be asked again, from the headers of its refusal. The time is handed in."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
UNITS = (86_400, 3600, 60, 1, 0.001)
RESET = re.compile(r"anthropic-ratelimit-[a-z-]+-reset|x-ratelimit-reset-[a-z-]+")


def parse_retry_after(status: int, headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds to wait, 0 or more; None where the headers do not say. `now` is in Unix seconds.

    What a limit says about its reset counts for a 429 only: vendors send it with every answer.
    """
    milliseconds = number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    named = headers.get("retry-after", "").strip()
    seconds = number(named)
    if seconds is None:
        seconds = until_http_date(named, now=now)
    if seconds is None and status == 429:
        seconds = until_reset(headers, now=now)
    return seconds


def until_reset(headers: Mapping[str, str], *, now: float) -> float | None:
    """Until the last of the limits that are used up; where none says so, until the first of all."""
    waits: list[float] = []
    spent: list[float] = []
    for name, value in headers.items():
        if not RESET.fullmatch(name):
            continue
        wait = until_timestamp(value, now=now) if name.startswith("anthropic") else duration(value)
        if wait is None:
            continue
        waits.append(wait)
        if number(headers.get(name.replace("reset", "remaining"), "")) == 0:
            spent.append(wait)
    return max(spent) if spent else min(waits, default=None)


def number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def duration(text: str) -> float | None:
    """As `6m0s`, `20ms`, `1.5s`; a bare number is in seconds."""
    match = DURATION.fullmatch(text.strip())
    if match is None or not match[0]:
        return number(text)
    seconds = sum(float(amount) * unit for amount, unit in zip(match.groups(), UNITS, strict=True) if amount)
    return seconds if math.isfinite(seconds) else None


def until_http_date(text: str, *, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return until(moment, now=now)


def until_timestamp(text: str, *, now: float) -> float | None:
    """RFC 3339, as `2026-11-02T10:00:00Z`."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return until(moment, now=now)


def until(moment: datetime, *, now: float) -> float:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, aware.timestamp() - now)
