"""An upstream's stream of message events to neutral events."""

import msgspec

from inference import ir, sse
from inference.errors import BackendError, Kind
from inference.protocols import arguments
from inference.protocols.anthropic_messages.answers import Block, Delta, Event, stop_reason_of
from inference.protocols.anthropic_messages.usage import updated
from inference.protocols.refusals import parse_stream_error

EVENT = msgspec.json.Decoder(Event)


class StreamParser:
    def __init__(self) -> None:
        self._events = sse.Parser()
        self._done = False
        self._called = False
        self._usage = ir.Usage()
        self._stop_reason: str | None = None
        self._stop_sequence: str | None = None
        # By index, as the last block of that index began: some servers give an index twice.
        self._kinds: dict[int, str] = {}

    def feed(self, chunk: bytes) -> list[ir.Event]:
        return self._parsed(self._events.feed(chunk))

    def close(self) -> list[ir.Event]:
        events = self._parsed(self._events.close())
        if not self._done:
            raise BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The upstream's stream ended too early.")
        return events

    def _parsed(self, received: list[sse.ServerSentEvent]) -> list[ir.Event]:
        events: list[ir.Event] = []
        for event in received:
            # Some servers end with OpenAI's mark.
            if not self._done and event.data.strip() != "[DONE]":
                events += self._event(event.data)
        return events

    def _event(self, data: str) -> list[ir.Event]:
        try:
            event = EVENT.decode(data)
        except (msgspec.DecodeError, RecursionError):
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent an event we cannot read.") from None
        if event.error is not None or event.type == "error":
            raise parse_stream_error(event.error)
        match event.type:
            case "content_block_delta" if event.delta is not None:
                return self._delta(event.index, event.delta)
            case "content_block_start" if event.content_block is not None:
                return self._block(event.index, event.content_block)
            case "message_start" if event.message is not None:
                self._usage = updated(self._usage, event.message.usage)
                return [ir.Started(event.message.id, self._usage)]
            case "message_delta":
                self._usage = updated(self._usage, event.usage)
                if event.delta is not None:
                    self._stop_reason = event.delta.stop_reason or self._stop_reason
                    self._stop_sequence = event.delta.stop_sequence or self._stop_sequence
                return []
            case "message_stop":
                self._done = True
                reason = stop_reason_of(self._stop_reason, has_calls=self._called)
                return [ir.Finished(reason, self._stop_sequence, self._usage)]
            case "ping":
                return [ir.Ping()]
            case _:
                return []

    def _block(self, index: int, block: Block) -> list[ir.Event]:
        self._kinds[index] = block.type
        match block.type:
            case "text":
                return [ir.TextDelta(block.text)] if block.text else []
            case "thinking":
                return [ir.ThinkingDelta(block.thinking)] if block.thinking else []
            case "redacted_thinking":
                return [ir.ThinkingRedacted(block.data or "")]
            case "tool_use":
                self._called = True
                started = ir.ToolStarted(block.id or "", block.name or "")
                if not block.input:
                    return [started]
                # The whole input at once: the deltas would only say it again.
                self._kinds[index] = "complete"
                return [started, ir.ToolDelta(arguments.render(block.input))]
            case _:
                return []

    def _delta(self, index: int, delta: Delta) -> list[ir.Event]:
        """A delta that does not fit its block belongs to one we leave out."""
        match self._kinds.get(index), delta.type:
            case "text", "text_delta" if delta.text:
                return [ir.TextDelta(delta.text)]
            case "thinking", "thinking_delta" if delta.thinking:
                return [ir.ThinkingDelta(delta.thinking)]
            case "thinking", "signature_delta" if delta.signature:
                return [ir.ThinkingSigned(delta.signature)]
            case "tool_use", "input_json_delta" if delta.partial_json:
                return [ir.ToolDelta(delta.partial_json)]
            case _:
                return []
