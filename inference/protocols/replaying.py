"""Thinking for clients that do not send it back: taken from an answer with calls, and put back before its calls."""

from collections.abc import Callable

import msgspec

from inference import ir
from inference.protocols.codec import Memory, StreamParser

# In characters. More is not kept.
MOST_KEPT = 1024**2


def restored(request: ir.Request, find: Callable[[str], tuple[ir.Block, ...]]) -> ir.Request:
    """The request with the signed thinking of those turns of calls that came back without any."""
    messages = tuple(with_thinking(message, find) for message in request.messages)
    return msgspec.structs.replace(request, messages=messages)


def with_thinking(message: ir.Message, find: Callable[[str], tuple[ir.Block, ...]]) -> ir.Message:
    if message.role != "assistant" or any(is_native(block) for block in message.content):
        return message
    first = next((block.id for block in message.content if isinstance(block, ir.ToolUse)), None)
    known = find(first) if first is not None else ()
    return ir.Message(message.role, (*known, *message.content)) if known else message


def is_native(block: ir.Block) -> bool:
    return isinstance(block, ir.RedactedThinking) or (isinstance(block, ir.Thinking) and bool(block.signature))


class KeepingParser:
    """Passes everything on, and keeps the thinking of an answer that calls tools when the answer ends."""

    def __init__(self, parser: StreamParser, memory: Memory) -> None:
        self._parser = parser
        self._memory = memory
        self._thinking: list[str] = []
        self._size = 0
        self._blocks: list[ir.Block] = []
        self._call_id = ""

    @property
    def is_ending(self) -> bool:
        return self._parser.is_ending

    def feed(self, chunk: bytes) -> list[ir.Event]:
        return self._noted(self._parser.feed(chunk))

    def close(self) -> list[ir.Event]:
        return self._noted(self._parser.close())

    def _noted(self, events: list[ir.Event]) -> list[ir.Event]:
        for event in events:
            match event:
                case ir.TextDelta() | ir.ToolDelta():
                    pass
                case ir.ThinkingDelta(text=text):
                    self._size += len(text)
                    if self._size <= MOST_KEPT:
                        self._thinking.append(text)
                case ir.ThinkingSigned(signature=signature):
                    self._blocks.append(ir.Thinking("".join(self._thinking), signature))
                    self._thinking.clear()
                case ir.ThinkingRedacted(data=data):
                    self._size += len(data)
                    self._blocks.append(ir.RedactedThinking(data))
                case ir.ToolStarted(id=identifier):
                    self._call_id = self._call_id or identifier
                case ir.Finished() if self._call_id and self._blocks and self._size <= MOST_KEPT:
                    self._memory.keep(self._call_id, self._blocks)
                case _:
                    pass
        return events
