"""Where webhooks may go: addresses that can be written down, and networks that may be connected to."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from connectors.errors import OperatorMustAct

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

LONGEST = 2000  # characters of an address
PORTS = {"http": 80, "https": 443}
FIRST_PLAIN_PORT = 1024  # below it other services listen, which would take the lines of a request for their own
# Public by their numbers, at least as some Pythons see it: metadata services of clouds, networks of one site.
NOT_PUBLIC = tuple(map(ip_network, ("168.63.129.16/32", "192.0.0.0/24", "fec0::/10", "3fff::/20")))
SHORTEST_SECRET = 6  # characters; shorter parts of an address are left in what a receiver says
TRANSLATED = ip_network("64:ff9b::/96")  # IPv4 behind NAT64


class Target(NamedTuple):
    """The parts of an address. `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str


def target(url: str) -> Target:
    """The parts of `url`. Raises OperatorMustAct `webhook-url-invalid` saying what is wrong with it."""
    if len(url) > LONGEST or not url.isascii() or any(mark <= " " or mark == "\x7f" for mark in url):
        raise _invalid(f"it has more than {LONGEST:,} characters, spaces, or letters that are not ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _invalid("its host or port cannot be read") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise _invalid("it does not begin with https:// or http:// and a host")
    if "@" in parts.netloc or parts.fragment:
        raise _invalid("it holds a user, a password or a fragment")
    port = PORTS[parts.scheme] if port is None else port
    if port not in PORTS.values() and port < FIRST_PLAIN_PORT:
        raise _invalid(f"its port is {port}; 80, 443 and those from {FIRST_PLAIN_PORT} on are taken")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, path)


def origin(url: str) -> str:
    """What anybody may know of an address: scheme, host and port. What follows them often is a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def without_address(words: str, url: str) -> str:
    """What a receiver says, less what it says back of its address: more people see its words than may see that."""
    parts = urlsplit(url)
    pairs = parts.query.split("&")
    said = {f"{parts.path}?{parts.query}", parts.path, *pairs, *(pair.partition("=")[2] for pair in pairs)}
    for each in sorted(said | {unquote(each) for each in said}, key=len, reverse=True):
        if len(each) >= SHORTEST_SECRET:
            words = words.replace(each, "…")
    return words


def check_host(host: str, allowed: Sequence[Network]) -> None:
    """Raises OperatorMustAct for a host that is a forbidden number; names are looked up when they are called."""
    try:
        number = ip_address(host)
    except ValueError:
        return
    if not may_connect(number, allowed):
        raise refused(host)


def may_connect(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is of the public internet, or in one of the networks that are allowed.

    What an IPv6 address stands for in IPv4 counts, too.
    """
    return all(_is_public(each) or any(each in network for network in allowed) for each in _meant(address))


def _meant(address: Address) -> list[Address]:
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in TRANSLATED:
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    inside = [address.sixtofour, *(address.teredo or ())]
    return [address, *(each for each in inside if each is not None)]


def _is_public(address: Address) -> bool:
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved)
        and not any(address in network for network in NOT_PUBLIC)
    )


def refused(host: str) -> OperatorMustAct:
    """What is said of a host that may not be called; not which address it has, nor what answers there."""
    return OperatorMustAct(
        "webhook-address-refused",
        f"{host} is not on the public internet.",
        "Use a public address, or name its network in TERMSYNC_WEBHOOK_ALLOW_NETWORKS.",
    )


def _invalid(why: str) -> OperatorMustAct:
    return OperatorMustAct(
        "webhook-url-invalid",
        f"The address of the webhook cannot be used: {why}.",
        "Give an address like https://lms.example.com/termsync; the signature is what proves who calls.",
    )
