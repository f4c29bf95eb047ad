"""What coding agents really send, asked of every backend: nothing is refused, and nothing they said is lost."""

import pytest

from tests.conformance.recorded import AgentRequest, agent_requests
from tests.inference import contents
from tests.inference.exchanges import ANTHROPIC, NATIVE
from tests.inference.ordering import violations
from tests.inference.pairings import BACKENDS, Backend, begin
from tests.inference.vendor_types import unknown_fields

REQUESTS = agent_requests()
OTHER = [(sent, backend) for sent in REQUESTS for backend in BACKENDS if backend.protocol != sent.asked.protocol]
SAME = [(sent, backend) for sent in REQUESTS for backend in BACKENDS if backend.protocol == sent.asked.protocol]
CLAUDE_CODE = [pair for pair in OTHER if pair[0].name.startswith("claude")]
BILLING = b"x-anthropic-billing-header"


@pytest.mark.parametrize(("sent", "backend"), OTHER, ids=str)
def test_an_agents_request_reaches_every_backend(sent: AgentRequest, backend: Backend) -> None:
    source = contents.decoded(sent.asked.protocol, sent.asked.body)
    request = contents.decoded(backend.protocol, begin(sent.asked, backend).request)
    assert (
        contents.missing(contents.leaves(sent.asked.protocol, source), contents.leaves(backend.protocol, request)) == []
    )
    assert contents.tools(backend.protocol, request) == contents.tools(sent.asked.protocol, source)
    assert violations(backend.protocol, request) == []
    assert unknown_fields(backend, request) == []


@pytest.mark.parametrize(("sent", "backend"), SAME, ids=str)
def test_an_agents_request_in_the_backends_protocol_keeps_every_byte(sent: AgentRequest, backend: Backend) -> None:
    expected = sent.asked.body.replace(
        b'"model":"%b"' % sent.asked.model.encode(), b'"model":"%b"' % backend.model.encode()
    )
    assert begin(sent.asked, backend).request == expected
    assert (BILLING in expected) == sent.name.startswith("claude")


@pytest.mark.parametrize(("sent", "backend"), CLAUDE_CODE, ids=str)
def test_claude_codes_system_message_stays_where_it_was_said(sent: AgentRequest, backend: Backend) -> None:
    request = begin(sent.asked, backend).request
    assert BILLING not in request
    source = contents.decoded(ANTHROPIC, sent.asked.body)
    messages = contents.decoded(backend.protocol, request)["messages"]
    # Newer models of OpenAI's call the system a developer.
    roles = ["system" if message["role"] == "developer" else message["role"] for message in messages]
    leading = 1 if backend.protocol != NATIVE else 0
    assert roles[:leading] == ["system"] * leading
    assert roles[leading:] == [as_sent(message, backend) for message in source["messages"]]


def as_sent(message: dict[str, object], backend: Backend) -> object:
    """A turn of results is a message of a tool's in OpenAI's protocol."""
    content = message["content"]
    results = isinstance(content, list) and content[0]["type"] == "tool_result"
    return "tool" if results and backend.protocol != NATIVE else message["role"]


def left_out(sent: AgentRequest, backend: Backend) -> set[str]:
    """What the agent is told that this backend does not get."""
    if sent.name.startswith("claude"):
        return {"context_management"}
    fixed = backend.model in ("gpt-5.1", "claude-opus-4-8") and b'"temperature":0' in sent.asked.body
    return {"temperature"} if fixed else set()
