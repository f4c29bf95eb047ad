"""An upstream's stream of chat completion chunks to neutral events.

Parallel calls may arrive in turns, while the neutral form has one after the other: what belongs behind the open call
waits until that call is complete.
"""

from dataclasses import dataclass, field

import msgspec

from inference import ir
from inference.errors import BackendError, Kind
from inference.protocols import arguments
from inference.protocols.event_parser import EventParser
from inference.protocols.names import derived_id
from inference.protocols.openai_chat.answers import Answer, CallPiece, Piece, check, stop_reason_of
from inference.protocols.openai_chat.usage import parse_usage
from inference.protocols.refusals import parse_stream_error

CHUNK = msgspec.json.Decoder(Answer)
# Characters of arguments, and of what waits behind them; a call counts for some even without.
MOST_KEPT = 16 * 1024**2
CALL_COST = 1024


@dataclass(slots=True)
class Call:
    """A call on its way. `pieces` are its arguments so far, the first `sent` of them already told."""

    key: int
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    sent: int = 0

    @property
    def is_complete(self) -> bool:
        ends = bool(self.pieces) and self.pieces[-1].rstrip().endswith("}")
        return ends and arguments.is_complete("".join(self.pieces))

    def unsent(self) -> list[ir.Event]:
        pieces = self.pieces[self.sent :]
        self.sent = len(self.pieces)
        return [ir.ToolDelta(piece) for piece in pieces if piece]


class StreamParser(EventParser):
    def __init__(self) -> None:
        super().__init__()
        self._started = False
        self._done = False
        self._id = ""
        self._calls: dict[int, Call] = {}
        self._open: Call | None = None
        self._waiting: list[Call | ir.TextDelta | ir.ThinkingDelta] = []
        self._called = False
        self._kept = 0
        self._refusal: list[str] = []
        self._finish_reason: str | None = None
        self._usage = ir.Usage()

    def _read(self, data: str) -> list[ir.Event]:
        if self._done:
            return []
        return self._finish() if data.strip() == "[DONE]" else self._chunk(data)

    def _ended(self) -> list[ir.Event]:
        if not self._done and self._finish_reason is None:
            raise BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The upstream's stream ended too early.")
        return [] if self._done else self._finish()

    def _chunk(self, data: str) -> list[ir.Event]:
        try:
            chunk = CHUNK.decode(data)
        except (msgspec.DecodeError, RecursionError):
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent a chunk we cannot read.") from None
        if chunk.error is not None:
            raise parse_stream_error(chunk.error)
        if chunk.usage is not None:
            self._usage = parse_usage(chunk.usage, chunk.service_tier)
        events: list[ir.Event] = []
        for choice in chunk.choices or ():
            if choice.index:
                continue
            if not self._started:
                events += self._start(chunk.id or "")
            piece = choice.delta or choice.message
            if piece is not None:
                events += self._piece(piece)
            if choice.finish_reason is not None or choice.error is not None:
                check(choice)
                self._finish_reason = choice.finish_reason or self._finish_reason
                self.is_ending = self._finish_reason is not None
        return events

    def _start(self, identifier: str) -> list[ir.Event]:
        if self._started:
            return []
        self._started = True
        self._id = identifier
        return [ir.Started(identifier)]

    def _piece(self, piece: Piece) -> list[ir.Event]:
        """One chunk may hold several kinds: always in this order."""
        events: list[ir.Event] = []
        for block in piece.said():
            is_text = isinstance(block, ir.Text)
            events += self._say(ir.TextDelta(block.text) if is_text else ir.ThinkingDelta(block.text))
        if piece.refusal:
            self._refusal.append(piece.refusal)
            self._keep(len(piece.refusal))
            events += self._say(ir.TextDelta(piece.refusal))
        for call in piece.tool_calls or ():
            events += self._call_piece(call)
        return events

    def _say(self, delta: ir.TextDelta | ir.ThinkingDelta) -> list[ir.Event]:
        if self._open is None and not self._waiting:
            return [delta]
        self._waiting.append(delta)
        self._keep(len(delta.text))
        return self._advance()

    def _keep(self, characters: int) -> None:
        self._kept += characters
        if self._kept > MOST_KEPT:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's tool calls are too long.")

    def _call_piece(self, piece: CallPiece) -> list[ir.Event]:
        call = self._call_of(piece)
        function = piece.function
        call.id = call.id or piece.id or ""
        call.name = call.name or (function.name if function and function.name else "")
        if function and function.arguments:
            given = function.arguments
            call.pieces.append(given if isinstance(given, str) else arguments.render(given))
            self._keep(len(call.pieces[-1]))
        if call is self._open:
            return call.unsent()
        return self._advance()

    def _call_of(self, piece: CallPiece) -> Call:
        """The call a piece belongs to. Some servers send no index, some the same for every call."""
        name = piece.function.name if piece.function else None
        last = max(self._calls, default=-1)
        key = piece.index
        if key is None:
            key = last + 1 if piece.id or name or last < 0 else last
        known = self._calls.get(key)
        if known is not None and known.name and name and piece.id and piece.id != known.id:
            # From here on the pieces of this index are the new call's.
            known = None
        if known is None:
            known = self._calls[key] = Call(key)
            self._waiting.append(known)
            self._keep(CALL_COST)
        return known

    def _advance(self, *, ending: bool = False) -> list[ir.Event]:
        """Tell what waits, as far as the open call lets it."""
        events: list[ir.Event] = []
        while self._waiting and (self._open is None or ending or self._open.is_complete):
            self._open = None
            first = self._waiting[0]
            if isinstance(first, Call):
                if not first.name and not ending:
                    break
                events += self._open_call(first)
            else:
                events.append(first)
            del self._waiting[0]
        return events

    def _open_call(self, call: Call) -> list[ir.Event]:
        if not call.name:
            return []
        self._open = call
        self._called = True
        identifier = call.id or derived_id("call_", self._id, call.key, call.name)
        return [ir.ToolStarted(identifier, call.name), *call.unsent()]

    def _finish(self) -> list[ir.Event]:
        self._done = self.is_ending = True
        events = self._start("") + self._advance(ending=True)
        refusal = "".join(self._refusal)
        reason = stop_reason_of(self._finish_reason, has_calls=self._called, refused=bool(refusal))
        return [*events, ir.Finished(reason, usage=self._usage, explanation=refusal or None)]
