"""A short soak: no slot, file or process is lost, and no answer is wrong. Whether memory grows takes longer to tell."""

from benchmarks.soak.__main__ import faults, growths, product, report, soak
from benchmarks.soak.figures import PARTS

SECONDS = 15


def test_nothing_is_lost_under_a_load_that_comes_and_goes() -> None:
    with product() as gateway:
        load, samples = soak(gateway, seconds=SECONDS, seed=1)
        restarts = gateway.ready()["parts"]["worker"]["restarts"]
    report(load, samples)
    assert faults(load, samples, restarts) == []
    assert samples[-1].active == 0
    assert load.endings["answered"] > 0
    assert load.endings["left"] > 0
    assert set(growths(samples)) == set(PARTS)
