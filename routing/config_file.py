"""The TOML file of `applyconfig`: read, checked field by field, and its keys taken from the environment."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import GenericAlias
from typing import Any, Self

from pydantic import BaseModel, SecretStr, ValidationError, create_model, model_validator

from credentials import client_keys, problems, schemas
from credentials.schemas import ClientKeyCreate, CloudCredentialCreate, Given
from routing.config_kinds import AnyKind
from routing.schemas import Backend, MappingFields


class ConfigError(Exception):
    """The file cannot be applied. Says where and why, never a key."""


class CredentialEntry(CloudCredentialCreate):
    """`api_key` holds what `api_key_env` names, too. Without either, a stored key stays."""

    api_key_env: str | None = None

    @model_validator(mode="after")
    def read_environment(self) -> Self:
        if self.api_key_env is not None:
            if self.api_key is not None:
                raise ValueError("api_key and api_key_env are both given; give one of them")
            self.api_key = schemas.api_key(SecretStr(environment(self.api_key_env)))
        return self


class ClientKeyEntry(ClientKeyCreate):
    """`key_env` names the key to accept. Without it, a stored key stays, and a new entry gets a key that is made."""

    key_env: str | None = None

    def key(self) -> str | None:
        return environment(self.key_env) if self.key_env is not None else None

    @model_validator(mode="after")
    def check_key(self) -> Self:
        key = self.key()
        if key is not None and not client_keys.is_well_formed(key):
            raise ValueError(f"{self.key_env} holds no usable key: 20 characters or more, and no mistyped mlxm_ key")
        return self


class MappingEntry(MappingFields):
    """Credentials are named, not numbered."""

    model_pattern: str
    backend_type: Backend
    credential: str | None = None
    fallback_credential: str | None = None


# The entries by the name of their kind's table. None: the kind is not named at all, and never pruned.
type Wanted = Mapping[str, Sequence[BaseModel] | None]


def read(path: Path, kinds: Sequence[AnyKind]) -> Wanted:
    """Raises ConfigError."""
    # Any: what pydantic makes fields of.
    fields: dict[str, Any] = {kind.table: (GenericAlias(list, kind.entry) | None, None) for kind in kinds}
    form = create_model("ConfigFile", __base__=Given, **fields)
    try:
        with path.open("rb") as file:
            return dict(form.model_validate(tomllib.load(file)))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise ConfigError("\n".join(problems.of_schema(error))) from None


def environment(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ValueError(f"the environment has no {name}")
    return value
