"""About how many tokens were asked and answered where an upstream does not tell. Cheap: nothing is decoded.

`estimate.py` is for clients, who must not be told too little; this is for what is counted and logged.
"""

import math
from collections.abc import Iterator

BYTES_PER_TOKEN = 4
PER_PICTURE = 1500
QUOTE = b'"'
# In bytes. No word is so long, while a picture or a file, in base64, nearly always is.
LONGEST_WORD = 2000


def prompt_tokens(body: bytes) -> int:
    """Of a request's body."""
    if len(body) < PER_PICTURE * BYTES_PER_TOKEN or b"base64" not in body:
        return tokens(len(body))
    files = [end - begin for begin, end in long_strings(body) if is_base64(body[begin:end])]
    return tokens(len(body) - sum(files)) + PER_PICTURE * len(files)


def long_strings(body: bytes) -> Iterator[tuple[int, int]]:
    """Where they begin and end. A step without a quotation mark lies in one; most steps have one near their beginning.

    To cut up a body that is nothing but quotation marks would take a third of a second.
    """
    place = 0
    while place + LONGEST_WORD <= len(body):
        if body.find(QUOTE, place, place + LONGEST_WORD) >= 0:
            place += LONGEST_WORD
            continue
        begin, end = body.rfind(QUOTE, 0, place) + 1, body.find(QUOTE, place)
        place = end if end >= 0 else len(body)
        yield begin, place


def is_base64(text: bytes) -> bool:
    """By its beginning, behind what a URL has in front of it. Some languages have no spaces either."""
    return text[100:LONGEST_WORD].translate(None, b"+/-_\\").isalnum()


def answer_tokens(protocol: str, body: bytes) -> int:
    """Of a whole answer. Vectors are none."""
    return 0 if protocol == "openai_embeddings" else tokens(len(body))


def streamed_tokens(part: bytes) -> int:
    """Of a part of a stream: models write about a token an event, in whichever words it is wrapped."""
    return part.count(b"data:")


def tokens(size: int) -> int:
    return math.ceil(size / BYTES_PER_TOKEN)
