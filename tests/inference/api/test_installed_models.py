"""The list of installed models outlives whatever the look at the disk does."""

from collections.abc import Mapping

import pytest

from inference.api.installed_models import InstalledModels
from inference.model_facts import ModelFacts

FACTS = ModelFacts(0, None, needs=7)


class Disk:
    def __init__(self, *found: Mapping[str, ModelFacts] | Exception) -> None:
        self._found = list(found)

    def look(self) -> Mapping[str, ModelFacts]:
        found = self._found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


async def test_a_look_that_fails_leaves_the_last_list(capsys: pytest.CaptureFixture[str]) -> None:
    disk = Disk({"one": FACTS}, RuntimeError("a folder"), OSError("a disk"), {"two": FACTS}, RuntimeError("a folder"))
    models = InstalledModels(disk.look)
    for _ in range(3):
        await models.refresh()
        assert models.needs("one") == 7
    await models.refresh()
    assert set(models.models) == {"two"}
    await models.refresh()
    assert set(models.models) == {"two"}
    # Not again every two seconds, as long as it goes on.
    assert capsys.readouterr().err.count("cannot be listed") == 2


async def test_a_first_look_that_fails_keeps_nobody_from_starting() -> None:
    models = InstalledModels(Disk(RuntimeError("a folder")).look)
    await models.refresh()
    assert not models.models
    assert models.needs("one") == 0
