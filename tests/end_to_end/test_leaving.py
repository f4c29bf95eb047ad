"""A client that leaves frees what it held: its slot in the worker, its upstream connection."""

import time

import httpx2
import pytest

from tests.answers import Answer, events
from tests.end_to_end.questions import CHUNK
from tests.gateway import Gateway, wait_until
from tests.upstreams import Upstream

PATHS = pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
# In seconds; and in whole requests, each of which takes several turns of the same processes, where the machine is busy.
AT_ONCE, REQUESTS = 0.3, 10
# Of the demo model: so that all the tokens asked for are written, which takes many seconds.
NEVER_ENDING = {"2": -100}


def asked(model: str, *, stream: bool = True, text: str = "Count to 60.") -> dict[str, object]:
    return {"model": model, "stream": stream, "max_tokens": 4000, "messages": [{"role": "user", "content": text}]}


def soon(gateway: Gateway, model: str) -> float:
    """The seconds that are at once on this machine now, by how long a short request takes."""
    began = time.monotonic()
    gateway.post("/v1/chat/completions", asked(model, stream=False) | {"max_tokens": 1})
    return max(AT_ONCE, REQUESTS * (time.monotonic() - began))


def auth(gateway: Gateway) -> dict[str, str]:
    return {"authorization": f"Bearer {gateway.key}"}


@PATHS
@pytest.mark.parametrize("pause", [0.02, 0], ids=["paced", "always ready"])
def test_leaving_a_stream_closes_the_upstream(gateway: Gateway, cloud: Upstream, path: str, pause: float) -> None:
    at_once = soon(gateway, "gpt-5")
    cloud.script(events(CHUNK, endless=True, pause=pause))
    closed = cloud.closed_by_client
    with httpx2.stream("POST", f"{gateway.url}{path}", json=asked("gpt-5"), headers=auth(gateway)) as answer:
        next(answer.iter_bytes())
    assert cloud.wait_until(lambda: cloud.closed_by_client > closed, at_once) < at_once
    # The process that served it still serves.
    assert httpx2.get(f"{gateway.url}/health/live", timeout=5).status_code == 200


@PATHS
@pytest.mark.parametrize("words", [1, 100_000], ids=["short", "long"])
def test_leaving_before_the_first_byte_closes_the_upstream(
    gateway: Gateway, cloud: Upstream, path: str, words: int
) -> None:
    at_once = soon(gateway, "gpt-5")
    cloud.script(Answer(raw=b"", ending="hang"))
    closed = cloud.closed_by_client
    body = asked("gpt-5", stream=False, text="word " * words)
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{gateway.url}{path}", json=body, headers=auth(gateway), timeout=0.5)
    assert cloud.wait_until(lambda: cloud.closed_by_client > closed, at_once) < at_once


@PATHS
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_leaving_frees_the_workers_slot(gateway: Gateway, path: str, stream: bool) -> None:
    body = asked("demo", stream=stream, text="Tell me a story about a fox. " * 20)
    if path == "/v1/chat/completions":
        body |= {"logit_bias": NEVER_ENDING}
    at_once = max(1, soon(gateway, "demo"))
    with httpx2.Client() as client:
        request = client.build_request("POST", f"{gateway.url}{path}", json=body, headers=auth(gateway))
        if stream:
            answer = client.send(request, stream=True)
            next(answer.iter_bytes())
            answer.close()
        else:
            with pytest.raises(httpx2.TimeoutException):
                client.post(f"{gateway.url}{path}", json=body, headers=auth(gateway), timeout=0.05)
    wait_until(lambda: gateway.ready()["parts"]["worker"]["active"] == 0, seconds=at_once)
