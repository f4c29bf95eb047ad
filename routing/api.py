"""`/api/mappings` and `/api/profiles`: what the admin offers, as JSON."""

from django.http import HttpRequest
from ninja import Router

from credentials import api_rows, generation
from credentials.api_auth import author
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
    row = BackendMapping(**payload.model_dump())
    with generation.change(author(request)):
        api_rows.save(row)
    return BackendMappingResponse.of(row)


@mappings.get("/{int:mapping_id}", response=BackendMappingResponse)
def get_mapping(request: HttpRequest, mapping_id: int) -> BackendMappingResponse:
    return BackendMappingResponse.of(api_rows.find(BackendMapping, mapping_id))


@mappings.patch("/{int:mapping_id}", response=BackendMappingResponse)
def update_mapping(request: HttpRequest, mapping_id: int, payload: BackendMappingUpdate) -> BackendMappingResponse:
    with api_rows.changing(request, BackendMapping, mapping_id) as row:
        for field, value in payload.model_dump(exclude_unset=True).items():
            setattr(row, field, value)
        api_rows.save(row)
    return BackendMappingResponse.of(row)


@mappings.delete("/{int:mapping_id}", response={204: None})
def delete_mapping(request: HttpRequest, mapping_id: int) -> None:
    with api_rows.changing(request, BackendMapping, mapping_id) as row:
        row.delete()


@profiles.get("", response=list[ModelProfileResponse])
def list_profiles(request: HttpRequest) -> list[ModelProfileResponse]:
    return [ModelProfileResponse.of(row) for row in ModelProfile.objects.all()]


@profiles.post("", response={201: ModelProfileResponse})
def create_profile(request: HttpRequest, payload: ModelProfileCreate) -> ModelProfileResponse:
    row = ModelProfile(**payload.model_dump())
    with generation.change(author(request)):
        api_rows.save(row)
    return ModelProfileResponse.of(row)


@profiles.get("/{int:profile_id}", response=ModelProfileResponse)
def get_profile(request: HttpRequest, profile_id: int) -> ModelProfileResponse:
    return ModelProfileResponse.of(api_rows.find(ModelProfile, profile_id))


@profiles.patch("/{int:profile_id}", response=ModelProfileResponse)
def update_profile(request: HttpRequest, profile_id: int, payload: ModelProfileUpdate) -> ModelProfileResponse:
    with api_rows.changing(request, ModelProfile, profile_id) as row:
        for field, value in payload.model_dump(exclude_unset=True).items():
            setattr(row, field, value)
        api_rows.save(row)
    return ModelProfileResponse.of(row)


@profiles.delete("/{int:profile_id}", response={204: None})
def delete_profile(request: HttpRequest, profile_id: int) -> None:
    with api_rows.changing(request, ModelProfile, profile_id) as row:
        row.delete()
