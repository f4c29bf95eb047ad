"""What a base URL may look like, and whose it is. Where its host leads is judged when we connect. Imports no Django."""

import re
from urllib.parse import urlsplit

LONGEST = 2048
PRINTABLE = re.compile(r"[!-~]+")
# What has other labels cannot be looked up.
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")  # without the dot that may stand behind it
ADDRESS = re.compile(r"\[[0-9a-f:.]+\]")


def check_base_url(url: str) -> None:
    """Raises ValueError with a sentence for whoever typed the URL."""
    if not PRINTABLE.fullmatch(url) or len(url) > LONGEST:
        raise ValueError("The base URL may hold printable ASCII only, without spaces; write other hosts in punycode.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("The base URL has a host or a port that cannot be read.") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("The base URL must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise ValueError("The base URL may not hold a user name or a password.")
    if "#" in url or "\\" in url:
        raise ValueError("The base URL may not hold a fragment or a backslash.")
    host = parts.netloc.lower() if port is None else parts.netloc.lower().rpartition(":")[0]
    if port == 0 or not (NAME.fullmatch(host.removesuffix(".")) or ADDRESS.fullmatch(host)):
        raise ValueError("The base URL needs the name or address of a host, and a port above 0 where it names one.")


def origin(url: str | None) -> tuple[str, str] | None:
    """Scheme and host: where a stored key may go. None: the vendor's own address."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.scheme.lower(), parts.hostname or ""
