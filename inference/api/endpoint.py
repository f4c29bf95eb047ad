"""The ASGI application of `/v1`: admits a request, runs its view, sends the answer.

Stock Django serves everything else. Against its handler this leaves out what costs more than our whole work does:
request signals, the middleware chain and each hop to a thread. The body is read once, under its cap, and only for a
request that shows a valid key. From then on the server is asked to tell when the client goes away, and the view is
cancelled when it does.
"""

import asyncio
from collections.abc import Awaitable
from functools import lru_cache

import structlog
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpResponseNotAllowed
from django.urls import ResolverMatch, get_resolver

from inference.api import cors
from inference.api.charging import settle
from inference.api.gateway import Gateway
from inference.api.identity import presented_key
from inference.api.presence import Presence
from inference.api.requests import ApiRequest, ClientGone, Message, Receive, Send
from inference.api.respond import Response, error_response
from inference.api.sending import Sending
from inference.course import GONE
from inference.errors import GatewayError, Kind
from inference.relay import Relay

log = structlog.get_logger("mlxmanager.api")

# A model's name may be part of one, so that there are endlessly many.
KNOWN_PATHS = 64


class Endpoint:
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.match = lru_cache(maxsize=KNOWN_PATHS)(self.resolve)
        self.resolver = get_resolver("inference.api.urls")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        request = ApiRequest(scope, self.gateway)
        structlog.contextvars.bind_contextvars(request_id=request.id)
        send = cors.shared(request, self.gateway.origins, send)
        try:
            if await self.is_admitted(request, receive, send):
                await self.serve(request, send)
        finally:
            self.gateway.end(request.course)
            if request.charged:
                settle(request)

    async def is_admitted(self, request: ApiRequest, receive: Receive, send: Send) -> bool:
        """Whether there is a view to run; otherwise the request is done with."""
        try:
            if not cors.is_preflight(request, self.gateway.origins):
                await self.admit(request, receive)
                return True
            self.gateway.check_host(request.headers.get("host", ""))
            await self.answer(request, cors.preflight(request), send)
        except ClientGone:
            request.course.outcome = GONE
        except GatewayError as error:
            await self.answer(request, error_response(request, error), send)
        return False

    async def admit(self, request: ApiRequest, receive: Receive) -> None:
        """Check what needs no view, then receive the body. Raises GatewayError and ClientGone."""
        request.match = self.match(request.path)
        if request.match is not None:
            request.course.endpoint = f"/{request.match.route}"
        self.gateway.check_host(request.headers.get("host", ""))
        request.client = request.course.client = self.gateway.authenticate(presented_key(request))
        self.gateway.activity.check_open()
        if request.match is None:
            hint = " The base URL seems to end in /v1 twice." if request.path.startswith("/v1/v1") else ""
            raise GatewayError(Kind.UNKNOWN_URL, f"Unknown address: {request.path}.{hint}")
        await request.receive_body(receive, self.gateway.limits.body)

    def resolve(self, path: str) -> ResolverMatch | None:
        try:
            return self.resolver.resolve(path)
        except Http404:
            return None

    async def serve(self, request: ApiRequest, send: Send) -> None:
        """Answer, unless the client goes first, or our time is up: then the view is cancelled."""
        task = asyncio.current_task()
        assert task is not None
        activity, presence = self.gateway.activity, Presence(request.scope, task)
        activity.requests.add(task)
        presence.begin()
        try:
            await self.answer(request, await self.respond(request), send)
        except asyncio.CancelledError:
            if presence.is_gone:
                task.uncancel()
                request.course.outcome = GONE
            elif activity.interruption is not None and not request.is_answered:
                task.uncancel()
                await self.answer(request, error_response(request, activity.interruption), send)
            else:
                raise
        except TimeoutError:
            # Returning without the end of the answer has the server close the connection.
            request.course.outcome = GONE
            log.info("client does not read", path=request.path)
        finally:
            presence.end()
            activity.requests.discard(task)

    async def respond(self, request: ApiRequest) -> Response:
        """Run the view. Whatever it raises becomes a response in the client's protocol."""
        match = request.match
        assert match is not None
        try:
            response: Response | HttpResponseNotAllowed = await match.func(request, *match.args, **match.kwargs)
        except GatewayError as error:
            return error_response(request, error)
        except (BadRequest, SuspiciousOperation):
            return error_response(request, GatewayError(Kind.INVALID_VALUE, "The address cannot be read."))
        except Exception:
            log.exception("unexpected error", path=request.path)
            broken = GatewayError(Kind.INTERNAL_ERROR, f"Internal error. The log has it under {request.id}.")
            return error_response(request, broken)
        if isinstance(response, HttpResponseNotAllowed):
            refused = GatewayError(Kind.METHOD_NOT_ALLOWED, f"{request.method} is not allowed at {request.path}.")
            return error_response(request, refused, {"allow": response["Allow"]})
        return response

    def answer(self, request: ApiRequest, response: Response, send: Send) -> Awaitable[None]:
        """Send it. Raises TimeoutError where the client does not read."""
        request.course.answer(response.status)
        sending = Sending(response, send, self.gateway.limits.idle)
        if isinstance(response.body, Relay):
            return self.stream(request, response.body, sending)
        return sending.run()

    async def stream(self, request: ApiRequest, relay: Relay, sending: Sending) -> None:
        """It is closed whatever happens, and can be interrupted. What has only led to it is let go of meanwhile."""
        task = asyncio.current_task()
        assert task is not None
        streams = self.gateway.activity.streams
        request.is_answered = True
        request.forget()
        streams[task] = relay
        try:
            await sending.run()
        finally:
            del streams[task]
            if relay.broken_by is not None:
                request.course.outcome = relay.broken_by.value
            await relay.aclose()
