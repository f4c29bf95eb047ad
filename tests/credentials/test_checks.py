"""What `check` finds, with and without a database."""

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from pytest_django import Settings

from tests.builders import CANARY, make_credential

# Django's own checks ask a connection what it can do.
pytestmark = pytest.mark.django_db


def found(*, databases: list[str] | None = None) -> list[str]:
    return [f"{message.id}: {message.msg}" for message in run_checks(databases=databases)]


def test_no_keys_and_no_database_are_nothing_to_complain_of(settings: Settings) -> None:
    settings.FERNET_KEYS = []
    assert found() == []


def test_a_malformed_key_is_an_error_that_does_not_show_it(settings: Settings) -> None:
    settings.FERNET_KEYS = [CANARY]
    (message,) = found()
    assert message.startswith("credentials.E001: MLXMANAGER_FERNET_KEYS")
    assert CANARY not in message


def test_an_unreadable_credential_is_named(settings: Settings) -> None:
    make_credential(backend_type="anthropic")
    settings.FERNET_KEYS = [Fernet.generate_key().decode()]
    make_credential(backend_type="openai")
    (message,) = found(databases=["default"])
    assert message.startswith("credentials.W001: Credential anthropic/default")


def test_credentials_without_a_keyring_are_named(settings: Settings) -> None:
    make_credential()
    settings.FERNET_KEYS = []
    (message,) = found(databases=["default"])
    assert "MLXMANAGER_FERNET_KEYS" in message


def test_readable_credentials_are_nothing_to_complain_of() -> None:
    make_credential()
    make_credential(backend_type="anthropic", api_key=None)
    assert found(databases=["default"]) == []
