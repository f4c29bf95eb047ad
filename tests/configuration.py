"""A caller of the configuration API with the key, session or nothing that a test wants to be known by."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.builders import make_client_key


class Caller:
    """Sends JSON; `headers` go with every call."""

    def __init__(self, client: Client | None = None, **headers: str) -> None:
        self.client = client or Client(enforce_csrf_checks=True)
        self.headers = headers

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
        data = b"" if body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in (self.headers | headers).items()}
        return self.client.generic(method, f"/api{path}", data, "application/json", headers=given)  # type: ignore[return-value]  # The test client's own subclass.


def administrator() -> Caller:
    _, key = make_client_key("administrator", is_admin=True)
    return Caller(authorization=f"Bearer {key}")


def detail(response: HttpResponse) -> Any:  # Any: JSON.
    return json.loads(response.content)["detail"]


def fields(response: HttpResponse) -> set[str]:
    """The fields a 422 names."""
    return {one["loc"][-1] for one in detail(response)}
