"""What legacy completions and embeddings read: a text, several, or the same as the model's own tokens."""

from inference.errors import GatewayError, Kind
from inference.ir import JSON

type TextInput = str | tuple[int, ...]


def parse_inputs(value: JSON, param: str) -> tuple[TextInput, ...]:
    """Raises GatewayError naming the field, and the item in it."""
    if value is None:
        raise GatewayError(Kind.MISSING_PARAMETER, "This field is required.", param=param)
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise wrong_type(param)
    if not value:
        raise GatewayError(Kind.INVALID_VALUE, "At least one is required.", param=param)
    if all(map(is_token, value)):
        return (tuple(value),)
    return tuple(parse_item(item, f"{param}[{position}]") for position, item in enumerate(value))


def parse_item(item: JSON, param: str) -> TextInput:
    if isinstance(item, str):
        return item
    if isinstance(item, list) and all(map(is_token, item)):
        return tuple(item)
    raise wrong_type(param)


def is_token(value: JSON) -> bool:
    return type(value) is int


def wrong_type(param: str) -> GatewayError:
    return GatewayError(Kind.INVALID_TYPE, "Expected a string, an array of tokens, or an array of these.", param=param)
