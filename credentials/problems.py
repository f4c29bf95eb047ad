"""Validation errors in words, for commands: which entry, which field, what is wrong with it."""

import django.core.exceptions
import pydantic


def of_schema(error: pydantic.ValidationError) -> list[str]:
    """One line for each field, without the value: it may be a key."""
    return [f"{_path(one['loc'])}: {words(one['msg'])}" for one in error.errors(include_input=False, include_url=False)]


def words(message: str) -> str:
    """A schema's message, without what pydantic says before our own."""
    return message.removeprefix("Value error, ")


def of_row(error: django.core.exceptions.ValidationError) -> list[str]:
    return [f"{field}: {message}" for field, messages in error.message_dict.items() for message in messages]


def _path(location: tuple[int | str, ...]) -> str:
    """As `mappings entry 2 priority`."""
    return " ".join(f"entry {part + 1}" if isinstance(part, int) else part for part in location)
