"""Tries a credential against its upstream: asks for the list of models, which every vendor gives and none bills."""

from inference.backends.addresses import PrivateUpstreams
from inference.backends.base import Call
from inference.backends.transport import AiohttpTransport
from inference.clouds import cloud_backends
from routing.route import Target, Upstream

PATIENCE = 15.0


async def try_credential(backend_type: str, upstream: Upstream, *, private: PrivateUpstreams) -> None:
    """Raises BackendError with what is wrong."""
    transport = AiohttpTransport(private)
    call = Call(request_id="trial", endpoint="models", body=b"", stream=False, first_byte=PATIENCE, idle=PATIENCE)
    try:
        reply = await cloud_backends(transport)[backend_type].open(call, Target(backend_type, "", upstream))
        await reply.aclose()
    finally:
        await transport.aclose()
