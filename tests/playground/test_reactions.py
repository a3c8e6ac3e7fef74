"""Test reactions to writes: owners make new pods, with the fault that the template still has."""

from __future__ import annotations

from typing import Any

import pytest

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "registry.example/web:typo"}]},
}
WAITING = {"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}, "ready": False}
BROKEN = {
    "phase": "Pending",
    "startTime": "-1h",
    "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "-1h"}],
    "containerStatuses": [WAITING | {"restartCount": 7}],
}
NODES = [
    {"kind": "Node", "metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    for name in ("worker-a", "worker-b")
]
PODS = "/api/v1/namespaces/shop/pods"
RESTART = {"kubectl.kubernetes.io/restartedAt": "2026-03-01T12:00:00Z"}


def pod(name: str, *, owner: str, status: dict[str, Any] = BROKEN, node: str = "worker-a") -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"app": "web"},
            "ownerReferences": [{"kind": owner, "name": "web-7d9f" if owner == "ReplicaSet" else "web"}],
        },
        "spec": {"nodeName": node, **TEMPLATE["spec"]},
        "status": status,
    }


def workload(kind: str, *, name: str = "web", replicas: int = 2, **metadata: Any) -> dict[str, Any]:
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
    if kind == "DaemonSet":
        del spec["replicas"]
    status = {"replicas": replicas}
    return {"kind": kind, "metadata": {"name": name, "namespace": "shop", **metadata}, "spec": spec, "status": status}


DEPLOYMENT = [
    *NODES,
    workload("Deployment", annotations={"deployment.kubernetes.io/revision": "1"}),
    workload(
        "ReplicaSet",
        name="web-7d9f",
        ownerReferences=[{"kind": "Deployment", "name": "web"}],
        annotations={"deployment.kubernetes.io/revision": "1"},
    ),
    pod("web-7d9f-aaaaa", owner="ReplicaSet"),
    pod("web-7d9f-bbbbb", owner="ReplicaSet", node="worker-b"),
]
STATEFUL_SET = [*NODES, workload("StatefulSet"), pod("web-0", owner="StatefulSet"), pod("web-1", owner="StatefulSet")]
FAILED = {"for": "Pod/shop/web-7d9f-aaaaa", "reason": "Failed", "message": "Failed to pull web-7d9f-aaaaa", "count": 9}
DEPLOYED = "/apis/apps/v1/namespaces/shop/deployments/web"


def waiting(each: dict[str, Any]) -> str:
    """Return the reason why the pod's container waits, "" if it runs."""
    state = each["status"]["containerStatuses"][0]["state"]
    return str(state.get("waiting", {}).get("reason", ""))


async def test_a_deleted_pod_comes_back_under_a_new_name_with_the_same_fault(api) -> None:
    api.cluster.load({"objects": DEPLOYMENT, "events": [FAILED]})

    deleted = (await api.call("DELETE", f"{PODS}/web-7d9f-aaaaa")).body
    pods = await api.items(PODS)

    assert deleted["metadata"]["deletionGracePeriodSeconds"] == 30
    [new] = [each for each in pods if each["metadata"]["name"] not in ("web-7d9f-aaaaa", "web-7d9f-bbbbb")]
    assert new["metadata"]["name"].startswith("web-7d9f-")
    assert new["metadata"]["generateName"] == "web-7d9f-"
    assert new["metadata"]["creationTimestamp"] == "2026-03-01T12:00:00Z"
    assert waiting(new) == "ImagePullBackOff"
    assert new["status"]["containerStatuses"][0]["restartCount"] == 0
    assert new["status"]["startTime"] == "2026-03-01T12:00:00Z"
    uid = new["metadata"]["uid"]
    [event] = await api.items(f"/api/v1/events?fieldSelector=involvedObject.uid={uid}")
    assert event["message"] == f"Failed to pull {new['metadata']['name']}"
    assert event["lastTimestamp"] == "2026-03-01T12:00:00Z"


async def test_a_deleted_pod_of_a_stateful_set_keeps_its_name_and_its_log_but_not_its_uid(api) -> None:
    logs = [{"pod": "shop/web-1", "previous": True, "text": "panic\n"}]
    api.cluster.load({"objects": STATEFUL_SET, "logs": logs})
    before = (await api.get(f"{PODS}/web-1")).body["metadata"]["uid"]

    await api.call("DELETE", f"{PODS}/web-1")
    after = (await api.get(f"{PODS}/web-1")).body

    assert after["metadata"]["uid"] != before
    assert (await api.get(f"{PODS}/web-1/log?previous=true")).body == "panic\n"


async def test_a_fixed_template_brings_running_pods_in_a_new_replica_set(api) -> None:
    api.cluster.load({"objects": DEPLOYMENT})
    fix = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}}}}

    patched = await api.patch(DEPLOYED, fix, kind="strategic-merge-patch")
    pods, sets = await api.items(PODS), await api.items("/apis/apps/v1/namespaces/shop/replicasets")
    after = (await api.get(DEPLOYED)).body

    assert patched.body["metadata"]["generation"] == 2
    assert [each["status"]["phase"] for each in pods] == ["Running", "Running"]
    assert {each["spec"]["containers"][0]["image"] for each in pods} == {"registry.example/web:1"}
    assert sorted(each["spec"]["replicas"] for each in sets) == [0, 2]
    assert after["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert (after["status"]["observedGeneration"], after["status"]["availableReplicas"]) == (2, 2)
    conditions = {each["type"]: each["reason"] for each in after["status"]["conditions"]}
    assert conditions == {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}


async def test_a_restart_alone_does_not_heal(api) -> None:
    api.cluster.load({"objects": DEPLOYMENT})

    await api.patch(DEPLOYED, {"spec": {"template": {"metadata": {"annotations": RESTART}}}})
    pods = await api.items(PODS)

    assert [waiting(each) for each in pods] == ["ImagePullBackOff"] * 2
    assert all(each["metadata"]["annotations"] == RESTART for each in pods)
    assert {each["metadata"]["name"] for each in pods}.isdisjoint({"web-7d9f-aaaaa", "web-7d9f-bbbbb"})


async def test_going_back_to_the_old_template_scales_the_old_replica_set_up_again(api) -> None:
    """As recorded: the undo gives the old ReplicaSet a new number and remembers the old one."""
    api.cluster.load({"objects": DEPLOYMENT})
    await api.patch(DEPLOYED, {"spec": {"template": {"metadata": {"annotations": RESTART}}}})

    nothing = {"kubectl.kubernetes.io/restartedAt": None}
    await api.patch(DEPLOYED, {"spec": {"template": {"metadata": {"annotations": nothing}}}})
    sets = {each["metadata"]["name"]: each for each in await api.items("/apis/apps/v1/namespaces/shop/replicasets")}

    assert len(sets) == 2
    assert sets["web-7d9f"]["spec"]["replicas"] == 2
    assert sets["web-7d9f"]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert sets["web-7d9f"]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({"when": "deleted", "object": "Pod/shop/web-0", "becomes": "healthy"}, ("Running", "")),
        ({"when": "deleted", "object": "StatefulSet/shop/web", "becomes": "healthy"}, ("Running", "")),
        ({"when": "deleted", "object": "Pod/shop/web-0", "becomes": {"status": {"phase": "Failed"}}},
         ("Failed", "ImagePullBackOff")),
    ],
)  # fmt: skip
async def test_a_world_may_say_what_a_deleted_pod_becomes(api, override, expected) -> None:
    api.cluster.load({"objects": STATEFUL_SET, "reactions": [override]})

    await api.call("DELETE", f"{PODS}/web-0")
    after = (await api.get(f"{PODS}/web-0")).body

    assert (after["status"]["phase"], waiting(after)) == expected


async def test_a_world_may_say_that_a_restart_heals(api) -> None:
    heals = {"when": "template-changed", "object": "StatefulSet/shop/web", "becomes": "healthy"}
    api.cluster.load({"objects": STATEFUL_SET, "reactions": [heals]})

    path = "/apis/apps/v1/namespaces/shop/statefulsets/web"
    await api.patch(path, {"spec": {"template": {"metadata": {"annotations": RESTART}}}})

    assert [each["status"]["phase"] for each in await api.items(PODS)] == ["Running", "Running"]
    assert (await api.get(path)).body["status"]["readyReplicas"] == 2


async def test_a_world_may_say_what_a_patch_of_something_else_brings(api) -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"}, "spec": {}}
    bound = {
        "when": "patched",
        "object": "PersistentVolumeClaim/shop/data",
        "becomes": {"status": {"phase": "Bound"}},
    }
    api.cluster.load({"objects": [claim], "reactions": [bound]})

    path = "/api/v1/namespaces/shop/persistentvolumeclaims/data"
    await api.patch(path, {"spec": {"storageClassName": "standard"}})

    assert (await api.get(path)).body["status"] == {"phase": "Bound"}


async def test_scaling_adds_and_removes_pods(api) -> None:
    api.cluster.load({"objects": STATEFUL_SET})
    path = "/apis/apps/v1/namespaces/shop/statefulsets/web/scale"

    await api.patch(path, {"spec": {"replicas": 3}})
    more = [each["metadata"]["name"] for each in await api.items(PODS)]
    await api.patch(path, {"spec": {"replicas": 1}})
    fewer = [each["metadata"]["name"] for each in await api.items(PODS)]
    dry = await api.patch(f"{path}?dryRun=All", {"spec": {"replicas": 0}})

    assert (more, fewer) == (["web-0", "web-1", "web-2"], ["web-0"])
    assert dry.body["spec"]["replicas"] == 0
    assert len(await api.items(PODS)) == 1


async def test_what_a_trimmed_world_leaves_out_stays_out_until_the_template_is_fixed(api) -> None:
    one_of_three = [*NODES, workload("StatefulSet", replicas=3), pod("web-0", owner="StatefulSet")]
    api.cluster.load({"objects": one_of_three})

    await api.call("DELETE", f"{PODS}/web-0")
    assert len(await api.items(PODS)) == 1
    fix = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}}}}
    await api.patch("/apis/apps/v1/namespaces/shop/statefulsets/web", fix)

    assert [each["status"]["phase"] for each in await api.items(PODS)] == ["Running"] * 3


async def test_a_pod_of_a_daemon_set_comes_back_on_its_node(api) -> None:
    api.cluster.load({"objects": [*NODES, workload("DaemonSet"), pod("web-x1", owner="DaemonSet", node="worker-b")]})

    await api.call("DELETE", f"{PODS}/web-x1")

    [new] = await api.items(PODS)
    assert (new["spec"]["nodeName"], waiting(new)) == ("worker-b", "ImagePullBackOff")


async def test_a_cordoned_node_gets_a_taint_and_no_new_pods(api) -> None:
    api.cluster.load({"objects": STATEFUL_SET})

    await api.patch("/api/v1/nodes/worker-a", {"spec": {"unschedulable": True}})
    await api.call("DELETE", f"{PODS}/web-0")
    node = (await api.get("/api/v1/nodes/worker-a")).body

    assert node["spec"]["taints"][0]["key"] == "node.kubernetes.io/unschedulable"
    assert (await api.get(f"{PODS}/web-0")).body["spec"]["nodeName"] == "worker-b"


async def test_a_pod_on_a_node_without_a_kubelet_stays_terminating_until_it_is_forced(api) -> None:
    gone = {
        "kind": "Node",
        "metadata": {"name": "worker-a"},
        "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
    }
    api.cluster.load({"objects": [gone, NODES[1], *STATEFUL_SET[2:]]})

    await api.call("DELETE", f"{PODS}/web-0")
    stuck = (await api.get(f"{PODS}/web-0")).body["metadata"]
    await api.call("DELETE", f"{PODS}/web-0?gracePeriodSeconds=0")
    after = (await api.get(f"{PODS}/web-0")).body

    assert stuck["deletionTimestamp"] == "2026-03-01T12:00:30Z"
    assert after["metadata"]["uid"] != stuck["uid"]
    assert after["spec"]["nodeName"] == "worker-b"


async def test_a_budget_counts_pods_as_they_become_ready(api) -> None:
    budget = {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 1, "expectedPods": 2},
    }
    api.cluster.load({"objects": [*DEPLOYMENT, budget]})
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-7d9f-aaaaa"}}

    refused = await api.call("POST", f"{PODS}/web-7d9f-aaaaa/eviction", eviction)
    fix = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}}}}
    await api.patch(DEPLOYED, fix)
    status = (await api.get("/apis/policy/v1/namespaces/shop/poddisruptionbudgets/web")).body["status"]

    assert refused.status == 429
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (2, 1)


async def test_endpoints_follow_the_pods(api) -> None:
    service = {
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}},
    }
    piece = {
        "kind": "EndpointSlice",
        "metadata": {"name": "web-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": None,
    }
    api.cluster.load({"objects": [*DEPLOYMENT, service, piece]})

    fix = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}}}}
    await api.patch(DEPLOYED, fix)
    after = (await api.get("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/web-x")).body

    assert len({each["addresses"][0] for each in after["endpoints"]}) == 2
    assert all(each["conditions"]["ready"] for each in after["endpoints"])


async def test_deleting_an_owner_deletes_what_it_owns(api) -> None:
    api.cluster.load({"objects": DEPLOYMENT})

    await api.call("DELETE", DEPLOYED)

    assert await api.items(PODS) == []
    assert await api.items("/apis/apps/v1/namespaces/shop/replicasets") == []


async def test_a_claim_in_use_stays_until_its_pod_is_gone(api) -> None:
    using = pod("web-0", owner="ReplicaSet")
    del using["metadata"]["ownerReferences"]
    using["spec"] |= {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop", "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {},
    }
    api.cluster.load({"objects": [*NODES, using, claim]})
    path = "/api/v1/namespaces/shop/persistentvolumeclaims/data"

    await api.call("DELETE", path)
    held = (await api.get(path)).body["metadata"]
    await api.call("DELETE", f"{PODS}/web-0")

    assert "deletionTimestamp" in held
    assert (await api.get(path)).status == 404


async def test_a_namespace_goes_with_all_that_is_in_it(api) -> None:
    api.cluster.load_neighbours()

    await api.call("DELETE", "/api/v1/namespaces/shop")

    assert (await api.get("/api/v1/namespaces/shop")).status == 404
    assert await api.items(PODS) == []


async def test_a_bound_claim_grows_if_its_class_allows(api) -> None:
    api.cluster.load_neighbours()
    path = "/api/v1/namespaces/shop/persistentvolumeclaims/data-ledger-0"

    await api.patch(path, {"spec": {"resources": {"requests": {"storage": "40Gi"}}}})

    assert (await api.get(path)).body["status"]["capacity"] == {"storage": "40Gi"}


async def test_a_deleted_api_service_is_no_longer_served(api) -> None:
    api.cluster.load_neighbours()

    await api.call("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io")

    groups = [each["name"] for each in (await api.get("/apis")).body["groups"]]
    assert "metrics.k8s.io" not in groups


async def test_a_created_deployment_gets_its_pods(api) -> None:
    api.cluster.load({"objects": NODES})
    made = {"metadata": {"name": "web"}, "spec": workload("Deployment")["spec"]}
    api.cluster.load({"objects": [{"kind": "Namespace", "metadata": {"name": "shop"}}]})

    answer = await api.call("POST", "/apis/apps/v1/namespaces/shop/deployments", made)
    pods = await api.items(PODS)

    assert (answer.status, answer.body["status"]) == (201, {})
    assert [each["status"]["phase"] for each in pods] == ["Running", "Running"]
    assert (await api.get(DEPLOYED)).body["status"]["readyReplicas"] == 2
