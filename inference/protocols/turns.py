"""Puts a conversation in the order that every vendor demands: each tool call is answered in the very next turn."""

from collections.abc import Container, Iterable, Sequence
from itertools import chain, groupby, pairwise

import msgspec

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.protocols.names import fit_id
from inference.protocols.warnings import Warnings

NO_RESULT = "No result was returned for this call."
EMPTY = "(empty)"
# What is told to have been weakened: a conversation in the neutral form knows no positions.
FIELD = "messages"


def merged(messages: Iterable[ir.Message]) -> list[ir.Message]:
    """Neighbours of one role become one turn; a turn without content goes."""
    spoken = [message for message in messages if message.content]
    if all(one.role != other.role for one, other in pairwise(spoken)):
        return spoken
    turns: list[ir.Message] = []
    for _, run in groupby(spoken, key=lambda message: message.role):
        first, *others = run
        content = chain(first.content, *(message.content for message in others))
        turns.append(ir.Message(first.role, tuple(content)) if others else first)
    return turns


def nothing_said(warnings: Warnings) -> ir.Message:
    """What stands for a conversation in which nobody said anything: no vendor takes one without messages."""
    warnings.add(FIELD, "empty")
    return ir.Message("user", (ir.Text(EMPTY),))


def paired(messages: Iterable[ir.Message], warnings: Warnings) -> list[ir.Message]:
    """Each turn of calls is followed by one user turn that begins with exactly their results, in the calls' order.

    A call without a result gets one that says so, a result without a call becomes text, the last of several counts,
    and ids become unique and fit. Raises Untranslatable where the conversation ends with a call.
    """
    turns = merged(messages)
    taken: set[str] = set()
    arranged: list[ir.Message] = []
    position = 0
    while position < len(turns):
        turn = turns[position]
        position += 1
        if not calls_of(turn):
            arranged.append(without_results(turn, (), warnings))
            continue
        start = position
        while position < len(turns) and turns[position].role != "assistant":
            position += 1
        if position == start:
            message = "The conversation ends with a tool call, so there is nothing to answer."
            raise Untranslatable(message, param=FIELD, kind=Kind.INVALID_VALUE)
        arranged += answered(turn, turns[start:position], taken=taken, warnings=warnings)
    return merged(arranged)


def answered(
    turn: ir.Message, following: Sequence[ir.Message], *, taken: set[str], warnings: Warnings
) -> list[ir.Message]:
    """A turn of calls, their results, then whatever else was said before the assistant spoke again."""
    calls = calls_of(turn)
    results: dict[str, list[ir.ToolResult]] = {call.id: [] for call in calls}
    for result in results_of(following):
        if result.tool_use_id in results:
            results[result.tool_use_id].append(result)
    # From the end: so the last of several results counts, and calls that share an id take theirs in order.
    found = [results[call.id].pop() if results[call.id] else None for call in reversed(calls)][::-1]
    if any(results.values()):
        warnings.add(FIELD, "duplicate_tool_result")
    if None in found:
        warnings.add(FIELD, "missing_tool_result")
    renamed = [identified(call, unique(call.id, taken)) for call in calls]
    replies = tuple(reply(call, result) for call, result in zip(renamed, found, strict=True))
    new = iter(renamed)
    content = tuple(next(new) if isinstance(block, ir.ToolUse) else block for block in turn.content)
    rest = [without_results(message, results, warnings) for message in following]
    return [ir.Message("assistant", content), ir.Message("user", replies), *rest]


def identified(call: ir.ToolUse, identifier: str) -> ir.ToolUse:
    return call if call.id == identifier else msgspec.structs.replace(call, id=identifier)


def reply(call: ir.ToolUse, result: ir.ToolResult | None) -> ir.ToolResult:
    if result is None:
        return ir.ToolResult(call.id, (ir.Text(NO_RESULT),), is_error=True)
    return result if result.tool_use_id == call.id else msgspec.structs.replace(result, tool_use_id=call.id)


def without_results(message: ir.Message, answered_ids: Container[str], warnings: Warnings) -> ir.Message:
    """The message without the results that were placed; those that answer nothing become text."""
    content: list[ir.Block] = []
    for block in message.content:
        if not isinstance(block, ir.ToolResult):
            content.append(block)
        elif block.tool_use_id not in answered_ids:
            warnings.add(FIELD, "orphan_tool_result")
            content.extend(block.content)
    return ir.Message(message.role, tuple(content))


def unique(identifier: str, taken: set[str]) -> str:
    candidate = fit_id(identifier or "call")
    while candidate in taken:
        candidate = f"{candidate}_{len(taken)}"
    taken.add(candidate)
    return candidate


def calls_of(turn: ir.Message) -> list[ir.ToolUse]:
    return [block for block in turn.content if isinstance(block, ir.ToolUse)]


def results_of(messages: Iterable[ir.Message]) -> list[ir.ToolResult]:
    return [block for message in messages for block in message.content if isinstance(block, ir.ToolResult)]
