"""Who may see how the gateway is doing: who asks on this machine, or shows a client key."""

import ipaddress

from django.http.request import split_domain_port

from inference.api.identity import presented_key
from inference.api.requests import ApiRequest
from inference.errors import GatewayError
from routing.client import Client

# Names that no stranger can bind to an address of his own choice, to have a browser on this machine ask for him.
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
# What proxies add: the peer is then not who asks.
OF_PROXIES = ("forwarded", "via", "x-real-ip")
OF_PROXIES_BEGIN = "x-forwarded-"


# As nginx asks, by default, without a word of the client. Who asks for himself has spoken 1.1 for long.
VERSION_OF_PROXIES = "1.0"


def is_from_here(request: ApiRequest) -> bool:
    if not request.peer or not ipaddress.ip_address(request.peer).is_loopback:
        return False
    host, _ = split_domain_port(request.headers.get("host", ""))
    return host in LOCAL_NAMES and not is_forwarded(request)


def is_forwarded(request: ApiRequest) -> bool:
    """Whether it came by a proxy, or may have: where one is set up, not all that it sends tells of it."""
    if request.gateway.is_behind_proxy or request.http_version == VERSION_OF_PROXIES:
        return True
    return any(name in OF_PROXIES or name.startswith(OF_PROXIES_BEGIN) for name in request.headers)


def client_of(request: ApiRequest) -> Client | None:
    """The client whose valid key the request shows."""
    try:
        return request.gateway.authenticate(presented_key(request))
    except GatewayError:
        return None
