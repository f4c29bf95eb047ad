"""How a limit's reset is written for OpenAI clients."""

import pytest

from inference.api.charging import duration
from inference.backends import retry_after


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0ms"),
        (0.0001, "1ms"),
        (0.02, "20ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (59.9991, "1m0s"),
        (90.25, "1m30.25s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (90_061.001, "25h1m1.001s"),
    ],
)
def test_a_reset_is_written_as_openai_does(seconds: float, written: str) -> None:
    assert duration(seconds) == written
    # As our own clients' side reads it: rounded up, by less than a millisecond.
    read = retry_after.duration(written)
    assert read is not None
    assert 0 <= read - seconds < 0.001
