"""NetworkPolicies judged as the API reference words it: what any rule of any policy admits passes."""

from typing import Any

import pytest

from bot.kube.network_policies import blocks, restricting, summary
from bot.kube.network_policy_rules import Connection, Direction, End

SERVER = {
    "metadata": {"namespace": "orders", "name": "pd-0", "labels": {"app": "pd"}},
    "spec": {
        "containers": [
            {"name": "pd", "ports": [{"name": "client", "containerPort": 2379}]},
            {"name": "dns", "ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]},
        ]
    },
    "status": {"podIP": "10.244.1.6", "hostIP": "192.168.0.1"},
}


def policy(namespace: str = "orders", *, name: str = "guard", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"podSelector": {}} | spec}


def pod(namespace: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": "caller", "labels": labels}, "status": {"podIP": "10.244.1.7"}}


def caller(namespace: str = "orders", **labels: str) -> End:
    return End(pod=pod(namespace, **labels), namespace_labels={"kubernetes.io/metadata.name": namespace})


def calls(port: int | str = 2379, *, client: End | None = None, protocol: str = "TCP") -> Connection:
    return Connection(
        client=client or caller(app="tikv"), server=End(pod=SERVER), ports=frozenset({port}), protocol=protocol
    )


def passes(connection: Connection, *rules: Any) -> bool:
    return not blocks(connection, [policy(ingress=list(rules))])


def misses(connection: Connection, *policies: dict[str, Any]) -> list[str]:
    return [str(miss) for block in blocks(connection, policies) for miss in block.misses]


@pytest.mark.parametrize(
    ("spec", "restricts"),
    [
        ({}, {"ingress"}),
        ({"egress": [{}]}, {"ingress", "egress"}),
        ({"egress": []}, {"ingress"}),
        ({"policyTypes": [], "egress": [{}]}, {"ingress", "egress"}),
        ({"policyTypes": ["Egress"]}, {"egress"}),
        ({"policyTypes": ["Sideways"]}, set()),
        ({"podSelector": {"matchLabels": {"app": "tikv"}}}, set()),
        ({"podSelector": None}, {"ingress"}),
    ],
)
def test_a_policy_restricts_the_pods_it_selects_in_its_directions(spec: dict[str, Any], restricts: set[str]) -> None:
    assert {each for each in Direction if restricting(SERVER, [policy(**spec)], each)} == restricts


def test_policies_of_other_namespaces_are_ignored() -> None:
    assert restricting(SERVER, [policy("shop")], Direction.INGRESS) == ()
    assert blocks(calls(), [policy("shop")]) == ()


def test_a_connection_with_the_host_network_is_never_reported_as_blocked() -> None:
    host = End(pod={**pod("orders"), "spec": {"hostNetwork": True}})
    shut = policy(policyTypes=["Ingress", "Egress"])

    assert blocks(calls(client=host), [shut]) == ()
    assert blocks(Connection(client=caller(), server=host), [shut]) == ()
    assert blocks(Connection(server=host), [shut]) == ()


@pytest.mark.parametrize("ip", ["10.244.1.6", "192.168.0.1", "127.0.0.1"])
def test_a_pod_reaches_itself_and_its_node(ip: str) -> None:
    shut = policy(policyTypes=["Ingress", "Egress"])
    itself = End(pod=SERVER)

    assert blocks(Connection(client=itself, server=itself), [shut]) == ()
    assert blocks(Connection(client=itself, server=End(ip=ip)), [shut]) == ()
    assert blocks(Connection(client=itself, server=End(ip="192.168.0.2")), [shut]) != ()


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
        ({"ipBlock": {"cidr": "10.245.0.0/16"}}, False),
        ({"ipBlock": {"cidr": "::/0"}}, False),
    ],
)
def test_a_rule_admits_the_peers_it_lists(entry: dict[str, Any], expected: bool) -> None:
    assert passes(calls(), {"from": [entry]}) is expected


def test_a_pod_selector_alone_admits_no_pod_of_another_namespace() -> None:
    shop = calls(client=caller("shop", app="tikv"))

    assert not passes(shop, {"from": [{"podSelector": {}}]})
    assert passes(shop, {"from": [{"podSelector": {}, "namespaceSelector": {}}]})


@pytest.mark.parametrize(
    ("port", "entry", "expected"),
    [
        (2379, {"port": 2379}, True),
        (2380, {"port": 2379}, False),
        (2380, {"port": 2379, "endPort": 2390}, True),
        (2379, {"port": "client"}, True),
        (2380, {"port": "client"}, False),
        (2380, {"port": "unknown"}, False),
        ("client", {"port": 2379}, True),
        ("unknown", {"port": 1}, True),
        (53, {"port": "dns", "protocol": "TCP"}, False),
        (2379, {"port": 2379, "protocol": "UDP"}, False),
        (2379, {"protocol": "TCP"}, True),
        (2379, {"protocol": "UDP"}, False),
        (2379, None, True),
    ],
)
def test_a_rule_admits_the_ports_it_lists(port: int | str, entry: Any, expected: bool) -> None:
    assert passes(calls(port), {"ports": [entry]}) is expected


def test_a_named_port_of_egress_is_resolved_on_the_pod_that_is_called() -> None:
    def reaches(server: End, port: int) -> bool:
        connection = Connection(client=caller(), server=server, ports=frozenset({port}), protocol="TCP")
        return not blocks(connection, [policy(policyTypes=["Egress"], egress=[{"ports": [{"port": "client"}]}])])

    assert reaches(End(pod=SERVER), 2379)
    assert not reaches(End(pod=SERVER), 2380)
    assert not reaches(End(ip="192.0.2.7"), 2379)


def test_unknown_parts_of_a_connection_may_pass_unless_nothing_may() -> None:
    server = End(pod=SERVER)
    narrow = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 1}]}

    assert passes(Connection(server=server), narrow)
    assert not passes(Connection(server=server))
    assert passes(calls(protocol=""), {"ports": [{"port": 2379, "protocol": "UDP"}]})
    assert not passes(calls(protocol=""), {"ports": [{"port": 1, "protocol": "UDP"}]})
    assert passes(Connection(server=server, protocol="TCP"), {"ports": [{"port": 1}]})
    assert not passes(Connection(server=server, protocol="TCP"), {"ports": [{"port": 1, "protocol": "UDP"}]})
    assert not passes(Connection(server=server, protocol="TCP"), {"ports": [{"port": "unknown"}]})
    assert passes(Connection(client=caller()), narrow)
    addressless = End(pod={"metadata": {"namespace": "orders", "name": "new"}})
    assert passes(calls(client=addressless), {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})


def test_of_a_namespace_that_cannot_be_read_only_its_name_is_known() -> None:
    def passes_by(**labels: str) -> bool:
        rule = {"from": [{"namespaceSelector": {"matchLabels": labels}}]}
        return passes(calls(client=End(pod=pod("shop"))), rule)

    assert passes_by(team="a")
    assert passes_by(**{"kubernetes.io/metadata.name": "shop"})
    assert not passes_by(**{"kubernetes.io/metadata.name": "orders"})
    assert not passes_by(**{"kubernetes.io/metadata.name": "orders", "team": "a"})


def test_an_address_outside_passes_only_by_its_address() -> None:
    outside = calls(client=End(ip="192.0.2.7"))

    assert passes(outside, {"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]})
    assert not passes(outside, {"from": [{"podSelector": {}, "namespaceSelector": {}}]})


def test_each_direction_blocks_for_itself_and_the_way_out_comes_first() -> None:
    shut = policy(policyTypes=["Ingress", "Egress"])

    assert [(each.direction, each.pod) for each in blocks(calls(), [shut])] == [
        (Direction.EGRESS, pod("orders", app="tikv")),
        (Direction.INGRESS, SERVER),
    ]


def test_the_look_up_of_a_name_is_a_connection_to_the_dns_pods() -> None:
    labels = {"kubernetes.io/metadata.name": "kube-system"}
    coredns = {"metadata": {"namespace": "kube-system", "name": "coredns", "labels": {"k8s-app": "kube-dns"}}}
    only_udp = policy(policyTypes=["Egress"], egress=[{"to": [{"namespaceSelector": {}}], "ports": DNS}])

    def is_blocked(protocol: str) -> bool:
        server = End(pod=coredns, namespace_labels=labels)
        return bool(
            blocks(Connection(client=caller(), server=server, ports=frozenset({53}), protocol=protocol), [only_udp])
        )

    assert (is_blocked("UDP"), is_blocked("TCP")) == (False, True)


DNS = [{"port": 53, "protocol": "UDP"}]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], "guard admits nothing"),
        (
            [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}],
            "guard admits pods app=web, this one has app=tikv",
        ),
        (
            [{"from": [{"podSelector": {"matchLabels": {"tier": "web"}}}]}],
            "guard admits pods tier=web, this one has no such label",
        ),
        (
            [{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}],
            "guard admits namespaces team=a, this one has no such label",
        ),
        (
            [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.244.0.0/16"]}}]}],
            "guard admits 10.0.0.0/8 but 10.244.0.0/16, the address is 10.244.1.7",
        ),
        (
            [{"ports": [{"port": 5432}, {"port": 1, "endPort": 9, "protocol": "UDP"}]}],
            "guard admits port 5432/TCP, 1-9/UDP, the connection uses 2379/TCP",
        ),
        (
            # The nearest rule is told: the first differs in two parts, the second in one.
            [
                {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 1}]},
                {"ports": [{"port": 2380}]},
            ],
            "guard admits port 2380/TCP, the connection uses 2379/TCP",
        ),
        (
            [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 1}]}],
            "guard admits pods app=web, this one has app=tikv and admits port 1/TCP, the connection uses 2379/TCP",
        ),
    ],
)
def test_a_block_says_how_the_connection_differs_from_the_nearest_rule(rules: list[Any], expected: str) -> None:
    assert misses(calls(), policy(ingress=rules)) == [expected]


def test_a_block_says_how_peers_of_elsewhere_differ() -> None:
    own: dict[str, Any] = {"from": [{"podSelector": {}}]}

    assert misses(calls(client=caller("shop", app="tikv")), policy(ingress=[own])) == [
        "guard admits pods of namespace orders, this one is in shop"
    ]
    assert misses(calls(client=End(ip="192.0.2.7")), policy(ingress=[own])) == [
        "guard admits pods (any), the address is 192.0.2.7"
    ]


def test_the_nearest_policy_comes_first_and_one_without_rules_last() -> None:
    web = {"from": [{"podSelector": {"matchLabels": {"app": "web", "tier": "a"}}}]}
    port = {"ports": [{"port": 2380}]}
    policies = [
        policy(name="a-shut", ingress=[]),
        policy(name="b-web", ingress=[web]),
        policy(name="c-port", ingress=[port]),
        policy(name="d-other", podSelector={"matchLabels": {"app": "tikv"}}, policyTypes=["Ingress"]),
    ]

    (block,) = blocks(calls(), policies)

    assert [miss.policy["metadata"]["name"] for miss in block.misses] == ["c-port", "b-web", "a-shut"]


def test_what_a_policy_admits_is_said_in_a_line() -> None:
    expressions = [{"key": "tier", "operator": "In", "values": ["a", "b"]}]
    web = {"podSelector": {"matchLabels": {"app": "web"}}}
    block = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}
    tiers = {"namespaceSelector": {"matchExpressions": expressions}}
    ports = [{"port": 8080}, {"port": 1, "endPort": 9, "protocol": "UDP"}]
    told = policy(ingress=[{"from": [web], "ports": ports}, {"from": [block, tiers]}, {}], egress=[])

    assert summary(told, Direction.INGRESS) == (
        "from pods app=web on 8080/TCP, 1-9/UDP; "
        "from 10.0.0.0/8 but 10.1.0.0/16 or pods of namespaces tier in (a, b); from anywhere"
    )
    assert summary(told, Direction.EGRESS) == "nothing"
