"""A stream's events to a whole answer, and a whole answer to the events of a stream."""

import msgspec

from inference import ir
from inference.protocols import arguments


class Folder:
    """Collects events into blocks. `blocks` are those that ended."""

    def __init__(self) -> None:
        self.started = ir.Started()
        self.finished = ir.Finished("end_turn")
        self.blocks: list[ir.Block] = []
        self.tokens: list[ir.Token] = []
        self._kind: type[ir.Event] | None = None
        self._call = ir.ToolStarted("", "")
        self._pieces: list[str] = []

    def add(self, event: ir.Event) -> None:
        match event:
            case ir.TextDelta(text=piece, tokens=tokens):
                self._continue(ir.TextDelta, piece)
                self.tokens += tokens
            case ir.ThinkingDelta(text=piece):
                self._continue(ir.ThinkingDelta, piece)
            case ir.ToolDelta(json=piece):
                self._pieces.append(piece)
            case ir.ToolStarted():
                self.end_block()
                self._kind = ir.ToolStarted
                self._call = event
            case ir.ThinkingSigned(signature=signature):
                self._continue(ir.ThinkingDelta, "")
                self.end_block(signature)
            case ir.ThinkingRedacted(data=data):
                self.end_block()
                self.blocks.append(ir.RedactedThinking(data))
            case ir.Started():
                self.started = event
            case ir.Finished():
                self.finished = event
                self.end_block()
            case ir.Cited():
                self._cite(event)
            case ir.Ping():
                pass

    def _cite(self, cited: ir.Cited) -> None:
        """The text that is drawn from a page becomes a block of its own, which ends here."""
        if self._kind is ir.TextDelta:
            text = "".join(self._pieces)
            length = cited.end - cited.start
            self._pieces = [text[:-length]] if len(text) > length > 0 else []
            if self._pieces:
                self.end_block()
            self.blocks.append(ir.Text(text[-length:] if length else text, citations=(cited.citation,)))
            self._kind = None
            self._pieces.clear()
        elif self.blocks and isinstance(last := self.blocks[-1], ir.Text) and last.citations:
            self.blocks[-1] = msgspec.structs.replace(last, citations=(*last.citations, cited.citation))

    def _continue(self, kind: type[ir.Event], piece: str) -> None:
        if self._kind is not kind:
            self.end_block()
            self._kind = kind
        self._pieces.append(piece)

    def end_block(self, signature: str = "") -> None:
        text = "".join(self._pieces)
        if self._kind is ir.TextDelta:
            self.blocks.append(ir.Text(text))
        elif self._kind is ir.ThinkingDelta:
            self.blocks.append(ir.Thinking(text, signature))
        elif self._kind is ir.ToolStarted and not self._is_half(text):
            self.blocks.append(ir.ToolUse(self._call.id, self._call.name, arguments.parse(text)))
        self._kind = None
        self._pieces.clear()

    def _is_half(self, text: str) -> bool:
        """Half a call must not run: the answer became too long in the middle of its arguments."""
        return self.finished.stop_reason == "max_tokens" and not arguments.is_complete(text)


def fold(events: ir.Events) -> ir.Completion:
    folder = Folder()
    for event in events:
        folder.add(event)
    folder.end_block()
    finished = folder.finished
    return ir.Completion(
        id=folder.started.id,
        content=tuple(folder.blocks),
        stop_reason=finished.stop_reason,
        stop_sequence=finished.stop_sequence,
        usage=finished.usage,
        explanation=finished.explanation,
        tokens=tuple(folder.tokens),
    )


def unfold(completion: ir.Completion) -> list[ir.Event]:
    events: list[ir.Event] = [ir.Started(completion.id, completion.usage)]
    said = 0
    for block in completion.content:
        match block:
            case ir.Text(text=text):
                events.append(ir.TextDelta(text))
                events += [ir.Cited(citation, said, said + len(text)) for citation in block.citations]
                said += len(text)
            case ir.Thinking(text=text, signature=signature):
                events.append(ir.ThinkingDelta(text))
                if signature:
                    events.append(ir.ThinkingSigned(signature))
            case ir.RedactedThinking(data=data):
                events.append(ir.ThinkingRedacted(data))
            case ir.ToolUse():
                events += [ir.ToolStarted(block.id, block.name), ir.ToolDelta(arguments.render(block.input))]
            case ir.ToolResult() | ir.Image() | ir.Document():
                raise AssertionError("A model writes no such block")
    finished = ir.Finished(completion.stop_reason, completion.stop_sequence, completion.usage, completion.explanation)
    events.append(finished)
    return events
