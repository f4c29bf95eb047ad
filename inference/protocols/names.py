"""Tool names and identifiers as every vendor accepts them. Made from what they stand for, never at random."""

import hashlib
import re
from collections.abc import Iterable

from credentials import base62
from inference import ir

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
IDENTIFIER = re.compile(r"[a-zA-Z0-9_-]+")
UNFIT = re.compile(r"[^a-zA-Z0-9_-]")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def fit_name(name: str) -> str:
    """The name, or where a vendor would refuse it a shorter one that no other name shares."""
    return name if NAME.fullmatch(name) else f"{UNFIT.sub('_', name)[:55]}_{digest(name)[:8]}"


def fit_id(identifier: str) -> str:
    return identifier if IDENTIFIER.fullmatch(identifier) else f"{UNFIT.sub('_', identifier)}_{digest(identifier)[:8]}"


def refitted(tools: Iterable[ir.Tool]) -> dict[str, str]:
    """From the names that an upstream was given back to the client's own, for those that differ."""
    return {fitted: tool.name for tool in tools if (fitted := fit_name(tool.name)) != tool.name}


def derived_id(prefix: str, *source: object, length: int = 24) -> str:
    """An identifier of base62 characters, the same for the same source."""
    number = int.from_bytes(hashlib.sha256(repr(source).encode()).digest())
    return prefix + base62.encode(number, length)
