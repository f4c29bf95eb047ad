"""A client's legacy completions request, and what the local worker is to do for it."""

from dataclasses import dataclass

import msgspec

from inference import ir
from inference.envelope import top_level
from inference.errors import GatewayError, Kind, Untranslatable
from inference.ir import JSON
from inference.protocols import native
from inference.protocols.choices import numbered
from inference.protocols.decoding import decode
from inference.protocols.openai_chat.sampling import SamplingFields, parse_sampling
from inference.protocols.openai_chat.shapes import StreamOptions
from inference.protocols.text_inputs import TextInput, parse_inputs
from inference.protocols.warnings import Warnings

DEFAULT_MAX_TOKENS = 16
MOST_CHOICES = 128
MOST_CANDIDATES = 5


class Fields(SamplingFields):
    """As clients send them."""

    model: str
    prompt: JSON = None
    n: int | None = None
    best_of: int | None = None
    echo: bool | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logprobs: int | None = None
    # What cannot be kept.
    suffix: str | None = None
    # What can be left out without a word.
    user: JSON = None


FIELDS = msgspec.json.Decoder(Fields)
KNOWN = frozenset(Fields.__struct_fields__)


@dataclass(frozen=True, slots=True)
class Request:
    """`drawn` answers are to be written for each of the prompts, and the likeliest `answers` of them told.

    `sampling` is that of the first answer.
    """

    prompts: tuple[TextInput, ...]
    answers: int
    drawn: int
    echo: bool
    max_tokens: int
    stop: tuple[str, ...]
    sampling: ir.Sampling
    logprobs: int | None
    include_usage: bool


def parse_request(body: bytes, warnings: Warnings) -> Request:
    """Raises GatewayError naming the field."""
    asked = decode(FIELDS, body)
    answers = 1 if asked.n is None else asked.n
    request = Request(
        prompts=parse_inputs(asked.prompt, "prompt"),
        answers=answers,
        drawn=answers if asked.best_of is None else asked.best_of,
        echo=bool(asked.echo),
        max_tokens=DEFAULT_MAX_TOKENS if asked.max_tokens is None else asked.max_tokens,
        stop=tuple([asked.stop] if isinstance(asked.stop, str) else asked.stop or ()),
        sampling=parse_sampling(asked),
        logprobs=asked.logprobs,
        include_usage=bool(asked.stream_options and asked.stream_options.include_usage),
    )
    check(request)
    refuse(asked, request)
    for name, value in top_level(body).items():
        if name not in KNOWN and bytes(value) != b"null":
            warnings.add(name, "unknown")
    return request


def check(request: Request) -> None:
    for name, value, least in (("n", request.answers, 1), ("max_tokens", request.max_tokens, 0)):
        if value < least:
            raise GatewayError(Kind.INVALID_VALUE, f"This field must not be below {least}.", param=name)
    if request.logprobs is not None and not 0 <= request.logprobs <= MOST_CANDIDATES:
        message = f"This field must be between 0 and {MOST_CANDIDATES}."
        raise GatewayError(Kind.INVALID_VALUE, message, param="logprobs")
    if request.drawn < request.answers:
        raise GatewayError(Kind.INVALID_VALUE, "This field must not be below n.", param="best_of")
    if len(request.prompts) * request.drawn > MOST_CHOICES:
        message = f"There may be at most {MOST_CHOICES} answers to all prompts together."
        many = "best_of" if request.drawn > request.answers else "n"
        raise GatewayError(Kind.INVALID_VALUE, message, param="prompt" if request.drawn == 1 else many)


def refuse(asked: Fields, request: Request) -> None:
    unsupported = {
        # Which are the likeliest is known once all are whole; and a prompt's own tokens are no part of that.
        "best_of": request.drawn > request.answers and bool(asked.stream or asked.echo),
        "suffix": bool(asked.suffix),
    }
    for field, present in unsupported.items():
        if present:
            raise Untranslatable("This cannot be kept by the backend that answers this model.", param=field)


def jobs(request: Request, model: str) -> list[native.Job]:
    """One for each answer that is drawn, those to the first prompt first."""
    numbers = range(request.drawn)
    return [job(request, model, prompt=prompt, number=number) for prompt in request.prompts for number in numbers]


def job(request: Request, model: str, *, prompt: TextInput, number: int) -> native.Job:
    plain = ir.Request(
        model,
        (),
        sampling=numbered(request.sampling, number),
        stop=request.stop,
        max_tokens=request.max_tokens,
        logprobs=0 if request.logprobs is None and request.drawn > request.answers else request.logprobs,
    )
    return native.Job(plain, prompt=prompt, echo=request.echo)
