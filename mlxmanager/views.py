"""The page at `/`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Sends a browser to the admin. An agent that only asks whether anybody is there, with HEAD, hears yes."""
    return HttpResponse() if request.method == "HEAD" else redirect("admin:index")
