"""An upstream's stream of message events to neutral events."""

from collections.abc import Iterable

import msgspec

from inference import ir
from inference.errors import BackendError, Kind
from inference.protocols import arguments
from inference.protocols.anthropic_messages.answers import Block, Citation, Delta, Event, stop_reason_of, web_pages
from inference.protocols.anthropic_messages.usage import updated
from inference.protocols.event_parser import EventParser
from inference.protocols.refusals import parse_stream_error

EVENT = msgspec.json.Decoder(Event)
MOST_OPEN_BLOCKS = 1000
MOST_CITATIONS = 1000


class StreamParser(EventParser):
    def __init__(self) -> None:
        super().__init__()
        self._called = False
        self._usage = ir.Usage()
        self._stop_reason: str | None = None
        self._stop_sequence: str | None = None
        self._explanation: str | None = None
        # Code points of text so far, those of them before the open block, and what that block draws on.
        self._said = 0
        self._said_before = 0
        self._pages: list[ir.Citation] = []
        self._cited = 0
        # By index, as the last block of that index began: some servers give an index twice.
        self._kinds: dict[int, str] = {}

    def _read(self, data: str) -> list[ir.Event]:
        # Some servers end with OpenAI's mark.
        return [] if self.is_ending or data.strip() == "[DONE]" else self._event(data)

    def _ended(self) -> list[ir.Event]:
        if not self.is_ending:
            raise BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The upstream's stream ended too early.")
        return []

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
                return self._end_block() + self._block(event.index, event.content_block)
            case "content_block_stop":
                self._kinds.pop(event.index, None)
                return self._end_block()
            case "message_start" if event.message is not None:
                self._usage = updated(self._usage, event.message.usage)
                return [ir.Started(event.message.id, self._usage)]
            case "message_delta":
                self._usage = updated(self._usage, event.usage)
                if event.delta is not None:
                    self._end(event.delta)
                return []
            case "message_stop":
                self.is_ending = True
                reason = stop_reason_of(self._stop_reason, has_calls=self._called)
                finished = ir.Finished(reason, self._stop_sequence, self._usage, self._explanation)
                return [*self._end_block(), finished]
            case "ping":
                return [ir.Ping()]
            case _:
                return []

    def _end(self, delta: Delta) -> None:
        self._stop_reason = delta.stop_reason or self._stop_reason
        self._stop_sequence = delta.stop_sequence or self._stop_sequence
        if delta.stop_details is not None:
            self._explanation = delta.stop_details.explanation or self._explanation

    def _end_block(self) -> list[ir.Event]:
        """What the block drew on: it may be told before the text is."""
        cited = self._said > self._said_before
        events: list[ir.Event] = [ir.Cited(page, self._said_before, self._said) for page in self._pages if cited]
        self._said_before = self._said
        self._pages.clear()
        return events

    def _block(self, index: int, block: Block) -> list[ir.Event]:
        self._kinds[index] = block.type
        if len(self._kinds) > MOST_OPEN_BLOCKS:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream ends none of its blocks.")
        match block.type:
            case "text":
                self._said += len(block.text or "")
                self._cite(block.citations or ())
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
                self._said += len(delta.text)
                return [ir.TextDelta(delta.text)]
            case "thinking", "thinking_delta" if delta.thinking:
                return [ir.ThinkingDelta(delta.thinking)]
            case "thinking", "signature_delta" if delta.signature:
                return [ir.ThinkingSigned(delta.signature)]
            case "tool_use", "input_json_delta" if delta.partial_json:
                return [ir.ToolDelta(delta.partial_json)]
            case "text", "citations_delta" if delta.citation:
                self._cite((delta.citation,))
                return []
            case _:
                return []

    def _cite(self, citations: Iterable[Citation]) -> None:
        """No more of them than anybody reads: they are kept until the answer ends."""
        pages = web_pages(citations)[: MOST_CITATIONS - self._cited]
        self._cited += len(pages)
        self._pages += pages
