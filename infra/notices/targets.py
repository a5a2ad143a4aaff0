"""Where webhooks may go: the public internet over HTTPS, and what the operator lists. Everything else is refused.

Whoever may enter an address could otherwise make the worker call what only the worker can reach (SSRF). The name is
resolved here, every address behind it is judged, and the caller connects to the judged address, so that a name that
answers differently the second time gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from infra.notices.outgoing import NotSent

RESOLVE_SECONDS = 5.0

_CARRY_IPV4 = tuple(IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
"""Addresses that stand for an IPv4 address behind a translator or tunnel: nobody needs them, and they hide targets."""

_UNICAST = IPv6Network("2000::/3")
"""Where all public IPv6 addresses lie."""
_PROTOCOL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Addresses of protocols, not of hosts; not every Python calls them private."""

Address = IPv4Address | IPv6Address


class Targets:
    """The judge of addresses. `networks`: also allowed, separated by commas."""

    def __init__(self, networks: str = "") -> None:
        self._allowed = tuple(ip_network(part.strip()) for part in networks.split(",") if part.strip())

    async def checked(self, url: httpx.URL) -> str:
        """The address to connect to for a URL. Raises `NotSent`."""
        addresses = await _resolve(url)
        if not all(map(self._permitted, addresses)):
            raise NotSent("target_forbidden", again=False)
        if url.scheme != "https" and not all(address.is_loopback for address in addresses):
            raise NotSent("https_required", again=False)
        return str(addresses[0])

    def _permitted(self, address: Address) -> bool:
        return _public(address) or any(address in network for network in self._allowed)


def _public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address not in _UNICAST or any(address in network for network in _CARRY_IPV4):
            return False
    elif any(address in network for network in _PROTOCOL):
        return False
    return address.is_global and not address.is_multicast


async def _resolve(url: httpx.URL) -> list[Address]:
    host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise NotSent("name_not_resolved", again=True) from None
    return [*_parse_addresses(str(entry[4][0]) for entry in found)]


def _parse_addresses(addresses: Iterable[str]) -> Iterable[Address]:
    for text in addresses:
        address = ip_address(text)
        yield (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
