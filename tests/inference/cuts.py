"""Where a stream may be cut: at every byte of a short one; of a long one wherever a cut could matter."""

import re

SHORT = 1000
WINDOW = 150
NEAR = 3
# A character of several bytes, a line end of two, an escape of JSON's.
DELICATE = re.compile(rb"[\xc0-\xff][\x80-\xbf]+|\r\n|\\u[0-9a-f]{4}|\\.|\[DONE\]")


def places(stream: bytes) -> list[int]:
    """In front of which bytes to cut."""
    if len(stream) <= SHORT:
        return list(range(len(stream) + 1))
    found = {*range(WINDOW), *range(len(stream) - WINDOW, len(stream) + 1)}
    for border in borders(stream):
        found |= set(range(border - NEAR, border + NEAR + 1))
    for delicate in DELICATE.finditer(stream):
        found |= set(range(delicate.start(), delicate.end() + 1))
    return sorted(place for place in found if 0 <= place <= len(stream))


def borders(stream: bytes) -> list[int]:
    """Behind each event."""
    return [found.end() for found in re.finditer(rb"\r\n\r\n|\n\n", stream)]


def in_two(stream: bytes) -> list[tuple[bytes, bytes]]:
    return [(stream[:place], stream[place:]) for place in places(stream)]


def in_bytes(stream: bytes) -> list[bytes]:
    return [stream[place : place + 1] for place in range(len(stream))]
