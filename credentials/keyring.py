"""Encrypts provider keys with the Fernet keys of the settings, newest first, and binds each to its row.

Fernet has no associated data. So what is encrypted is a small record, the row's uid and the secret: a token
that was moved to another row does not read there.
"""

from functools import lru_cache
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from credentials.secret import Secret


class UnreadableSecret(Exception):
    """A stored token was not made under any of our keys, or not for this row. Says nothing of its content."""


def seal(secret: str, row: UUID) -> bytes:
    """A token under the first key."""
    return _keyring().encrypt(f"{row.hex}:{secret}".encode())


def unseal(token: bytes, row: UUID) -> Secret:
    """Raises UnreadableSecret, or ImproperlyConfigured where there is no keyring at all."""
    return Secret(_open(_keyring(), token, row))


def is_current(token: bytes, row: UUID) -> bool:
    """Whether the first key alone reads the token."""
    try:
        _open(_fernets(tuple(settings.FERNET_KEYS[:1])), token, row)
    except UnreadableSecret:
        return False
    return True


def require() -> None:
    """Raises ImproperlyConfigured, with the setting's name, where nothing can be encrypted."""
    _keyring()


def _open(fernet: MultiFernet, token: bytes, row: UUID) -> str:
    try:
        record = fernet.decrypt(token).decode()
    except (InvalidToken, UnicodeDecodeError):
        raise UnreadableSecret("The stored key cannot be decrypted under MLXMANAGER_FERNET_KEYS.") from None
    owner, _, secret = record.partition(":")
    if owner != row.hex:
        raise UnreadableSecret("The stored key was encrypted for another credential.")
    return secret


def _keyring() -> MultiFernet:
    return _fernets(tuple(settings.FERNET_KEYS))


@lru_cache(maxsize=8)
def _fernets(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured(
            "There is no key to encrypt credentials with: run `serve` first, or set MLXMANAGER_FERNET_KEYS."
        )
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ImproperlyConfigured(
            "MLXMANAGER_FERNET_KEYS holds something that is not a Fernet key;"
            " it accepts comma-separated keys of 32 bytes in URL-safe base64, newest first."
        ) from None
