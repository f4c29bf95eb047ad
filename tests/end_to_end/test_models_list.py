"""`/v1/models` as the SDKs of both vendors read it."""

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from tests.gateway import Gateway, running_gateway

DEMO = "mlxmanager/demo"
FEW_KEY = "a-client-key-that-may-use-few-models"
NAMES = [f"model-{number:02}" for number in range(25)]
CONFIG = "".join(
    f'[[mappings]]\nmodel_pattern = "{name}"\nbackend_type = "openai"\npriority = {99 - number}\n'
    for number, name in enumerate(NAMES)
)
CONFIG += f"""
[[mappings]]
model_pattern = "alias/of/demo"
backend_type = "local"
backend_model = "{DEMO}"

[[mappings]]
model_pattern = "glob-*"
backend_type = "openai"

[[client_keys]]
name = "few"
key_env = "FEW_KEY"
allowed_models = ["model-0*", "alias/*"]
"""
FEW = [*NAMES[:10], "alias/of/demo"]


@pytest.fixture(scope="module")
def many() -> Iterator[Gateway]:
    with running_gateway() as gateway:
        gateway.configure(CONFIG, FEW_KEY=FEW_KEY)
        yield gateway


@pytest.fixture
def anthropic_client(many: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=many.url, api_key=many.key, max_retries=0) as client:
        yield client


@pytest.fixture
def openai_client(many: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{many.url}/v1", api_key=many.key, max_retries=0) as client:
        yield client


def get(gateway: Gateway, path: str, *, key: str = "", **headers: str) -> httpx2.Response:
    return httpx2.get(f"{gateway.url}{path}", headers={"authorization": f"Bearer {key or gateway.key}"} | headers)


def test_an_openai_client_gets_all_at_once(openai_client: openai.OpenAI) -> None:
    listed = [model.id for model in openai_client.models.list()]
    assert set(NAMES) | {DEMO, "alias/of/demo"} <= set(listed)
    assert len(listed) == len(set(listed))
    assert "glob-*" not in listed


@pytest.mark.parametrize("limit", [1, 7, 1000, anthropic.NOT_GIVEN])
def test_an_anthropic_client_turns_pages_to_the_end(
    openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic, limit: Any
) -> None:
    page = anthropic_client.models.list(limit=limit)
    assert len(page.data) == min(limit if isinstance(limit, int) else 20, len(openai_client.models.list().data))
    listed = list(page)
    assert [model.id for model in listed] == [model.id for model in openai_client.models.list()]
    assert {model.lifecycle for model in listed} == {"active"}


def test_pages_can_be_turned_back(anthropic_client: anthropic.Anthropic) -> None:
    every = [model.id for model in anthropic_client.models.list(limit=1000)]
    page = anthropic_client.models.list(before_id=every[5], limit=3)
    assert [model.id for model in page.data] == every[2:5]
    assert page.has_more
    page = page.get_next_page()
    assert ([model.id for model in page.data], page.has_more) == (every[:2], False)


@pytest.mark.parametrize(
    ("lifecycle", "listed"), [(["active"], True), (["deprecated", "active"], True), (["retired"], False)]
)
def test_all_models_are_active(anthropic_client: anthropic.Anthropic, lifecycle: Any, listed: bool) -> None:
    page = anthropic_client.models.list(lifecycle=lifecycle)
    assert bool(page.data) is listed
    assert (page.first_id is not None) is listed


def test_a_stage_that_nobody_knows_is_refused(many: Gateway) -> None:
    answer = get(many, "/v1/models?lifecycle=unborn", **{"anthropic-version": "2023-06-01"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_both_vendors_keys_are_there(many: Gateway) -> None:
    for headers in ({}, {"anthropic-version": "2023-06-01"}):
        body = get(many, "/v1/models?limit=1000", **headers).json()
        assert (body["object"], body["has_more"]) == ("list", False)
        assert (body["first_id"], body["last_id"]) == (body["data"][0]["id"], body["data"][-1]["id"])
        known = {entry["id"]: entry for entry in body["data"]}
        assert known["model-00"] == {
            "id": "model-00",
            "object": "model",
            "created": 0,
            "owned_by": "mlxmanager",
            "type": "model",
            "display_name": "model-00",
            "created_at": "1970-01-01T00:00:00Z",
            "lifecycle": "active",
        }


@pytest.mark.parametrize("name", [DEMO, "alias/of/demo"])
def test_a_local_model_says_how_much_it_holds_and_since_when(
    openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic, name: str
) -> None:
    model = anthropic_client.models.retrieve(name)
    assert model.id == name
    assert (model.max_input_tokens, model.max_tokens) == (4096, 4096)
    assert model.created_at.timestamp() == openai_client.models.retrieve(name).created > 1_600_000_000


def test_a_key_sees_what_it_may_use(many: Gateway) -> None:
    listed = [entry["id"] for entry in get(many, "/v1/models", key=FEW_KEY).json()["data"]]
    assert sorted(listed) == sorted(FEW)
    assert get(many, "/v1/models/model-05", key=FEW_KEY).status_code == 200
    assert get(many, "/v1/models/model-15", key=FEW_KEY).status_code == 403


def test_a_name_that_only_a_glob_matches_is_a_model_too(openai_client: openai.OpenAI) -> None:
    assert openai_client.models.retrieve("glob-5/x").id == "glob-5/x"


def test_an_unknown_model_is_unknown_in_both_shapes(
    openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic
) -> None:
    with pytest.raises(openai.NotFoundError, match="is not known here"):
        openai_client.models.retrieve("nobody/knows")
    with pytest.raises(anthropic.NotFoundError, match="is not known here"):
        anthropic_client.models.retrieve("nobody/knows")
