"""Small builders: a valid row of each kind of configuration, saved as a change, with what a test cares about given."""

from typing import Any

from credentials import client_keys, generation
from credentials.models import ClientKey, CloudCredential
from inference.models import LocalModel
from routing.models import BackendMapping, ModelProfile

CANARY = "sk-canary-5fd2b1e0c9"


def make_credential(*, api_key: str | None = CANARY, backend_type: str = "openai", **fields: Any) -> CloudCredential:
    credential = CloudCredential(encrypted_api_key=api_key, backend_type=backend_type, **fields)
    with generation.change():
        credential.full_clean()
        credential.save()
    return credential


def make_mapping(pattern: str = "claude-*", **fields: Any) -> BackendMapping:
    mapping = BackendMapping(model_pattern=pattern, **{"backend_type": "anthropic"} | fields)
    with generation.change():
        mapping.full_clean()
        mapping.save()
    return mapping


def make_profile(pattern: str = "gpt-*", *, backend_type: str = "openai", **settings: Any) -> ModelProfile:
    profile = ModelProfile(backend_type=backend_type, model_pattern=pattern, settings=settings)
    with generation.change():
        profile.full_clean()
        profile.save()
    return profile


def make_local_model(name: str, **options: Any) -> LocalModel:
    model = LocalModel(name=name, **options)
    with generation.change():
        model.full_clean()
        model.save()
    return model


def make_client_key(name: str = "laptop", *, key: str | None = None, **fields: Any) -> tuple[ClientKey, str]:
    """The row and the key to present."""
    key = key or client_keys.make()
    client_key = ClientKey(name=name, **fields)
    client_key.accept(key)
    with generation.change():
        client_key.full_clean()
        client_key.save()
    return client_key, key
