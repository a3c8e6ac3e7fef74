"""Test the rows of all filters: what refuses a waiting pod on each node, and which filters are to blame."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.placement import read as PROBE
from bot.probes.placement.filters import blamed
from intents.domain import ProbeResult

FILTERS = {"checks": "filters"}
CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def node(name: str, *, pods: str = "110", cpu: str = "4", labels: dict | None = None, **spec: Any) -> dict:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": "8Gi", "pods": pods},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(name: str, *, on: str = "", ports: list | None = None, **spec: Any) -> dict:
    container = {"name": "a", "image": "a", "ports": ports or [], "resources": {"requests": {"cpu": "1"}}}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "batch"},
        "spec": {"containers": [container]} | ({"nodeName": on} if on else {}) | spec,
        "status": {"phase": "Running" if on else "Pending"},
    }


@pytest.fixture
def look(cluster: SimulatedCluster, read: Any) -> Any:
    async def once(*objects: dict) -> ProbeResult:
        cluster.load({"objects": list(objects)})
        return await read(PROBE, args=FILTERS, kind="Pod", namespace="batch", name="a")

    return once


def refusals(reading: ProbeResult) -> dict[str, Any]:
    return {str(row.values["node"]): row.values["refused_by"] for row in reading.rows}


async def test_every_filter_that_refuses_the_pod_is_named_for_each_node(look: Any) -> None:
    reading = await look(
        node("dedicated", taints=[{"key": "team", "value": "x", "effect": "NoSchedule"}], cpu="500m"),
        node("full", pods="1", labels={"disk": "nvme"}),
        node("open", labels={"disk": "nvme"}),
        pod("b", on="full"),
        pod("a", nodeSelector={"disk": "nvme"}),
    )

    assert refusals(reading) == {"open": (), "full": ("pods",), "dedicated": ("taint", "selector", "resources")}
    assert {row.values["causes"] for row in reading.rows} == {()}
    assert (reading.rows[0].values["node"], reading.rows[0].values["admitting_nodes"]) == ("open", 1)


async def test_the_pod_that_holds_a_port_is_named(look: Any) -> None:
    ports = [{"containerPort": 443, "hostPort": 443}]
    reading = await look(node("n"), pod("b", on="n", ports=ports), pod("a", ports=ports))

    (row,) = reading.rows
    assert row.values["causes"] == ("ports",)
    assert (row.values["port"], row.values["port_pod"]) == ("443/TCP", "batch/b")


async def test_a_bound_volume_keeps_the_pod_where_it_is(look: Any) -> None:
    term = {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]}]}
    volume = {
        "kind": "PersistentVolume",
        "metadata": {"name": "pv"},
        "spec": {"capacity": {"storage": "1Gi"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}},
    }
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "batch"},
        "spec": {"volumeName": "pv"},
    }
    mounted = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    reading = await look(
        node("b", labels={"topology.kubernetes.io/zone": "b"}), volume, claim, pod("a", volumes=mounted)
    )

    (row,) = reading.rows
    assert row.values["causes"] == ("volume",)
    assert (row.values["volume"], row.values["volume_place"]) == ("pv", "topology.kubernetes.io/zone=a")
    assert row.values["volume_nodes"] == ()

    zoned = [node(f"a{number}", cpu="0", labels={"topology.kubernetes.io/zone": "a"}) for number in range(5)]
    away = next(row for row in (await look(*zoned)).rows if row.values["node"] == "b")
    assert away.values["volume_nodes"][:1] == ("a0 (Insufficient cpu)",)
    assert away.values["volume_nodes"][3:] == ("2 more",)


async def test_a_label_is_offered_only_where_it_alone_is_missing_and_may_be_added(look: Any) -> None:
    reading = await look(
        node("plain"),
        node("tainted", taints=[CONTROL_PLANE]),
        pod("a", nodeSelector={"disk": "nvme"}),
    )

    offered = {str(row.values["node"]): row.values["label_key"] for row in reading.rows}
    assert offered == {"plain": "disk", "tainted": ""}
    zoned = await look(pod("a", nodeSelector={"topology.kubernetes.io/zone": "x"}))
    assert {row.values["label_key"] for row in zoned.rows} == {""}


@pytest.mark.parametrize(
    ("nodes", "causes"),
    [
        ({"a": "selector", "b": "selector taint"}, ("selector",)),
        ({"a": "selector", "b": "taint"}, ("taint",)),
        ({"a": "resources", "control": "taint"}, ("resources",)),
        ({"control": "taint"}, ("taint",)),
        ({"a": "volume", "b": "resources"}, ("volume", "resources")),
        ({"a": "taint", "b": "resources"}, ("resources",)),
        ({"a": "taint ports", "b": "ports resources"}, ("ports",)),
        ({"a": "", "b": "taint"}, ()),
        ({}, ()),
    ],
)
def test_a_filter_is_blamed_where_it_refuses_all_or_alone_refuses_one(
    nodes: dict[str, str], causes: tuple[str, ...]
) -> None:
    reasons = {name: dict.fromkeys(words.split(), "") for name, words in nodes.items()}

    assert blamed(reasons, frozenset({"control"})) == causes
