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
        ({"ipBlock": {"cidr": "10.245.1.1/16"}}, False),
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
    assert passes(outside, {"from": [{}]})


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


WEB = {"podSelector": {"matchLabels": {"app": "web"}}}


@pytest.mark.parametrize(
    "rule",
    [
        None,
        "from",
        {"from": "web"},
        {"from": [None]},
        {"from": [{}]},
        {"from": [{"serviceSelector": {}}]},
        {"from": [WEB | {"serviceSelector": {}}]},
        {"from": [WEB | {"ipBlock": {"cidr": "10.0.0.0/32"}}]},
        {"from": [{"podSelector": "web"}]},
        {"from": [{"podSelector": {"matchLabels": {"app": 1}}}]},
        {"from": [{"podSelector": {"matchLabels": ["app"]}}]},
        {"from": [{"podSelector": {"matchLabels": {"app": "web"}, "matchFields": []}}]},
        {"from": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "Like", "values": ["web"]}]}}]},
        {"from": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In"}]}}]},
        {"from": [{"podSelector": {"matchExpressions": [{"key": "x", "operator": "Exists", "values": ["a"]}]}}]},
        {"from": [{"ipBlock": "10.0.0.0/32"}]},
        {"from": [{"ipBlock": {"cidr": "nonsense"}}]},
        {"from": [{"ipBlock": {"cidr": "10.0.0.0"}}]},
        {"from": [{"ipBlock": {"cidr": "10.0.0.0/255.255.255.255"}}]},
        {"from": [{"ipBlock": {"cidr": 10}}]},
        {"from": [{"ipBlock": {"cidr": "10.0.0.0/32", "only": []}}]},
        {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/99"]}}]},
        {"from": [WEB], "until": "2030-01-01"},
        {"ports": [None]},
        {"ports": {"port": 1}},
        {"ports": [{"port": True}]},
        {"ports": [{"port": 1.5}]},
        {"ports": [{"port": 0}]},
        {"ports": [{"port": 99999}]},
        {"ports": [{"port": "2379"}]},
        {"ports": [{"port": 1, "protocol": "ICMP"}]},
        {"ports": [{"port": 9, "endPort": 1}]},
        {"ports": [{"port": "metrics", "endPort": 9}]},
        {"ports": [{"endPort": 1}]},
        {"ports": [{"port": 1, "endPort": "9"}]},
        {"ports": [{"port": 1, "portRange": {}}]},
    ],
)
def test_a_rule_that_the_api_does_not_define_may_admit_anything(rule: Any) -> None:
    assert passes(calls(), rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"from": [WEB], "ports": [{"port": True}]},
        {"from": "web", "ports": [{"port": 1}]},
    ],
)
def test_a_rule_whose_other_part_does_not_fit_blocks_even_so(rule: Any) -> None:
    assert not passes(calls(), rule)


@pytest.mark.parametrize(
    ("spec", "blocks_others"),
    [
        ({"podSelector": {"matchLabels": {"app": 1}}, "ingress": [{}]}, False),
        ({"podSelector": {"matchLabels": {"app": 1}}, "ingress": []}, True),
        ({"podSelector": {"matchLabels": {"app": "tikv", "x": "y"}}, "ingress": [{}]}, True),
        ({"podSelector": 1, "policyTypes": ["Egress"], "ingress": [{}]}, True),
        ({"policyTypes": ["Sideways"], "ingress": [{}]}, False),
        ({"policyTypes": "Ingress", "ingress": [{}]}, False),
        ({"ingress": 1}, False),
        ({"priority": 1}, False),
    ],
)
def test_a_policy_that_the_api_does_not_define_opens_a_pod_only_if_it_may_select_it(
    spec: dict[str, Any], blocks_others: bool
) -> None:
    shut, odd = policy(name="shut", ingress=[]), policy(name="odd", **spec)

    assert bool(blocks(calls(), [shut, odd])) is blocks_others


@pytest.mark.parametrize("odd", [{}, {"metadata": []}, {"metadata": {"namespace": "orders"}, "spec": 1}])
def test_a_policy_that_is_none_blocks_nothing(odd: dict[str, Any]) -> None:
    assert blocks(calls(), [odd]) == ()
    assert summary(odd, Direction.INGRESS)


def test_a_named_port_may_be_the_one_that_is_not_known() -> None:
    connection = Connection(server=End(pod=SERVER), protocol="TCP")

    assert passes(connection, {"ports": [{"port": "client"}]})
    assert not passes(connection, {"ports": [{"port": "dns"}]})
    assert passes(calls("client", protocol=""), {"ports": [{"port": 2379}]})
    assert not passes(calls("client", protocol=""), {"ports": [{"port": 2380}]})
