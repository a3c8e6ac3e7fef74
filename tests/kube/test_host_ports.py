"""Test which pods of a node stand in each other's way by a host port."""

from typing import Any

import pytest

from bot.kube.placement import HostPort, host_ports, taken


def pod(*ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a", "ports": list(ports)}], **spec}}


def test_only_ports_of_the_host_count() -> None:
    assert host_ports(pod({"containerPort": 80}, {"containerPort": 443, "hostPort": 8443})) == (HostPort(port=8443),)


def test_in_the_network_of_the_node_every_port_is_one() -> None:
    assert host_ports(pod({"containerPort": 80}, hostNetwork=True)) == (HostPort(port=80),)


@pytest.mark.parametrize(
    ("other", "clashes"),
    [
        ({"hostPort": 443}, True),
        ({"hostPort": 443, "hostIP": "10.0.0.1"}, True),
        ({"hostPort": 443, "protocol": "UDP"}, False),
        ({"hostPort": 444}, False),
    ],
)
def test_a_port_is_taken_by_the_same_number_protocol_and_address(other: dict[str, Any], clashes: bool) -> None:
    found = taken([HostPort(port=443)], [pod({"containerPort": 1, **other})])

    assert (found is not None) is clashes


def test_two_addresses_of_a_node_are_two_places() -> None:
    held = [pod({"containerPort": 1, "hostPort": 443, "hostIP": "10.0.0.1"})]

    assert taken([HostPort(port=443, address="10.0.0.2")], held) is None
