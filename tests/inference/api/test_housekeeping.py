import asyncio

import pytest

from inference.api import housekeeping


async def test_one_that_fails_is_begun_again_and_keeps_no_other_from_its_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(housekeeping, "PAUSE", 0)
    failures = iter([OSError("no disk"), ValueError("odd")])
    recovered, other_goes_on = asyncio.Event(), asyncio.Event()

    async def failing() -> None:
        if (failure := next(failures, None)) is not None:
            raise failure
        recovered.set()
        await asyncio.Event().wait()

    async def other() -> None:
        await recovered.wait()
        other_goes_on.set()
        await asyncio.Event().wait()

    keeping = asyncio.create_task(housekeeping.keep_up(failing, other))
    async with asyncio.timeout(5):
        await other_goes_on.wait()
    assert not keeping.done()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert capsys.readouterr().err.count("is begun again") == 2
