"""System checks: misconfiguration told with a hint, before the first request meets it."""

from collections.abc import Sequence

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from credentials import keyring

KEYS_HINT = "Put the keys the credentials were encrypted with into MLXMANAGER_FERNET_KEYS, newest first."


@register(Tags.security)
def check_keyring(**_: object) -> list[CheckMessage]:
    """A malformed key is an error; none at all is one only where there is something to read with it."""
    if not settings.FERNET_KEYS:
        return []
    try:
        keyring.require()
    except ImproperlyConfigured as error:
        return [
            checks.Error(str(error), hint="Make one with cryptography's Fernet.generate_key().", id="credentials.E001")
        ]
    return []


@register(Tags.database)
def check_credentials(databases: Sequence[str] | None = None, **_: object) -> list[CheckMessage]:
    """Names each credential that cannot be read. A warning: it must not stop the migration that may mend it."""
    return [message for alias in databases or () for message in _unreadable(alias)]


def _unreadable(alias: str) -> list[CheckMessage]:
    # By name: checks are registered before the models are loaded.
    model = apps.get_model("credentials", "CloudCredential")
    try:
        if model._meta.db_table not in connections[alias].introspection.table_names():
            return []
        rows = list(model._default_manager.using(alias).filter(encrypted_api_key__isnull=False))
    except DatabaseError:
        return []
    found: list[CheckMessage] = []
    for row in rows:
        try:
            row.api_key  # noqa: B018  # Reading is the check.
        except (keyring.UnreadableSecret, ImproperlyConfigured) as error:
            found.append(checks.Warning(f"Credential {row}: {error}", hint=KEYS_HINT, id="credentials.W001"))
    return found
