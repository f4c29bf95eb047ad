"""Numbers as digits and letters, which pass through headers, shells and double clicks unharmed."""

import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def encode(number: int, length: int) -> str:
    """The last `length` digits of the number in base 62, padded with zeros."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
