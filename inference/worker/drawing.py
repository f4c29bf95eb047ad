"""How a model's rows draw their tokens: what a request asks for over what the model's files say."""

from dataclasses import dataclass
from pathlib import Path

from inference import ir
from inference.errors import GatewayError, Kind
from inference.worker import sampling
from inference.worker.adapter import TokenizerWrapper
from inference.worker.holding import Held
from inference.worker.likelihoods import Likelihoods
from inference.worker.sampling import LogitsProcessor, Sampler


@dataclass(frozen=True, slots=True)
class Draw:
    """For one row. The processors are called with all its tokens, and then the sampler with what they make."""

    sampler: Sampler
    processors: list[LogitsProcessor]


class Drawing:
    """`vocabulary`: the model has so many tokens."""

    def __init__(self, folder: Path, config: dict[str, object], tokenizer: TokenizerWrapper) -> None:
        self.vocabulary = vocabulary(config, tokenizer)
        self._defaults = sampling.read_defaults(folder)

    def begin(
        self, prompt: list[int], wanted: ir.Sampling, *, held: Held | None, likelihoods: Likelihoods | None
    ) -> Draw:
        """Raises GatewayError for parameters the model cannot follow."""
        if max(prompt) >= self.vocabulary:
            # MLX would read past the end of the embeddings.
            message = (
                f"The model's tokenizer makes a token that the model does not have: they are below {self.vocabulary}."
            )
            raise GatewayError(Kind.MODEL_NOT_INSTALLED, message, param="model")
        sampler = sampling.sampler(wanted, self._defaults)
        processors = sampling.processors(wanted, self._defaults, self.vocabulary, prompt=len(prompt))
        if held is not None:
            # The last, so that nothing brings back what it has ruled out.
            processors.append(held)
        if likelihoods is not None:
            processors.insert(0, likelihoods)
        return Draw(sampler, processors)


def vocabulary(config: dict[str, object], tokenizer: TokenizerWrapper) -> int:
    """How many tokens the model knows: its weights were found to be of that shape."""
    text = config.get("text_config")
    for source in (config, text if isinstance(text, dict) else {}):
        size = source.get("vocab_size")
        if isinstance(size, int) and size > 0:
            return size
    return len(tokenizer)
