"""The vendors' own types of requests and answers, as their Python SDKs declare them, as a check of what we send.

The SDKs themselves take almost anything for an answer; clients in stricter languages do not.
"""

from functools import cache
from typing import Any

from anthropic.types import Message, RawMessageStreamEvent, message_create_params
from openai.types.chat import ChatCompletion, ChatCompletionChunk, completion_create_params
from pydantic import TypeAdapter

from tests.inference.exchanges import NATIVE, OPENAI
from tests.inference.pairings import Backend

CLAUDE_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def check_answer(client: str, answer: Any) -> None:
    """Raises pydantic.ValidationError for a whole answer that is not as the client's vendor declares it."""
    model = ChatCompletion if client == OPENAI else Message
    model.model_validate(answer)


def check_event(client: str, event: Any) -> None:
    """The same of one event of a stream."""
    if client == OPENAI:
        ChatCompletionChunk.model_validate(event)
    else:
        CLAUDE_EVENT.validate_python(event)


@cache
def adapter(protocol: str, streams: bool) -> TypeAdapter[Any]:
    match protocol, streams:
        case "openai_chat", True:
            return TypeAdapter(completion_create_params.CompletionCreateParamsStreaming)
        case "openai_chat", False:
            return TypeAdapter(completion_create_params.CompletionCreateParamsNonStreaming)
        case "anthropic_messages", True:
            return TypeAdapter(message_create_params.MessageCreateParamsStreaming)
        case _:
            return TypeAdapter(message_create_params.MessageCreateParamsNonStreaming)


def unknown_fields(backend: Backend, request: dict[str, Any]) -> list[str]:
    """Fields that this backend does not take. Raises pydantic.ValidationError for one that is of a wrong type.

    The worker is no vendor, and reads its jobs into types of its own.
    """
    if backend.protocol == NATIVE:
        return []
    read = consumed(adapter(backend.protocol, bool(request.get("stream"))).validate_python(request))
    return [path for path in differences(request, read, "") if path.rpartition(".")[2] not in backend.extras]


def consumed(value: Any) -> Any:
    """Iterables are validated while they are read."""
    if isinstance(value, dict):
        return {name: consumed(inner) for name, inner in value.items()}
    if value is None or isinstance(value, str | int | float):
        return value
    return [consumed(inner) for inner in value]


def differences(given: Any, read: Any, path: str) -> list[str]:
    if isinstance(given, dict) and isinstance(read, dict):
        unknown = [f"{path}.{name}" for name in given.keys() - read.keys()]
        return unknown + [part for name in read for part in differences(given[name], read[name], f"{path}.{name}")]
    if isinstance(given, list) and isinstance(read, list):
        return [
            part
            for at, pair in enumerate(zip(given, read, strict=True))
            for part in differences(*pair, f"{path}[{at}]")
        ]
    return [] if given == read else [path]
