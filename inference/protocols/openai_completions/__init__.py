"""OpenAI's legacy completions, for those who call us: raw prompts, several at once, each with several answers."""

from inference.protocols.openai_completions.exchange import LocalCompletions

__all__ = ["LocalCompletions"]
