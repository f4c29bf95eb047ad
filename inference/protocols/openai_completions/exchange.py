"""Legacy completions at the local worker: all answers are written at once, and told apart by their numbers."""

from collections.abc import Callable

from inference import ir
from inference.errors import GatewayError
from inference.exchange import Asked
from inference.protocols import native, wire
from inference.protocols.codec import Aim, Answering
from inference.protocols.openai_chat.errors import render_stream_error
from inference.protocols.openai_chat.stream_rendering import DONE, KEEPALIVE, PING
from inference.protocols.openai_completions.answers import Choice, render_choice, render_chunk, render_whole, total
from inference.protocols.openai_completions.requests import Request, jobs, parse_request
from inference.unambiguous import unambiguous


class LocalCompletions:
    endpoint = "completions"
    passes = False

    def __init__(self, asked: Asked, aim: Aim) -> None:
        unambiguous(asked.body)
        self.warnings = aim.warnings
        self.usage: ir.Usage | None = None
        self._request = parse_request(asked.body, aim.warnings)
        self._answering = Answering(
            asked.request_id, asked.model, asked.created, include_usage=self._request.include_usage
        )
        self.request = wire.encode(jobs(self._request, aim.model))

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:  # noqa: ARG002 - the worker always streams
        collector = Collector(self._request)
        collector.feed(body)
        self.usage = collector.close()
        return render_whole(self._answering, collector.choices, self.usage)

    def stream(self, is_stream: bool) -> "CompletionStream":  # noqa: ARG002 - as above
        return CompletionStream(Collector(self._request), self._answering, self._count)

    def _count(self, usage: ir.Usage) -> None:
        self.usage = usage


class Collector:
    """The answers, as far as they have come."""

    def __init__(self, request: Request) -> None:
        self._answers = request.answers
        count = len(request.prompts) * request.answers
        self._parser = native.ChoiceParser(count)
        self.choices = [Choice() for _ in range(count)]

    def feed(self, chunk: bytes) -> list[tuple[int, str, ir.StopReason | None]]:
        """What came: of which answer, its text, and why it ended if it did. Raises BackendError."""
        return [
            (index, self.choices[index].add(events), self.choices[index].stop_reason)
            for index, events in self._parser.feed(chunk)
        ]

    def close(self) -> ir.Usage:
        """Of all answers together. Raises BackendError where one ended too early."""
        self._parser.close()
        return total(self.choices, self._answers)


class CompletionStream:
    """`count` is told the usage when all answers have ended."""

    # The worker ends the stream with the last answer.
    is_ending = False
    keepalive = KEEPALIVE

    def __init__(self, collector: Collector, answering: Answering, count: Callable[[ir.Usage], None]) -> None:
        self._collector = collector
        self._answering = answering
        self._count = count
        self._begun = False
        self.progress = 0

    def feed(self, chunk: bytes) -> bytes:
        came = self._collector.feed(chunk)
        parts = [self._chunk(*choice) for choice in came if choice[1] or choice[2] is not None]
        if parts:
            self._begun = True
            self.progress += 1
            return b"".join(parts)
        return PING if self._begun and came else b""

    def release(self) -> bytes:
        """Nothing is held, but the client shall learn that its answer has begun."""
        if self._begun:
            return b""
        self._begun = True
        return KEEPALIVE

    def end(self) -> bytes:
        usage = self._collector.close()
        self._count(usage)
        return (render_chunk(self._answering, (), usage) if self._answering.include_usage else b"") + DONE

    def fail(self, error: GatewayError) -> bytes:
        return render_stream_error(error, self._answering.request_id)

    def _chunk(self, index: int, text: str, stop_reason: ir.StopReason | None) -> bytes:
        return render_chunk(self._answering, [render_choice(index, text, stop_reason)])
