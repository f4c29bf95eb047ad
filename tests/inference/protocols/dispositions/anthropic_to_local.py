"""From Anthropic clients to a local model."""

from typing import Any

from tests.inference.protocols.dispositions.row import ABSENT, PDF, PIXEL, dropped, kept, refused, user, warned

TOOLS: dict[str, Any] = {"tools": [{"name": "f", "input_schema": {"type": "object"}}]}
PLAIN_DOCUMENT = {"type": "text", "media_type": "text/plain", "data": "D"}

ROWS = [
    kept("max_tokens", {"max_tokens": 5}, {"request": {"max_tokens": 5}}),
    kept("max_tokens of 0", {"max_tokens": 0}, {"request": {"max_tokens": 0}}),
    kept("temperature", {"temperature": 0.3}, {"request": {"sampling": {"temperature": 0.3}}}),
    kept("top_p", {"top_p": 0.5}, {"request": {"sampling": {"top_p": 0.5}}}),
    kept("top_k", {"top_k": 5}, {"request": {"sampling": {"top_k": 5}}}),
    kept("stop_sequences", {"stop_sequences": ["x"]}, {"request": {"stop": ["x"]}}),
    kept("system", {"system": "S"}, {"request": {"system": [{"text": "S"}]}}),
    dropped(
        "the billing header in system",
        {"system": [{"type": "text", "text": "x-anthropic-billing-header: cch=1;"}, {"type": "text", "text": "S"}]},
        {"request": {"system": [{"text": "S"}]}},
    ),
    kept("tools", TOOLS, {"request": {"tools": [{"name": "f"}]}}),
    kept("tool_choice any", TOOLS | {"tool_choice": {"type": "any"}}, {"request": {"tool_choice": {"mode": "any"}}}),
    kept(
        "tool_choice tool",
        TOOLS | {"tool_choice": {"type": "tool", "name": "f"}},
        {"request": {"tool_choice": {"mode": "tool", "name": "f"}}},
    ),
    kept("strict tools", {"tools": [TOOLS["tools"][0] | {"strict": True}]}, {"request": {"tools": [{"strict": True}]}}),
    kept("thinking", {"thinking": {"type": "adaptive"}}, {"thinking": True}),
    kept("thinking.budget_tokens", {"thinking": {"type": "enabled", "budget_tokens": 50}}, {"thinking_budget": 50}),
    dropped("output_config.effort", {"output_config": {"effort": "high"}}, {"thinking": False}),
    kept("no thinking", {"thinking": {"type": "disabled"}}, {"thinking": False}),
    kept(
        "output_config.format",
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        {"request": {"output": {"schema": {"type": "object"}, "path": "output_config.format"}}},
    ),
    refused(
        "image",
        user({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}),
        field="messages[0].content[0]",
        code="unsupported_content",
    ),
    refused(
        "document with a PDF",
        user({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}),
        field="messages[0].content[0]",
        code="unsupported_content",
    ),
    kept(
        "document of text",
        user({"type": "document", "source": PLAIN_DOCUMENT, "title": "T"}),
        {"request": {"messages": [{"content": [{"type": "text", "text": "Document: T\n-----\nD\n-----\n"}]}]}},
    ),
    dropped("metadata", {"metadata": {"user_id": "u1"}}, {"request": {"user": None}}),
    dropped(
        "cache_control",
        user({"type": "text", "text": "Q", "cache_control": {"type": "ephemeral"}}),
        {"request": {"messages": [{"content": [{"type": "text", "text": "Q", "cache": ABSENT}]}]}},
    ),
    warned("context_management", {"context_management": {"edits": []}}),
    refused("mcp_servers", {"mcp_servers": [{"type": "url", "name": "m", "url": "https://x.example"}]}),
    refused("inference_geo", {"inference_geo": "eu"}),
    warned("unknown fields", {"foo": 1}, field="foo"),
]
