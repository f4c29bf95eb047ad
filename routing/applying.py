"""Brings the database to what a configuration file says, and tells the difference in words that hold no key."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import models
from django.db.models import ProtectedError

from credentials import client_keys, problems
from credentials.keyring import UnreadableSecret
from credentials.models import ClientKey, CloudCredential
from credentials.secret import Secret
from routing.config_file import ClientKeyEntry, ConfigError, CredentialEntry, MappingEntry, Wanted
from routing.config_kinds import AnyKind, Difference, Kind
from routing.models import BackendMapping, ModelProfile
from routing.schemas import ModelProfileCreate


def apply(wanted: Wanted, kinds: Sequence[AnyKind], *, prune: bool) -> Difference:
    """To be called inside a change, which must be rolled back when this raises ConfigError."""
    difference = Difference()
    rows = {kind.table: [kind.apply(entry, difference) for entry in wanted[kind.table] or ()] for kind in kinds}
    # The last first: mappings go before the credentials they protect.
    for kind in reversed(kinds):
        _settle(kind.model, rows[kind.table], difference, prune=prune and wanted[kind.table] is not None)
    return difference


def _apply_credential(entry: CredentialEntry, difference: Difference) -> CloudCredential:
    row = find_row(CloudCredential, backend_type=entry.backend_type, name=entry.name)
    note = None
    if entry.api_key is not None:
        given = entry.api_key.get_secret_value()
        note = None if _stored_key(row) == Secret(given) else "api_key replaced"
        # Given again, even if equal: a change of host asks for that.
        if note or row.base_url != entry.base_url:
            row.encrypted_api_key = given
    values = entry.model_dump(include={"base_url", "allowed_betas", "forwarded_headers"})
    write(row, values, difference, note=note)
    return row


def _apply_mapping(entry: MappingEntry, difference: Difference) -> BackendMapping:
    row = find_row(BackendMapping, model_pattern=entry.model_pattern, priority=entry.priority)
    values = entry.model_dump(exclude={"model_pattern", "priority"}) | {
        "credential": _named(row, entry.backend_type, entry.credential),
        "fallback_credential": _named(row, entry.fallback_backend, entry.fallback_credential),
    }
    write(row, values, difference)
    return row


def _apply_profile(entry: ModelProfileCreate, difference: Difference) -> ModelProfile:
    row = find_row(ModelProfile, backend_type=entry.backend_type, model_pattern=entry.model_pattern)
    write(row, {"settings": entry.settings}, difference)
    return row


def _apply_client_key(entry: ClientKeyEntry, difference: Difference) -> ClientKey:
    row = find_row(ClientKey, name=entry.name)
    key, note = entry.key(), None
    if key is None and row.pk is None:
        key = difference.made_keys[entry.name] = client_keys.make()
    if key is not None and row.key_hash != client_keys.digest(key).hex():
        row.accept(key)
        note = "key replaced"
    write(row, entry.model_dump(exclude={"name", "key_env"}), difference, note=note)
    return row


def find_row[M: models.Model](model: type[M], **identity: object) -> M:
    """The row an entry is about, locked; a new one where there is none."""
    rows = list(model._default_manager.select_for_update().filter(**identity)[:2])
    if len(rows) > 1:
        raise ConfigError(f"More than one row is {_label(rows[0])}: delete all but one, or change their priority.")
    return rows[0] if rows else model(**identity)


def write(row: models.Model, values: Mapping[str, object], difference: Difference, *, note: str | None = None) -> None:
    """Save the row with these values, and tell what they change; nothing, where that is nothing."""
    is_new = row.pk is None
    changes = [note] if note is not None and not is_new else []
    for name, given in values.items():
        old, new = getattr(row, name), None if given == "" else given
        if old != new:
            changes.append(f"{name} {_show(new)}" if is_new else f"{name} {_show(old)} -> {_show(new)}")
            setattr(row, name, new)
    if not is_new and not changes:
        return
    try:
        row.full_clean()
        row.save()
    except ValidationError as error:
        raise ConfigError("\n".join(f"{_label(row)}: {problem}" for problem in problems.of_row(error))) from None
    except ImproperlyConfigured as error:
        raise ConfigError(str(error)) from None
    difference.lines.append(f"{'+' if is_new else '~'} {_label(row)}" + (f": {', '.join(changes)}" if changes else ""))


def _settle[M: models.Model](model: type[M], rows: Sequence[M], difference: Difference, *, prune: bool) -> None:
    """Refuse what stands in the file twice, and delete what does not stand there."""
    for row, times in Counter(rows).items():
        if times > 1:
            raise ConfigError(f"{_label(row)} stands in the file more than once.")
    if not prune:
        return
    for row in model._default_manager.exclude(pk__in=[kept.pk for kept in rows]).order_by("pk"):
        difference.lines.append(f"- {_label(row)}")
        try:
            row.delete()
        except ProtectedError as error:
            users = ", ".join(_label(user) for user in error.protected_objects)
            raise ConfigError(
                f"{_label(row)} is still used by {users}; name it in the file, or change these."
            ) from None


def _named(row: BackendMapping, backend: str | None, name: str | None) -> CloudCredential | None:
    if not name:
        return None
    credential = CloudCredential.objects.filter(backend_type=backend or "", name=name).first()
    if credential is None:
        raise ConfigError(f"{_label(row)}: there is no credential {backend}/{name}; add it to [[credentials]].")
    return credential


def _stored_key(row: CloudCredential) -> Secret | None:
    try:
        return row.api_key
    except (UnreadableSecret, ImproperlyConfigured):
        return None


def _label(row: models.Model) -> str:
    priority = f" (priority {row.priority})" if isinstance(row, BackendMapping) else ""
    return f"{row._meta.verbose_name} {row}{priority}"


def _show(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case list():
            return "[" + ", ".join(value) + "]"
        case dict():
            return json.dumps(value)
        case _:
            return str(value)


# In the order in which they are brought about: mappings name credentials.
KINDS = (
    Kind("credentials", CredentialEntry, CloudCredential, _apply_credential),
    Kind("mappings", MappingEntry, BackendMapping, _apply_mapping),
    Kind("profiles", ModelProfileCreate, ModelProfile, _apply_profile),
    Kind("client_keys", ClientKeyEntry, ClientKey, _apply_client_key),
)
