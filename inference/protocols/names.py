"""Tool names and identifiers as every vendor accepts them. Made from what they stand for, never at random."""

import base64
import hashlib
import re
from collections.abc import Iterable

from inference import ir

LONGEST_NAME = 64
# Characters of an identifier behind its prefix.
LENGTH = 24
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
IDENTIFIER = re.compile(r"[a-zA-Z0-9_-]+")
UNFIT = re.compile(r"[^a-zA-Z0-9_-]")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def fit_name(name: str, longest: int = LONGEST_NAME) -> str:
    """The name, or where a vendor would refuse it a shorter one that no other name shares."""
    if len(name) <= longest and IDENTIFIER.fullmatch(name):
        return name
    return f"{UNFIT.sub('_', name)[: longest - 9]}_{digest(name)[:8]}"


def fit_id(identifier: str) -> str:
    return identifier if IDENTIFIER.fullmatch(identifier) else f"{UNFIT.sub('_', identifier)}_{digest(identifier)[:8]}"


def refitted(tools: Iterable[ir.Tool], longest: int = LONGEST_NAME) -> dict[str, str]:
    """From the names that an upstream was given back to the client's own, for those that differ."""
    return {fitted: tool.name for tool in tools if (fitted := fit_name(tool.name, longest)) != tool.name}


def offered_name(name: str | None, tools: Iterable[ir.Tool]) -> str | None:
    """Of the tool that is meant, by the client's own name or by the one that an upstream was given. None: no tool."""
    if name is None:
        return None
    known = {fit_name(tool.name): tool.name for tool in tools} | {tool.name: tool.name for tool in tools}
    return known.get(name)


def derived_id(prefix: str, *source: object) -> str:
    """An identifier of letters and digits, the same for the same source."""
    found = hashlib.sha256(repr(source).encode()).digest()
    return prefix + base64.b64encode(found, altchars=b"Aa")[:LENGTH].decode()
