"""From OpenAI clients to Anthropic: the conversation. The model is of generation 4.5 where a row names no other."""

from typing import Any

from tests.inference.protocols.dispositions.row import ABSENT, PDF, PIXEL, dropped, kept, refused, user, warned

NEW = "claude-opus-4-8"
FUNCTION: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
TOOLS = {"tools": [FUNCTION]}
CALL: dict[str, Any] = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "r"}
ASKED = {"role": "user", "content": "Q"}
AUDIO = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
PICTURE = "https://x.example/a.png"
SHOWN = {"messages": [{"content": [{"type": "image", "source": {"type": "url", "url": PICTURE}, "detail": ABSENT}]}]}
SIGNED = {"type": "thinking", "thinking": "t", "signature": "native"}


def image(url: str, **more: Any) -> dict[str, Any]:
    return user({"type": "image_url", "image_url": {"url": url, **more}})


def history(*turns: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [ASKED, *turns], **more}


def called(**message: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": [CALL], **message}


ROWS = [
    kept("system", {"messages": [{"role": "system", "content": "S"}, ASKED]}, {"system": [{"text": "S"}]}),
    kept("developer", {"messages": [{"role": "developer", "content": "S"}, ASKED]}, {"system": [{"text": "S"}]}),
    kept(
        "system in the middle",
        {"messages": [ASKED, {"role": "system", "content": "S"}]},
        {"messages": [{"role": "user", "content": [{"text": "Q"}, {"text": "[system instruction]\nS"}]}]},
    ),
    kept(
        "system in the middle, 4.8 or later",
        {"messages": [ASKED, {"role": "assistant", "content": "A"}, ASKED, {"role": "system", "content": "S"}]},
        {"messages": [{}, {}, {"role": "user"}, {"role": "system", "content": [{"text": "S"}]}]},
        model=NEW,
    ),
    kept(
        "image_url with data",
        image(f"data:image/png;base64,{PIXEL}"),
        {"messages": [{"content": [{"type": "image", "source": {"type": "base64", "data": PIXEL}}]}]},
    ),
    kept(
        "image_url with https",
        image("https://x.example/a.png"),
        {"messages": [{"content": [{"source": {"type": "url", "url": "https://x.example/a.png"}}]}]},
    ),
    refused(
        "image_url with http",
        image("http://x.example/a.png"),
        field="messages[0].content[0].image_url",
        code="unsupported_content",
    ),
    dropped("detail", image(PICTURE, detail="low"), SHOWN),
    warned(
        "detail original",
        image(PICTURE, detail="original"),
        SHOWN,
        field="messages[0].content[0].image_url.detail",
    ),
    refused("input_audio", user(AUDIO), field="messages[0].content[0].type", code="unsupported_content"),
    kept(
        "file with a PDF",
        user({"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}),
        {"messages": [{"content": [{"type": "document", "title": "a.pdf", "source": {"type": "base64"}}]}]},
    ),
    refused(
        "file_id",
        user({"type": "file", "file": {"file_id": "f1"}}),
        field="messages[0].content[0].file.file_id",
        code="unsupported_content",
    ),
    kept(
        "cache_control",
        user({"type": "text", "text": "T", "cache_control": {"type": "ephemeral"}}),
        {"messages": [{"content": [{"text": "T", "cache_control": {"type": "ephemeral"}}]}]},
    ),
    kept(
        "tool_calls and tool",
        history(called(), RESULT, **TOOLS),
        {
            "messages": [
                {},
                {"content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 1}}]},
                {"content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"text": "r"}]}]},
            ]
        },
    ),
    warned(
        "tool_calls without their results",
        history(called(), ASKED, **TOOLS),
        {"messages": [{}, {}, {"content": [{"type": "tool_result", "is_error": True}, {"text": "Q"}]}]},
        field="messages",
    ),
    warned(
        "arguments that are no object",
        history(called(tool_calls=[CALL | {"function": {"name": "f", "arguments": "[1"}}]), RESULT, **TOOLS),
        {"messages": [{}, {"content": [{"input": {"_raw": "[1"}}]}, {}]},
        field="messages[1].tool_calls[0].function.arguments",
    ),
    kept(
        "thinking_blocks",
        history(called(thinking_blocks=[SIGNED]), RESULT, **TOOLS),
        {"messages": [{}, {"content": [SIGNED, {"type": "tool_use"}]}, {}]},
    ),
    dropped(
        "reasoning_content",
        history({"role": "assistant", "content": "A", "reasoning_content": "t"}, ASKED),
        {"messages": [{}, {"content": [{"type": "text", "text": "A"}]}, {}]},
    ),
    dropped("name", {"messages": [ASKED | {"name": "n"}]}, {"messages": [{"name": ABSENT}]}),
    kept(
        "an answer that is begun",
        history({"role": "assistant", "content": "A "}),
        {"messages": [{}, {"role": "assistant", "content": [{"text": "A"}]}]},
    ),
    refused(
        "an answer that is begun, 4.6 or later",
        history({"role": "assistant", "content": "A"}),
        field="messages",
        code="prefill_unsupported",
        model=NEW,
    ),
]
