"""What texts of the configuration may hold, wherever they come from."""

from django.core.exceptions import ValidationError

from credentials.base_url import check_base_url


def printable(value: str) -> None:
    """Raises ValidationError. A name is written to logs and headers, and PostgreSQL takes no NUL."""
    if value != value.strip() or not value.isprintable():
        raise ValidationError("A name has no blank at its ends and no control characters: remove them.")


def base_url(value: str) -> None:
    """Raises ValidationError."""
    try:
        check_base_url(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def api_key(value: str) -> str:
    """The key without the blanks that came along when it was copied. Raises ValidationError, which never shows it."""
    key = value.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValidationError("An API key is one word of ASCII characters: copy it again.")
    return key


def patterns(value: object) -> None:
    """Raises ValidationError for what is no list of model names or patterns."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValidationError("This is a list of model names or patterns, such as claude-*.")
    for item in value:
        printable(item)
