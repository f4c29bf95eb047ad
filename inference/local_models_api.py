"""`/api/local-models`: the options of local models, and what becomes of them now, as JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from credentials import api_rows
from credentials.schemas import Given
from inference.local_states import State, look
from inference.models import MOST_GUESSES, LocalModel

local_models = Router(tags=["local models"])

MOST = 2**31 - 1  # What PostgreSQL stores.


class LocalModelUpdate(Given):
    """What is left out stays. `idle_ttl` is in seconds, null: 15 minutes; `max_context` in tokens, null: all.

    `kv_bits` null: the cache is not quantized. `draft_model` null: nothing is guessed. `num_draft_tokens` null: 3.
    """

    name: str = ""
    pinned: StrictBool = False
    preload: StrictBool = False
    idle_ttl: Annotated[StrictInt, Field(ge=0, le=MOST)] | None = None
    max_context: Annotated[StrictInt, Field(ge=1, le=MOST)] | None = None
    kv_bits: Literal[4, 8] | None = None
    draft_model: str | None = None
    num_draft_tokens: Annotated[StrictInt, Field(ge=1, le=MOST_GUESSES)] | None = None


class LocalModelCreate(LocalModelUpdate):
    """The model need not be installed yet."""

    name: str


class LocalModelResponse(BaseModel):
    """`size` in bytes, null where it is not installed. `fits` and `in_memory` null: only a running worker knows."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    pinned: bool
    preload: bool
    idle_ttl: int | None
    max_context: int | None
    kv_bits: int | None
    draft_model: str | None
    num_draft_tokens: int | None
    created_at: datetime
    updated_at: datetime
    installed: bool = False
    size: int | None = None
    fits: bool | None = None
    in_memory: bool | None = None


def responses(rows: Iterable[LocalModel]) -> list[LocalModelResponse]:
    listed = list(rows)
    states = look({row.name: row.draft_model for row in listed}).models
    return [response(row, states[row.name]) for row in listed]


def response(row: LocalModel, state: State) -> LocalModelResponse:
    shown = LocalModelResponse.model_validate(row)
    shown.installed = state.installed is not None
    shown.size = state.installed.size if state.installed is not None else None
    shown.fits, shown.in_memory = state.fits, state.in_memory
    return shown


@local_models.get("", response=list[LocalModelResponse])
def list_local_models(request: HttpRequest) -> list[LocalModelResponse]:  # noqa: ARG001 - ninja's signature
    return responses(LocalModel.objects.all())


@local_models.post("", response={201: LocalModelResponse})
def create_local_model(request: HttpRequest, payload: LocalModelCreate) -> LocalModelResponse:
    return responses([api_rows.create(request, LocalModel(**payload.model_dump()))])[0]


@local_models.get("/{int:model_id}", response=LocalModelResponse)
def get_local_model(request: HttpRequest, model_id: int) -> LocalModelResponse:  # noqa: ARG001 - ninja's signature
    return responses([api_rows.find(LocalModel, model_id)])[0]


@local_models.patch("/{int:model_id}", response=LocalModelResponse)
def update_local_model(request: HttpRequest, model_id: int, payload: LocalModelUpdate) -> LocalModelResponse:
    return responses([api_rows.update(request, LocalModel, model_id, payload)])[0]


@local_models.delete("/{int:model_id}", response={204: None})
def delete_local_model(request: HttpRequest, model_id: int) -> None:
    api_rows.delete(request, LocalModel, model_id)
