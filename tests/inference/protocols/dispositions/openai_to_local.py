"""From OpenAI clients to a local model."""

from typing import Any

from tests.inference.protocols.dispositions.row import PIXEL, dropped, kept, refused, user, warned

TOOLS: dict[str, Any] = {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]}


def sampled(name: str, value: Any) -> Any:
    return kept(name, {name: value}, {"request": {"sampling": {name: value}}})


ROWS = [
    sampled("temperature", 1.5),
    sampled("top_p", 0.5),
    sampled("top_k", 5),
    sampled("min_p", 0.1),
    sampled("seed", 1),
    sampled("frequency_penalty", 0.5),
    sampled("presence_penalty", 0.5),
    sampled("logit_bias", {"5": 3.0}),
    kept("max_tokens", {"max_tokens": 5}, {"request": {"max_tokens": 5}}),
    kept("stop", {"stop": ["x"]}, {"request": {"stop": ["x"]}}),
    kept("tools", TOOLS, {"request": {"tools": [{"name": "f"}]}}),
    kept("tool_choice none", TOOLS | {"tool_choice": "none"}, {"request": {"tool_choice": {"mode": "none"}}}),
    refused("tool_choice that forces a call", TOOLS | {"tool_choice": "required"}, field="tool_choice"),
    kept(
        "parallel_tool_calls", TOOLS | {"parallel_tool_calls": False}, {"request": {"tool_choice": {"parallel": False}}}
    ),
    kept("reasoning_effort", {"reasoning_effort": "low"}, {"thinking": True}),
    kept("reasoning_effort none", {"reasoning_effort": "none"}, {"thinking": False}),
    refused(
        "response_format",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}},
    ),
    refused("n above 1", {"n": 2}, field="n"),
    refused("logprobs", {"logprobs": True}),
    refused(
        "image_url",
        user({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}),
        field="messages[0].content[0].image_url",
        code="unsupported_content",
    ),
    dropped("user", {"user": "u1"}, {}),
    dropped("service_tier", {"service_tier": "default"}, {}),
    warned("verbosity", {"verbosity": "low"}),
    warned("unknown fields", {"foo": 1}, field="foo"),
]
