"""Which addresses a base URL may lead to: public ones, and the private ones an operator listed.

A credential's URL must not turn the gateway into a way into the network it stands in. Pure: no sockets, no clock.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from credentials.base_url import NAME

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

SETTING = "MLXMANAGER_PRIVATE_UPSTREAMS"
DEFAULT_PORTS = {"http": 80, "https": 443}
# What some resolvers read as an IPv4 address: 127.1, 0x7f.1, 2130706433.
NUMBER_AT_END = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")

# Our own table, because what `is_global` answers differs between patch releases of Python.
NOT_PUBLIC_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Everything outside it is loopback, local, mapped, NAT64, multicast or unassigned.
PUBLIC_IPV6 = IPv6Network("2000::/3")
NOT_PUBLIC_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)

METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.internal",
        "metadata.azure.internal",
        "metadata.tencentyun.com",
        "instance-data",
        "instance-data.ec2.internal",
    }
)
METADATA_ADDRESSES: frozenset[Address] = frozenset(
    ip_address(address)
    for address in (
        "169.254.169.254",
        "169.254.169.253",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.0.23",
        "169.254.42.42",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::253",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:42::42",
    )
)


class AddressRefused(Exception):
    """A base URL leads where it may not. The message is for the operator and names no resolved address."""


@dataclass(frozen=True, slots=True)
class PrivateUpstreams:
    """The entries of MLXMANAGER_PRIVATE_UPSTREAMS. A port of None stands for every port."""

    names: frozenset[tuple[str, int | None]] = frozenset()
    networks: frozenset[tuple[Network, int | None]] = frozenset()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Each a host, host:port, address, [address]:port or network. Raises ValueError with the entry."""
        names: set[tuple[str, int | None]] = set()
        networks: set[tuple[Network, int | None]] = set()
        for entry in entries:
            place, port = split_port(entry)
            try:
                networks.add((ip_network(place), port))
            except ValueError:
                names.add((checked_name(place, entry), port))
        return cls(frozenset(names), frozenset(networks))

    def lists(self, host: str, port: int, address: Address) -> bool:
        named = (host, None) in self.names or (host, port) in self.names
        return named or any(wanted in (None, port) and address in network for network, wanted in self.networks)


def split_port(entry: str) -> tuple[str, int | None]:
    """Raises ValueError for a port that is none."""
    port: str | None = None
    place = entry
    if bracketed := re.fullmatch(r"\[([^]]*:[^]]*)](?::(.*))?", entry):
        place, port = bracketed.groups()
    elif entry.count(":") == 1:
        place, _, port = entry.partition(":")
    if port is None:
        return place, None
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise wrong(entry)
    return place, int(port)


def checked_name(name: str, entry: str) -> str:
    name = name.lower().removesuffix(".")
    if not NAME.fullmatch(name) or NUMBER_AT_END.fullmatch(name):
        raise wrong(entry)
    return name


def wrong(entry: str) -> ValueError:
    return ValueError(f"{entry!r} is not a host, host:port, address or network")


def vet_host(host: str, port: int, *, private: PrivateUpstreams) -> None:
    """Judge a URL's host before anything is resolved. A name passes unless it is known to be a metadata service's.

    Raises AddressRefused.
    """
    name = host.lower().removesuffix(".")
    if ":" in host or NUMBER_AT_END.fullmatch(name):
        if not allowed(literal(host), host, port, private=private):
            raise refusal(host, port)
    elif not NAME.fullmatch(name):
        raise AddressRefused(f"{host!r} is not a host name.")
    elif name in METADATA_NAMES:
        raise AddressRefused(f"{host} is a cloud metadata service, which is never asked.")


def literal(host: str) -> Address:
    """Raises AddressRefused for a form that another reader might take for another address."""
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if address is None or "%" in host:
        raise AddressRefused(f"{host!r} is not the usual form of an address.")
    return address


def allowed(address: Address, host: str, port: int, *, private: PrivateUpstreams) -> bool:
    """Whether we may connect to an address that a host is, or resolved to."""
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))  # without a scope, which would make it unequal to all below
    if is_metadata(address):
        return False
    return is_public(address) or private.lists(host.lower().removesuffix("."), port, address)


def refusal(host: str, port: int) -> AddressRefused:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return AddressRefused(f"{place} is not a public address; {SETTING} must list it (metadata services never).")


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_IPV4)
    return address in PUBLIC_IPV6 and not any(address in network for network in NOT_PUBLIC_IPV6)


def is_metadata(address: Address) -> bool:
    """Also where an IPv6 address carries the IPv4 one of a metadata service."""
    return address in METADATA_ADDRESSES or any(inner in METADATA_ADDRESSES for inner in embedded(address))


def embedded(address: Address) -> tuple[IPv4Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    last = IPv4Address(address.packed[-4:])  # NAT64 and the deprecated compatible form
    return (last, *(found for found in inner if found is not None))
