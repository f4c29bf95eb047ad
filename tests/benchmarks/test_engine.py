"""The comparison of engines counts rightly: what is streamed, how much better one was, and what both write with."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import mlx.core as mx
import pytest

from benchmarks.engine.client import BadAnswer, Server, ask
from benchmarks.engine.model import HEAD, copy_endless
from benchmarks.engine.scenarios import Figures, one
from benchmarks.engine.table import Row, line
from inference.installed import DEMO_FOLDER, Installed
from tests.engines import bench
from tests.gateway import free_port

CHUNK = 'data: {"choices": [{"delta": {"content": %s}}], "usage": null}\n\n'
USAGE = 'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": %d}}\n\ndata: [DONE]\n\n'
HEADERS = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@asynccontextmanager
async def serving(parts: list[str], pause: float = 0) -> AsyncIterator[Server]:
    """A server that streams these parts, and a moment between them."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part.encode())
            await writer.drain()
            await asyncio.sleep(pause)
        writer.close()

    port = free_port()
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield Server("test", f"http://127.0.0.1:{port}", "key", "model")


async def test_the_first_token_is_the_first_text_and_not_the_empty_beginning() -> None:
    parts = [HEADERS + CHUNK % '""', CHUNK % '"a"', CHUNK % '"b"', USAGE % 2]
    async with serving(parts, pause=0.05) as server:
        answer = await ask(server, "Hi", tokens=2)
    assert (answer.prompt, answer.tokens) == (9, 2)
    assert 0.04 < answer.waited < answer.ended - answer.asked - 0.09


@pytest.mark.parametrize("size", [1, 7, 64])
async def test_where_the_stream_is_split_does_not_matter(size: int) -> None:
    whole = HEADERS + CHUNK % '""' + CHUNK % '"a"' + USAGE % 1
    async with serving([whole[place : place + size] for place in range(0, len(whole), size)]) as server:
        assert (await ask(server, "Hi", tokens=1)).tokens == 1


@pytest.mark.parametrize("parts", [[HEADERS, CHUNK % '"a"'], [HEADERS, CHUNK % '"a"', USAGE % 1]])
async def test_an_answer_that_breaks_off_or_is_short_is_bad(parts: list[str]) -> None:
    async with serving(parts) as server:
        with pytest.raises(BadAnswer):
            await ask(server, "Hi", tokens=2)


def test_how_much_better_is_the_median_of_the_rounds_each_by_itself() -> None:
    rounds = [(Figures(rate, 0.1), Figures(100, 0.4)) for rate in (300, 200, 900)]
    assert "| 3.00 | 3 | yes |" in line(Row("any", one, 3), rounds)
    assert "| 4.00 | 5 | no |" in line(Row("any", one, 5, sooner=True), rounds)


def test_the_copied_model_never_ends_by_itself(tmp_path: Path) -> None:
    copy_endless(DEMO_FOLDER, tmp_path / "endless", single=False)
    special = [token["id"] for token in json.loads((DEMO_FOLDER / "tokenizer.json").read_text())["added_tokens"]]
    weights = mx.load(str(tmp_path / "endless" / "model.safetensors"))
    assert isinstance(weights, dict)
    assert not weights[HEAD][mx.array(special)].any()
    with bench(Installed("bench/endless", tmp_path / "endless", "models", 0)) as engine:
        (written,), _ = engine.write([special[1], 100, 101, special[2]], most=200)
    assert len(written) == 200
    assert not set(written) & set(special)
