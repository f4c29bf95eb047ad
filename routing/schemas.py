"""The JSON of mappings and model profiles."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from credentials.schemas import Given
from routing import profile_words
from routing.models import BackendMapping, ModelProfile

Backend = Literal["local", "openai", "anthropic"]
Cloud = Literal["openai", "anthropic"]
# Any: the model judges each by its name.
Settings = Annotated[
    dict[str, Any],
    Field(description="; ".join(f"{name}: {accepted}" for name, accepted in profile_words.ACCEPTED.items())),
]


class MappingFields(Given):
    """What every way of giving a mapping shares; how it names a credential differs."""

    model_pattern: str = ""
    backend_type: Backend = "local"
    backend_model: str | None = None
    fallback_backend: Backend | None = None
    fallback_model: str | None = None
    local_only: StrictBool = False
    strict_params: StrictBool = False
    priority: StrictInt = 0
    enabled: StrictBool = True


class BackendMappingUpdate(MappingFields):
    """What is left out stays."""

    credential_id: StrictInt | None = None
    fallback_credential_id: StrictInt | None = None


class BackendMappingCreate(BackendMappingUpdate):
    """A model of null sends the requested name; a credential of null is the one named `default`."""

    model_pattern: str
    backend_type: Backend


class BackendMappingResponse(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    model_pattern: str
    backend_type: str
    backend_model: str | None
    credential_id: int | None
    fallback_backend: str | None
    fallback_model: str | None
    fallback_credential_id: int | None
    local_only: bool
    strict_params: bool
    priority: int
    enabled: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: BackendMapping) -> Self:
        return cls.model_validate(row)


class ModelProfileUpdate(Given):
    """What is left out stays; `settings` are replaced as a whole."""

    backend_type: Cloud = "openai"
    model_pattern: str = ""
    settings: Settings = Field(default_factory=dict)


class ModelProfileCreate(ModelProfileUpdate):
    """A setting that is not given stays as it is built in."""

    backend_type: Cloud
    model_pattern: str


class ModelProfileResponse(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    backend_type: str
    model_pattern: str
    settings: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ModelProfile) -> Self:
        return cls.model_validate(row)
