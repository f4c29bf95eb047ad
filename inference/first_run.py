"""What `serve` does before it serves: secrets, database, and the first admin, client key and mapping, each made once.

A step that is done is remembered in the database, so that what an owner deletes stays deleted.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from credentials import client_keys
from credentials.backend_type import BackendType
from credentials.generation import change
from credentials.models import ClientKey, CloudCredential, SetupStep
from inference.installed import DEMO_NAME
from routing.models import BackendMapping

ENVIRONMENT_KEY = "environment"


def prepare() -> dict[str, str]:
    """Bring HOME and the database to where `serve` can start. Returns the secrets made now, by what they are."""
    ensure_secret("MLXMANAGER_SECRET_KEY", settings.HAS_SECRET_KEY, "secret_key", lambda: secrets.token_urlsafe(50))
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.FERNET_KEYS and CloudCredential.objects.exists():
        raise CommandError(
            "The database holds credentials, but there is no key to read them: set MLXMANAGER_FERNET_KEYS to the keys "
            f"they were encrypted with, or put them into {settings.HOME / 'fernet_keys'}."
        )
    ensure_secret(
        "MLXMANAGER_FERNET_KEYS", bool(settings.FERNET_KEYS), "fernet_keys", lambda: Fernet.generate_key().decode()
    )
    keep_environment_key()
    steps: dict[str, Callable[[], str | None]] = {
        "admin": make_admin,
        "client key": make_client_key,
        "demo mapping": make_demo_mapping,
    }
    made = {name: once(name, make) for name, make in steps.items()}
    return {name: secret for name, secret in made.items() if secret is not None}


def ensure_secret(setting: str, present: bool, file: str, make: Callable[[], str]) -> None:
    """Generate a secret into HOME, readable by its owner only, unless it is there or its setting gives it."""
    if present:
        return
    path: Path = settings.HOME / file
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{path} is empty; put the secret back, or set {setting}.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(make() + "\n")


def once(name: str, make: Callable[[], str | None]) -> str | None:
    """Do a step of the first set-up unless it was done before; step and mark land together."""
    if SetupStep.objects.filter(name=name).exists():
        return None
    with change(f"first set-up: {name}"):
        SetupStep.objects.create(name=name)
        return make()


def make_admin() -> str | None:
    users = get_user_model()
    if users.objects.filter(is_superuser=True).exists():
        return None
    password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
    users.objects.create_superuser("admin", password=password)
    return None if settings.ADMIN_PASSWORD else password


def make_client_key() -> str | None:
    if settings.CLIENT_KEY or ClientKey.objects.exists():
        return None
    secret = client_keys.make()
    save_key(ClientKey(name="first"), secret)
    return secret


def make_demo_mapping() -> None:
    if not BackendMapping.objects.filter(model_pattern="demo").exists():
        BackendMapping.objects.create(model_pattern="demo", backend_type=BackendType.LOCAL, backend_model=DEMO_NAME)


def keep_environment_key() -> None:
    """Keep the client key named `environment` equal to MLXMANAGER_CLIENT_KEY."""
    secret = settings.CLIENT_KEY
    key = ClientKey.objects.filter(name=ENVIRONMENT_KEY).first() or ClientKey(name=ENVIRONMENT_KEY)
    if not secret or key.key_hash == client_keys.digest(secret).hex():
        return
    other = ClientKey.objects.filter(key_hash=client_keys.digest(secret).hex()).first()
    if other is not None:
        raise CommandError(f"MLXMANAGER_CLIENT_KEY is the client key {other.name} already; delete one of them.")
    with change("MLXMANAGER_CLIENT_KEY"):
        save_key(key, secret)


def save_key(key: ClientKey, secret: str) -> None:
    key.accept(secret)
    key.save()
