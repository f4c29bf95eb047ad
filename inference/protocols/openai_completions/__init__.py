"""OpenAI's legacy completions, for those who call us: raw prompts, several at once, each with several answers."""

from inference.protocols.openai_completions.exchange import local_completions

__all__ = ["local_completions"]
