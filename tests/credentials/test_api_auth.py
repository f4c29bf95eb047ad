"""Who gets into the configuration API, and who is turned away with what."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from credentials import client_keys
from credentials.models import ClientKey
from mlxmanager.urls import configuration_api
from tests.builders import make_client_key
from tests.configuration import Caller, administrator, detail

pytestmark = pytest.mark.django_db

PATHS = ["/mappings", "/credentials", "/profiles", "/client-keys", "/local-models"]


def signed_in(*, is_superuser: bool) -> Client:
    user = User.objects.create_user("someone", is_staff=True, is_superuser=is_superuser)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


OPERATIONS = [
    *[(method, path) for path in PATHS for method in ("GET", "POST")],
    *[(method, f"{path}/1") for path in PATHS for method in ("GET", "PATCH", "DELETE")],
    ("POST", "/route"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nobody_gets_in_without_a_key(method: str, path: str) -> None:
    response = Caller()(method, path, {})
    assert response.status_code == 401
    assert isinstance(detail(response), str)


def test_the_operations_tried_are_all_there_are() -> None:
    documented = configuration_api().get_openapi_schema(path_prefix="")["paths"]
    assert {
        (method.upper(), re.sub(r"{.*}", "1", path)) for path, methods in documented.items() for method in methods
    } == set(OPERATIONS)


@pytest.mark.parametrize("path", PATHS)
def test_an_admin_key_gets_in_by_either_header(path: str) -> None:
    _, key = make_client_key(is_admin=True)
    assert Caller(authorization=f"Bearer {key}")("GET", path).status_code == 200
    assert Caller(x_api_key=key)("GET", path).status_code == 200


def test_the_use_of_an_admin_key_is_noted_once_a_minute() -> None:
    row, key = make_client_key(is_admin=True)
    caller = Caller(x_api_key=key)
    caller("GET", "/mappings")
    row.refresh_from_db()
    noted = row.last_used_at
    assert noted is not None
    caller("GET", "/mappings")
    row.refresh_from_db()
    assert row.last_used_at == noted
    ClientKey.objects.filter(pk=row.pk).update(last_used_at=noted - timedelta(minutes=2))
    caller("GET", "/mappings")
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert row.last_used_at > noted


def test_an_unknown_key_is_refused() -> None:
    assert Caller(x_api_key=client_keys.make())("GET", "/mappings").status_code == 401


def test_a_key_that_is_no_admin_key_is_refused() -> None:
    _, key = make_client_key()
    assert Caller(x_api_key=key)("GET", "/mappings").status_code == 403


def test_a_disabled_key_is_refused() -> None:
    _, key = make_client_key(is_admin=True, enabled=False)
    assert Caller(x_api_key=key)("GET", "/mappings").status_code == 403


def test_an_expired_key_is_refused() -> None:
    _, key = make_client_key(is_admin=True, expires_at=timezone.now() - timedelta(seconds=1))
    assert Caller(x_api_key=key)("GET", "/mappings").status_code == 403


def test_a_superuser_reads_with_the_session_alone() -> None:
    assert Caller(signed_in(is_superuser=True))("GET", "/credentials").status_code == 200


def test_a_superuser_writes_with_the_csrf_token_only() -> None:
    client = signed_in(is_superuser=True)
    body = {"backend_type": "openai"}
    assert Caller(client)("POST", "/credentials", body).status_code == 403
    client.get("/admin/")
    token = client.get("/api/docs").context["csrf_token"]
    assert Caller(client, x_csrftoken=str(token))("POST", "/credentials", body).status_code == 201


@pytest.mark.parametrize("path", PATHS)
def test_staff_who_are_no_superusers_are_refused(path: str) -> None:
    assert Caller(signed_in(is_superuser=False))("GET", path).status_code == 403


def test_the_page_of_documentation_is_for_staff() -> None:
    assert Client().get("/api/docs").status_code == 302
    assert Client().get("/api/openapi.json").status_code == 302
    assert signed_in(is_superuser=False).get("/api/docs").status_code == 200


def test_an_address_there_is_not_is_told_in_json() -> None:
    call = administrator()
    assert detail(call("GET", "/nothing")) == "Not Found"
    assert detail(call("POST", "/mappings/")) == "Not Found"
    assert call("GET", "/").status_code == 404
    assert detail(call("PUT", "/mappings")) == "Method not allowed"
