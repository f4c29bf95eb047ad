"""From OpenAI clients to Anthropic. The model is of generation 4.5 where a row names no other."""

from typing import Any

from tests.inference.protocols.dispositions import openai_to_anthropic_messages
from tests.inference.protocols.dispositions.row import ABSENT, dropped, kept, refused, warned

NEW = "claude-opus-4-8"
OLD = "claude-3-5-sonnet-20241022"
FUNCTION: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
TOOLS = {"tools": [FUNCTION]}


def format_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}}


OBJECT: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}

PARAMETERS = [
    kept("max_tokens", {"max_tokens": 5}, {"max_tokens": 5}),
    kept("max_completion_tokens", {"max_completion_tokens": 6, "max_tokens": 5}, {"max_tokens": 6}),
    warned("max_tokens above the model's most", {"max_tokens": 10**6}, {"max_tokens": 64000}, field="max_tokens"),
    refused("max_tokens of 0", {"max_tokens": 0}, field="max_tokens", code="invalid_value"),
    kept("temperature", {"temperature": 0.3}, {"temperature": 0.3}),
    warned("temperature above 1", {"temperature": 1.5}, {"temperature": 1}, field="temperature"),
    warned("temperature, 4.7 or later", {"temperature": 0.3}, {"temperature": ABSENT}, field="temperature", model=NEW),
    kept("top_p", {"top_p": 0.5}, {"top_p": 0.5}),
    warned("top_p beside temperature", {"top_p": 0.5, "temperature": 0.3}, {"top_p": ABSENT}, field="top_p"),
    kept("top_k", {"top_k": 5}, {"top_k": 5}),
    warned("top_k, 4.7 or later", {"top_k": 5}, {"top_k": ABSENT}, field="top_k", model=NEW),
    warned("min_p", {"min_p": 0.1}, {"min_p": ABSENT}),
    kept("stop", {"stop": "x"}, {"stop_sequences": ["x"]}),
    warned("stop of white space", {"stop": ["x", "\n"]}, {"stop_sequences": ["x"]}, field="stop"),
    refused("n above 1", {"n": 2}, field="n"),
    dropped("n of 1", {"n": 1}, {"n": ABSENT}),
    refused("logprobs", {"logprobs": True}),
    refused("top_logprobs", {"logprobs": True, "top_logprobs": 2}, field="logprobs"),
    warned("logit_bias", {"logit_bias": {"5": 3}}, {"logit_bias": ABSENT}),
    refused("logit_bias of 100 or -100", {"logit_bias": {"5": -100}}, field="logit_bias"),
    warned("seed", {"seed": 1}, {"seed": ABSENT}),
    warned("frequency_penalty", {"frequency_penalty": 0.5}, {"frequency_penalty": ABSENT}),
    warned("presence_penalty", {"presence_penalty": 0.5}, {"presence_penalty": ABSENT}),
    dropped("frequency_penalty of 0", {"frequency_penalty": 0}, {"frequency_penalty": ABSENT}),
    dropped("response_format text", {"response_format": {"type": "text"}}, {"output_config": ABSENT, "system": ABSENT}),
    warned(
        "response_format json_object",
        {"response_format": {"type": "json_object"}},
        {"system": [{"text": "Answer with one JSON object and nothing else."}]},
        field="response_format",
    ),
    kept(
        "response_format json_schema",
        format_of(OBJECT),
        {"output_config": {"format": {"type": "json_schema", "schema": {"additionalProperties": False}}}},
    ),
    kept("response_format json_schema, before 4.1", format_of(OBJECT), {"tool_choice": {"type": "tool"}}, model=OLD),
    warned(
        "response_format json_schema with free-form keys",
        format_of({"type": "object", "additionalProperties": {"type": "string"}}),
        {"output_config": ABSENT},
        field="response_format",
    ),
    kept("reasoning_effort", {"reasoning_effort": "low", "max_tokens": 9000}, {"thinking": {"budget_tokens": 2048}}),
    kept(
        "reasoning_effort, 4.6 or later",
        {"reasoning_effort": "high"},
        {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
        model=NEW,
    ),
    warned(
        "reasoning_effort without room in max_tokens",
        {"reasoning_effort": "low", "max_tokens": 1100},
        {"thinking": ABSENT, "max_tokens": 1100},
        field="reasoning_effort",
    ),
    kept(
        "thinking",
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "reasoning_effort": "low", "max_tokens": 4000},
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000},
    ),
    warned("verbosity", {"verbosity": "low"}, {"verbosity": ABSENT}),
    kept("user", {"user": "u1"}, {"metadata": {"user_id": "u1"}}),
    kept("safety_identifier", {"user": "u1", "safety_identifier": "s1"}, {"metadata": {"user_id": "s1"}}),
    dropped("metadata", {"metadata": {"a": "b"}}, {"metadata": ABSENT}),
    dropped("store false", {"store": False}, {"store": ABSENT}),
    warned("store true", {"store": True}, {"store": ABSENT}, field="store"),
    dropped("prompt_cache_key", {"prompt_cache_key": "k"}, {"prompt_cache_key": ABSENT}),
    dropped("prompt_cache_retention", {"prompt_cache_retention": "24h"}, {"prompt_cache_retention": ABSENT}),
    kept("service_tier", {"service_tier": "default"}, {"service_tier": "standard_only"}),
    warned("service_tier flex or priority", {"service_tier": "flex"}, {"service_tier": ABSENT}, field="service_tier"),
    warned("web_search_options", {"web_search_options": {}}, {"web_search_options": ABSENT, "tools": ABSENT}),
    refused("modalities with audio", {"modalities": ["text", "audio"]}, field="modalities"),
    refused("audio", {"audio": {"voice": "x", "format": "wav"}}),
    dropped("prediction", {"prediction": {"type": "content", "content": "x"}}, {"prediction": ABSENT}),
    dropped(
        "stream_options.include_obfuscation",
        {"stream": True, "stream_options": {"include_obfuscation": False}},
        {"stream": True, "stream_options": ABSENT},
    ),
    warned("unknown fields", {"foo": 1}, {"foo": ABSENT}, field="foo"),
]
TOOL_ROWS = [
    kept("tools", TOOLS, {"tools": [{"name": "f", "input_schema": {"type": "object"}}]}),
    warned(
        "tools with alternatives at the schema's root",
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"anyOf": [OBJECT, OBJECT]}}}]},
        {"tools": [{"input_schema": {"type": "object", "anyOf": ABSENT}}]},
        field="tools[0].function.parameters",
    ),
    kept("tools of type custom", {"tools": [{"type": "custom", "custom": {"name": "c"}}]}, {"tools": [{"name": "c"}]}),
    warned(
        "tools of type custom with a grammar",
        {
            "tools": [
                {
                    "type": "custom",
                    "custom": {
                        "name": "c",
                        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: A"}},
                    },
                }
            ]
        },
        {"tools": [{"description": "The input follows this lark grammar:\nstart: A"}]},
        field="tools[0].custom.format",
    ),
    kept("functions", {"functions": [{"name": "f", "parameters": {"type": "object"}}]}, {"tools": [{"name": "f"}]}),
    kept("tool_choice auto", TOOLS | {"tool_choice": "auto"}, {"tool_choice": {"type": "auto"}}),
    kept("tool_choice none", TOOLS | {"tool_choice": "none"}, {"tool_choice": {"type": "none"}, "tools": [{}]}),
    kept("tool_choice required", TOOLS | {"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
    kept(
        "tool_choice named",
        TOOLS | {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"tool_choice": {"type": "tool", "name": "f"}},
    ),
    kept(
        "tool_choice allowed_tools",
        {
            "tools": [FUNCTION, {"type": "function", "function": {"name": "g"}}],
            "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [FUNCTION]}},
        },
        {"tools": [{"name": "f"}], "tool_choice": {"type": "any"}},
    ),
    kept(
        "parallel_tool_calls",
        TOOLS | {"parallel_tool_calls": False},
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ),
    warned(
        "tool_choice that forces a call, beside thinking",
        TOOLS | {"tool_choice": "required", "reasoning_effort": "low", "max_tokens": 9000},
        {"tool_choice": {"type": "any"}},
        field="reasoning_effort",
    ),
]
ROWS = [*PARAMETERS, *TOOL_ROWS, *openai_to_anthropic_messages.ROWS]
