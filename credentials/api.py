"""`/api/credentials` and `/api/client-keys`: what the admin offers, as JSON. No answer holds a stored key."""

from django.http import HttpRequest
from ninja import Router

from credentials import api_rows, client_keys
from credentials.models import ClientKey, CloudCredential
from credentials.schemas import (
    ClientKeyCreate,
    ClientKeyCreated,
    ClientKeyResponse,
    ClientKeyUpdate,
    CloudCredentialCreate,
    CloudCredentialResponse,
    CloudCredentialUpdate,
)

credentials = Router(tags=["credentials"])
keys = Router(tags=["client keys"])


@credentials.get("", response=list[CloudCredentialResponse])
def list_credentials(request: HttpRequest) -> list[CloudCredentialResponse]:
    rows = CloudCredential.objects.order_by("backend_type", "name")
    return [CloudCredentialResponse.of(row) for row in rows]


@credentials.post("", response={201: CloudCredentialResponse})
def create_credential(request: HttpRequest, payload: CloudCredentialCreate) -> CloudCredentialResponse:
    row = CloudCredential()
    fill_credential(row, payload)
    return CloudCredentialResponse.of(api_rows.create(request, row))


@credentials.get("/{int:credential_id}", response=CloudCredentialResponse)
def get_credential(request: HttpRequest, credential_id: int) -> CloudCredentialResponse:
    return CloudCredentialResponse.of(api_rows.find(CloudCredential, credential_id))


@credentials.patch("/{int:credential_id}", response=CloudCredentialResponse)
def update_credential(
    request: HttpRequest, credential_id: int, payload: CloudCredentialUpdate
) -> CloudCredentialResponse:
    with api_rows.changing(request, CloudCredential, credential_id) as row:
        fill_credential(row, payload)
        api_rows.save(row)
    return CloudCredentialResponse.of(row)


@credentials.delete("/{int:credential_id}", response={204: None})
def delete_credential(request: HttpRequest, credential_id: int) -> None:
    api_rows.delete(request, CloudCredential, credential_id)


@keys.get("", response=list[ClientKeyResponse])
def list_client_keys(request: HttpRequest) -> list[ClientKeyResponse]:
    return [ClientKeyResponse.of(row) for row in ClientKey.objects.order_by("name")]


@keys.post("", response={201: ClientKeyCreated})
def create_client_key(request: HttpRequest, payload: ClientKeyCreate) -> ClientKeyCreated:
    row, key = ClientKey(**payload.model_dump()), client_keys.make()
    row.accept(key)
    created = ClientKeyResponse.of(api_rows.create(request, row))
    return ClientKeyCreated(**created.model_dump(), key=key)


@keys.get("/{int:key_id}", response=ClientKeyResponse)
def get_client_key(request: HttpRequest, key_id: int) -> ClientKeyResponse:
    return ClientKeyResponse.of(api_rows.find(ClientKey, key_id))


@keys.patch("/{int:key_id}", response=ClientKeyResponse)
def update_client_key(request: HttpRequest, key_id: int, payload: ClientKeyUpdate) -> ClientKeyResponse:
    return ClientKeyResponse.of(api_rows.update(request, ClientKey, key_id, payload))


@keys.delete("/{int:key_id}", response={204: None})
def delete_client_key(request: HttpRequest, key_id: int) -> None:
    api_rows.delete(request, ClientKey, key_id)


def fill_credential(row: CloudCredential, payload: CloudCredentialUpdate) -> None:
    for field, value in payload.model_dump(exclude_unset=True, exclude={"api_key"}).items():
        setattr(row, field, value)
    if "api_key" in payload.model_fields_set:
        row.encrypted_api_key = payload.api_key.get_secret_value() if payload.api_key is not None else None
