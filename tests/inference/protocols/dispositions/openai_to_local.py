"""From OpenAI clients to a local model."""

from typing import Any

from tests.inference.protocols.dispositions.row import PIXEL, dropped, kept, refused, user, warned

TOOLS: dict[str, Any] = {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]}

STRICT_TOOLS: dict[str, Any] = {
    "tools": [{"type": "function", "function": TOOLS["tools"][0]["function"] | {"strict": True}}]
}


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
    kept("tool_choice required", TOOLS | {"tool_choice": "required"}, {"request": {"tool_choice": {"mode": "any"}}}),
    kept(
        "tool_choice named",
        TOOLS | {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"request": {"tool_choice": {"mode": "tool", "name": "f"}}},
    ),
    kept("strict tools", STRICT_TOOLS, {"request": {"tools": [{"strict": True}]}}),
    kept(
        "parallel_tool_calls", TOOLS | {"parallel_tool_calls": False}, {"request": {"tool_choice": {"parallel": False}}}
    ),
    kept("reasoning_effort", {"reasoning_effort": "low"}, {"thinking": True}),
    kept("reasoning_effort none", {"reasoning_effort": "none"}, {"thinking": False}),
    kept("thinking.budget_tokens", {"thinking": {"type": "enabled", "budget_tokens": 50}}, {"thinking_budget": 50}),
    kept(
        "response_format json_schema",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}},
        {"request": {"output": {"schema": {"type": "object"}, "path": "response_format"}}},
    ),
    kept(
        "response_format json_object",
        {"response_format": {"type": "json_object"}},
        {"request": {"output": {"path": "response_format"}}},
    ),
    kept("n", {"n": 2, "seed": 5}, [{"request": {"sampling": {"seed": 5}}}, {"request": {"sampling": {"seed": 6}}}]),
    kept("logprobs", {"logprobs": True}, {"request": {"logprobs": 0}}),
    kept("top_logprobs", {"logprobs": True, "top_logprobs": 3}, {"request": {"logprobs": 3}}),
    refused(
        "image_url",
        user({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}),
        field="messages[0].content[0].image_url",
        code="unsupported_content",
    ),
    dropped("user", {"user": "u1"}, {"request": {"user": None}}),
    dropped("service_tier", {"service_tier": "default"}, {"request": {"service_tier": None}}),
    kept("service_tier flex", {"service_tier": "flex"}, {"request": {"service_tier": "flex"}}),
    warned("verbosity", {"verbosity": "low"}),
    warned("unknown fields", {"foo": 1}, field="foo"),
]
