"""The ASGI application of `/v1`: admits a request, runs its view, sends the answer.

Stock Django serves everything else. Against its handler this leaves out what costs more than our whole work does:
request signals, the middleware chain and each hop to a thread. The body is read once, under its cap, and only for a
request that shows a valid key. From then on one `receive()` waits for the client to go away and cancels the view when
it does.
"""

import asyncio

import structlog
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, get_resolver, set_script_prefix

from inference.api import cors
from inference.api.gateway import Gateway
from inference.api.identity import presented_key
from inference.api.requests import ApiRequest, ClientGone, Message, Receive, Send
from inference.api.respond import StreamResponse, error_response
from inference.errors import GatewayError, Kind

log = structlog.get_logger("mlxmanager.api")

# In bytes. What one write hands to the server.
PIECE = 1024**2
# What is counted of a client that left, or did not read.
GONE = "client_gone"


class Endpoint:
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.resolver = get_resolver("inference.api.urls")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        set_script_prefix("/")
        request = ApiRequest(scope, self.gateway)
        structlog.contextvars.bind_contextvars(request_id=request.id)
        send = cors.shared(request, self.gateway.origins, send)
        try:
            await self.handle(request, receive, send)
        finally:
            self.gateway.meter.count(request.course)

    async def handle(self, request: ApiRequest, receive: Receive, send: Send) -> None:
        try:
            if cors.is_preflight(request, self.gateway.origins):
                self.gateway.check_host(request)
                await self.answer(request, cors.preflight(request), send)
                return
            await self.admit(request, receive)
        except ClientGone:
            request.course.outcome = GONE
        except GatewayError as error:
            await self.answer(request, error_response(request, error), send)
        else:
            with self.gateway.activity.entered():
                await self.serve(request, receive, send)

    async def admit(self, request: ApiRequest, receive: Receive) -> None:
        """Check what needs no view, then receive the body. Raises GatewayError."""
        request.resolver_match = self.resolve(request)
        if request.resolver_match is not None:
            request.course.endpoint = f"/{request.resolver_match.route}"
        self.gateway.check_host(request)
        request.client = self.gateway.authenticate(presented_key(request))
        self.gateway.activity.check_open()
        if request.resolver_match is None:
            hint = " The base URL seems to end in /v1 twice." if request.path.startswith("/v1/v1") else ""
            raise GatewayError(Kind.UNKNOWN_URL, f"Unknown address: {request.path}.{hint}")
        await request.receive_body(receive, self.gateway.limits.body)

    def resolve(self, request: ApiRequest) -> ResolverMatch | None:
        try:
            return self.resolver.resolve(request.path_info)
        except Http404:
            return None

    async def serve(self, request: ApiRequest, receive: Receive, send: Send) -> None:
        """Answer, unless the client goes first, or our time is up: then the view is cancelled."""
        task = asyncio.current_task()
        assert task is not None
        watcher = asyncio.ensure_future(receive())

        def leave(_: object) -> None:
            task.cancel()

        watcher.add_done_callback(leave)
        try:
            await self.answer(request, await self.respond(request), send)
        except asyncio.CancelledError:
            interruption = self.gateway.activity.interruption
            if watcher.done():
                task.uncancel()
                request.course.outcome = GONE
                log.info("client gone", path=request.path, status=499)
            elif interruption is not None and not request.is_answered:
                task.uncancel()
                await self.answer(request, error_response(request, interruption), send)
            else:
                raise
        except TimeoutError:
            # Returning without the end of the answer has the server close the connection.
            request.course.outcome = GONE
            log.info("client does not read", path=request.path, status=499)
        finally:
            watcher.remove_done_callback(leave)
            watcher.cancel()

    async def respond(self, request: ApiRequest) -> HttpResponseBase:
        """Run the view. Whatever it raises becomes a response in the client's protocol."""
        match = request.resolver_match
        assert match is not None
        try:
            response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
        except GatewayError as error:
            return error_response(request, error)
        except (BadRequest, SuspiciousOperation):
            return error_response(request, GatewayError(Kind.INVALID_VALUE, "The address cannot be read."))
        except Exception:
            log.exception("unexpected error", path=request.path)
            broken = GatewayError(Kind.INTERNAL_ERROR, f"Internal error. The log has it under {request.id}.")
            return error_response(request, broken)
        if response.status_code == 405:
            message = f"{request.method} is not allowed at {request.path}."
            refused = error_response(request, GatewayError(Kind.METHOD_NOT_ALLOWED, message))
            refused["Allow"] = response["Allow"]
            return refused
        return response

    async def answer(self, request: ApiRequest, response: HttpResponseBase, send: Send) -> None:
        request.course.answer(response.status_code)
        await self.send_response(response, send)

    async def send_response(self, response: HttpResponseBase, send: Send) -> None:
        headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
        head: Message = {"type": "http.response.start", "status": response.status_code, "headers": headers}
        if isinstance(response, StreamResponse):
            await self.send_stream(response, head, send)
        elif isinstance(response, HttpResponse):
            await self.send_plain(response, head, send)

    async def send_plain(self, response: HttpResponse, head: Message, send: Send) -> None:
        """A large body goes piece by piece, so that a client that does not read leaves most of it unsent."""
        body = memoryview(response.content)
        head["headers"] = [*head["headers"], (b"content-length", str(len(body)).encode("ascii"))]
        await send(head)
        for start in range(0, len(body), PIECE):
            async with asyncio.timeout(self.gateway.limits.idle):
                await send({"type": "http.response.body", "body": body[start : start + PIECE], "more_body": True})
        await send({"type": "http.response.body"})

    async def send_stream(self, response: StreamResponse, head: Message, send: Send) -> None:
        """Send part by part. A client that reads nothing for the idle time is taken as gone."""
        relay = response.relay
        try:
            response.request.is_answered = True
            with self.gateway.activity.streaming(relay):
                await send(head)
                async for part in relay:
                    async with asyncio.timeout(self.gateway.limits.idle):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                await send({"type": "http.response.body"})
        finally:
            if relay.broken_by is not None:
                response.request.course.outcome = relay.broken_by.value
            await relay.aclose()
