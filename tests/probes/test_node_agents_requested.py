"""Test how the daemonset-split probe tells good nodes from bad ones."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.node_agents import read as PROBE

ARGS = {"which": "requested", "capture": "cannot load (?P<what>[a-z]+)"}
OK: dict = {"ready": True, "restartCount": 0, "state": {"running": {"startedAt": "-1h"}}}
BAD: dict = {
    "ready": False,
    "restartCount": 12,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "startedAt": "-5m", "finishedAt": "-4m"}},
}


def pod(name: str, node: str, status: dict, *, daemonset: str = "agent", **metadata: Any) -> dict:
    ready = {"type": "Ready", "status": str(status["ready"])}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "watch",
            "labels": {"app": daemonset},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": daemonset}],
            **metadata,
        },
        "spec": {"nodeName": node, "containers": [{"name": "agent", "image": f"registry.example.com/{daemonset}:1"}]},
        "status": {"phase": "Running", "conditions": [ready], "containerStatuses": [{"name": "agent", **status}]},
    }


def daemonset(name: str) -> dict:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "agent", "image": "a"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {"kind": "DaemonSet", "metadata": {"name": name, "namespace": "watch"}, "spec": spec}


def said(name: str, text: str) -> dict:
    return {"pod": f"watch/{name}", "container": "agent", "previous": True, "text": text}


SPLIT = {
    "objects": [
        daemonset("agent"),
        daemonset("calm"),
        pod("agent-b2c4d", "worker-a", OK),
        pod("agent-f5g6h", "worker-b", BAD),
        pod("agent-j7k8l", "worker-c", BAD),
        pod("calm-m9n2p", "worker-a", OK, daemonset="calm"),
    ],
    "logs": [said("agent-f5g6h", "starting\ncannot load probe"), said("agent-j7k8l", "cannot open config")],
}


def picture(reading: Any) -> list[tuple[object, ...]]:
    keys = ("daemonset", "node", "ok", "line", "what")
    return [tuple(row.values[key] for key in keys) for row in reading.rows]


EXPECTED = [
    ("agent", "worker-b", False, "cannot load probe", "probe"),
    ("agent", "worker-c", False, "", ""),
    ("agent", "worker-a", True, "", ""),
]


async def test_however_it_is_asked_about_a_daemonset_is_seen_whole(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    cluster.load(SPLIT)

    by_name = await read(PROBE, args=ARGS, kind="DaemonSet", namespace="watch", name="agent")
    by_pod = await read(PROBE, args=ARGS, kind="Pod", namespace="watch", name="agent-b2c4d")
    by_trouble = await read(PROBE, args=ARGS, namespace="watch")

    assert picture(by_name) == picture(by_pod) == picture(by_trouble) == EXPECTED
    assert {(row.values["ok_nodes"], row.values["bad_nodes"], row.values["same_line"]) for row in by_name.rows} == {
        (1, 2, 1)
    }
    assert by_name.rows[0].values["kernel"] == "6.8.0-48-generic"
    assert by_name.rows[0].quote == "cannot load probe"


async def test_among_finds_a_daemonset_that_is_well(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(SPLIT)

    reading = await read(PROBE, args={**ARGS, "among": "/calm:"})

    assert picture(reading) == [("calm", "worker-a", True, "", "")]


async def test_a_pod_on_its_way_out_does_not_count(cluster: SimulatedCluster, read: Any) -> None:
    leaving = pod("agent-q3r4s", "worker-b", BAD, deletionTimestamp="-1m", deletionGracePeriodSeconds=30)
    cluster.load({"objects": [daemonset("agent"), pod("agent-b2c4d", "worker-b", OK), leaving]})

    reading = await read(PROBE, args=ARGS, kind="DaemonSet", namespace="watch", name="agent")

    assert [row.values["pod"] for row in reading.rows] == ["agent-b2c4d"]


async def test_a_pod_that_is_not_bound_yet_belongs_to_the_node_it_is_made_for(
    cluster: SimulatedCluster, read: Any
) -> None:
    field = {"key": "metadata.name", "operator": "In", "values": ["worker-c"]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    pending = pod("agent-b2c4d", "", OK | {"ready": False})
    pending["spec"] = {
        "containers": [{"name": "agent", "image": "a"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
    }
    pending["status"] = {"phase": "Pending"}
    cluster.load({"objects": [daemonset("agent"), pending]})

    (row,) = (await read(PROBE, args=ARGS, kind="DaemonSet", namespace="watch", name="agent")).rows

    assert (row.values["node"], row.values["ok"]) == ("worker-c", False)


async def test_without_nodes_and_logs_the_split_is_still_seen(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    cluster.load(SPLIT)
    cluster.forbid(resource="nodes")
    cluster.forbid(resource="pods/log")

    reading = await read(PROBE, args=ARGS, kind="DaemonSet", namespace="watch", name="agent")

    assert [(row.values["node"], row.values["ok"]) for row in reading.rows] == [
        ("worker-b", False), ("worker-c", False), ("worker-a", True),
    ]  # fmt: skip
    assert sorted(str(gap) for gap in reading.gaps) == [
        "cannot read container logs in watch: needs get on pods/log",
        "cannot read nodes: needs list on nodes",
    ]
