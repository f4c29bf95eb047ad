"""The application lives from the server's first word to its last, whatever breaks beside the requests."""

import asyncio
import threading
from collections.abc import Mapping

import pytest

from inference.api.installed_models import EVERY, InstalledModels
from inference.api.requests import Message, Receive, Send
from inference.model_facts import ModelFacts
from mlxmanager.application import Application, make_gateway


async def no_site(_scope: Message, _receive: Receive, _send: Send) -> None:
    """Nobody asks for a page here."""


class Breaking:
    """Finds no models, and from the second time on breaks."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> Mapping[str, ModelFacts]:
        self.looks += 1
        if self.looks > 1:
            raise ValueError("it broke")
        return {}


def is_watching() -> bool:
    """Whether the gateway's thread is still there."""
    return any(thread.name == "snapshot" for thread in threading.enumerate())


async def test_a_chore_that_breaks_is_told_of_once_and_the_end_comes_in_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gateway, breaking = make_gateway(), Breaking()
    gateway.installed = InstalledModels(breaking)
    told: asyncio.Queue[Message] = asyncio.Queue()
    said: asyncio.Queue[Message] = asyncio.Queue()
    living = asyncio.ensure_future(Application(no_site, gateway)({"type": "lifespan"}, told.get, said.put))
    await told.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    assert is_watching()
    await asyncio.sleep(EVERY + 0.5)
    assert breaking.looks == 2
    await told.put({"type": "lifespan.shutdown"})
    await asyncio.wait_for(living, 10)
    assert (await said.get())["type"] == "lifespan.shutdown.complete"
    assert not is_watching()
    assert capsys.readouterr().err.count("ValueError: it broke") == 1
