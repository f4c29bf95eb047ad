"""About how many tokens were asked and answered where an upstream does not tell. Cheap: nothing is decoded.

`estimate.py` is for clients, who must not be told too little; this is for what is counted and logged.
"""

import math

BYTES_PER_TOKEN = 4
PER_PICTURE = 1500
# In bytes. No word is so long, while a picture or a file, in base64, nearly always is.
LONGEST_WORD = 2000


def prompt_tokens(body: bytes) -> int:
    """Of a request's body."""
    if b"base64" not in body:
        return tokens(len(body))
    files = [len(part) for part in body.split(b'"') if len(part) > LONGEST_WORD and b" " not in part]
    return tokens(len(body) - sum(files)) + PER_PICTURE * len(files)


def answer_tokens(protocol: str, body: bytes) -> int:
    """Of a whole answer. Vectors are none."""
    return 0 if protocol == "openai_embeddings" else tokens(len(body))


def streamed_tokens(part: bytes) -> int:
    """Of a part of a stream: models write about a token an event, in whichever words it is wrapped."""
    return part.count(b"data:")


def tokens(size: int) -> int:
    return math.ceil(size / BYTES_PER_TOKEN)
