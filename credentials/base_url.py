"""What a base URL may look like, and whose it is. Whether its address may be reached is checked when we connect."""

from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError


def validate(value: str) -> None:
    """Raises ValidationError."""
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValidationError("Enter an address that begins with https:// or http://, as https://llm.example.org/v1.")
    if parts.username is not None or parts.password is not None:
        raise ValidationError("Leave user and password out of the address; the API key has a field of its own.")
    if parts.query or parts.fragment:
        raise ValidationError("Leave out what follows ? or #: paths are appended to this address.")


def origin(value: str | None) -> tuple[str, str] | None:
    """Scheme and host: where a stored key may go. None: the vendor's own address."""
    parts = _split(value or "")
    return (parts.scheme.lower(), parts.hostname or "") if parts is not None and value else None


def _split(value: str) -> SplitResult | None:
    """None for what is no address. Blanks too: the standard library drops some of them in silence."""
    if any(character.isspace() or not character.isprintable() for character in value):
        return None
    try:
        parts = urlsplit(value)
        return parts if parts.port != 0 else None
    except ValueError:
        return None
