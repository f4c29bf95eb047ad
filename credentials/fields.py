"""The database field for a provider key: clear text goes in, only the token comes out.

The library's field decrypts while a query runs, so one unreadable row breaks every list; it cannot know the row a
token belongs to; and `update()` with an expression would encrypt the expression's repr. So here an assigned `str`
is a new key in clear, sealed for its row when the row is saved, and `bytes` is the token as it is stored.
Nothing is decrypted until `CloudCredential.api_key` is asked.
"""

from typing import Any

from django.db import models
from fernet_fields import EncryptedTextField

from credentials import keyring


class SealedTextField(EncryptedTextField):  # type: ignore[misc]  # The library is untyped.
    """Belongs to a model that has a `uid`. Left out of dumps: a key must not leave with one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"editable": False, "serialize": False})

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:
        value: str | bytes | None = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = keyring.seal(value, model_instance.uid)  # type: ignore[attr-defined]  # See the class.
            setattr(model_instance, self.attname, value)
        return value

    # Any: a connection's driver module has no type.
    def get_db_prep_save(self, value: object, connection: Any) -> object:
        if value is None:
            return None
        if not isinstance(value, bytes):
            raise TypeError(f"{self.name} takes a token here; to change a key, assign it and save the row.")
        return connection.Database.Binary(value)

    def from_db_value(self, value: object, *_: object) -> bytes | None:
        return None if value is None else bytes(value)  # type: ignore[call-overload]  # Bytes or a memoryview.

    def to_python(self, value: object) -> object:
        return value
