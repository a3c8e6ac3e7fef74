"""Situations of published conformance suites, for the evaluation of NetworkPolicies and for its oracle."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.kube.network_policies import blocks
from tests.kube import network_policy_oracle as oracle
from tests.kube.network_policy_worlds import Attempt, Case, connection

NAMES = ("x", "y", "z")
PORTS = tuple(
    oracle.NamedPort(name=f"serve-{number}-{protocol.lower()}", protocol=protocol, number=number)
    for number in (80, 81)
    for protocol in ("TCP", "UDP")
)
PODS = {
    f"{namespace}/{name}": oracle.Pod(
        namespace=namespace,
        name=name,
        labels={"pod": name},
        ips=(f"10.0.{network}.{host}",),
        node_ip=f"192.168.0.{host}",
        ports=PORTS,
    )
    for network, namespace in enumerate(NAMES, start=1)
    for host, name in enumerate(("a", "b", "c"), start=1)
}
SITUATIONS = yaml.safe_load(Path(__file__).with_name("network_policy_conformance.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("situation", SITUATIONS, ids=[each["name"] for each in SITUATIONS])
def test_a_published_situation_has_its_truth_table(situation: dict[str, Any]) -> None:
    policies = [
        {"metadata": {"name": f"policy-{number}", "namespace": each["namespace"]}, "spec": each["spec"]}
        for number, each in enumerate(situation["policies"])
    ]
    namespaces = {name: {"kubernetes.io/metadata.name": name, "ns": name} for name in NAMES}
    given = Case(world=oracle.World(namespaces=namespaces, policies=policies), ends=tuple(PODS.values()))

    for table in situation["tables"]:
        port, protocol = table["port"].split("/")
        attempts = {
            (client, server): Attempt(client=PODS[client], server=PODS[server], port=int(port), protocol=protocol)
            for client in PODS
            for server in PODS
            if client != server
        }
        expected = {pair for pair in attempts if _is_blocked(table, *pair)}

        assert {pair for pair, each in attempts.items() if blocks(connection(given, each), policies)} == expected
        assert {
            pair
            for pair, each in attempts.items()
            if not oracle.allowed(given.world, each.client, each.server, each.port, each.protocol)
        } == expected


def _is_blocked(table: dict[str, Any], client: str, server: str) -> bool:
    pair = f"{client} > {server}"
    blocked, is_open = (any(fnmatchcase(pair, each) for each in table.get(key, ())) for key in ("blocked", "open"))
    return blocked and not is_open
