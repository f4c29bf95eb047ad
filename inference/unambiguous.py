"""What must hold of a body that is parsed as a whole: no key twice, nothing too deep, too large or too much of it.

Takes time in proportion to the body, whatever it holds: a client must not stop the others by what it sends.
"""

import re
from itertools import chain

import msgspec

from inference.errors import GatewayError, Kind
from inference.ir import JSON

DEEPEST = 64
MOST_VALUES = 1_000_000
SMALLEST = -(2**63)
LARGEST = 2**64 - 1
# Strings taken out in one go: what lies between them is held in pieces meanwhile.
BATCH = 250_000
CONTAINERS = (dict, list)
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
# Shorter ones are within 64 bits.
LONG_NUMBER = re.compile(rb"[\d.eE+-]{20,}+")


def unambiguous(body: bytes) -> JSON:
    """The body decoded; it is JSON, as `envelope.read` has found. Raises GatewayError."""
    structure = without_strings(body)
    refuse_large_numbers(structure)
    try:
        decoded = msgspec.json.decode(body)
        depth, keys = measured(decoded)
    except RecursionError:
        decoded, depth, keys = None, DEEPEST + 1, 0
    except msgspec.DecodeError:
        raise GatewayError(Kind.INVALID_JSON, "The body holds a number out of range.") from None
    if depth > DEEPEST:
        raise GatewayError(Kind.INVALID_JSON, f"The body nests deeper than {DEEPEST} levels.")
    if keys != structure.count(b":"):
        raise GatewayError(Kind.INVALID_JSON, "The body holds an object in which a key occurs twice.")
    return decoded


def without_strings(body: bytes) -> bytes:
    """Brackets, colons, commas and what stands bare. Counted before the body is decoded, as each value takes memory."""
    parts: list[bytes] = []
    rest, strings = body, 0
    while rest and strings <= 2 * MOST_VALUES:
        rest, found = STRING.subn(b"", rest, count=BATCH)
        end = rest.find(b'"')
        parts.append(rest if end < 0 else rest[:end])
        rest = b"" if end < 0 else rest[end:]
        strings += found
    structure = b"".join(parts)
    if rest or sum(structure.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise GatewayError(Kind.REQUEST_TOO_LARGE, f"The body holds more than {MOST_VALUES:,} values.")
    return structure


def refuse_large_numbers(structure: bytes) -> None:
    """64 bits are what every JSON and msgpack reader holds. The digits are counted first: a long int is slow."""
    for number in LONG_NUMBER.findall(structure):
        is_integer = number.removeprefix(b"-").isdigit()
        if is_integer and (len(number) > len(str(LARGEST)) or not SMALLEST <= int(number) <= LARGEST):
            raise GatewayError(Kind.INVALID_JSON, "The body holds a number out of range.")


def measured(value: JSON) -> tuple[int, int]:
    """How deep it nests, and how many keys its objects have."""
    depth = keys = 0
    level = [value]
    while level:
        depth += 1
        objects = [node for node in level if type(node) is dict]
        keys += sum(map(len, objects))
        arrays = [node for node in level if type(node) is list]
        level = [node for node in chain.from_iterable(map(dict.values, objects)) if type(node) in CONTAINERS]
        level += [node for node in chain.from_iterable(arrays) if type(node) in CONTAINERS]
    return depth, keys
