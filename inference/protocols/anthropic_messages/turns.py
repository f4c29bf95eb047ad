"""The conversation as Anthropic takes it: turns in the right order, none of them empty, the user first."""

from collections.abc import Iterable

import msgspec

from inference import ir
from inference.protocols.anthropic_messages.own_thinking import OWN_SIGNATURE
from inference.protocols.turns import merged, paired
from inference.protocols.warnings import Warnings

SYSTEM_MARKER = "[system instruction]\n"
CONTINUED = "(continued)"
EMPTY = "(empty)"
BLOCK_ORDER = {ir.Thinking: 0, ir.RedactedThinking: 0, ir.Text: 1, ir.ToolUse: 2, ir.ToolResult: 0}


def arranged(messages: Iterable[ir.Message], warnings: Warnings) -> list[ir.Message]:
    """Raises Untranslatable where the conversation ends with a tool call."""
    turns = merged(fit(message) for message in paired(messages, warnings))
    if not turns:
        return [ir.Message("user", (ir.Text(EMPTY),))]
    if turns[0].role == "assistant":
        # A history that was cut may begin here.
        turns.insert(0, ir.Message("user", (ir.Text(CONTINUED),)))
    if turns[-1].role == "assistant":
        turns[-1] = without_trailing_space(turns[-1])
    return turns


def fit(message: ir.Message) -> ir.Message:
    """One message without what Anthropic refuses."""
    kept = [block for block in message.content if is_accepted(block)]
    if message.role == "system":
        # In its place, as the user's: to hoist it would change the order and spoil the cached prefix.
        text = "\n\n".join(block.text for block in kept if isinstance(block, ir.Text))
        return ir.Message("user", (ir.Text(SYSTEM_MARKER + text),) if text else ())
    if message.role == "assistant":
        kept.sort(key=lambda block: BLOCK_ORDER[type(block)])
    return ir.Message(message.role, tuple(kept))


def is_accepted(block: ir.Block) -> bool:
    match block:
        case ir.Text(text=text):
            return bool(text.strip())
        case ir.Thinking(signature=signature):
            # What nobody signed, or we did, is not Anthropic's own: it is dropped, never turned into text.
            return bool(signature) and not signature.startswith(OWN_SIGNATURE)
        case _:
            return True


def without_trailing_space(turn: ir.Message) -> ir.Message:
    """A turn the model is to continue may not end with white space."""
    last = turn.content[-1]
    if not isinstance(last, ir.Text):
        return turn
    return ir.Message(turn.role, (*turn.content[:-1], msgspec.structs.replace(last, text=last.text.rstrip())))
