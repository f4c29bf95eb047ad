"""Which addresses a base URL may lead to, and how the operator's list is read."""

from ipaddress import ip_address

import pytest

from inference.backends.addresses import AddressRefused, PrivateUpstreams, allowed, vet_host

NOTHING = PrivateUpstreams()
EVERYTHING = PrivateUpstreams.parse(["0.0.0.0/0", "::/0"])

NOT_PUBLIC = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450::1",
)
METADATA = (
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd00:ec2::254%eth0",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::6464:64c8",
    "2002:a9fe:a9fe::1",
)
ODD_HOSTS = (
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.01",
    "127.0.0.0x1",
    "127.0.0.1.",
    "1.1.1.1.",
    "0",
    "0x",
    "0x0",
    "1.2.3",
    "256.256.256.256",
    "1.1.1.1.1",
    "99999999999",
    "a.b.1",
    "[::1]",
    "::1.",
    "::1%25lo",
    ":::1",
    "1::2::3",
)
NO_NAMES = ("", ".", "..", "a b", "a%2eb", "a/b", "a@b", "müller.example", "１２７.0.0.1", "-a", "a-.", "a\x00b", "*")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_needs_the_list(address: str) -> None:
    assert not allowed(ip_address(address), "upstream.example", 80, private=NOTHING)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_needs_no_list(address: str) -> None:
    assert allowed(ip_address(address), "upstream.example", 80, private=NOTHING)


@pytest.mark.parametrize("address", METADATA)
def test_no_list_opens_a_metadata_address(address: str) -> None:
    named = PrivateUpstreams.parse(["0.0.0.0/0", "::/0", "upstream.example"])
    assert not allowed(ip_address(address), "upstream.example", 80, private=named)


@pytest.mark.parametrize("host", ["metadata.google.internal", "METADATA.google.internal.", "metadata.goog", "metadata"])
def test_no_list_opens_a_metadata_name(host: str) -> None:
    with pytest.raises(AddressRefused):
        vet_host(host, 80, private=PrivateUpstreams.parse(["metadata.google.internal", "0.0.0.0/0"]))


@pytest.mark.parametrize("host", [address for address in NOT_PUBLIC if "%" not in address])
def test_a_private_address_as_host_is_refused_and_the_setting_named(host: str) -> None:
    with pytest.raises(AddressRefused, match="MLXMANAGER_PRIVATE_UPSTREAMS"):
        vet_host(host, 80, private=NOTHING)


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_an_address_in_an_odd_form_is_refused_even_where_all_are_listed(host: str) -> None:
    with pytest.raises(AddressRefused):
        vet_host(host, 80, private=EVERYTHING)


@pytest.mark.parametrize("host", NO_NAMES)
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        vet_host(host, 80, private=EVERYTHING)


@pytest.mark.parametrize("host", ["api.openai.com", "localhost", "a1.b2", "1a.b", "xn--mller-kva.example", "h_1.lan."])
def test_a_host_name_is_left_to_the_resolver(host: str) -> None:
    vet_host(host, 443, private=NOTHING)


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "listed"),
    [
        ("127.0.0.1", "127.0.0.1", 80, "127.0.0.1", True),
        ("127.0.0.1", "localhost", 80, "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", 80, "127.0.0.2", False),
        ("127.0.0.1:9901", "127.0.0.1", 9901, "127.0.0.1", True),
        ("127.0.0.1:9901", "127.0.0.1", 9902, "127.0.0.1", False),
        ("10.0.0.0/8", "10.1.2.3", 80, "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", 80, "127.0.0.1", False),
        ("10.0.0.0/8:443", "10.1.2.3", 443, "10.1.2.3", True),
        ("10.0.0.0/8:443", "10.1.2.3", 80, "10.1.2.3", False),
        ("::1", "::1", 80, "::1", True),
        ("[::1]", "::1", 80, "::1", True),
        ("[::1]:8080", "::1", 8080, "::1", True),
        ("[::1]:8080", "::1", 8081, "::1", False),
        ("fd00::/8", "fd12::1", 80, "fd12::1", True),
        ("fe80::/10", "mac.local", 80, "fe80::1%en0", True),
        ("127.0.0.1", "::ffff:127.0.0.1", 80, "::ffff:127.0.0.1", False),
        ("localhost", "localhost", 80, "127.0.0.1", True),
        ("localhost", "localhost", 80, "::1", True),
        ("LocalHost.", "localhost.", 80, "127.0.0.1", True),
        ("localhost", "127.0.0.1", 80, "127.0.0.1", False),
        ("localhost", "localhost.example", 80, "127.0.0.1", False),
        ("mac.local:11434", "mac.local", 11434, "192.168.1.9", True),
        ("mac.local:11434", "mac.local", 80, "192.168.1.9", False),
    ],
)
def test_an_entry_lists_what_it_says(entry: str, host: str, port: int, address: str, listed: bool) -> None:
    private = PrivateUpstreams.parse([entry])
    assert allowed(ip_address(address), host, port, private=private) is listed


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "*",
        "*.lan",
        "http://127.0.0.1",
        "127.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/8/8",
        "127.1",
        "0x7f.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:http",
        "localhost:-1",
        "localhost:80:80",
        "a b",
        "[::1",
        "[::1]8080",
        "[::1]:",
        "[localhost]:80",
        "user@host",
        "host/path",
        "müller.lan",
    ],
)
def test_a_wrong_entry_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="is not a host") as raised:
        PrivateUpstreams.parse(["localhost", entry])
    assert repr(entry) in str(raised.value)


def test_the_refusal_names_no_resolved_address() -> None:
    with pytest.raises(AddressRefused) as raised:
        vet_host("10.0.0.9", 8080, private=NOTHING)
    assert str(raised.value).startswith("10.0.0.9:8080 is not a public address")
