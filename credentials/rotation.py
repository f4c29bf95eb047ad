"""Re-encrypts every stored key under the first Fernet key: in batches, under traffic, and from wherever it was stopped.

A row is swapped only if it still holds the token that was read, so a key that is replaced meanwhile is never undone.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction

from credentials import generation, keyring
from credentials.models import CloudCredential

BATCH = 100
ADVISORY_LOCK = 0x6D6C786D  # "mlxm"


class AlreadyRunning(Exception):
    """Another rotation holds the lock."""


@dataclass(slots=True)
class Tally:
    """What became of the rows. `unreadable` names them."""

    current: int = 0
    stale: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate() -> Tally:
    """Bring every row under the first key; `stale` counts those that were not. Raises AlreadyRunning."""
    tally = Tally()
    with exclusive():
        for batch in _batches():
            with generation.change("rotatekeys"):
                before = tally.stale
                for row in batch:
                    _rotate(row, tally)
                if tally.stale == before:
                    transaction.set_rollback(True)
    return tally


def survey() -> Tally:
    """What `rotate` would find. Writes nothing, takes no lock."""
    tally = Tally()
    for batch in _batches():
        for row in batch:
            _fresh_token(row, tally)
    return tally


@contextmanager
def exclusive() -> Iterator[None]:
    """A lock that ends with its holder, however that ends: a row in a table would survive it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
            if not cursor.fetchone()[0]:
                raise AlreadyRunning
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
    else:
        with (settings.HOME / "rotatekeys.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning from None
            yield


def _batches() -> Iterator[list[CloudCredential]]:
    rows = CloudCredential.objects.filter(encrypted_api_key__isnull=False).order_by("pk")
    after = 0
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        yield batch
        after = batch[-1].pk


def _rotate(row: CloudCredential, tally: Tally) -> None:
    while True:
        old = row.encrypted_api_key
        new = _fresh_token(row, tally)
        if new is None:
            return
        if _swap(row.pk, old, new):
            return
        # Somebody wrote the row in between: judge what it holds now.
        tally.stale -= 1
        found = CloudCredential.objects.filter(pk=row.pk, encrypted_api_key__isnull=False).first()
        if found is None:
            return
        row = found


def _swap(row_id: int, old: str | bytes | None, new: bytes) -> bool:
    """In SQL, because the field refuses to be compared, and because thousands of rows must not take minutes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cloud_credentials SET encrypted_api_key = %s WHERE id = %s AND encrypted_api_key = %s",
            [new, row_id, old],
        )
        return bool(cursor.rowcount == 1)


def _fresh_token(row: CloudCredential, tally: Tally) -> bytes | None:
    """The key under the first key; None where it is so already or cannot be read."""
    token = row.encrypted_api_key
    if not isinstance(token, bytes) or keyring.is_current(token, row.uid):
        tally.current += 1
        return None
    try:
        secret = keyring.unseal(token, row.uid)
    except keyring.UnreadableSecret:
        tally.unreadable.append(f"{row} (id {row.pk})")
        return None
    tally.stale += 1
    return keyring.seal(secret.reveal(), row.uid)
