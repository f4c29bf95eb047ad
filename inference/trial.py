"""Tries a credential against its upstream: asks for the list of models, which every vendor gives and none bills."""

from inference.backends.addresses import PrivateUpstreams
from inference.backends.anthropic import Anthropic
from inference.backends.base import Backend, Call
from inference.backends.openai import OpenAI
from inference.backends.transport import AiohttpTransport
from inference.protocols import anthropic_messages, openai_chat
from routing.route import Target, Upstream

PATIENCE = 15.0


async def try_credential(backend_type: str, upstream: Upstream, *, private: PrivateUpstreams) -> None:
    """Raises BackendError with what is wrong."""
    transport = AiohttpTransport(private)
    backends: dict[str, Backend] = {
        "openai": OpenAI(transport, openai_chat.parse_error),
        "anthropic": Anthropic(transport, anthropic_messages.parse_error),
    }
    call = Call(request_id="trial", endpoint="models", body=b"", stream=False, first_byte=PATIENCE, idle=PATIENCE)
    try:
        reply = await backends[backend_type].open(call, Target(backend_type, "", upstream))
        await reply.aclose()
    finally:
        await transport.aclose()
