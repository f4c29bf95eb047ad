"""The conversation as Anthropic takes it: turns in the right order, none of them empty, the user first."""

from collections.abc import Iterable, Sequence

import msgspec

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.protocols.anthropic_messages.own_thinking import OWN_SIGNATURE
from inference.protocols.codec import Aim
from inference.protocols.turns import FIELD, merged, nothing_said, paired

SYSTEM_MARKER = "[system instruction]\n"
CONTINUED = "(continued)"
BLOCK_ORDER = {
    ir.Thinking: 0,
    ir.RedactedThinking: 0,
    ir.Text: 1,
    ir.Image: 1,
    ir.Document: 1,
    ir.ToolResult: 1,
    ir.ToolUse: 2,
}


def arranged(messages: Iterable[ir.Message], aim: Aim) -> list[ir.Message]:
    """Raises Untranslatable where the conversation ends with a call, or with an answer the model cannot go on from."""
    turns = merged(fit(message) for message in paired(messages, aim.warnings))
    turns = merged(placed(turns, position, is_native=aim.profile.mid_system) for position in range(len(turns)))
    if not turns:
        return [nothing_said(aim.warnings)]
    if turns[0].role != "user":
        # A history that was cut may begin here.
        aim.warnings.add(FIELD, "begins_with_assistant")
        turns.insert(0, ir.Message("user", (ir.Text(CONTINUED),)))
    if turns[-1].role == "assistant":
        if not aim.profile.prefill:
            message = "The backend that answers this model cannot go on from an answer that has begun."
            raise Untranslatable(message, param=FIELD, kind=Kind.PREFILL_UNSUPPORTED)
        turns[-1] = without_trailing_space(turns[-1])
    return turns


def fit(message: ir.Message) -> ir.Message:
    """One message without what Anthropic refuses."""
    kept = [block for block in message.content if is_accepted(block)]
    if message.role == "assistant":
        kept.sort(key=lambda block: BLOCK_ORDER[type(block)])
    return ir.Message(message.role, tuple(kept))


def placed(turns: Sequence[ir.Message], position: int, *, is_native: bool) -> ir.Message:
    """A system turn that the model does not know, or not here, becomes the user's words in its place.

    To hoist it would change the order and spoil the cached prefix. Where it is known it stands behind the user's turn,
    with the assistant's next or nothing.
    """
    turn = turns[position]
    if turn.role != "system":
        return turn
    follows_user = position > 0 and turns[position - 1].role == "user"
    if is_native and follows_user and (position + 1 == len(turns) or turns[position + 1].role == "assistant"):
        return turn
    texts = [block for block in turn.content if isinstance(block, ir.Text)]
    text = SYSTEM_MARKER + "\n\n".join(block.text for block in texts)
    return ir.Message("user", (ir.Text(text, cache=texts[-1].cache),))


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
