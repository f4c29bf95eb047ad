"""What a local model is sent."""

import pytest

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.protocols.local_requests import reduced

PATH = "messages[0].content[1]"
CACHED = ir.Text("a", "5m")
PLAIN = ir.Text("a")


def request(*blocks: ir.Block, **fields: object) -> ir.Request:
    return ir.Request("asked", (ir.Message("user", blocks),), **fields)  # type: ignore[arg-type]  # Any field.


def content(*blocks: ir.Block) -> tuple[ir.Block, ...]:
    return reduced(request(*blocks), "m").messages[0].content


def test_what_concerns_the_answer_is_kept() -> None:
    kept = ir.Request(
        "m",
        (ir.Message("user", (PLAIN,)),),
        system=(PLAIN,),
        tools=(ir.Tool("f", {}, "d", strict=True),),
        tool_choice=ir.ToolChoice("any", parallel=False),
        output=ir.OutputFormat({"type": "object"}, path="response_format"),
        sampling=ir.Sampling(temperature=0.0, seed=0),
        stop=("END",),
        max_tokens=0,
    )
    assert reduced(kept, "m") == kept


def test_what_is_meant_for_a_provider_is_left_out() -> None:
    asked = request(
        CACHED,
        system=(CACHED,),
        tools=(ir.Tool("f", {}, cache="1h"),),
        user="u",
        session="s",
        service_tier="auto",
        stream=True,
        include_usage=True,
        custom_tools=("f",),
    )
    assert reduced(asked, "m") == ir.Request(
        "m", (ir.Message("user", (PLAIN,)),), system=(PLAIN,), tools=(ir.Tool("f", {}),)
    )


def test_a_conversation_is_kept_without_hints_and_signatures() -> None:
    assert content(
        ir.Text("a", citations=(ir.Citation("https://a"),)),
        ir.Thinking("hm", "c2lnbmVk"),
        ir.Thinking("", "c2lnbmVk"),
        ir.RedactedThinking("opaque"),
        ir.ToolUse("t", "f", {"x": 1}, "5m"),
        ir.ToolResult("t", (CACHED,), is_error=True, cache="5m"),
    ) == (
        PLAIN,
        ir.Thinking("hm"),
        ir.ToolUse("t", "f", {"x": 1}),
        ir.ToolResult("t", (PLAIN,), is_error=True),
    )


def test_a_text_document_is_told_as_text() -> None:
    told = ir.Text("Document: T\nContext: C\n-----\nwords\n-----\n")
    document = ir.Document(text="words", title="T", context="C", path=PATH, cache="5m")
    assert content(document, ir.ToolResult("t", (document,))) == (told, ir.ToolResult("t", (told,)))


@pytest.mark.parametrize(
    "part", [ir.Image("image/png", "x", path=PATH), ir.Image(url="x", path=PATH), ir.Document("x", path=PATH)]
)
@pytest.mark.parametrize("in_result", [False, True])
def test_what_it_cannot_see_is_refused_where_it_stands(part: ir.Image | ir.Document, in_result: bool) -> None:
    with pytest.raises(Untranslatable) as caught:
        content(PLAIN, ir.ToolResult("t", (part,)) if in_result else part)
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_CONTENT, PATH)
