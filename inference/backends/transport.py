"""One request to an upstream and its answer, over aiohttp's connection pool. URLs and errors are httpx2's; its requests
and responses go over each header several times.

Bytes pass as they come. It follows no redirect, asks no proxy, keeps no cookie, and connects to vetted addresses only.
"""

import io
import os
import socket
import ssl
from functools import cache, lru_cache, partial
from ipaddress import ip_address
from typing import Self

import aiohttp
import httpx2
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

from inference.backends.addresses import (
    DEFAULT_PORTS,
    AddressRefused,
    PrivateUpstreams,
    allowed,
    refusal,
    vet_host,
)
from inference.backends.headers import Headers
from inference.silence import Silence

CONNECT_TIMEOUT = 5.0
KEEPALIVE = 30.0
LARGE_BODY = 1024**2
# In bytes. Where twice as much waits for a slow client, nothing more is read.
MOST_AHEAD = 64 * 1024
LONGEST_HEADER = 64 * 1024
KEPT_URLS = 256


class VettingResolver(AbstractResolver):
    """Hands on only the addresses we may connect to, so a name cannot lead elsewhere than where it was judged."""

    def __init__(self, private: PrivateUpstreams, inner: AbstractResolver) -> None:
        self._private = private
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises AddressRefused where none is left."""
        found = await self._inner.resolve(host, port, family)
        vetted = [result for result in found if allowed(ip_address(result["host"]), host, port, private=self._private)]
        if not vetted:
            raise refusal(host, port)
        return vetted

    async def close(self) -> None:
        await self._inner.close()


class AbortingResponse(aiohttp.ClientResponse):
    """Closes at once: aiohttp's own would first send what is left of the request."""

    def close(self) -> None:
        connection = self.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        super().close()


class Answer:
    """An upstream's answer: its head and its body as it comes. Close it.

    From the first part of the body on, one must come within `idle` seconds.
    """

    def __init__(self, response: aiohttp.ClientResponse, idle: float) -> None:
        self.status = response.status
        self._response = response
        self._silence = Silence(idle, self._give_up)
        self._has_begun = False
        self._is_reading = False

    def headers(self) -> Headers:
        """Names in lower case. Made anew each time, as they are asked for once and a stream may last for long."""
        return tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._response.raw_headers
        )

    async def read(self) -> bytes:
        """All that has come, or what comes next; nothing at the end. Who is cancelled may read on.

        Raises httpx2.TransportError.
        """
        if self._has_begun:
            self._silence.begin()
        self._is_reading = True
        try:
            chunk = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise httpx2.ReadError(type(error).__name__) from None
        finally:
            self._is_reading = False
        self._has_begun = True
        self._silence.end()
        return chunk

    def _give_up(self) -> None:
        if self._is_reading:
            self._response.content.set_exception(httpx2.ReadTimeout("silent"))

    def close(self) -> None:
        """One not yet read to its end takes its connection with it; one that was has given it back."""
        self._silence.close()
        if not self._response.closed:
            self._response.close()


class AiohttpTransport:
    """One per process, shared by all backends. Opens its pool at the first request, in the loop that serves it."""

    def __init__(self, private: PrivateUpstreams, *, resolver: AbstractResolver | None = None) -> None:
        self._private = private
        self._vetted = lru_cache(maxsize=KEPT_URLS)(partial(vetted_url, private=private))
        self._resolver = resolver
        self._tls = tls_context()
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, url: str, headers: Headers, body: bytes, *, idle: float) -> Answer:
        """Returns when the head of the answer is there, however long that takes. Without a body it is a GET.

        `headers` tell the user agent, what is accepted and what the body is: else aiohttp would tell its own.
        Raises httpx2.InvalidURL, httpx2.TransportError or AddressRefused. None of them holds a header.
        """
        place = self._vetted(url)
        if self._session is None:
            self._session = self._open_session()
        try:
            response = await self._session.request(
                "POST" if body else "GET",
                place,
                # A large one piecemeal: at once it would all be copied into the connection's buffer.
                data=io.BytesIO(body) if len(body) > LARGE_BODY else body or None,
                headers=CIMultiDict(headers),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise as_httpx2(error) from None
        return Answer(response, idle)

    def _open_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            # The gateway limits requests itself; a second queue in here would only look like a slow connect.
            limit=0,
            keepalive_timeout=KEEPALIVE,
            ssl=self._tls,
            resolver=VettingResolver(self._private, self._resolver or aiohttp.ThreadedResolver()),
        )
        return aiohttp.ClientSession(
            connector=connector,
            response_class=AbortingResponse,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=MOST_AHEAD,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


@cache
def tls_context() -> ssl.SSLContext:
    """The system's certificates, or those that SSL_CERT_FILE names. Loading them is slow, so it is done once."""
    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def vetted_url(text: str, *, private: PrivateUpstreams) -> URL:
    """The URL as aiohttp takes it, with the very host that was judged. Raises httpx2.InvalidURL or AddressRefused."""
    url = httpx2.URL(text)
    if url.scheme not in DEFAULT_PORTS:
        raise httpx2.UnsupportedProtocol("neither http nor https")
    if url.userinfo:
        raise AddressRefused("A URL with a user name or a password is not used.")
    host = url.raw_host.decode("ascii")
    # aiohttp asks no resolver for a host that is an address.
    vet_host(host, url.port or DEFAULT_PORTS[url.scheme], private=private)
    path, _, query = url.raw_path.decode("ascii").partition("?")
    built = URL.build(
        scheme=url.scheme, authority=url.netloc.decode("ascii"), path=path, query_string=query, encoded=True
    )
    if built.raw_host != host:
        raise AddressRefused("The host can be read in two ways.")
    return built


def as_httpx2(error: aiohttp.ClientError | OSError) -> httpx2.TransportError:
    """What went wrong before the answer began. aiohttp's own errors hold the request's headers, so they end here."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return httpx2.ConnectTimeout("no connection in time")
        case aiohttp.ClientConnectorDNSError():
            return httpx2.ConnectError("the host name is not known")
        case aiohttp.ClientConnectorCertificateError():
            return httpx2.ConnectError("its certificate is not trusted")
        case aiohttp.ClientSSLError():
            return httpx2.ConnectError("no TLS connection")
        case aiohttp.ClientConnectorError():
            # Not its own text, which names the address.
            return httpx2.ConnectError(os.strerror(error.errno) if error.errno else "no connection")
        case aiohttp.ClientResponseError():
            return httpx2.RemoteProtocolError("not HTTP")
        case _:
            return httpx2.ReadError("the connection was closed before an answer")
