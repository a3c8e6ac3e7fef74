"""Test the readers of a Service's ports and addresses, and which of them its pods can answer."""

from typing import Any

import pytest

from bot.kube import services


def service(*ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"ports": list(ports), **spec}}


def pod(name: str, *ports: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": name, "ports": list(ports)}]}}


def test_ports_are_shown_as_people_write_them() -> None:
    shown = services.shown_ports(
        service({"name": "sql", "port": 4000, "targetPort": 4000, "nodePort": 31400}, {"port": 53, "protocol": "UDP"})
    )

    assert shown == ("sql 4000→4000/TCP (node 31400)", "53→53/UDP")


def test_a_service_is_reached_at_every_address_it_has() -> None:
    found = services.addresses_of(
        {
            "spec": {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00::7"], "externalIPs": ["192.0.2.1"]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}, {"hostname": "lb.example.com"}]}},
        }
    )

    assert found == {"10.96.0.7", "fd00::7", "192.0.2.1", "192.0.2.9", "lb.example.com"}
    assert services.addresses_of({"spec": {"clusterIP": "None"}}) == frozenset()


@pytest.mark.parametrize(
    ("port", "declared", "expected"),
    [
        ({"port": 80, "targetPort": "web"}, {"containerPort": 8080, "name": "web"}, ()),
        (
            {"port": 80, "targetPort": "web"},
            {"containerPort": 8080, "name": "http"},
            ("targetPort web: no container has a port of that name",),
        ),
        ({"port": 80, "targetPort": 8080}, {"containerPort": 8080}, ()),
        ({"port": 80}, {"containerPort": 8080}, ("targetPort 80: the containers declare 8080",)),
    ],
)
def test_a_target_must_be_declared_as_far_as_anything_is(
    port: dict[str, Any], declared: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert services.unanswered_ports(service(port), [pod("web", declared)]) == expected


def test_containers_that_declare_nothing_contradict_no_number() -> None:
    assert services.unanswered_ports(service({"port": 80, "targetPort": 8080}), [pod("web")]) == ()


def test_components_of_a_tidb_cluster_have_usual_ports() -> None:
    tikv = pod("tikv", {"containerPort": 20170})

    assert services.unusual_ports([tikv, tikv]) == ("tikv declares 20170, not 20160",)
    assert services.unusual_ports([pod("pd", {"containerPort": 2379}), pod("web", {"containerPort": 1})]) == ()
    assert services.unusual_ports([pod("tidb")]) == ()


def test_a_port_of_a_service_is_another_on_its_pods() -> None:
    assert services.target_ports(service({"port": 80, "targetPort": "web"}), 80) == {"web"}
    assert services.target_ports(service({"port": 80}), 80) == {80}
    assert services.target_ports(service({"port": 80}), 443) == {443}


def test_traffic_comes_in_through_ready_nodes_that_are_not_left_out() -> None:
    excluded = {"metadata": {"labels": {"node.kubernetes.io/exclude-from-external-load-balancers": ""}}}

    assert services.takes_traffic({}, balanced=True)
    assert services.takes_traffic(excluded, balanced=False)
    assert not services.takes_traffic(excluded, balanced=True)
    assert not services.takes_traffic(
        {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, balanced=False
    )
    assert services.is_control_plane({"metadata": {"labels": {"node-role.kubernetes.io/master": ""}}})


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
    assert (services.ip_in(address), services.port_in(address)) == (ip, port)
