"""Base URLs: what one may look like, and how an endpoint is joined to it."""

import pytest

from credentials.base_url import check_base_url
from inference.backends import anthropic, openai
from inference.backends.http import base

GOOD = (
    "https://api.openai.com/v1",
    "http://localhost:11434",
    "http://127.0.0.1:9901/v1",
    "http://[::1]:8080/v1",
    "https://[2606:4700::1]",
    "https://EXAMPLE.com./a/b/",
    "https://xn--mller-kva.example/v1",
    "https://openrouter.ai/api/v1",
    "https://host_with_underscore/v1",
    "https://" + "a" * 63 + ".example/v1",
    "https://mine.openai.azure.com/openai/v1?api-version=preview",
)
BAD = (
    "",
    "api.openai.com/v1",
    "//api.openai.com/v1",
    "ftp://api.openai.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://",
    "https:///v1",
    "https://:443/v1",
    "https://user@api.openai.com/v1",
    "https://user:password@api.openai.com/v1",
    "https://@api.openai.com/v1",
    "https://api.openai.com@evil.example/v1",
    "https://api.openai.com/v1#",
    "https://api.openai.com/v1#a",
    "https://api.openai.com\\@evil.example/v1",
    "https://api.openai.com /v1",
    " https://api.openai.com/v1",
    "https://api.openai.com/v1\n",
    "https://api.openai.com/\tv1",
    "https://müller.example/v1",
    "https://１２７.0.0.1/v1",
    "https://a%2eb/v1",
    "https://127.0.0.1%2f/v1",
    "https://api.openai.com:/v1",
    "https://api.openai.com:0/v1",
    "https://api.openai.com:65536/v1",
    "https://api.openai.com:http/v1",
    "https://[::1/v1",
    "https://::1]/v1",
    "https://[::1]x/v1",
    "https://[fe80::1%25eth0]/v1",
    "https://[v1.x]/v1",
    "https://.example/v1",
    "https://-example/v1",
    "https://a,b/v1",
    "https://a..b/v1",
    "https://a.-b/v1",
    "https://a-.b/v1",
    "https://" + "a" * 64 + ".example/v1",
    "https://a/" + "b" * 3000,
)


@pytest.mark.parametrize("url", GOOD)
def test_a_good_base_url_passes(url: str) -> None:
    check_base_url(url)


@pytest.mark.parametrize("url", BAD)
def test_a_bad_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        check_base_url(url)


@pytest.mark.parametrize(
    ("url", "joined"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1//", "https://api.openai.com/v1/chat/completions"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions"),
        ("http://localhost:11434", "http://localhost:11434/chat/completions"),
        ("http://localhost:11434/", "http://localhost:11434/chat/completions"),
        ("https://host/%7Eme", "https://host/%7Eme/chat/completions"),
        ("https://host/openai/v1/?a=1&b=2/", "https://host/openai/v1/chat/completions?a=1&b=2/"),
    ],
)
def test_openai_joins_below_the_base_url(url: str, joined: str) -> None:
    assert openai.join(base(url), "chat/completions") == joined


@pytest.mark.parametrize(
    ("url", "joined"),
    [
        ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages"),
        ("https://openrouter.ai/api", "https://openrouter.ai/api/v1/messages"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/messages"),
        ("http://localhost:11434", "http://localhost:11434/v1/messages"),
        ("https://host/xv1", "https://host/xv1/v1/messages"),
        ("https://host/v1/?a=/v1", "https://host/v1/messages?a=/v1"),
        ("https://host?a=/v1", "https://host/v1/messages?a=/v1"),
    ],
)
def test_anthropic_adds_the_version_once(url: str, joined: str) -> None:
    assert anthropic.join(base(url), "messages") == joined


def test_the_vendors_own_addresses_are_the_default() -> None:
    assert openai.join(openai.BASE_URL, "chat/completions") == "https://api.openai.com/v1/chat/completions"
    assert anthropic.join(anthropic.BASE_URL, "messages") == "https://api.anthropic.com/v1/messages"
