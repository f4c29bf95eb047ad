"""`/api/mappings`: what the admin offers, as JSON."""

from django.http import HttpRequest
from ninja import Router

from credentials import api_rows, generation
from credentials.api_auth import author
from routing.models import BackendMapping
from routing.schemas import BackendMappingCreate, BackendMappingResponse, BackendMappingUpdate

mappings = Router(tags=["mappings"])


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
