"""What is encrypted, for whom, and what happens without the right key."""

from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from credentials import keyring
from credentials.secret import Secret
from tests.builders import CANARY

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
ROW = uuid4()


def test_what_was_sealed_for_a_row_reads_there() -> None:
    assert keyring.unseal(keyring.seal(CANARY, ROW), ROW) == Secret(CANARY)


def test_a_token_does_not_read_in_another_row() -> None:
    with pytest.raises(keyring.UnreadableSecret):
        keyring.unseal(keyring.seal(CANARY, ROW), uuid4())


def test_a_token_under_an_older_key_reads_and_is_not_current(settings: Settings) -> None:
    settings.FERNET_KEYS = [OLD]
    token = keyring.seal(CANARY, ROW)
    settings.FERNET_KEYS = [NEW, OLD]
    assert keyring.unseal(token, ROW) == Secret(CANARY)
    assert not keyring.is_current(token, ROW)
    assert keyring.is_current(keyring.seal(CANARY, ROW), ROW)


def test_a_token_under_an_unknown_key_does_not_read(settings: Settings) -> None:
    token = keyring.seal(CANARY, ROW)
    settings.FERNET_KEYS = [NEW]
    with pytest.raises(keyring.UnreadableSecret, match="MLXMANAGER_FERNET_KEYS"):
        keyring.unseal(token, ROW)


def test_without_keys_the_error_names_the_setting_and_serve(settings: Settings) -> None:
    settings.FERNET_KEYS = []
    with pytest.raises(ImproperlyConfigured, match=r"serve.*MLXMANAGER_FERNET_KEYS"):
        keyring.seal(CANARY, ROW)


def test_a_malformed_key_is_named_but_not_shown(settings: Settings) -> None:
    settings.FERNET_KEYS = ["malformed-" + CANARY]
    with pytest.raises(ImproperlyConfigured, match="MLXMANAGER_FERNET_KEYS") as caught:
        keyring.require()
    assert CANARY not in str(caught.value)
