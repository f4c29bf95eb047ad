"""Takes thinking that another backend wrote out of a request that otherwise passes unread.

We signed it for the client, and it comes back with the conversation; Anthropic refuses a signature that is not its own.
"""

import msgspec

from inference.envelope import find, splice

type Fields = dict[str, msgspec.Raw]


class Block(msgspec.Struct):
    type: str = ""
    signature: str = ""


# Behind it there may be a payload, which is empty where the backend gave nothing to send back.
OWN_SIGNATURE = "gw1."
MARK = f'"{OWN_SIGNATURE}'.encode()
MESSAGES = msgspec.json.Decoder(list[Fields])
BLOCKS = msgspec.json.Decoder(list[msgspec.Raw])
BLOCK = msgspec.json.Decoder(Block)


def without_own_thinking(body: bytes) -> bytes:
    """Every other block stays as it is spelled: the prompt's cache depends on it."""
    if MARK not in body:
        return body
    try:
        field = find(body, "messages")
        messages = MESSAGES.decode(field.value)
        kept = [message for message in messages if MARK not in bytes(message["content"]) or clean(message)]
    except (msgspec.ValidationError, KeyError, StopIteration):
        # Not a request that Anthropic would take: what is wrong with it is Anthropic's to say.
        return body
    return splice(body, field, msgspec.json.encode(kept))


def clean(message: Fields) -> bool:
    """Takes the blocks out. False where nothing is left, for a turn may not be empty."""
    if bytes(message["content"]).startswith(b'"'):
        return True
    blocks = [block for block in BLOCKS.decode(message["content"]) if not is_own(block)]
    message["content"] = msgspec.Raw(msgspec.json.encode(blocks))
    return bool(blocks)


def is_own(raw: msgspec.Raw) -> bool:
    block = BLOCK.decode(raw)
    return block.type == "thinking" and block.signature.startswith(OWN_SIGNATURE)
