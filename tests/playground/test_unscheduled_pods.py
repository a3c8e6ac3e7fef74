"""Test pods of a scene that no scheduler looks at, and a node that somebody cordoned, against what a real one shows."""

from typing import Any

from bot.cli.rehearsal import stage
from bot.kube.owners import LastWrite, last_written

PODS = ("", "pods")
SCENE = {"Deployment/shop/web": {"containers": {"web": "web:1"}, "pods": {"web-7c9d8b6f54-x2x4z": "worker-a"}}}
POD = "Pod/shop/web-7c9d8b6f54-x2x4z"


def staged(**fault: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the pod of the scene with a fault, and the reasons of the events about it."""
    cluster = stage({"scene": SCENE, "faults": {POD: fault}})
    found = cluster.store.get(table=PODS, namespace="shop", name=POD.rpartition("/")[2])
    assert found is not None
    events = [obj for _, obj in cluster.store.everything() if obj["kind"] == "Event"]
    told = [each["reason"] for each in events if each["involvedObject"]["name"] == found["metadata"]["name"]]
    return found, told


def test_a_gated_pod_has_the_condition_of_the_api_server_and_no_event() -> None:
    pod, events = staged(gates=["example.com/quota"])

    (condition,) = pod["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "SchedulingGated")
    assert condition["message"] == "Scheduling is blocked due to non-empty scheduling gates"
    assert pod["spec"]["schedulingGates"] == [{"name": "example.com/quota"}]
    assert ("nodeName" in pod["spec"], events) == (False, [])


def test_a_pod_of_an_unknown_scheduler_has_no_condition_and_no_event() -> None:
    pod, events = staged(scheduler="topo-scheduler")

    assert (pod["status"]["phase"], pod["status"].get("conditions"), events) == ("Pending", None, [])
    assert pod["spec"]["schedulerName"] == "topo-scheduler"


def test_a_cordon_has_the_field_manager_that_the_scene_names() -> None:
    cluster = stage({"scene": SCENE, "faults": {"Node/worker-b": {"cordoned": "kubectl-drain", "since": "2h"}}})
    node = cluster.store.get(table=("", "nodes"), namespace="", name="worker-b")

    assert node is not None
    written = last_written(node, ("spec", "unschedulable"))
    assert written == LastWrite(manager="kubectl-drain", time=node["spec"]["taints"][0]["timeAdded"])
