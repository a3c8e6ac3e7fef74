"""Draw small random clusters with NetworkPolicies, and compare the evaluator of `bot.kube` with the oracle on them.

The vocabulary is small, so that selectors, ports and networks often match, and often only almost. From a shell:

    python -m tests.kube.network_policy_worlds 10000
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from bot.kube.network_policies import blocks
from bot.kube.network_policy_rules import Connection, Direction, End
from tests.kube import network_policy_oracle as oracle

NAMESPACES = ("orders", "shop", "kube-system")
PROTOCOLS = ("TCP", "UDP", "SCTP")
PORTS = (53, 80, 81, 8080)
NAMES = ("web", "dns", "metrics")
KEYS = {"app": ("web", "db", "dns"), "tier": ("a", "b")}
NODES = ("192.168.0.1", "192.168.0.2")
OUTSIDE = ("10.0.0.200", "203.0.113.7", "2001:db8::7", NODES[0])
NETWORKS = (
    "0.0.0.0/0",
    "10.0.0.0/24",
    "10.0.0.0/30",
    "10.0.1.0/24",
    "192.168.0.0/16",
    "203.0.113.7/32",
    "2001:db8::/32",
)
HOLES = ("10.0.0.0/29", "10.0.0.2/32", "10.0.1.0/24", "203.0.113.0/24", "2001:db8::/126", "192.168.0.1/32")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Hold a cluster and the ends between which connections are tried."""

    world: oracle.World
    ends: tuple[oracle.End, ...]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Hold one connection of a case."""

    client: oracle.End
    server: oracle.End
    port: int
    protocol: str


def case(seed: int) -> Case:
    """Return the cluster of a seed."""
    random = Random(seed)
    namespaces = {name: {"kubernetes.io/metadata.name": name} | _labels(random) for name in NAMESPACES}
    pods = [_pod(random, number) for number in range(random.randint(2, 4))]
    policies = [_policy(random, number) for number in range(random.choice((0, 1, 1, 2, 2, 3, 4)))]
    world = oracle.World(namespaces=namespaces, policies=policies)
    return Case(world=world, ends=(*pods, random.choice(OUTSIDE)))


def attempts(given: Case, random: Random) -> Iterator[Attempt]:
    """Yield connections between all ends, on a few ports."""
    for client in given.ends:
        for server in given.ends:
            is_outside = isinstance(client, str) and isinstance(server, str)
            # A pod that calls itself is allowed anyway: one in five of these is enough.
            if not is_outside and (client is not server or random.random() < 0.2):
                for port in random.sample(PORTS, 2):
                    for protocol in PROTOCOLS if random.random() < 0.3 else (random.choice(PROTOCOLS),):
                        yield Attempt(client=client, server=server, port=port, protocol=protocol)


def connection(given: Case, attempt: Attempt) -> Connection:
    """Return an attempt as the evaluator takes it."""
    return Connection(
        client=end(given, attempt.client),
        server=end(given, attempt.server),
        ports=frozenset({attempt.port}),
        protocol=attempt.protocol,
    )


def end(given: Case, each: oracle.End) -> End:
    """Return an end as the evaluator takes it."""
    if isinstance(each, str):
        return End(ip=each)
    return End(pod=as_object(each), namespace_labels=given.world.namespaces[each.namespace])


def as_object(pod: oracle.Pod) -> dict[str, Any]:
    """Return a pod as the API server would."""
    ports = [{"name": each.name, "containerPort": each.number, "protocol": each.protocol} for each in pod.ports]
    host = {"hostNetwork": True} if pod.host_network else {}
    return {
        "metadata": {"namespace": pod.namespace, "name": pod.name, "labels": dict(pod.labels)},
        "spec": {"containers": [{"name": "main", "ports": ports}]} | host,
        "status": {"podIP": pod.ips[0], "podIPs": [{"ip": ip} for ip in pod.ips], "hostIP": pod.node_ip},
    }


def expected(given: Case, attempt: Attempt) -> frozenset[Direction]:
    """Return the directions in which the oracle says that the attempt is blocked."""
    values = (attempt.client, attempt.server, attempt.port, attempt.protocol)
    found = {
        Direction.EGRESS: oracle.egress_allowed(given.world, *values),
        Direction.INGRESS: oracle.ingress_allowed(given.world, *values),
    }
    return frozenset(direction for direction, is_allowed in found.items() if not is_allowed)


def differences(seed: int, counts: Counter[str]) -> list[tuple[int, Attempt, frozenset[Direction]]]:
    """Return the attempts of a seed on which evaluator and oracle disagree, and count the oracle's answers."""
    given = case(seed)
    wrong = []
    for attempt in attempts(given, Random(seed)):
        right = expected(given, attempt)
        counts["blocked " + " and ".join(sorted(right)) if right else "allowed"] += 1
        answer = frozenset(each.direction for each in blocks(connection(given, attempt), given.world.policies))
        if answer != right:
            wrong.append((seed, attempt, answer))
    return wrong


def _labels(random: Random) -> dict[str, str]:
    return {key: random.choice(values) for key, values in KEYS.items() if random.random() < 0.7}


def _pod(random: Random, number: int) -> oracle.Pod:
    ips = (f"10.0.{random.randint(0, 1)}.{number + 1}", f"2001:db8::{number + 1}")
    return oracle.Pod(
        namespace=random.choice(NAMESPACES),
        name=f"pod-{number}",
        labels=_labels(random),
        ips=random.choice((ips, ips[:1], ips[:1], ips[1:])),
        node_ip=random.choice(NODES),
        ports=tuple(
            oracle.NamedPort(name=name, protocol=random.choice(PROTOCOLS[:2]), number=random.choice(PORTS))
            for name in random.sample(NAMES, random.randint(0, 2))
        ),
        host_network=random.random() < 0.05,
    )


def _policy(random: Random, number: int) -> dict[str, Any]:
    spec: dict[str, Any] = {"podSelector": _selector(random, often_empty=True)}
    if random.random() < 0.6:
        spec["ingress"] = [_rule(random, "from") for _ in range(random.randint(0, 2))]
    if random.random() < 0.6:
        spec["egress"] = [_rule(random, "to") for _ in range(random.randint(0, 2))]
    types = random.choice((None, None, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    if types is not None:
        spec["policyTypes"] = types
    return {"metadata": {"namespace": random.choice(NAMESPACES), "name": f"policy-{number}"}, "spec": spec}


def _selector(random: Random, *, often_empty: bool = False) -> dict[str, Any]:
    if random.random() < (0.6 if often_empty else 0.25):
        return random.choice(({}, {"matchLabels": {}}, {"matchExpressions": []}))
    selector: dict[str, Any] = {}
    if random.random() < 0.6:
        key = random.choice(tuple(KEYS))
        selector["matchLabels"] = {key: random.choice(KEYS[key])}
    if random.random() < 0.5:
        selector["matchExpressions"] = [_expression(random) for _ in range(random.randint(1, 2))]
    return selector


def _expression(random: Random) -> dict[str, Any]:
    key = random.choice(tuple(KEYS))
    operator = random.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    if operator in ("Exists", "DoesNotExist"):
        return {"key": key, "operator": operator}
    return {"key": key, "operator": operator, "values": random.sample(KEYS[key], random.randint(1, len(KEYS[key])))}


def _rule(random: Random, peers: str) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if random.random() < 0.75:
        rule[peers] = [_peer(random) for _ in range(random.choice((0, 1, 1, 1, 2)))]
    if random.random() < 0.6:
        rule["ports"] = [_port(random) for _ in range(random.choice((0, 1, 1, 2)))]
    return rule


def _peer(random: Random) -> dict[str, Any]:
    kind = random.choice(("block", "pods", "namespaces", "both"))
    if kind == "block":
        holes = random.sample(HOLES, random.choice((0, 0, 1, 2)))
        return {"ipBlock": {"cidr": random.choice(NETWORKS)} | ({"except": holes} if holes else {})}
    selected: dict[str, Any] = {}
    if kind != "namespaces":
        selected["podSelector"] = _selector(random)
    if kind != "pods":
        by_name = {"matchLabels": {"kubernetes.io/metadata.name": random.choice(NAMESPACES)}}
        selected["namespaceSelector"] = by_name if random.random() < 0.4 else _selector(random)
    return selected


def _port(random: Random) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if random.random() < 0.6:
        entry["protocol"] = random.choice(PROTOCOLS)
    kind = random.choice(("number", "number", "name", "range", "any"))
    if kind == "name":
        entry["port"] = random.choice(NAMES)
    elif kind != "any":
        entry["port"] = random.choice(PORTS)
    if kind == "range":
        entry["endPort"] = entry["port"] + random.choice((0, 1, 30, 1000))
    return entry


def main() -> None:
    """Compare as many worlds as the command line says; exit 1 at a difference."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    counts: Counter[str] = Counter()
    wrong = [each for seed in range(worlds) for each in differences(seed, counts)]
    total = counts.total()
    lines = [f"{worlds} worlds, {total} connections, {len(wrong)} differences"]
    lines += [f"{answer}: {count} ({count / total:.1%})" for answer, count in counts.most_common()]
    sys.stdout.write("\n".join((*lines, *map(str, wrong[:10]), "")))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
