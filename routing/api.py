"""`/api/mappings` and `/api/profiles`: what the admin offers, as JSON."""

from django.http import HttpRequest
from ninja import Router

from credentials import api_rows
from routing.models import BackendMapping, ModelProfile
from routing.schemas import (
    BackendMappingCreate,
    BackendMappingResponse,
    BackendMappingUpdate,
    ModelProfileCreate,
    ModelProfileResponse,
    ModelProfileUpdate,
)

mappings = Router(tags=["mappings"])
profiles = Router(tags=["model profiles"])


@mappings.get("", response=list[BackendMappingResponse])
def list_mappings(request: HttpRequest) -> list[BackendMappingResponse]:
    return [BackendMappingResponse.of(row) for row in BackendMapping.objects.all()]


@mappings.post("", response={201: BackendMappingResponse})
def create_mapping(request: HttpRequest, payload: BackendMappingCreate) -> BackendMappingResponse:
    return BackendMappingResponse.of(api_rows.create(request, BackendMapping(**payload.model_dump())))


@mappings.get("/{int:mapping_id}", response=BackendMappingResponse)
def get_mapping(request: HttpRequest, mapping_id: int) -> BackendMappingResponse:
    return BackendMappingResponse.of(api_rows.find(BackendMapping, mapping_id))


@mappings.patch("/{int:mapping_id}", response=BackendMappingResponse)
def update_mapping(request: HttpRequest, mapping_id: int, payload: BackendMappingUpdate) -> BackendMappingResponse:
    return BackendMappingResponse.of(api_rows.update(request, BackendMapping, mapping_id, payload))


@mappings.delete("/{int:mapping_id}", response={204: None})
def delete_mapping(request: HttpRequest, mapping_id: int) -> None:
    api_rows.delete(request, BackendMapping, mapping_id)


@profiles.get("", response=list[ModelProfileResponse])
def list_profiles(request: HttpRequest) -> list[ModelProfileResponse]:
    return [ModelProfileResponse.of(row) for row in ModelProfile.objects.all()]


@profiles.post("", response={201: ModelProfileResponse})
def create_profile(request: HttpRequest, payload: ModelProfileCreate) -> ModelProfileResponse:
    return ModelProfileResponse.of(api_rows.create(request, ModelProfile(**payload.model_dump())))


@profiles.get("/{int:profile_id}", response=ModelProfileResponse)
def get_profile(request: HttpRequest, profile_id: int) -> ModelProfileResponse:
    return ModelProfileResponse.of(api_rows.find(ModelProfile, profile_id))


@profiles.patch("/{int:profile_id}", response=ModelProfileResponse)
def update_profile(request: HttpRequest, profile_id: int, payload: ModelProfileUpdate) -> ModelProfileResponse:
    return ModelProfileResponse.of(api_rows.update(request, ModelProfile, profile_id, payload))


@profiles.delete("/{int:profile_id}", response={204: None})
def delete_profile(request: HttpRequest, profile_id: int) -> None:
    api_rows.delete(request, ModelProfile, profile_id)
