"""The backends that ask a cloud, or whatever a base URL names, by the name mappings and credentials know them by."""

from inference.backends.anthropic import Anthropic
from inference.backends.base import Backend
from inference.backends.openai import OpenAI
from inference.backends.transport import AiohttpTransport
from inference.protocols import anthropic_messages, openai_chat


def cloud_backends(transport: AiohttpTransport) -> dict[str, Backend]:
    return {
        "openai": OpenAI(transport, openai_chat.parse_error),
        "anthropic": Anthropic(transport, anthropic_messages.parse_error),
    }
