"""Test the node-agents probe: on every node, whatever the request names."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import node_agents

PROXY = {"among": "^kube-proxy "}
LOGS = {**PROXY, "capture": "Failed to execute (?P<tool>\\S+)"}
LOOPING = {
    "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "-20m"}],
    "containerStatuses": [
        {
            "name": "kube-proxy",
            "ready": False,
            "restartCount": 9,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "-2m"}},
        }
    ],
}


def pod(name: str, node: str, status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """Return a pod of the neighbours' kube-proxy, of which there is one on each node."""
    ready = {
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "-1d"}],
        "containerStatuses": [{"name": "kube-proxy", "ready": True, "restartCount": 0, "state": {"running": {}}}],
    }
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {"k8s-app": "kube-proxy"},
            "ownerReferences": [{"kind": "DaemonSet", "name": "kube-proxy"}],
            **metadata,
        },
        "spec": {
            "nodeName": node,
            "containers": [{"name": "kube-proxy", "image": "registry.k8s.io/kube-proxy:v1.36.2"}],
        },
        "status": {"phase": "Running", **(status or ready)},
    }


def picture(reading: Any) -> list[tuple[object, ...]]:
    return [tuple(row.values[key] for key in ("node", "agent_pod", "trouble", "asked")) for row in reading.rows]


async def test_healthy_agents_are_a_row_per_node(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()

    reading = await read(node_agents.read, args=PROXY)

    assert [row.values["node"] for row in reading.rows] == ["control-1", "worker-a", "worker-b", "worker-c"]
    assert {(row.values["ok"], row.values["ok_nodes"], row.values["version"]) for row in reading.rows} == {
        (True, 4, "v1.36.2")
    }
    assert reading.gaps == ()


async def test_what_is_broken_comes_first_with_its_reason_and_what_its_node_alone_has(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load_neighbours()
    node = {"kind": "Node", "metadata": {"name": "worker-b"}, "status": {"nodeInfo": {"kernelVersion": "5.4.0-26"}}}
    cluster.load({"objects": [pod("kube-proxy-n5tpz", "worker-b", LOOPING), node]})

    reading = await read(node_agents.read, args=PROXY)

    row = reading.rows[0].values
    assert picture(reading)[0] == ("worker-b", "kube-proxy-n5tpz", "crash-looping", True)
    assert (row["ok_nodes"], row["bad_nodes"], row["restarts"]) == (3, 1, 9)
    assert row["why"] == "kube-proxy: CrashLoopBackOff: back-off 5m0s; exitCode 1 (Error)"
    assert row["differs"] == ("kernel 5.4.0-26",)


async def test_only_the_nodes_of_the_pods_asked_about_are_in_question(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()

    async def asked(**request: Any) -> list[str]:
        reading = await read(node_agents.read, args=PROXY, **request)
        return [row.values["node"] for row in reading.rows if row.values["asked"]]

    everywhere = ["control-1", "worker-a", "worker-b", "worker-c"]
    shop = {"kind": "Pod", "namespace": "shop", "name": "storefront-6b8d4f7c95-t8mxq"}
    assert await asked(**shop) == ["worker-b"]
    assert await asked(**shop, named={"address": "10.244.13.24:8080"}) == ["worker-b", "worker-c"]
    assert await asked(kind="Node", name="worker-a") == await asked(node="worker-a") == ["worker-a"]
    assert await asked(namespace="shop") == ["worker-a", "worker-b", "worker-c"]
    assert await asked(kind="Service", namespace="shop", name="storefront") == everywhere
    assert await asked() == everywhere


async def test_of_a_pod_that_is_gone_no_node_is_in_question(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()

    reading = await read(node_agents.read, args=PROXY, kind="Pod", namespace="shop", name="gone-0")

    assert reading.missing == "Pod shop/gone-0"
    assert not any(row.values["asked"] for row in reading.rows)


async def test_a_node_without_its_pod_lacks_it_unless_it_is_new(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    leaving = pod("kube-proxy-n5tpz", "worker-b", deletionTimestamp="-1m", deletionGracePeriodSeconds=30)
    new = {"kind": "Node", "metadata": {"name": "worker-d", "creationTimestamp": "-1m"}}
    cluster.load({"objects": [leaving, new]})

    reading = await read(node_agents.read, args=PROXY)

    assert picture(reading)[:2] == [("worker-d", "", "starting", True), ("worker-b", "", "missing", True)]
    assert reading.rows[1].subject.kind == "DaemonSet"


async def test_a_pod_that_just_started_is_no_trouble_yet(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    waking = {
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "-10s"}],
        "containerStatuses": [
            {"name": "kube-proxy", "ready": False, "state": {"waiting": {"reason": "PodInitializing"}}}
        ],
    }
    cluster.load({"objects": [pod("kube-proxy-n5tpz", "worker-b", waking)]})

    reading = await read(node_agents.read, args=PROXY)

    assert picture(reading)[0] == ("worker-b", "kube-proxy-n5tpz", "starting", True)
    assert reading.rows[0].values["bad_nodes"] == 0


async def test_logs_are_read_of_pods_that_are_ready_too(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    text = "ok\nE0302 proxier.go:1507] Failed to execute iptables-restore: exit status 1"
    cluster.load({"logs": [{"pod": "kube-system/kube-proxy-n5tpz", "container": "kube-proxy", "text": text}]})

    reading = await read(node_agents.read, args=LOGS)

    said = {row.values["node"]: (row.values["line"], row.values["tool"]) for row in reading.rows if row.values["line"]}
    assert said == {
        "worker-b": ("E0302 proxier.go:1507] Failed to execute iptables-restore: exit status 1", "iptables-restore:")
    }


async def test_static_pods_are_agents_where_no_daemonset_is(cluster: SimulatedCluster, read: Any) -> None:
    static = pod("kube-proxy-pool-1-x", "pool-1-x", ownerReferences=[{"kind": "Node", "name": "pool-1-x"}])
    cluster.load({"objects": [{"kind": "Node", "metadata": {"name": "pool-1-x"}}, static]})

    reading = await read(node_agents.read, args=PROXY)

    assert picture(reading) == [("pool-1-x", "kube-proxy-pool-1-x", "", True)]
    assert (reading.rows[0].values["agent"], reading.rows[0].values["agent_kind"]) == ("kube-proxy", "StaticPod")


async def test_without_any_agent_the_question_does_not_apply_or_every_node_is_shown_bare(
    cluster: SimulatedCluster, read: Any
) -> None:
    message = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady"
    cluster.load_neighbours()
    ready = {"type": "Ready", "status": "False", "message": message}
    cluster.load({"objects": [{"kind": "Node", "metadata": {"name": "worker-a"}, "status": {"conditions": [ready]}}]})

    absent = await read(node_agents.read, args={"among": "^cilium ", "absent": "no Cilium here"})
    bare = await read(node_agents.read, args={"among": "^cilium ", "every_node": "true", "capture": "x(?P<y>y)"})

    assert (absent.rows, absent.not_applicable) == ((), "no Cilium here")
    assert {row.values["node"]: row.values["no_network"] for row in bare.rows} == {
        "control-1": False, "worker-a": True, "worker-b": False, "worker-c": False,
    }  # fmt: skip
    assert {(row.values["agent"], row.values["trouble"], row.values["y"]) for row in bare.rows} == {("", "", "")}


async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    cluster.forbid(resource="pods/log")
    unheard = await read(node_agents.read, args=LOGS)
    cluster.forbid(verb="list", group="apps", resource="daemonsets")
    unseen = await read(node_agents.read, args={**PROXY, "absent": "none"})
    cluster.forbid(verb="list", resource="nodes")
    blind = await read(node_agents.read, args=PROXY)
    wrong = await read(node_agents.read, args={"among": "("})

    assert len(unheard.rows) == 4
    assert [str(gap) for gap in unheard.gaps] == ["cannot read container logs in kube-system: needs get on pods/log"]
    assert [str(gap) for gap in unseen.gaps] == [
        "cannot read daemonsets in all namespaces: needs list on apps/daemonsets"
    ]
    assert unseen.not_applicable == ""
    assert [str(gap) for gap in blind.gaps] == ["cannot read nodes: needs list on nodes"]
    assert wrong.gaps[0].reason == "not configured"


async def test_bare_objects_are_no_defect(cluster: SimulatedCluster, read: Any) -> None:
    bare = {"kind": "Pod", "metadata": pod("kube-proxy-x", "n")["metadata"], "spec": {"containers": [{"name": "a"}]}}
    daemonset = {"kind": "DaemonSet", "metadata": {"name": "kube-proxy", "namespace": "kube-system"}, "spec": {}}
    cluster.load({"objects": [{"kind": "Node", "metadata": {"name": "n"}}, daemonset, bare]})

    reading = await read(node_agents.read, args={"among": "kube-proxy"})

    assert picture(reading) == [("n", "", "missing", True)]
