"""What the vendors' SDKs tell of the client itself: how long it waits for an answer, and that it asks again."""

import math
from collections.abc import Mapping

# OpenAI's SDKs have the first in Python and the second elsewhere, Anthropic's have both.
WAITS = ("x-stainless-read-timeout", "x-stainless-timeout")
RETRIES = "x-stainless-retry-count"

type Headers = Mapping[str, str]


def patience(headers: Headers) -> float:
    """Seconds until the client leaves; infinite where it does not say, or says what cannot be meant."""
    return min([_seconds(headers[name]) for name in WAITS if name in headers], default=math.inf)


def retries(headers: Headers) -> int:
    """How often the client has asked the same before."""
    text = headers.get(RETRIES, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return math.inf
    # An SDK that counts whole seconds says 0 for less than one.
    return seconds if seconds > 0 else math.inf
