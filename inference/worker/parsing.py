"""Tokens to neutral events: text, thinking and tool calls told apart while the model writes.

Markers and stop strings are looked for in the text, not among tokens: they match across token borders. What could be
the beginning of one is held back, and let go when it is not.
"""

import json
import logging
import secrets
from collections.abc import Iterable
from typing import Any

from inference import ir
from inference.worker.adapter import TextStateMachine, TokenizerWrapper
from inference.worker.parameters import as_read
from inference.worker.spelling import Likelihood, Spelling

log = logging.getLogger(__name__)

TEXT, THINKING, TOOL = "normal", "reasoning", "tool"
STOP = "stop:"

type Tools = list[dict[str, Any]]  # As the parsers of mlx_lm take them.
type Edges = dict[str, list[tuple[str, str]]]  # From a state: each marker, and the state it leads to.


class Answer:
    """One answer as it is written. Once `stop_reason` is set, the answer has ended and takes no more tokens.

    `raw`: all of it is text, whatever markers it holds. `literal`: so it is once text has begun. A `spelling` is kept
    where the client wants to know the tokens of the text.
    """

    def __init__(
        self,
        tokenizer: TokenizerWrapper,
        tools: Tools,
        stops: Iterable[str],
        *,
        thinks: bool = False,
        parallel: bool = True,
        raw: bool = False,
        literal: bool = False,
        spelling: Spelling | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._detokenizer = tokenizer.detokenizer
        self._tools = as_read(tools)
        self._parallel = parallel
        self._stops = [stop for stop in stops if stop]
        edges = stop_edges(self._stops) if raw else transitions(tokenizer, bool(tools), self._stops)
        begins = THINKING if thinks else TEXT if raw else tokenizer.response_initial_state or TEXT
        self._edges = edges
        self._state = TextStateMachine(edges).make_state(begins)
        self._literal = literal
        self._held = ""  # White space that is part of the answer only if more of the same follows.
        self._begins = thinks  # A block begins: its leading white space belongs to the marker.
        self._spelling = spelling
        self._place = 0  # Of what was read last, in all that the tokens say.
        self._call = ""
        self._calls = 0
        self.stop_reason: ir.StopReason | None = None
        self.stop_sequence: str | None = None
        self.tokens = 0
        self.thinking_tokens = 0

    def follow(self, token: int) -> None:
        """The text follows this token, whose own text was there before: its leading space counts."""
        self._detokenizer.add_token(token)
        self._detokenizer.last_segment  # noqa: B018 - reading it moves on

    def feed(self, token: int, likelihood: Likelihood | None = None) -> list[ir.Event]:
        self.tokens += 1
        self._detokenizer.add_token(token)
        before = self._state[0]
        text = self._detokenizer.last_segment
        if self._spelling is not None and likelihood is not None:
            self._spelling.add(token, likelihood, text)
        events = self._take(text)
        if self._literal and self.stop_reason is None and any(isinstance(event, ir.TextDelta) for event in events):
            events += self._take_literally()
        self.thinking_tokens += THINKING in (before, self._state[0])
        return events

    def end(self, reason: ir.StopReason, *, token: bool) -> list[ir.Event]:
        """The model has ended, or was cut. `token`: with a token that is counted and not shown."""
        self.tokens += token
        self._detokenizer.finalize()
        text = self._detokenizer.last_segment
        if self._spelling is not None:
            self._spelling.settle(text)
        events = self._take(text)
        if self.stop_reason is not None:
            return events
        self._state, rest, state = TextStateMachine.flush(self._state)
        events += self._piece(state, rest)
        cut = reason != "end_turn"
        if state == TOOL:
            events += self._text(self._marked_call()) if cut else self._end_call()
        if state != THINKING:
            events += self._let_go()
        if self._spelling is not None:
            events += cut_short(self._spelling.tell_rest())
        self.stop_reason = self.stop_reason or ("tool_use" if self._calls and not cut else reason)
        return events

    def _take(self, text: str) -> list[ir.Event]:
        """Text as it comes: every segment but the first begins after a marker."""
        if not text:
            return []
        before, _, _, pending = self._state
        rest = pending + text
        self._state, segments = TextStateMachine.split(self._state, text)
        events: list[ir.Event] = []
        for number, (state, piece) in enumerate(segments):
            if number:
                marker = self._marker(before, state, rest)
                events += self._cross(before, state, marker)
                rest = rest[len(marker) :]
            if self.stop_reason is not None:
                break
            events += self._piece(state, piece)
            rest = rest[len(piece) :]
            before = state
        return events

    def _marker(self, old: str, new: str, text: str) -> str:
        """That which the text begins with, and which leads from the one state to the other."""
        return min((m for m, target in self._edges[old] if target == new and text.startswith(m)), key=len)

    def _take_literally(self) -> list[ir.Event]:
        """From here on JSON may hold the words of a marker."""
        self._literal = False
        _, pending, _ = TextStateMachine.flush(self._state)
        self._edges = stop_edges(self._stops)
        self._state = TextStateMachine(self._edges).make_state(TEXT)
        return self._take(pending)

    def _cross(self, old: str, new: str, marker: str) -> list[ir.Event]:
        """The marker stood between the two states."""
        if new.startswith(STOP):
            events = self._let_go()
            if self._spelling is not None:
                events += cut_short(self._spelling.tell_rest())
            self.stop_reason = "tool_use" if self._calls else "stop_sequence"
            self.stop_sequence = None if self._calls else self._stops[int(new.removeprefix(STOP))]
            return events
        self._held = ""
        self._begins = True
        # Not beyond: the marker itself is shown where what follows is no call after all.
        cut = self._spelling.tell(self._place, self._place) if self._spelling is not None and old == TEXT else ()
        self._place += len(marker)
        return cut_short(cut) + (self._end_call() if old == TOOL else [])

    def _piece(self, state: str, piece: str) -> list[ir.Event]:
        self._place += len(piece)
        if not piece:
            return []
        if state == TOOL:
            self._call += piece
            return []
        if state == THINKING:
            return [ir.ThinkingDelta(shown) for shown in self._shown(piece)]
        return self._text(piece)

    def _text(self, piece: str) -> list[ir.Event]:
        return [self._say(shown, self._place - len(self._held)) for shown in self._shown(piece)]

    def _say(self, text: str, end: int) -> ir.Event:
        """What stands before the place `end`."""
        if self._spelling is None:
            return ir.TextDelta(text)
        return ir.TextDelta(text, self._spelling.tell(end - len(text), end))

    def _shown(self, piece: str) -> list[str]:
        whole = self._held + piece
        if self._begins:
            whole = whole.lstrip()
        shown = whole.rstrip()
        self._held = whole[len(shown) :]
        self._begins = self._begins and not shown
        return [shown] if shown else []

    def _let_go(self) -> list[ir.Event]:
        held, self._held = self._held, ""
        return [self._say(held, self._place)] if held else []

    def _marked_call(self) -> str:
        call, self._call = self._call, ""
        return f"{self._tokenizer.tool_call_start}{call}"

    def _end_call(self) -> list[ir.Event]:
        """The call, or calls; one that cannot be read comes back as the text it was."""
        calls = parse_calls(self._call, self._tokenizer, self._tools)
        if not calls:
            return self._text(f"{self._marked_call()}{self._tokenizer.tool_call_end}")
        self._call = ""
        if not self._parallel:
            calls = calls[:1]
            self.stop_reason = "tool_use"
        self._calls += len(calls)
        return [event for call in calls for event in call]


def cut_short(tokens: tuple[ir.Token, ...]) -> list[ir.Event]:
    """Of the tokens a part was shown, and the rest was not."""
    return [ir.TextDelta("", tokens)] if tokens else []


def stop_edges(stops: list[str]) -> Edges:
    edges: Edges = {TEXT: [(stop, f"{STOP}{n}") for n, stop in enumerate(stops)]}
    return edges | {f"{STOP}{n}": [] for n in range(len(stops))}


def transitions(tokenizer: TokenizerWrapper, tools: bool, stops: list[str]) -> Edges:
    """Without tools there are no tool markers: text that merely mentions one must not vanish."""
    edges = stop_edges(stops)
    given = tokenizer.response_transitions
    if tokenizer.has_thinking:
        edges[TEXT].append((tokenizer.think_start, THINKING))
        edges[THINKING] = [(tokenizer.think_end, TEXT)]
    if tools and tokenizer.has_tool_calling:
        if all(target != TOOL for targets in given.values() for _, target in targets):
            edges[TEXT].append((tokenizer.tool_call_start, TOOL))
        edges.setdefault(THINKING, []).append((tokenizer.tool_call_start, TOOL))
        edges[TOOL] = [(tokenizer.tool_call_end, TEXT)] if tokenizer.tool_call_end else []
    edges[TEXT] += [(marker, TEXT) for marker in tokenizer.structural_markers]
    for state, targets in given.items():
        edges.setdefault(state, []).extend((text, target) for text, target in targets if tools or target != TOOL)
    return edges


def parse_calls(text: str, tokenizer: TokenizerWrapper, tools: Tools) -> list[tuple[ir.Event, ir.Event]]:
    """The calls in the text between the markers; none if a single one cannot be read."""
    try:
        parsed = tokenizer.tool_parser(text, tools)
        return [call_events(call) for call in (parsed if isinstance(parsed, list) else [parsed])]
    except Exception as error:  # noqa: BLE001 - the parsers of mlx_lm raise what their parsing happens to raise
        log.warning("tool call could not be read, so it is shown as text error=%s", type(error).__name__)
        return []


def call_events(call: dict[str, Any]) -> tuple[ir.Event, ir.Event]:
    name, arguments = call["name"], call["arguments"]
    if isinstance(arguments, str):
        arguments = json.loads(arguments) if arguments else {}
    if not isinstance(name, str) or not name or not isinstance(arguments, dict):
        raise ValueError("not a call")
    compact = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    return ir.ToolStarted(f"call_{secrets.token_hex(12)}", name), ir.ToolDelta(compact)
