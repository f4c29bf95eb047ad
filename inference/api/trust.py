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


def is_from_here(request: ApiRequest) -> bool:
    if not request.peer or not ipaddress.ip_address(request.peer).is_loopback:
        return False
    host, _ = split_domain_port(request.headers.get("host", ""))
    forwarded = any(name in OF_PROXIES or name.startswith(OF_PROXIES_BEGIN) for name in request.headers)
    return host in LOCAL_NAMES and not forwarded


def client_of(request: ApiRequest) -> Client | None:
    """The client whose valid key the request shows."""
    try:
        return request.gateway.authenticate(presented_key(request))
    except GatewayError:
        return None
