"""Which nodes the spread probe calls closed, by which rule, and through whom."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.placement import read as PROBE

HOST = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
APART = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": HOST}

SPREAD = {"checks": "spread"}


def node(name: str, *, zone: str = "", **spec: Any) -> dict:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {HOST: name} | ({ZONE: zone} if zone else {})},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def apart(*terms: dict) -> dict:
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}}


def pod(
    name: str, *, on: str = "", namespace: str = "pay", labels: dict | None = None, owner: str = "db", **spec: Any
) -> dict:
    metadata: dict = {"name": name, "namespace": namespace, "labels": {"app": "db"} if labels is None else labels}
    if owner:
        metadata["ownerReferences"] = [{"kind": "StatefulSet", "name": owner, "controller": True}]
    return {
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "db", "image": "db"}]} | spec | ({"nodeName": on} if on else {}),
        "status": {"phase": "Running" if on else "Pending"},
    }


def statefulset(name: str = "db", *, replicas: int = 3, owner: str = "") -> dict:
    metadata: dict = {"name": name, "namespace": "pay"}
    if owner:
        metadata["ownerReferences"] = [{"kind": "TidbCluster", "name": owner, "controller": True}]
    labels = {"app": "db"}
    return {
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "db", "image": "db"}]}},
        },
    }


async def rows_of(read: Any, name: str = "db-2") -> dict[str, dict]:
    rows = (await read(PROBE, args=SPREAD, kind="Pod", namespace="pay", name=name)).rows
    return {row.values["node"]: dict(row.values) for row in rows}


async def test_each_node_with_a_replica_is_closed(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [
            node("n1"), node("n2"), node("n3", unschedulable=True), statefulset(),
            pod("db-0", on="n1", **apart(APART)), pod("db-1", on="n2", **apart(APART)), pod("db-2", **apart(APART)),
        ]
    })  # fmt: skip

    rows = await rows_of(read)

    assert {name: row["taken_by"] for name, row in rows.items()} == {"n1": ("pay/db-0",), "n2": ("pay/db-1",), "n3": ()}
    assert rows["n1"]["closed_by"] == f"pod anti-affinity by {HOST}"
    assert (rows["n3"]["why_not"], rows["n3"]["cordoned"]) == ("cordoned", True)
    one = rows["n1"]
    assert (one["nodes_total"], one["admitting_nodes"], one["open_nodes"]) == (3, 2, 0)
    assert (one["replicas"], one["placed"], one["limit"], one["domains"]) == (3, 2, 1, 2)
    assert (one["owner_kind"], one["owner"], one["top_name"]) == ("StatefulSet", "db", "db")


@pytest.mark.parametrize(
    ("other", "closed"),
    [
        (pod("db-0", on="n1"), True),
        (pod("web-0", on="n1", labels={"app": "web"}, owner=""), False),
        (pod("db-0", on="n1", namespace="elsewhere", owner=""), False),
        # One that is there wants to be apart from this one.
        (pod("old", on="n1", labels={"app": "old"}, owner="", **apart(APART)), True),
    ],
)
async def test_only_pods_that_a_rule_means_close_a_node(
    cluster: SimulatedCluster, read: Any, other: dict, closed: bool
) -> None:
    cluster.load({"objects": [node("n1"), statefulset(), other, pod("db-2", **apart(APART))]})

    assert (await rows_of(read))["n1"]["open_nodes"] == (0 if closed else 1)


async def test_a_finished_pod_closes_nothing(cluster: SimulatedCluster, read: Any) -> None:
    done = pod("db-0", on="n1")
    done["status"]["phase"] = "Succeeded"
    cluster.load({"objects": [node("n1"), statefulset(), done, pod("db-2", **apart(APART))]})

    assert (await rows_of(read))["n1"]["open_nodes"] == 1


@pytest.mark.parametrize(("selector", "closed"), [({"matchLabels": {"team": "a"}}, True), ({}, True), (None, False)])
async def test_a_term_may_reach_into_other_namespaces(
    cluster: SimulatedCluster, read: Any, selector: dict | None, closed: bool
) -> None:
    term = APART | ({} if selector is None else {"namespaceSelector": selector})
    there = {"kind": "Namespace", "metadata": {"name": "elsewhere", "labels": {"team": "a"}}}
    other = pod("db-0", on="n1", namespace="elsewhere", owner="")
    cluster.load({"objects": [node("n1"), there, statefulset(), other, pod("db-2", **apart(term))]})

    assert (await rows_of(read))["n1"]["open_nodes"] == (0 if closed else 1)


async def test_a_zone_is_closed_as_a_whole(cluster: SimulatedCluster, read: Any) -> None:
    term = APART | {"topologyKey": ZONE}
    cluster.load({
        "objects": [
            node("n1", zone="a"), node("n2", zone="a"), node("n3", zone="b"), statefulset(),
            pod("db-0", on="n1"), pod("db-2", **apart(term)),
        ]
    })  # fmt: skip

    rows = await rows_of(read)

    assert {name: bool(row["closed_by"]) for name, row in rows.items()} == {"n1": True, "n2": True, "n3": False}
    assert (rows["n2"]["domain"], rows["n2"]["domains"], rows["n2"]["open_node"]) == ("a", 2, "n3")


@pytest.mark.parametrize(("more", "open_nodes"), [({}, 1), ({"maxSkew": 2}, 3), ({"minDomains": 4}, 1)])
async def test_a_spread_keeps_to_its_skew(cluster: SimulatedCluster, read: Any, more: dict, open_nodes: int) -> None:
    constraint = {
        "maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "db"}},
    }  # fmt: skip
    waiting = pod("db-2", topologySpreadConstraints=[constraint | more])
    cluster.load({
        "objects": [
            node("n1", zone="a"), node("n2", zone="b"), node("n3", zone="c"), node("n4"), statefulset(),
            pod("db-0", on="n1"), pod("db-1", on="n2"), waiting,
        ]
    })  # fmt: skip

    rows = await rows_of(read)

    assert rows["n1"]["open_nodes"] == open_nodes
    assert rows["n4"]["closed_by"] == f"topology spread by {ZONE} (the node has no such label)"


@pytest.mark.parametrize(
    ("component", "replicas", "placed", "open_nodes"),
    [
        ("pd", 3, ("n1", "n2"), 0),
        ("pd", 5, ("n1", "n2"), 2),
        ("tikv", 3, ("n1", "n2"), 0),
        ("tikv", 2, ("n1",), 2),
        ("tidb", 3, ("n1", "n2"), 2),
    ],
)
async def test_tidb_scheduler_has_rules_of_its_own(
    cluster: SimulatedCluster, read: Any, component: str, replicas: int, placed: tuple[str, ...], open_nodes: int
) -> None:
    labels = {"app.kubernetes.io/component": component, "app.kubernetes.io/instance": "db"}
    there = [pod(f"db-{at}", on=name, labels=labels) for at, name in enumerate(placed)]
    waiting = pod("db-9", labels=labels, schedulerName="tidb-scheduler")
    cluster.load({"objects": [node("n1"), node("n2"), statefulset(replicas=replicas), *there, waiting]})

    row = (await rows_of(read, "db-9"))["n1"]

    assert row["open_nodes"] == open_nodes


async def test_the_event_speaks_where_the_condition_does_not(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [node("n1"), statefulset(), pod("db-2", schedulerName="tidb-scheduler")],
        "events": [{"for": "Pod/pay/db-2", "type": "Warning", "reason": "FailedScheduling", "message": "code 500"}],
    })  # fmt: skip

    assert (await rows_of(read))["n1"]["message"] == "code 500"


async def test_a_pod_with_a_node_is_no_question_and_one_that_is_gone_is_missing(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [node("n1"), statefulset(), pod("db-0", on="n1", **apart(APART))]})

    assert (await read(PROBE, args=SPREAD, namespace="pay")).rows == ()
    assert (await read(PROBE, args=SPREAD, kind="Pod", namespace="pay", name="gone")).missing == "Pod pay/gone"


@pytest.mark.parametrize(("resource", "rows"), [("nodes", 0), ("pods", 0), ("statefulsets", 1)])
async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any, resource: str, rows: int) -> None:
    cluster.load({"objects": [node("n1"), statefulset(), pod("db-2", **apart(APART))]})
    cluster.forbid(resource=resource)

    reading = await read(PROBE, args=SPREAD, namespace="pay")

    assert (len(reading.rows), resource in str(reading.gaps[0])) == (rows, True)


async def test_room_on_a_node_that_is_closed_is_no_room(cluster: SimulatedCluster, read: Any) -> None:
    """Of a pod that waits for both, the node without a replica decides whether room is what it lacks."""
    large = [{"name": "db", "image": "db", "resources": {"requests": {"cpu": "3"}}}]
    hog = pod("hog", on="n2", labels={"app": "hog"}, owner="", containers=large)
    waiting = pod("db-2", containers=large, **apart(APART))
    cluster.load({"objects": [node("n1"), node("n2"), statefulset(), pod("db-0", on="n1"), hog, waiting]})

    rows = (await read(PROBE, kind="Pod", namespace="pay", name="db-2")).rows

    assert {row.values["node"]: row.values["why_not"] for row in rows} == {
        "n1": "pod anti-affinity with pay/db-0",
        "n2": "",
    }
    assert {(row.values["admitting_nodes"], row.values["fitting_nodes"]) for row in rows} == {(1, 0)}
