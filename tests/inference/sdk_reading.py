"""What the vendors' own Python SDKs assemble from a stream that a real server sends them."""

from typing import Any

import anthropic
import openai

from tests.answers import events
from tests.inference.exchanges import ANTHROPIC
from tests.upstreams import Upstream

USER: Any = [{"role": "user", "content": "x"}]


def assembled_by_sdk(protocol: str, server: Upstream, stream: bytes) -> dict[str, Any]:
    """The whole answer in the protocol's own shape. Raises what the SDK raises."""
    chunks = [event + b"\n\n" for event in stream.removesuffix(b"\n\n").split(b"\n\n")]
    server.script(events(*chunks))
    return by_anthropic(server) if protocol == ANTHROPIC else by_openai(server)


def by_openai(server: Upstream) -> dict[str, Any]:
    """The snapshot, not the final completion, which raises for an answer that was cut or refused."""
    with (
        openai.OpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0) as client,
        client.chat.completions.stream(model="m", messages=USER) as stream,
    ):
        for _ in stream:
            pass
        answer: dict[str, Any] = stream.current_completion_snapshot.model_dump()
    return answer


def by_anthropic(server: Upstream) -> dict[str, Any]:
    with (
        anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0) as client,
        client.messages.stream(model="m", max_tokens=9, messages=USER) as stream,
    ):
        answer: dict[str, Any] = stream.get_final_message().model_dump()
    return answer
