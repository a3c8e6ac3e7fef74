"""Test the tidb-extra-containers probe: extra containers, the containers made of them, and the objects asked about."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import tidb_extra_containers
from intents.domain import GapReason
from tests.probes.definitions import TIDB_CLUSTERS

PROBE = tidb_extra_containers.read


def tidb_cluster(*extras: dict, name: str = "demo", **tikv: Any) -> dict:
    spec = {"version": "v7.5.1", "tikv": {"baseImage": "pingcap/tikv", "additionalContainers": list(extras), **tikv}}
    return {
        "apiVersion": "pingcap.com/v1alpha1",
        "kind": "TidbCluster",
        "metadata": {"name": name, "namespace": "db"},
        "spec": spec,
    }


def stateful_set(*containers: dict, name: str = "demo-tikv") -> dict:
    labels = {"app": name}
    return {
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "db"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": list(containers)}},
        },
    }


def pod(*, ready: bool, name: str = "demo-tikv-0") -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "db", "labels": {"app": name.rpartition("-")[0]}},
        "spec": {"containers": [{"name": "tikv", "image": "busybox"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


TIKV = {"name": "tikv", "image": "pingcap/tikv:v7.5.1"}


async def test_an_extra_container_with_the_operators_name_is_told_as_merged(
    cluster: SimulatedCluster, read: Any
) -> None:
    extra = {"name": "tikv", "image": "busybox:1.36", "command": ["sleep"]}
    made = {"name": "tikv", "image": "busybox:1.36", "command": ["sleep"]}
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster(extra), stateful_set(made), pod(ready=False)]})

    (row,) = (await read(PROBE, namespace="db")).rows

    values = row.values
    assert (values["generated"], values["merged"]) == (True, True)
    assert values["changes"] == ("command", "image")
    assert (values["implied"], values["made"], values["absent"]) == (2, 1, ())
    assert (values["troubled_pods"], values["running_image"]) == (("demo-tikv-0",), "busybox:1.36")
    assert row.quote == "spec.tikv.additionalContainers[0].name: tikv"


async def test_each_row_tells_its_place_among_the_extra_containers(cluster: SimulatedCluster, read: Any) -> None:
    beside, merged = {"name": "audit", "image": "busybox:1.36"}, {"name": "tikv", "image": "busybox:1.36"}
    cluster.load(
        {"objects": [TIDB_CLUSTERS, tidb_cluster(beside, merged), stateful_set(merged, beside), pod(ready=False)]}
    )

    rows = (await read(PROBE, namespace="db")).rows

    assert {(row.values["extra"], row.values["index"]) for row in rows} == {("audit", 0), ("tikv", 1)}


async def test_one_with_a_name_of_its_own_stands_beside(cluster: SimulatedCluster, read: Any) -> None:
    extra = {"name": "audit", "image": "busybox:1.36"}
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster(extra), stateful_set(TIKV, extra), pod(ready=True)]})

    (row,) = (await read(PROBE, namespace="db")).rows

    assert (row.values["generated"], row.values["implied"], row.values["made"]) == (False, 2, 2)
    assert (row.values["absent"], row.values["troubled_pods"]) == ((), ())


async def test_what_has_not_come_to_the_template_yet_is_absent(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(
        {"objects": [TIDB_CLUSTERS, tidb_cluster({"name": "audit", "image": "x"}), stateful_set(TIKV), pod(ready=True)]}
    )

    (row,) = (await read(PROBE, namespace="db")).rows

    assert (row.values["absent"], row.values["made"], row.values["merged"]) == (("audit",), 1, False)


async def test_of_two_extra_containers_with_one_name_one_is_lost(cluster: SimulatedCluster, read: Any) -> None:
    first, second = {"name": "audit", "image": "a"}, {"name": "audit", "image": "b"}
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster(first, second), stateful_set(TIKV, second)]})

    rows = (await read(PROBE, namespace="db")).rows

    assert [row.values["absent"] for row in rows] == [("audit",), ("audit",)]


async def test_the_same_image_replaces_nothing(cluster: SimulatedCluster, read: Any) -> None:
    extra = {"name": "tikv", "image": "pingcap/tikv:v7.5.1", "env": []}
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster(extra), stateful_set(TIKV)]})

    (row,) = (await read(PROBE, namespace="db")).rows

    assert (row.values["generated"], row.values["merged"]) == (True, False)


async def test_a_component_without_extra_containers_has_a_row_that_says_so(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster()]})

    (row,) = (await read(PROBE, namespace="db")).rows

    assert (row.values["extra"], row.values["generated"], row.values["made"]) == ("", False, -1)


@pytest.mark.parametrize(
    ("focus", "clusters"),
    [
        ({"kind": "Pod", "name": "demo-tikv-3"}, ["demo"]),
        ({"kind": "StatefulSet", "name": "demo-tikv"}, ["demo"]),
        ({"kind": "TidbCluster", "name": "other"}, ["other"]),
        ({"kind": "Pod", "name": "tidb-scheduler-6f7c9d5b44-8xk2p"}, ["demo", "other"]),
        ({}, ["demo", "other"]),
    ],
)
async def test_only_the_component_that_is_named_is_told(
    cluster: SimulatedCluster, read: Any, focus: dict[str, str], clusters: list[str]
) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster(), tidb_cluster(name="other")]})

    rows = (await read(PROBE, namespace="db", **focus)).rows

    assert [row.values["cluster"] for row in rows] == clusters


async def test_about_anything_else_the_question_does_not_arise(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster()]})

    reading = await read(PROBE, kind="Pod", namespace="db", name="web-0")

    assert reading.rows == ()
    assert "web-0" in reading.not_applicable


async def test_without_the_operator_there_is_nothing_to_ask(cluster: SimulatedCluster, read: Any) -> None:
    assert (await read(PROBE, namespace="db")).not_applicable


@pytest.mark.parametrize("resource", ["tidbclusters", "statefulsets", "pods"])
async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any, resource: str) -> None:
    group = {"tidbclusters": "pingcap.com", "statefulsets": "apps", "pods": ""}[resource]
    objects = [TIDB_CLUSTERS, tidb_cluster({"name": "tikv", "image": "x"}), stateful_set(TIKV)]
    cluster.load({"objects": objects, "forbidden": [{"verb": "*", "group": group, "resource": resource}]})

    (gap,) = (await read(PROBE, namespace="db")).gaps

    assert gap.reason is GapReason.FORBIDDEN


async def test_hostile_fields_are_read_as_nothing(cluster: SimulatedCluster, read: Any) -> None:
    odd = tidb_cluster()
    odd["spec"] = {
        "tikv": {"additionalContainers": ["x", None, {}]},
        "pd": "none",
        "tidb": {"additionalContainers": {}},
    }
    cluster.load({"objects": [TIDB_CLUSTERS, odd]})

    rows = (await read(PROBE, namespace="db")).rows

    assert [(row.values["component"], row.values["extra"]) for row in rows] == [("tidb", ""), ("tikv", "")]
