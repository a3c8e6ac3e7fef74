"""Which workloads are written all the time, by whom, and under which webhooks."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.updates import MOST_ROWS
from bot.probes.updates import read as PROBE

RULES = [{"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"], "operations": ["UPDATE"]}]


def wrote(manager: str, time: str, **more: str) -> dict:
    return {"manager": manager, "operation": "Update", "apiVersion": "apps/v1", "time": time} | more


def deployment(
    name: str, *, namespace: str = "shop", generation: int = 1, age: str = "-10h", command: str = "", **metadata: Any
) -> dict:
    container = {"name": name, "image": f"registry.example.com/{name}:v1"} | ({"command": [command]} if command else {})
    metadata |= {"name": name, "namespace": namespace, "generation": generation, "creationTimestamp": age}
    return {
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }


def guard(*, name: str = "hard.example.com", **more: Any) -> dict:
    spec = {"name": name, "clientConfig": {"url": "https://x.example.com"}, "rules": RULES} | more
    return {"kind": "ValidatingWebhookConfiguration", "metadata": {"name": name}, "webhooks": [spec]}


def looping(**metadata: Any) -> dict:
    fields = [
        wrote("manager", "-3s"),
        wrote("kubectl-client-side-apply", "-9h"),
        wrote("kubelet", "-1s", subresource="status"),
    ]
    return deployment("board", generation=36000, managedFields=fields, **metadata)


async def test_a_loop_is_told_by_its_rate_and_its_latest_writer(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [looping(), deployment("calm", generation=99)]})
    [row] = (await read(PROBE)).rows

    assert (row.values["name"], row.values["per_hour"], row.values["last_s"]) == ("board", 3600, 3)
    assert (row.values["manager"], row.values["writers"]) == ("manager", ("manager",))
    assert row.reproduce == "kubectl -n shop get deployment board -o yaml --show-managed-fields"


async def test_two_that_undo_each_other_are_both_named(cluster: SimulatedCluster, read: Any) -> None:
    fields = [wrote("argocd-controller", "-20s"), wrote("board-operator", "-4s")]
    cluster.load({"objects": [deployment("board", generation=5000, managedFields=fields)]})
    [row] = (await read(PROBE)).rows

    assert row.values["writers"] == ("board-operator", "argocd-controller")


async def test_a_young_object_is_not_called_fast(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [deployment("board", generation=120, age="-1m")]})
    [row] = (await read(PROBE)).rows

    assert (row.values["per_hour"], row.values["last_s"], row.values["manager"]) == (120, -1, "")


@pytest.mark.parametrize(("more", "count"), [
    ({}, 1),
    ({"failurePolicy": "Ignore"}, 0),
    ({"rules": [RULES[0] | {"operations": ["CREATE"]}]}, 0),
    ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}, 1),
    ({"namespaceSelector": {"matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}]}}, 0),
    ({"objectSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}, 0),
    ({"matchConditions": [{"name": "some", "expression": "true"}]}, 0),
])  # fmt: skip
async def test_only_webhooks_that_wait_for_each_update_count(
    cluster: SimulatedCluster, read: Any, more: dict, count: int
) -> None:
    cluster.load({"objects": [looping(), guard(**more)]})
    [row] = (await read(PROBE)).rows

    assert len(row.values["webhooks"]) == count


async def test_where_a_text_names_a_webhook_no_other_counts(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [looping(), guard(), guard(name="other.example.com")]})
    [row] = (await read(PROBE, named={"webhook": "other.example.com"})).rows

    assert row.values["webhooks"] == ("other.example.com",)


async def test_the_controller_is_found_by_its_program(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        looping(), deployment("board-operator", namespace="ops", command="/manager"), deployment("web"),
    ]})  # fmt: skip
    [row] = (await read(PROBE)).rows

    assert (row.values["controller_namespace"], row.values["controller"]) == ("ops", "board-operator")


async def test_of_many_managers_the_one_named_after_the_owner_is_meant(cluster: SimulatedCluster, read: Any) -> None:
    owner = {"apiVersion": "example.com/v1", "kind": "Board", "name": "main", "uid": "u", "controller": True}
    crd = {"apiVersion": "example.com/v1", "kind": "Board", "metadata": {"name": "main", "namespace": "shop"}}
    operators = [deployment(f"{name}-operator", namespace="ops", command="/manager") for name in ("board", "queue")]
    cluster.load({"objects": [crd, looping(ownerReferences=[owner]), *operators]})
    [row] = (await read(PROBE)).rows
    assert row.values["controller"] == "board-operator"

    cluster.load({"objects": [looping()]})
    [row] = (await read(PROBE)).rows
    assert row.values["controller"] == ""


async def test_the_fastest_are_shown_and_the_one_named_comes_first(cluster: SimulatedCluster, read: Any) -> None:
    many = [deployment(f"d{at}", namespace="busy", generation=1000 + 100 * at) for at in range(MOST_ROWS + 2)]
    cluster.load({"objects": [looping(), *many]})

    rows = (await read(PROBE, namespace="elsewhere")).rows
    assert [row.values["name"] for row in rows][:2] == ["board", f"d{MOST_ROWS + 1}"]
    assert len(rows) == MOST_ROWS

    rows = (await read(PROBE, kind="Deployment", namespace="busy", name="d0")).rows
    assert [(row.values["name"], row.values["asked"]) for row in rows][:2] == [("d0", True), ("board", False)]


async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    selector: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    cluster.load({"objects": [looping(), guard(**selector)]})
    cluster.forbid(verb="list", resource="namespaces")
    cluster.forbid(verb="list", group="apps", resource="daemonsets")
    reading = await read(PROBE)

    assert reading.rows[0].values["webhooks"] == ()
    assert sorted(gap.permission.resource for gap in reading.gaps if gap.permission) == ["daemonsets", "namespaces"]
