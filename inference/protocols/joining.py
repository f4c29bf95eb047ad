"""A backend's stream to the client's, through the neutral events that stand between two protocols."""

from collections.abc import Callable

import msgspec

from inference import ir
from inference.errors import GatewayError
from inference.protocols.codec import Answering, ClientCodec, Rendered, StreamParser
from inference.protocols.folding import unfold

# Events. Who sends so many signs of life without content shall not fill the memory with them.
MOST_HELD = 100


class WholeParser:
    """Reads an answer that came whole as if it had been streamed."""

    is_ending = False

    def __init__(self, parse_completion: Callable[[bytes], ir.Completion]) -> None:
        self._parse_completion = parse_completion
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> list[ir.Event]:
        self._parts.append(chunk)
        return []

    def close(self) -> list[ir.Event]:
        return unfold(self._parse_completion(b"".join(self._parts)))


class UndoingParser:
    """Undoes in an answer what was done to the request: tools get the client's own names for them, and the call of a
    tool that stood for the answer becomes its text.
    """

    def __init__(self, parser: StreamParser, rendered: Rendered) -> None:
        self._parser = parser
        self._names = rendered.names
        self._answer_tool = rendered.answer_tool
        self._answering = False
        self._called = False

    @property
    def is_ending(self) -> bool:
        return self._parser.is_ending

    def feed(self, chunk: bytes) -> list[ir.Event]:
        return self._undone(self._parser.feed(chunk))

    def close(self) -> list[ir.Event]:
        return self._undone(self._parser.close())

    def _undone(self, events: list[ir.Event]) -> list[ir.Event]:
        if self._answer_tool is not None:
            events = [text for event in events if (text := self._unwrapped(event)) is not None]
        return [self._renamed(event) for event in events]

    def _unwrapped(self, event: ir.Event) -> ir.Event | None:
        match event:
            case ir.ToolStarted(name=name):
                self._answering = name == self._answer_tool
                self._called = self._called or not self._answering
                return None if self._answering else event
            case ir.ToolDelta(json=piece) if self._answering:
                return ir.TextDelta(piece)
            case ir.Finished(stop_reason="tool_use") if not self._called:
                return msgspec.structs.replace(event, stop_reason="end_turn")
            case _:
                return event

    def _renamed(self, event: ir.Event) -> ir.Event:
        if isinstance(event, ir.ToolStarted):
            return msgspec.structs.replace(event, name=self._names.get(event.name, event.name))
        return event


class WindowedParser:
    """Tells an answer that filled the model's window of so many tokens from one that reached the client's limit."""

    def __init__(self, parser: StreamParser, window: int) -> None:
        self._parser = parser
        self._window = window

    @property
    def is_ending(self) -> bool:
        return self._parser.is_ending

    def feed(self, chunk: bytes) -> list[ir.Event]:
        return [self._judged(event) for event in self._parser.feed(chunk)]

    def close(self) -> list[ir.Event]:
        return [self._judged(event) for event in self._parser.close()]

    def _judged(self, event: ir.Event) -> ir.Event:
        if not isinstance(event, ir.Finished) or event.stop_reason != "max_tokens":
            return event
        full = event.usage.input_tokens + event.usage.output_tokens >= self._window
        return msgspec.structs.replace(event, stop_reason="context_window") if full else event


class JoinedStream:
    """The first events are held until one has content, so that another target may still answer.

    `usage` is told when the answer ends.
    """

    def __init__(self, parser: StreamParser, client: ClientCodec, answering: Answering) -> None:
        self._parser = parser
        self._client = client
        self._renderer = client.stream_renderer(answering)
        self._request_id = answering.request_id
        self._held: list[ir.Event] = []
        self._begun = False
        self.progress = 0
        self.usage: ir.Usage | None = None
        self.keepalive = client.KEEPALIVE

    @property
    def is_ending(self) -> bool:
        return self._parser.is_ending

    def feed(self, chunk: bytes) -> bytes:
        return self._render(self._parser.feed(chunk))

    def release(self) -> bytes:
        """What is held; from here on nothing is."""
        self._begun = True
        held, self._held = self._held, []
        return self._renderer.render(held)

    def end(self) -> bytes:
        return self._render(self._parser.close())

    def fail(self, error: GatewayError) -> bytes:
        return self.release() + self._client.render_stream_error(error, self._request_id)

    def _render(self, events: list[ir.Event]) -> bytes:
        if not events:
            return b""
        last = events[-1]
        if self._begun and type(last) is ir.TextDelta:
            # Nearly always, so that it is asked first.
            self.progress += 1
            return self._renderer.render(events)
        if isinstance(last, ir.Finished):
            self.usage = last.usage
        if not isinstance(last, ir.Ping):
            self.progress += 1
        if self._begun:
            return self._renderer.render(events)
        self._held += events
        mere = all(isinstance(event, ir.Started | ir.Ping) for event in events)
        return b"" if mere and len(self._held) <= MOST_HELD else self.release()
