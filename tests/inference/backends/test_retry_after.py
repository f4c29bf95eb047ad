"""When an upstream may be asked again."""

from email.utils import formatdate

import pytest

from inference.backends.retry_after import parse_retry_after

NOW = 1_793_000_000.0  # 2026-10-26T07:33:20Z

CASES: list[tuple[str, int, dict[str, str], float | None]] = [
    ("nothing", 429, {}, None),
    ("milliseconds", 429, {"retry-after-ms": "1500"}, 1.5),
    ("milliseconds before seconds", 429, {"retry-after-ms": "250", "retry-after": "9"}, 0.25),
    ("seconds", 429, {"retry-after": "30"}, 30),
    ("a fraction", 503, {"retry-after": "0.5"}, 0.5),
    ("zero", 429, {"retry-after": "0"}, 0),
    ("spaces", 429, {"retry-after": " 7 "}, 7),
    ("a date", 503, {"retry-after": formatdate(NOW + 20, usegmt=True)}, 20),
    ("a date gone by", 503, {"retry-after": formatdate(NOW - 20, usegmt=True)}, 0),
    ("a date without a zone", 503, {"retry-after": "Mon, 26 Oct 2026 07:33:40"}, 20),
    ("seconds before resets", 429, {"retry-after": "3", "x-ratelimit-reset-tokens": "9s"}, 3),
    ("negative", 429, {"retry-after": "-1"}, None),
    ("not a number", 429, {"retry-after": "nan"}, None),
    ("infinite", 429, {"retry-after": "inf"}, None),
    ("infinite milliseconds", 429, {"retry-after-ms": "1e999"}, None),
    ("words", 429, {"retry-after": "soon"}, None),
    ("an impossible date", 429, {"retry-after": "Mon, 99 Oct 2026 99:99:99 GMT"}, None),
    ("a date in a zone beyond all numbers", 503, {"retry-after": f"Mon, 26 Oct 2026 07:33:40 +{'9' * 20}"}, None),
    ("a date beyond all numbers", 503, {"retry-after": f"Mon, {'9' * 20} Oct 2026 07:33:40 GMT"}, None),
    ("bad milliseconds, good seconds", 429, {"retry-after-ms": "x", "retry-after": "4"}, 4),
    ("a duration", 429, {"x-ratelimit-reset-requests": "6m0s"}, 360),
    ("milliseconds of a duration", 429, {"x-ratelimit-reset-tokens": "20ms"}, 0.02),
    ("a long duration", 429, {"x-ratelimit-reset-tokens": "1d2h3m4.5s"}, 93_784.5),
    ("a duration of seconds", 429, {"x-ratelimit-reset-tokens": "1.5"}, 1.5),
    ("an infinite duration", 429, {"x-ratelimit-reset-tokens": f"{'9' * 400}d"}, None),
    ("a duration of words", 429, {"x-ratelimit-reset-tokens": "later"}, None),
    ("an empty duration", 429, {"x-ratelimit-reset-tokens": ""}, None),
    (
        "the soonest, where none is used up",
        429,
        {"x-ratelimit-reset-tokens": "9s", "x-ratelimit-reset-requests": "2s"},
        2,
    ),
    (
        "the one used up",
        429,
        {
            "x-ratelimit-reset-tokens": "9s",
            "x-ratelimit-remaining-tokens": "0",
            "x-ratelimit-reset-requests": "2s",
            "x-ratelimit-remaining-requests": "5",
        },
        9,
    ),
    ("a moment", 429, {"anthropic-ratelimit-requests-reset": "2026-10-26T07:33:32Z"}, 12),
    ("a moment elsewhere", 429, {"anthropic-ratelimit-tokens-reset": "2026-10-26T09:33:32+02:00"}, 12),
    ("a moment gone by", 429, {"anthropic-ratelimit-tokens-reset": "2026-10-26T07:00:00Z"}, 0),
    ("no moment", 429, {"anthropic-ratelimit-tokens-reset": "tomorrow"}, None),
    (
        "the last used up",
        429,
        {
            "anthropic-ratelimit-requests-reset": "2026-10-26T07:33:22Z",
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-input-tokens-reset": "2026-10-26T07:33:30Z",
            "anthropic-ratelimit-input-tokens-remaining": "0",
            "anthropic-ratelimit-output-tokens-reset": "2026-10-26T07:34:30Z",
            "anthropic-ratelimit-output-tokens-remaining": "800",
        },
        10,
    ),
    ("resets that come with any answer", 500, {"x-ratelimit-reset-tokens": "9s"}, None),
]


@pytest.mark.parametrize(
    ("status", "headers", "seconds"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_wait_is_read_from_the_headers(status: int, headers: dict[str, str], seconds: float | None) -> None:
    assert parse_retry_after(status, headers, now=NOW) == pytest.approx(seconds)
