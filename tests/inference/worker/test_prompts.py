"""Requests to prompts, through the demo model's chat template and others."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols import native
from inference.worker import prompts
from inference.worker.adapter import TokenizerWrapper, load_tokenizer
from tests.local_models import WEATHER, copy_demo, question

STRICT = (
    "{% for m in messages %}{% if m.role == 'system' or (loop.index0 % 2 == 0) != (m.role == 'user') %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
)
SYSTEM = ir.Message("system", (ir.Text("Be brief."),))
HELLO = ir.Message("user", (ir.Text("Hello"),))
WINDOW = 4096
HUGE = "x" * 3_000_000


@contextmanager
def template(tokenizer: TokenizerWrapper, text: str) -> Iterator[None]:
    kept, tokenizer.chat_template = tokenizer.chat_template, text
    try:
        yield
    finally:
        tokenizer.chat_template = kept


def rendered(tokenizer: TokenizerWrapper, request: ir.Request, thinking: bool | None = False) -> str:
    text: str = tokenizer.decode(prompts.render(native.Job(request, thinking), tokenizer, most=WINDOW).tokens)
    return text


def test_a_conversation_with_tools_is_rendered_whole(tokenizer: TokenizerWrapper) -> None:
    messages = (
        HELLO,
        ir.Message(
            "assistant", (ir.Thinking("I call."), ir.Text("Well:"), ir.ToolUse("c1", "get_weather", {"city": "Rome"}))
        ),
        ir.Message("user", (ir.ToolResult("c1", (ir.Text("21 "), ir.Text("degrees"))), ir.Text("And now?"))),
        SYSTEM,
    )
    asked = question("", messages=messages, system=(ir.Text("First."), ir.Text("Second.")), tools=(WEATHER,))
    text = rendered(tokenizer, asked)
    assert text.startswith("<|im_start|>system\nFirst.\n\nSecond.\n\n# Tools\n<tools>\n")
    assert '"name": "get_weather"' in text
    assert text.endswith(
        "<|im_start|>user\nHello<|im_end|>\n"
        "<|im_start|>assistant\nWell:\n"
        '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'
        "<|im_end|>\n<|im_start|>user\n<tool_response>\n21 degrees\n</tool_response><|im_end|>\n"
        "<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


def test_tools_that_may_not_be_called_are_not_shown(tokenizer: TokenizerWrapper) -> None:
    asked = question("Hello", tools=(WEATHER,), tool_choice=ir.ToolChoice("none"))
    assert "get_weather" not in rendered(tokenizer, asked)


def test_system_messages_become_marked_user_text_where_the_template_refuses_them(tokenizer: TokenizerWrapper) -> None:
    asked = question("", messages=(HELLO, SYSTEM), system=(ir.Text("First."),))
    with template(tokenizer, STRICT):
        text = rendered(tokenizer, asked)
    assert text == "[user][system instruction]\nFirst.\n\nHello\n\n[system instruction]\nBe brief.[assistant]"


def test_a_template_that_refuses_the_conversation_says_why(tokenizer: TokenizerWrapper) -> None:
    asked = question("", messages=(ir.Message("assistant", (ir.Text("Hi"),)), HELLO))
    with template(tokenizer, STRICT), pytest.raises(GatewayError, match="Roles must alternate") as caught:
        rendered(tokenizer, asked)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "messages")


def test_an_empty_prompt_is_refused(tokenizer: TokenizerWrapper) -> None:
    with template(tokenizer, "{{ '' }}"), pytest.raises(GatewayError, match="empty"):
        rendered(tokenizer, question("Hello"))


def test_a_template_that_opens_the_thinking_is_noticed(tokenizer: TokenizerWrapper) -> None:
    opens = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n"
    with template(tokenizer, opens):
        assert prompts.render(native.Job(question("Hello")), tokenizer, most=WINDOW).thinks
    assert not prompts.render(native.Job(question("<think>")), tokenizer, most=WINDOW).thinks


def test_an_answer_that_has_begun_ends_the_prompt(tokenizer: TokenizerWrapper) -> None:
    begun = ir.Message("assistant", (ir.Text("Well, "),))
    text = rendered(tokenizer, question("", messages=(HELLO, begun)), thinking=True)
    assert text.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\nWell, ")


def test_a_call_without_its_result_cannot_be_continued(tokenizer: TokenizerWrapper) -> None:
    call = ir.Message("assistant", (ir.ToolUse("c1", "get_weather", {}),))
    with pytest.raises(GatewayError) as caught:
        rendered(tokenizer, question("", messages=(HELLO, call)))
    assert caught.value.kind is Kind.PREFILL_UNSUPPORTED


def completing(tokenizer: TokenizerWrapper, prompt: str | tuple[int, ...], *, echo: bool = False) -> prompts.Prompt:
    return prompts.render(native.Job(ir.Request("any", ()), prompt=prompt, echo=echo), tokenizer, most=WINDOW)


def test_a_raw_prompt_goes_through_no_template(tokenizer: TokenizerWrapper) -> None:
    text = "Once <|im_start|> upon a time"
    prompt = completing(tokenizer, text)
    assert tokenizer.decode(prompt.tokens) == text
    assert completing(tokenizer, tuple(prompt.tokens)) == prompt


def test_a_raw_prompt_has_the_special_tokens_that_its_tokenizer_adds(tmp_path: Path) -> None:
    folder = copy_demo(tmp_path, "begins")
    path = folder / "tokenizer.json"
    begin = {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}
    processor = {
        "type": "TemplateProcessing",
        "single": [begin, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [begin, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}},
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | {"post_processor": processor}))
    begins = load_tokenizer(folder)
    prompt = completing(begins, "Once", echo=True)
    assert prompt.tokens[0] == 0
    assert prompt.echo == "Once"
    assert completing(begins, tuple(prompt.tokens)) == prompts.Prompt(prompt.tokens, thinks=False, goes_on=True)


@pytest.mark.parametrize("text", ["Once upon a time", " grüße 👋🏽\n", "<think>"])
def test_the_echo_is_the_prompt_as_text(tokenizer: TokenizerWrapper, text: str) -> None:
    prompt = completing(tokenizer, text, echo=True)
    assert prompt.echo == text
    assert completing(tokenizer, tuple(prompt.tokens), echo=True).echo == text


@pytest.mark.parametrize("prompt", ["", (), (-1,), (5, 1024), (2**40,)])
def test_a_raw_prompt_the_model_cannot_read_is_refused(
    tokenizer: TokenizerWrapper, prompt: str | tuple[int, ...]
) -> None:
    with pytest.raises(GatewayError) as caught:
        completing(tokenizer, prompt, echo=True)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "prompt")


@pytest.mark.parametrize(
    ("job", "param"),
    [(native.Job(question(HUGE)), "messages"), (native.Job(ir.Request("m", ()), prompt=HUGE), "prompt")],
    ids=["chat", "raw"],
)
def test_a_text_that_cannot_fit_is_refused_by_its_length(
    tokenizer: TokenizerWrapper, job: native.Job, param: str
) -> None:
    with pytest.raises(GatewayError, match=rf"prompt is too long: \d+ tokens > {WINDOW} maximum") as caught:
        prompts.render(job, tokenizer, most=WINDOW)
    assert (caught.value.kind, caught.value.param) == (Kind.CONTEXT_LENGTH_EXCEEDED, param)
