"""Test the rows of pods that wait for a node."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.pods import read as PROBE

MESSAGE = (
    "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }, 2 Insufficient cpu."
    " preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
)


def failed_scheduling(message: str, *, last: str, **more: str) -> dict:
    about = {"for": "Pod/batch/a", "type": "Warning", "reason": "FailedScheduling"}
    return about | {"message": message, "last": last} | more


def pod(name: str, *, node: str = "", message: str = MESSAGE, condition: bool = True, **spec: Any) -> dict:
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    scheduled = {"type": "PodScheduled", "status": "True"}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "batch"},
        "spec": {"containers": [{"name": "a", "image": "a"}], "schedulerName": "default-scheduler"}
        | ({"nodeName": node} if node else {})
        | spec,
        "status": {
            "phase": "Running" if node else "Pending",
            "conditions": [(scheduled if node else unscheduled) | {"lastTransitionTime": "-7m"}] if condition else [],
        },
    }


async def test_a_waiting_pod_says_what_it_lacks_and_which_taints_are_in_its_way(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [pod("a"), pod("b", node="n1")]})

    (row,) = (await read(PROBE, namespace="batch")).rows

    assert (row.values["pod"], row.values["scheduled"], row.values["age_s"]) == ("a", False, 420)
    assert row.values["lacks"] == ("cpu",)
    assert row.values["wants_taint"] == ("node.kubernetes.io/disk-pressure",)
    assert row.quote == MESSAGE


async def test_what_was_said_of_a_pod_that_has_a_node_by_now_is_history(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [pod("a", node="n1")],
        "events": [failed_scheduling(MESSAGE, last="-9m")],
    })  # fmt: skip

    (row,) = (await read(PROBE, kind="Pod", namespace="batch", name="a")).rows

    assert (row.values["scheduled"], row.values["node"]) == (True, "n1")
    assert (row.values["message"], row.values["lacks"]) == ("", ())
    assert row.quote == "PodScheduled=True"


async def test_a_pod_named_without_its_namespace_is_found(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("a")]})

    assert [row.values["namespace"] for row in (await read(PROBE, name="a")).rows] == ["batch"]


async def test_the_event_speaks_where_the_condition_does_not(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [pod("a", condition=False, schedulerName="tidb-scheduler")],
        "events": [
            failed_scheduling("an older one", last="-9m"),
            failed_scheduling(MESSAGE, last="-1m", style="series"),
        ],
    })  # fmt: skip

    (row,) = (await read(PROBE, kind="Pod", namespace="batch", name="a")).rows

    assert (row.values["message"], row.values["scheduler"]) == (MESSAGE, "tidb-scheduler")


async def test_events_that_may_not_be_read_are_a_gap_and_the_pod_stays(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("a", condition=False)]})
    cluster.forbid(verb="list", resource="events")

    reading = await read(PROBE, kind="Pod", namespace="batch", name="a")

    assert [row.values["message"] for row in reading.rows] == [""]
    assert [str(gap.permission) for gap in reading.gaps] == ["list on events"]


async def test_a_pod_that_is_gone_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("other")]})

    reading = await read(PROBE, kind="Pod", namespace="batch", name="a")

    assert (reading.rows, reading.missing) == ((), "Pod batch/a")


async def test_finished_pods_wait_for_nothing(cluster: SimulatedCluster, read: Any) -> None:
    done = pod("a")
    done["status"]["phase"] = "Failed"
    cluster.load({"objects": [done]})

    assert (await read(PROBE, namespace="batch")).rows == ()
