"""`python -m benchmarks.smollm2`: asks the model for the capital of France over both protocols, plain and streamed."""

import sys
from collections.abc import Iterator

import anthropic
import openai
from anthropic.types import MessageParam
from openai.types.chat import ChatCompletionMessageParam

from benchmarks.smollm2.convert import bring
from tests.gateway import ROOT, Gateway, running_gateway

NAME = "smollm2/135m-instruct"
MODELS = ROOT / ".cache" / "models"
QUESTION, ANSWER = "What is the capital of France?", "Paris"
LIMIT = 40


def main() -> int:
    bring(MODELS / NAME)
    right = True
    with running_gateway(MLXMANAGER_MODELS_DIR=str(MODELS), MLXMANAGER_LOG_LEVEL="info") as gateway:
        for way, text in answers(gateway):
            print(f"{way:20} {text}", flush=True)
            right = right and ANSWER in text
    return 0 if right else 1


def answers(gateway: Gateway) -> Iterator[tuple[str, str]]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key) as client:
        yield from by_openai(client)
    with anthropic.Anthropic(base_url=gateway.url, api_key=gateway.key) as client:
        yield from by_anthropic(client)


def by_openai(client: openai.OpenAI) -> Iterator[tuple[str, str]]:
    asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
    create = client.chat.completions.create
    whole = create(model=NAME, messages=asked, max_tokens=LIMIT, temperature=0)
    yield "OpenAI", whole.choices[0].message.content or ""
    chunks = create(model=NAME, messages=asked, max_tokens=LIMIT, temperature=0, stream=True)
    yield "OpenAI, streamed", "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def by_anthropic(client: anthropic.Anthropic) -> Iterator[tuple[str, str]]:
    asked: list[MessageParam] = [{"role": "user", "content": QUESTION}]
    greedy = {"temperature": 0}  # which the SDK has no argument for
    message = client.messages.create(model=NAME, messages=asked, max_tokens=LIMIT, extra_body=greedy)
    yield "Anthropic", "".join(block.text for block in message.content if block.type == "text")
    with client.messages.stream(model=NAME, messages=asked, max_tokens=LIMIT, extra_body=greedy) as stream:
        yield "Anthropic, streamed", "".join(stream.text_stream)


if __name__ == "__main__":
    sys.exit(main())
