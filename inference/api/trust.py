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
OF_PROXIES = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP")
OF_PROXIES_BEGIN = "HTTP_X_FORWARDED_"


def is_from_here(request: ApiRequest) -> bool:
    address = request.META.get("REMOTE_ADDR", "")
    if not address or not ipaddress.ip_address(address).is_loopback:
        return False
    host, _ = split_domain_port(request.META.get("HTTP_HOST", ""))
    forwarded = any(name in OF_PROXIES or name.startswith(OF_PROXIES_BEGIN) for name in request.META)
    return host in LOCAL_NAMES and not forwarded


def client_of(request: ApiRequest) -> Client | None:
    """The client whose valid key the request shows."""
    try:
        return request.gateway.authenticate(presented_key(request))
    except GatewayError:
        return None
