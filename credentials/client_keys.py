"""The keys clients present: made, digested and checked for form. Imports no Django, reads no database."""

import hashlib
import secrets
import zlib

from credentials import base62

MARK = "mlxm_"
RANDOM_LENGTH = 32
CHECKSUM_LENGTH = 6
SHORTEST = 20


def make() -> str:
    """A new key: the mark, random characters, and a checksum that tells a mistyped key without a look-up."""
    body = MARK + "".join(secrets.choice(base62.ALPHABET) for _ in range(RANDOM_LENGTH))
    return body + _checksum(body)


def digest(key: str) -> bytes:
    """SHA-256 suffices: a key has too much entropy to be guessed, and a slow hash would cost every request."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def is_well_formed(key: str) -> bool:
    """Only a key with our mark must have our form; any other, given by an owner, must only be long enough."""
    if not key.startswith(MARK):
        return len(key) >= SHORTEST
    body, checksum = key[:-CHECKSUM_LENGTH], key[-CHECKSUM_LENGTH:]
    return len(body) == len(MARK) + RANDOM_LENGTH and checksum == _checksum(body)


def prefix(key: str) -> str:
    """What may be shown of a key, for an owner to know it by."""
    return key[: len(MARK) + 4] if key.startswith(MARK) else key[:4]


def _checksum(body: str) -> str:
    return base62.encode(zlib.crc32(body.encode("utf-8", "surrogateescape")), CHECKSUM_LENGTH)
