"""Addresses as texts write them: `10.0.3.7:20160`, `[fd00::7]:53`, `10.0.3.7`."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Final

_WITH_PORT: Final = re.compile(r"^(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<other>[^:\s]+)):(?P<port>\d{1,5})$")


def ip_in(address: str) -> str:
    """Return the IP of an address, with or without a port; "" for a host name or no address."""
    found = _WITH_PORT.match(address)
    host = (found["six"] or found["other"]) if found else address.strip("[]")
    try:
        return str(ip_address(host))
    except ValueError:
        return ""


def port_in(address: str) -> int:
    """Return the port of an address, 0 if it has none."""
    found = _WITH_PORT.match(address)
    port = int(found["port"]) if found else 0
    return port if port < 65536 else 0


def is_within(ip: str, cidr: str) -> bool:
    """Tell whether an IP lies in a network; false for malformed ones."""
    try:
        return ip_address(ip) in ip_network(cidr, strict=False)
    except ValueError:
        return False
