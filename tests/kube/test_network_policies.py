"""NetworkPolicies judged as the API's own documentation has it: allowed is what any rule of any policy allows."""

from typing import Any

import pytest

from bot.kube.network_policies import Connection, Direction, Peer, may_pass, policies_of, summary

SERVER = {
    "metadata": {"namespace": "orders", "labels": {"app": "pd"}},
    "spec": {"containers": [{"name": "pd", "ports": [{"name": "client", "containerPort": 2379}]}]},
}


def policy(namespace: str = "orders", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "guard", "namespace": namespace}, "spec": {"podSelector": {}} | spec}


def pod(namespace: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "labels": labels}}


def calls(port: int | str = 2379, *, namespace: str = "orders", ip: str = "10.244.1.7", **labels: str) -> Connection:
    peer = Peer(ip=ip, pod=pod(namespace, **labels), namespace_labels={"kubernetes.io/metadata.name": namespace})
    return Connection(peer=peer, ports=frozenset({port}), server=SERVER)


def passes(connection: Connection, *rules: dict[str, Any]) -> bool:
    return may_pass(policy(ingress=list(rules)), Direction.INGRESS, connection)


@pytest.mark.parametrize(
    ("spec", "restricts"),
    [
        ({}, {"ingress"}),
        ({"egress": [{}]}, {"ingress", "egress"}),
        ({"policyTypes": ["Egress"]}, {"egress"}),
        ({"podSelector": {"matchLabels": {"app": "tikv"}}}, set()),
    ],
)
def test_a_policy_restricts_the_pods_it_selects_in_its_directions(spec: dict[str, Any], restricts: set[str]) -> None:
    assert {each for each in Direction if policies_of(SERVER, [policy(**spec)], each)} == restricts


def test_policies_of_other_namespaces_and_pods_of_the_host_network_are_left_out() -> None:
    host = {**SERVER, "spec": {"hostNetwork": True}}

    assert policies_of(SERVER, [policy("shop")], Direction.INGRESS) == []
    assert policies_of(host, [policy()], Direction.INGRESS) == []


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"podSelector": {"matchLabels": {"app": "tikv"}}}, True),
        ({"podSelector": {"matchLabels": {"app": "web"}}}, False),
        ({"podSelector": {}}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "orders"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}, False),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}, False),
        ({"ipBlock": {"cidr": "10.244.0.0/16"}}, True),
        ({"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.1.0/24"]}}, False),
        ({"ipBlock": {"cidr": "nonsense"}}, False),
    ],
)
def test_a_rule_is_for_the_peers_it_lists(entry: dict[str, Any], expected: bool) -> None:
    assert passes(calls(app="tikv"), {"from": [entry]}) is expected


def test_a_pod_of_another_namespace_is_no_peer_of_a_pod_selector_alone() -> None:
    assert not passes(calls(namespace="shop", app="tikv"), {"from": [{"podSelector": {}}]})
    assert passes(calls(namespace="shop", app="tikv"), {"from": [{"podSelector": {}, "namespaceSelector": {}}]})


@pytest.mark.parametrize(
    ("port", "entry", "expected"),
    [
        (2379, {"port": 2379}, True),
        (2380, {"port": 2379}, False),
        (2380, {"port": 2379, "endPort": 2390}, True),
        (2379, {"port": "client"}, True),
        (2380, {"port": "client"}, False),
        (2380, {"port": "unknown"}, True),
        ("client", {"port": 2379}, True),
        ("unknown", {"port": 1}, True),
        (2379, {"port": 2379, "protocol": "UDP"}, False),
        (53, {"port": 53, "protocol": "UDP"}, True),
        (2379, {"protocol": "TCP"}, True),
    ],
)
def test_a_rule_is_for_the_ports_it_lists(port: int | str, entry: dict[str, Any], expected: bool) -> None:
    assert passes(calls(port), {"ports": [entry]}) is expected


def test_what_is_not_known_may_pass_unless_nothing_may() -> None:
    narrow = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 1}]}

    assert passes(Connection(), narrow)
    assert not passes(Connection())
    assert passes(calls(app="x"), {})
    unknown_labels = Connection(peer=Peer(ip="10.0.0.1", pod=pod("shop")))
    assert passes(unknown_labels, {"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]})


def test_an_address_outside_passes_only_by_its_address() -> None:
    outside = Connection(peer=Peer(ip="192.0.2.7"))

    assert passes(outside, {"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]})
    assert not passes(outside, {"from": [{"podSelector": {}, "namespaceSelector": {}}]})


def test_what_a_policy_allows_is_said_in_a_line() -> None:
    expressions = [{"key": "tier", "operator": "In", "values": ["a", "b"]}]
    web = {"podSelector": {"matchLabels": {"app": "web"}}}
    block = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}
    tiers = {"namespaceSelector": {"matchExpressions": expressions}}
    ports = [{"port": 8080}, {"port": 1, "endPort": 9, "protocol": "UDP"}]
    told = policy(ingress=[{"from": [web], "ports": ports}, {"from": [block, tiers]}, {}], egress=[])

    assert summary(told, Direction.INGRESS) == (
        "from pods app=web on 8080/TCP, 1-9/UDP; "
        "from 10.0.0.0/8 but 10.1.0.0/16 or pods of namespaces tier In (a, b); from anywhere"
    )
    assert summary(told, Direction.EGRESS) == "nothing"
