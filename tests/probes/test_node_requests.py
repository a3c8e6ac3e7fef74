"""Test how the daemonset-share probe counts what DaemonSets take of a node."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.node_requests import read as PROBE
from intents.domain import ProbeResult


def node(name: str = "n1", *, cpu: str = "2", memory: str = "4Gi", **metadata: Any) -> dict:
    status = {"allocatable": {"cpu": cpu, "memory": memory, "pods": "110"}}
    return {"kind": "Node", "metadata": {"name": name, **metadata}, "status": status}


def pod(
    name: str, owner: str, *, on: str = "n1", phase: str = "Running", kind: str = "DaemonSet", **requests: str
) -> dict:
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "edge",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": owner}],
        },
        "spec": {
            "nodeName": on,
            "containers": [
                {"name": "side", "image": "s"},
                {"name": "main", "image": "m", "resources": {"requests": requests}},
            ],
        },
        "status": {"phase": phase},
    }


def daemonset(name: str) -> dict:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "m"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {"kind": "DaemonSet", "metadata": {"name": name, "namespace": "edge"}, "spec": spec}


def autoscaler(*args: str) -> dict:
    container = {
        "name": "ca",
        "image": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.33.0",
        "command": ["./ca", *args],
    }
    return {
        "kind": "Deployment",
        "metadata": {"name": "scaler", "namespace": "infra"},
        "spec": {
            "selector": {"matchLabels": {"app": "ca"}},
            "template": {"metadata": {"labels": {"app": "ca"}}, "spec": {"containers": [container]}},
        },
    }


def values(reading: ProbeResult) -> dict[str, dict[str, Any]]:
    return {str(row.values["node"]): dict(row.values) for row in reading.rows}


async def test_daemonsets_alone_reach_the_threshold(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        autoscaler(), node(), daemonset("proxy"), daemonset("logs"),
        pod("proxy-x", "proxy", cpu="900m", memory="100Mi"), pod("logs-x", "logs", cpu="200m"),
        pod("web-x", "web", kind="ReplicaSet", cpu="100m", memory="1Gi"),
        pod("old-x", "web", kind="ReplicaSet", phase="Succeeded", cpu="1"),
    ]})  # fmt: skip

    row = values(await read(PROBE))["n1"]

    assert (row["resource"], row["daemonset_pct"], row["used_pct"], row["others_pct"]) == ("cpu", 55, 60, 25)
    assert (row["alone"], row["decides"], row["ignores"], row["disabled"]) == (True, True, False, False)
    assert (row["threshold_pct"], row["threshold_given"]) == (50, False)
    assert row["daemonsets"] == ("edge/proxy 900m", "edge/logs 200m")
    assert (row["largest_namespace"], row["largest"], row["largest_container"], row["largest_request"]) == (
        "edge", "proxy", "main", "900m",
    )  # fmt: skip
    # 2000m * (50% - 5%) - 200m
    assert (row["largest_top"], row["suggested"]) == ("DaemonSet", "700m")
    assert (row["autoscaler"], row["autoscaler_namespace"], row["autoscaler_name"], row["autoscaler_container"]) == (
        "Deployment infra/scaler", "infra", "scaler", "ca",
    )  # fmt: skip


async def test_memory_counts_where_it_is_the_larger_share(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [node(), daemonset("logs"), pod("logs-x", "logs", cpu="100m", memory="3Gi")]})

    row = values(await read(PROBE))["n1"]

    assert (row["resource"], row["daemonset_pct"], row["daemonsets"]) == ("memory", 75, ("edge/logs 3Gi",))
    assert (row["suggested"], row["autoscaler"]) == ("1843Mi", "")


async def test_below_the_threshold_daemonsets_may_still_decide(cluster: SimulatedCluster, read: Any) -> None:
    web = pod("web-x", "web", kind="ReplicaSet", cpu="800m")
    cluster.load({"objects": [node(), pod("proxy-x", "proxy", cpu="300m"), web]})

    row = values(await read(PROBE))["n1"]

    assert (row["alone"], row["decides"], row["suggested"]) == (False, True, "")
    assert row["largest_top"] == "DaemonSet"  # named by its pod though it cannot be read


async def test_the_autoscalers_flags_are_heeded(cluster: SimulatedCluster, read: Any) -> None:
    flags = ("--scale-down-utilization-threshold=0.7", "--ignore-daemonsets-utilization=true")
    cluster.load({"objects": [autoscaler(*flags), node(), pod("proxy-x", "proxy", cpu="1200m")]})

    row = values(await read(PROBE))["n1"]

    assert (row["threshold_pct"], row["threshold_given"], row["ignores"], row["alone"]) == (70, True, True, False)


async def test_one_that_the_provider_runs_shows_by_its_status(cluster: SimulatedCluster, read: Any) -> None:
    status = {"kind": "ConfigMap", "metadata": {"name": "cluster-autoscaler-status", "namespace": "kube-system"}}
    cluster.load({"objects": [status, node()]})

    row = values(await read(PROBE))["n1"]

    assert (row["autoscaler"], row["autoscaler_name"]) == ("ConfigMap kube-system/cluster-autoscaler-status", "")


async def test_which_nodes_are_told_of(cluster: SimulatedCluster, read: Any) -> None:
    kept = {"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"}
    control = node("c1", labels={"node-role.kubernetes.io/control-plane": ""})
    cluster.load({"objects": [node("n1", annotations=kept), node("n2"), control, pod("a-x", "a", on="n2", cpu="1")]})

    assert list(values(await read(PROBE))) == ["n2", "n1"]
    assert values(await read(PROBE))["n1"]["disabled"] is True
    assert list(values(await read(PROBE, kind="Node", name="c1"))) == ["c1"]
    assert list(values(await read(PROBE, node="n1"))) == ["n1"]
    assert (await read(PROBE, node="n9")).missing == "Node n9"


async def test_a_node_that_tells_nothing_is_no_defect(cluster: SimulatedCluster, read: Any) -> None:
    bare = {"kind": "Node", "metadata": {"name": "n1"}}
    cluster.load({"objects": [bare, pod("a-x", "a", cpu="1"), autoscaler("--scale-down-utilization-threshold=much")]})

    row = values(await read(PROBE))["n1"]

    assert (row["daemonset_pct"], row["alone"], row["threshold_pct"]) == (0, False, 50)


async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [node(), pod("a-x", "a", cpu="1500m")]})
    cluster.forbid(verb="*", resource="deployments")

    reading = await read(PROBE)

    assert [str(gap.permission) for gap in reading.gaps] == ["list on apps/deployments"]
    assert values(reading)["n1"]["alone"] is True
    cluster.forbid(verb="list", resource="nodes")
    assert "list on nodes" in [str(gap.permission) for gap in (await read(PROBE)).gaps]
