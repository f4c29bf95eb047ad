"""The JSON of mappings."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt

from credentials.schemas import Given
from routing.models import BackendMapping

Backend = Literal["local", "openai", "anthropic"]


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
