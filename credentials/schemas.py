"""The JSON of credentials and client keys, and what the schemas of the configuration API share."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from django.core.exceptions import ValidationError
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StrictBool, StrictInt

from credentials import validators
from credentials.models import ClientKey, CloudCredential


def api_key(value: SecretStr) -> SecretStr:
    try:
        return SecretStr(validators.api_key(value.get_secret_value()))
    except ValidationError as error:
        raise ValueError(error.message) from None


def in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("This time is in no year from 1 to 9999.") from None


ApiKey = Annotated[SecretStr, AfterValidator(api_key)]
Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
Limit = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]  # What PostgreSQL stores.


class Given(BaseModel):
    """What a client sends: an unknown field is refused, not dropped."""

    model_config = ConfigDict(extra="forbid")


class CloudCredentialUpdate(Given):
    """What is left out stays. `api_key` is never shown again; null: the upstream wants none.

    `allowed_betas` are the beginnings of those Anthropic betas that are sent on; null: all.
    """

    backend_type: Literal["openai", "anthropic"] = "openai"
    name: str = "default"
    base_url: str | None = None
    allowed_betas: list[str] | None = None
    forwarded_headers: list[str] = []
    api_key: ApiKey | None = None


class CloudCredentialCreate(CloudCredentialUpdate):
    """`api_key` is given in clear and never shown again; null: the upstream wants none."""

    backend_type: Literal["openai", "anthropic"]


class CloudCredentialResponse(BaseModel):
    id: int
    backend_type: str
    name: str
    base_url: str | None
    allowed_betas: list[str] | None
    forwarded_headers: list[str]
    has_api_key: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: CloudCredential) -> Self:
        return cls(
            id=row.pk,
            backend_type=row.backend_type,
            name=row.name,
            base_url=row.base_url,
            allowed_betas=row.allowed_betas,
            forwarded_headers=row.forwarded_headers,
            has_api_key=row.encrypted_api_key is not None,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class ClientKeyUpdate(Given):
    """What is left out stays. A limit of null is no limit, one of 0 allows nothing.

    A budget of 0 leaves local models alone. Any other is kept, not counted yet.
    """

    name: str = ""
    enabled: StrictBool = True
    expires_at: Moment | None = None
    allowed_models: list[str] = []
    requests_per_minute: Limit | None = None
    tokens_per_minute: Limit | None = None
    monthly_budget: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)] | None = None
    priority: Literal["interactive", "batch"] = "interactive"
    is_admin: StrictBool = False


class ClientKeyCreate(ClientKeyUpdate):
    """A limit of null is no limit, one of 0 allows nothing; a budget of 0 leaves local models alone."""

    name: str


class ClientKeyResponse(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    prefix: str
    enabled: bool
    expires_at: datetime | None
    allowed_models: list[str]
    requests_per_minute: int | None
    tokens_per_minute: int | None
    monthly_budget: float | None
    priority: str
    is_admin: bool
    last_used_at: datetime | None

    @classmethod
    def of(cls, row: ClientKey) -> Self:
        return cls.model_validate(row)


class ClientKeyCreated(ClientKeyResponse):
    """The only answer that ever holds the key."""

    key: str
