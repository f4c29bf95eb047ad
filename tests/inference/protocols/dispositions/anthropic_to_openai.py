"""From Anthropic clients to OpenAI-speaking upstreams. The model is OpenAI's own where a row names no other."""

from typing import Any

from tests.inference.protocols.dispositions.row import ABSENT, PDF, PIXEL, dropped, kept, refused, user, warned

OTHER = "llama-3"
LATE = "gpt-5.4"
THINKER = "gpt-5"
TOOL: dict[str, Any] = {"name": "f", "input_schema": {"type": "object"}}
TOOLS = {"tools": [TOOL]}
ASKED = {"role": "user", "content": "Q"}
USE = {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}}
CALLED = {"role": "assistant", "content": [{"type": "text", "text": "A"}, USE]}
CITED = {"citations": {"enabled": True}}


def image(source: dict[str, Any]) -> dict[str, Any]:
    return user({"type": "image", "source": source})


def document(source: dict[str, Any], **more: Any) -> dict[str, Any]:
    return user({"type": "document", "source": source, **more})


def result(content: Any, **more: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": "t1", "content": content, **more}
    return {"messages": [ASKED, CALLED, {"role": "user", "content": [block]}], **TOOLS}


def server(kind: str) -> dict[str, Any]:
    return {"type": kind, "name": kind.rpartition("_")[0]}


PLAIN_DOCUMENT = {"type": "text", "media_type": "text/plain", "data": "D"}
DOCUMENT_TOLD = {"messages": [{"role": "user", "content": "-----\nD\n-----"}]}
SCHEMA = {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
CLAUDE_CODE_USER = (
    '{"device_id":"d","account_uuid":"","session_id":"0b1c5f5e-6a57-4a0f-8d59-6a8e0c9f2a11"}'  # as Claude Code sends it
)
SIGNED = {"type": "thinking", "thinking": "t", "signature": "native"}

PARAMETERS = [
    kept("max_tokens", {"max_tokens": 5}, {"max_completion_tokens": 5, "max_tokens": ABSENT}),
    kept("max_tokens, other servers", {"max_tokens": 5}, {"max_tokens": 5}, model=OTHER),
    refused("max_tokens of 0", {"max_tokens": 0}, field="max_tokens"),
    kept("temperature", {"temperature": 0.3}, {"temperature": 0.3}),
    kept("top_p", {"top_p": 0.5}, {"top_p": 0.5}),
    warned(
        "temperature, reasoning models",
        {"temperature": 0.3},
        {"temperature": ABSENT},
        field="temperature",
        model=THINKER,
    ),
    dropped("temperature of 1, reasoning models", {"temperature": 1}, {"temperature": ABSENT}, model=THINKER),
    warned("top_k", {"top_k": 5}, {"top_k": ABSENT}),
    kept("top_k, other servers", {"top_k": 5}, {"top_k": 5}, model=OTHER),
    kept("stop_sequences", {"stop_sequences": ["x"]}, {"stop": ["x"]}),
    refused("stop_sequences, more than 4", {"stop_sequences": list("abcde")}, field="stop_sequences"),
    kept("stream", {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
    kept(
        "output_config.format",
        {"output_config": {"format": SCHEMA}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "response", "strict": False}}},
    ),
    kept("output_config.effort", {"output_config": {"effort": "low"}}, {"reasoning_effort": "low"}, model=THINKER),
    kept(
        "thinking enabled",
        {"thinking": {"type": "enabled", "budget_tokens": 9000}, "max_tokens": 20000},
        {"reasoning_effort": "high"},
        model=THINKER,
    ),
    dropped("thinking adaptive", {"thinking": {"type": "adaptive"}}, {"reasoning_effort": ABSENT}, model=THINKER),
    kept("thinking disabled", {"thinking": {"type": "disabled"}}, {"reasoning_effort": "none"}, model=LATE),
    warned(
        "thinking disabled, gpt-5",
        {"thinking": {"type": "disabled"}},
        {"reasoning_effort": "minimal"},
        field="thinking",
        model=THINKER,
    ),
    warned(
        "output_config.effort beside tools, from gpt-5.4 on",
        {"output_config": {"effort": "low"}, **TOOLS},
        {"reasoning_effort": ABSENT},
        field="output_config.effort",
        model=LATE,
    ),
    kept("metadata.user_id", {"metadata": {"user_id": "u1"}}, {"safety_identifier": "u1"}),
    kept("the session in metadata.user_id", {"metadata": {"user_id": CLAUDE_CODE_USER}}, {"prompt_cache_key": ...}),
    dropped("metadata.user_id, other servers", {"metadata": {"user_id": "u1"}}, {"user": ABSENT}, model=OTHER),
    kept("service_tier", {"service_tier": "standard_only"}, {"service_tier": "default"}),
    warned("speed", {"speed": "fast"}, {"service_tier": ABSENT}),
    dropped("cache_control", {"cache_control": {"type": "ephemeral"}}, {"cache_control": ABSENT}),
    refused("inference_geo", {"inference_geo": "eu"}),
    refused("mcp_servers", {"mcp_servers": [{"type": "url", "name": "m", "url": "https://x.example"}]}),
    refused("container", {"container": "c1"}),
    refused("thread", {"thread": {}}),
    warned("context_management", {"context_management": {"edits": []}}, {"context_management": ABSENT}),
    warned("fallbacks", {"fallbacks": [{"model": "m"}]}, {"fallbacks": ABSENT}),
    warned("unknown fields", {"foo": 1}, {"foo": ABSENT}, field="foo"),
]
TOOL_ROWS = [
    kept(
        "tools", TOOLS, {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]}
    ),
    refused(
        "tools that the client runs, as computer_*",
        {"tools": [server("computer_20250124")]},
        field="tools[0].type",
        code="unsupported_tool",
    ),
    warned(
        "tools that Anthropic runs, as web_search_*",
        {"tools": [TOOL, server("web_search_20250305")]},
        {"tools": [{"function": {"name": "f"}}]},
        field="tools[1]",
    ),
    refused(
        "tools that Anthropic runs, alone",
        {"tools": [server("web_search_20250305")]},
        field="tools[0].type",
        code="unsupported_tool",
    ),
    kept("tool_choice auto", TOOLS | {"tool_choice": {"type": "auto"}}, {"tool_choice": "auto"}),
    kept("tool_choice any", TOOLS | {"tool_choice": {"type": "any"}}, {"tool_choice": "required"}),
    kept("tool_choice none", TOOLS | {"tool_choice": {"type": "none"}}, {"tool_choice": "none"}),
    kept(
        "tool_choice tool",
        TOOLS | {"tool_choice": {"type": "tool", "name": "f"}},
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    ),
    kept(
        "tool_choice.disable_parallel_tool_use",
        TOOLS | {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {"parallel_tool_calls": False},
    ),
]
MESSAGES = [
    kept("system", {"system": "S"}, {"messages": [{"role": "system", "content": "S"}, {}]}),
    kept("system, reasoning models", {"system": "S"}, {"messages": [{"role": "developer"}, {}]}, model=THINKER),
    dropped(
        "the billing header in system",
        {"system": [{"type": "text", "text": "x-anthropic-billing-header: cch=1;"}, {"type": "text", "text": "S"}]},
        {"messages": [{"role": "system", "content": "S"}, {}]},
    ),
    kept(
        "system in the middle",
        {"messages": [ASKED, {"role": "system", "content": "S"}, ASKED]},
        {"messages": [{"role": "user"}, {"role": "system", "content": "S"}, {"role": "user"}]},
    ),
    kept(
        "image with data",
        image({"type": "base64", "media_type": "image/png", "data": PIXEL}),
        {"messages": [{"content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]}]},
    ),
    kept(
        "image with a URL",
        image({"type": "url", "url": "https://x.example/a.png"}),
        {"messages": [{"content": [{"image_url": {"url": "https://x.example/a.png"}}]}]},
    ),
    refused(
        "image of a file",
        image({"type": "file", "file_id": "f"}),
        field="messages[0].content[0].source.type",
        code="unsupported_content",
    ),
    kept(
        "document with a PDF",
        document({"type": "base64", "media_type": "application/pdf", "data": PDF}, title="a.pdf"),
        {"messages": [{"content": [{"type": "file", "file": {"filename": "a.pdf"}}]}]},
    ),
    kept("document of text", document(PLAIN_DOCUMENT), DOCUMENT_TOLD),
    warned(
        "document with citations",
        document(PLAIN_DOCUMENT, **CITED),
        DOCUMENT_TOLD,
        field="messages[0].content[0].citations",
    ),
    refused(
        "document with a URL",
        document({"type": "url", "url": "https://x.example/a.pdf"}),
        field="messages[0].content[0].source.type",
        code="unsupported_content",
    ),
    kept(
        "tool_use and tool_result",
        result("r"),
        {"messages": [{}, {"content": "A", "tool_calls": [{"id": "t1"}]}, {"role": "tool", "content": "r"}]},
    ),
    kept("is_error", result("no", is_error=True), {"messages": [{}, {}, {"content": "[tool error] no"}]}),
    kept(
        "an image in a tool_result",
        result([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}]),
        {
            "messages": [
                {},
                {},
                {"role": "tool"},
                {"role": "user", "content": [{"type": "text"}, {"type": "image_url"}]},
            ]
        },
    ),
    dropped(
        "thinking",
        {"messages": [ASKED, {"role": "assistant", "content": [SIGNED, {"type": "text", "text": "A"}]}, ASKED]},
        {"messages": [{}, {"content": "A", "reasoning_content": ABSENT}, {}]},
    ),
    kept(
        "thinking, other servers",
        {"messages": [ASKED, {"role": "assistant", "content": [SIGNED, {"type": "text", "text": "A"}]}, ASKED]},
        {"messages": [{}, {"content": "A", "reasoning_content": "t"}, {}]},
        model=OTHER,
    ),
    dropped(
        "redacted_thinking",
        {
            "messages": [
                ASKED,
                {
                    "role": "assistant",
                    "content": [{"type": "redacted_thinking", "data": "d"}, {"type": "text", "text": "A"}],
                },
                ASKED,
            ]
        },
        {"messages": [{}, {"content": "A"}, {}]},
    ),
    warned(
        "server_tool_use and its result",
        {
            "messages": [
                ASKED,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
                        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
                        {"type": "text", "text": "A"},
                    ],
                },
                ASKED,
            ]
        },
        {"messages": [{}, {"content": '[web_search] {"query":"q"}\n[result] (none)\nA'}, {}]},
        field="messages[1].content[0]",
    ),
]
ROWS = [*PARAMETERS, *TOOL_ROWS, *MESSAGES]
