"""Every error of the configuration API as `{"detail": …}`, those of the frameworks too."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, URLResolver, path
from ninja import NinjaAPI
from ninja.errors import ValidationError

from credentials.api_rows import Refused
from credentials.problems import words

logger = logging.getLogger(__name__)

type View = Callable[..., HttpResponse]
type Urls = tuple[list[URLResolver | URLPattern], str, str]


def register(api: NinjaAPI) -> None:
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        ValidationError: _invalid,
        Refused: _refused,
        IntegrityError: lambda request, error: _answer(409, "This clashes with a row that was written just now."),
        ProtectedError: lambda request, error: _answer(409, _in_use(error)),
        ImproperlyConfigured: lambda request, error: _answer(503, str(error)),
        RequestDataTooBig: lambda request, error: _answer(413, "The body is too large."),
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def complete(urls: Urls) -> Urls:
    """The API's addresses, with JSON also for a method that none takes and for an address there is not."""
    patterns, app, namespace = urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = _in_json(pattern.callback)
    return [*patterns, path("<path:rest>", _not_found)], app, namespace


def _in_json(view: View) -> View:
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # Any: passed through.
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return _answer(404, "Not Found")
        if isinstance(response, HttpResponseNotAllowed):
            response.headers["content-type"] = "application/json"
            response.content = b'{"detail": "Method not allowed"}'
        return response

    return answer


def _not_found(request: HttpRequest, rest: str) -> HttpResponse:
    return _answer(404, "Not Found")


_not_found.csrf_exempt = True  # type: ignore[attr-defined]  # Or a POST would get the HTML of a failed CSRF check.


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # The location begins with "body" and the name of the view's argument, which is nothing to a client.
    problems = [(one["loc"][2:] or one["loc"][:1], words(one["msg"]), one["type"]) for one in error.errors]
    return _answer(422, [{"loc": ["body", *loc], "msg": message, "type": kind} for loc, message, kind in problems])


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    if error.duplicate:
        return _answer(409, " ".join(message for messages in error.problems.values() for message in messages))
    problems = [(field, message) for field, messages in error.problems.items() for message in messages]
    return _answer(422, [{"loc": ["body", field], "msg": message, "type": "invalid"} for field, message in problems])


def _in_use(error: ProtectedError) -> str:
    users = ", ".join(sorted(str(row) for row in error.protected_objects))
    return f"Mappings still use this credential: {users}. Change or delete them first."


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("configuration API failed path=%s", request.path, exc_info=error)
    return _answer(500, "Something went wrong on our side; the log says what.")


def _answer(status: int, detail: object) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=status)
