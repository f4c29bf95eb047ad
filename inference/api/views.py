"""The endpoints under `/v1`, one NinjaAPI per protocol. A view raises; the handler renders the error."""

from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from inference.api.complete import complete
from inference.api.count import count_tokens
from inference.api.models_list import model_page, one_model
from inference.api.requests import ApiRequest
from inference.api.respond import Response, json_response

UNUSED = HttpResponse()


class ProtocolAPI(NinjaAPI):
    """Finds the view. Its answers and errors are in a protocol's shape already, which no framework's shall replace."""

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - ninja's signature
        return UNUSED

    def create_response(self, request: HttpRequest, data: Any, **_: Any) -> Any:  # noqa: ARG002 - ninja's signature
        return data

    def on_exception(self, request: HttpRequest, exc: Any) -> NoReturn:  # noqa: ARG002 - ninja's signature
        raise exc


openai = ProtocolAPI(title="OpenAI", urls_namespace="openai", docs_url=None, openapi_url=None)
anthropic = ProtocolAPI(title="Anthropic", urls_namespace="anthropic", docs_url=None, openapi_url=None)


@openai.post("/chat/completions")
async def chat_completions(request: ApiRequest) -> Response:
    return await complete(request, "openai_chat")


@openai.post("/completions")
async def completions(request: ApiRequest) -> Response:
    return await complete(request, "openai_completions")


@openai.post("/embeddings")
async def embeddings(request: ApiRequest) -> Response:
    return await complete(request, "openai_embeddings", streams=False)


@anthropic.post("/messages")
async def messages(request: ApiRequest) -> Response:
    return await complete(request, "anthropic_messages")


@anthropic.post("/messages/count_tokens")
async def message_count(request: ApiRequest) -> Response:
    return await count_tokens(request)


@openai.get("/models")
async def models(request: ApiRequest) -> Response:
    return json_response(model_page(request))


@openai.get("/models/{path:model_id}")
async def model(request: ApiRequest, model_id: str) -> Response:
    return json_response(one_model(request, model_id))
