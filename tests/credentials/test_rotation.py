"""Rotation: under both keys, killed in the middle, beside a writer, and what it says of rows it cannot read."""

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from credentials import generation, keyring, rotation
from credentials.models import CloudCredential
from credentials.secret import Secret
from tests.builders import CANARY, make_credential

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def rotatekeys(*options: str) -> str:
    out = StringIO()
    call_command("rotatekeys", *options, stdout=out)
    return out.getvalue()


def tokens() -> list[bytes | str | None]:
    return [row.encrypted_api_key for row in CloudCredential.objects.order_by("pk")]


@pytest.fixture
def stale(db: None, settings: Settings) -> CloudCredential:
    """A credential under the old key, beside one that has none."""
    settings.FERNET_KEYS = [OLD]
    make_credential(backend_type="anthropic", api_key=None)
    row = make_credential()
    settings.FERNET_KEYS = [NEW, OLD]
    return row


def test_after_rotation_the_new_key_alone_suffices(stale: CloudCredential, settings: Settings) -> None:
    assert rotatekeys() == "0 under the first key, 1 re-encrypted.\n"
    settings.FERNET_KEYS = [NEW]
    stale.refresh_from_db()
    assert stale.api_key == Secret(CANARY)
    assert rotatekeys("--verify") == "1 under the first key, 0 to re-encrypt.\n"


def test_a_second_rotation_leaves_every_row_alone(stale: CloudCredential) -> None:
    rotatekeys()
    before, counted = tokens(), generation.current()
    assert rotatekeys() == "1 under the first key, 0 re-encrypted.\n"
    assert tokens() == before
    assert generation.current() == counted


def test_a_dry_run_changes_nothing(stale: CloudCredential) -> None:
    before, counted = tokens(), generation.current()
    assert rotatekeys("--dry-run") == "0 under the first key, 1 to re-encrypt.\n"
    assert tokens() == before
    assert generation.current() == counted


def test_verify_fails_while_a_row_is_under_another_key(stale: CloudCredential) -> None:
    before = tokens()
    with pytest.raises(CommandError, match="run rotatekeys"):
        rotatekeys("--verify")
    assert tokens() == before


@pytest.mark.parametrize("option", [(), ("--verify",), ("--dry-run",)])
def test_a_row_that_cannot_be_read_is_named_and_the_others_rotated(
    stale: CloudCredential, settings: Settings, option: tuple[str, ...]
) -> None:
    broken = make_credential(name="broken")
    CloudCredential.objects.filter(pk=broken.pk).update(uid=uuid4())
    with pytest.raises(CommandError, match=rf"openai/broken \(id {broken.pk}\)$") as caught:
        rotatekeys(*option)
    assert CANARY not in str(caught.value)
    stale.refresh_from_db()
    assert isinstance(stale.encrypted_api_key, bytes)
    assert keyring.is_current(stale.encrypted_api_key, stale.uid) == (not option)


@pytest.mark.django_db
def test_without_a_keyring_the_error_names_the_setting(settings: Settings) -> None:
    settings.FERNET_KEYS = []
    with pytest.raises(CommandError, match="MLXMANAGER_FERNET_KEYS"):
        rotatekeys()


def test_rotation_is_seen_by_snapshots_but_is_no_edit(stale: CloudCredential) -> None:
    counted, edited = generation.current(), stale.updated_at
    rotatekeys()
    stale.refresh_from_db()
    assert generation.current() == counted + 1
    assert stale.updated_at == edited


def test_a_key_replaced_meanwhile_is_not_undone(stale: CloudCredential) -> None:
    """The row is judged by a token that somebody has just replaced."""
    read_earlier = CloudCredential.objects.get(pk=stale.pk)
    stale.encrypted_api_key = "sk-replaced"
    stale.save()
    tally = rotation.Tally()
    with generation.change():
        rotation._rotate(read_earlier, tally)
    stale.refresh_from_db()
    assert stale.api_key == Secret("sk-replaced")
    assert (tally.current, tally.stale) == (1, 0)


COMMAND = [sys.executable, "manage.py", "rotatekeys"]
ROWS = 500


def environment() -> dict[str, str]:
    """For a process that shares this test's database."""
    found = connection.settings_dict
    address = f"sqlite:///{found['NAME']}"
    if connection.vendor == "postgresql":
        address = f"postgres://{found['USER']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    return os.environ | {"DATABASE_URL": address, "MLXMANAGER_FERNET_KEYS": f"{NEW},{OLD}"}


@pytest.fixture
def many(transactional_db: None, settings: Settings) -> None:
    settings.FERNET_KEYS = [OLD]
    rows = [CloudCredential(backend_type="openai", name=f"n{number}") for number in range(ROWS)]
    for row in rows:
        row.encrypted_api_key = f"sk-{row.name}"
    CloudCredential.objects.bulk_create(rows)
    settings.FERNET_KEYS = [NEW, OLD]


@pytest.mark.usefixtures("many")
def test_a_rotation_killed_in_the_middle_loses_nothing_and_resumes() -> None:
    with subprocess.Popen(COMMAND, env=environment(), stdout=subprocess.DEVNULL) as process:
        first = CloudCredential.objects.earliest("pk")
        before, deadline = first.encrypted_api_key, time.monotonic() + 20
        while first.encrypted_api_key == before and time.monotonic() < deadline:
            first.refresh_from_db()
        process.send_signal(signal.SIGKILL)
    tally = rotation.survey()
    assert tally.current > 0
    assert tally.stale > 0
    assert all(row.api_key == Secret(f"sk-{row.name}") for row in CloudCredential.objects.all())
    assert rotatekeys() == f"{tally.current} under the first key, {tally.stale} re-encrypted.\n"
    assert all(row.api_key == Secret(f"sk-{row.name}") for row in CloudCredential.objects.all())
    rotatekeys("--verify")


@pytest.mark.usefixtures("many")
def test_a_second_rotation_at_once_says_so_and_leaves() -> None:
    with rotation.exclusive():
        second = subprocess.run(COMMAND, env=environment(), capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "Another rotation is running" in second.stderr
    assert rotation.survey().stale == ROWS
