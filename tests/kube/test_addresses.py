"""Addresses taken apart as texts write them."""

import pytest

from bot.kube.services import ip_in, is_within, port_in


@pytest.mark.parametrize(
    ("address", "ip", "port"),
    [
        ("10.0.3.7:20160", "10.0.3.7", 20160),
        ("10.0.3.7", "10.0.3.7", 0),
        ("[fd00::7]:53", "fd00::7", 53),
        ("fd00::7", "fd00::7", 0),
        ("orders-pd:2379", "", 2379),
        ("10.0.3.7:99999", "10.0.3.7", 0),
        ("10.0.3.777", "", 0),
        ("", "", 0),
    ],
)
def test_an_address_gives_its_ip_and_port(address: str, ip: str, port: int) -> None:
    assert (ip_in(address), port_in(address)) == (ip, port)


def test_a_network_holds_its_addresses_and_nonsense_holds_none() -> None:
    assert is_within("10.0.3.7", "10.0.0.0/16")
    assert not is_within("10.1.3.7", "10.0.0.0/16")
    assert not is_within("10.0.3.7", "10.0.0.0/99")
    assert not is_within("orders-pd", "10.0.0.0/16")
    assert not is_within("fd00::7", "10.0.0.0/16")
