"""The endpoints under `/v1`, one NinjaAPI per protocol. A view raises; the handler renders the error."""

from typing import Any, NoReturn

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI

from inference.api.complete import complete
from inference.api.count import count_tokens
from inference.api.models_list import model_page, one_model
from inference.api.requests import ApiRequest


class ProtocolAPI(NinjaAPI):
    """Leaves every error to the handler, so that no client sees a framework's own shape."""

    def on_exception(self, request: HttpRequest, exc: Any) -> NoReturn:  # noqa: ARG002 - ninja's signature
        raise exc


openai = ProtocolAPI(title="OpenAI", urls_namespace="openai", docs_url=None, openapi_url=None)
anthropic = ProtocolAPI(title="Anthropic", urls_namespace="anthropic", docs_url=None, openapi_url=None)


@openai.post("/chat/completions")
async def chat_completions(request: ApiRequest) -> HttpResponseBase:
    return await complete(request, "openai_chat")


@openai.post("/completions")
async def completions(request: ApiRequest) -> HttpResponseBase:
    return await complete(request, "openai_completions")


@openai.post("/embeddings")
async def embeddings(request: ApiRequest) -> HttpResponseBase:
    return await complete(request, "openai_embeddings", streams=False)


@anthropic.post("/messages")
async def messages(request: ApiRequest) -> HttpResponseBase:
    return await complete(request, "anthropic_messages")


@anthropic.post("/messages/count_tokens")
async def message_count(request: ApiRequest) -> HttpResponseBase:
    return await count_tokens(request)


@openai.get("/models")
async def models(request: ApiRequest) -> HttpResponseBase:
    return JsonResponse(model_page(request))


@openai.get("/models/{path:model_id}")
async def model(request: ApiRequest, model_id: str) -> HttpResponseBase:
    return JsonResponse(one_model(request, model_id))
