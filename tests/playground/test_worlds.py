"""Worlds are short to write, are filled in as a real cluster would, and say clearly what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster, WorldError
from bot.playground.kubernetes.world import neighbours

POD: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {"name": "api-0", "namespace": "shop", "ownerReferences": [{"kind": "StatefulSet", "name": "api"}]},
    "spec": {"nodeName": "worker-a", "containers": [{"name": "api"}]},
    "status": {"phase": "Running", "startTime": "-5m"},
}
SET: dict[str, Any] = {"kind": "StatefulSet", "metadata": {"name": "api", "namespace": "shop"}, "spec": {}}


async def test_a_trimmed_object_is_filled_in(api) -> None:
    api.cluster.load({"objects": [POD, SET]})

    pod = (await api.get("/api/v1/namespaces/shop/pods/api-0")).body
    owner = (await api.get("/apis/apps/v1/namespaces/shop/statefulsets/api")).body

    assert pod["apiVersion"] == "v1"
    assert pod["metadata"]["generation"] == 1
    assert int(pod["metadata"]["resourceVersion"]) > 0
    assert pod["metadata"]["creationTimestamp"] == "2026-02-28T12:00:00Z"
    assert pod["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "name": "api",
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


async def test_relative_times_become_timestamps_and_micro_times(api) -> None:
    lease = {
        "kind": "Lease",
        "metadata": {"name": "worker-a", "namespace": "kube-node-lease"},
        "spec": {"holderIdentity": "worker-a", "renewTime": "-1.5s"},
    }
    api.cluster.load({"objects": [POD, lease]})

    pod = (await api.get("/api/v1/namespaces/shop/pods/api-0")).body
    stored = (await api.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker-a")).body

    assert pod["status"]["startTime"] == "2026-03-01T11:55:00Z"
    assert stored["spec"]["renewTime"] == "2026-03-01T11:59:58.500000Z"


async def test_who_wrote_which_fields_is_kept_as_written(api) -> None:
    written = [
        {"manager": "manager", "operation": "Update", "apiVersion": "v1", "time": "-5s", "fieldsType": "FieldsV1"}
    ]
    api.cluster.load({"objects": [{**POD, "metadata": POD["metadata"] | {"managedFields": written}}, SET]})

    pod = (await api.get("/api/v1/namespaces/shop/pods/api-0")).body

    assert pod["metadata"]["managedFields"] == [written[0] | {"time": "2026-03-01T11:59:55Z"}]


async def test_namespaces_are_made_on_demand_with_what_each_has(api) -> None:
    api.cluster.load({"objects": [POD]})

    namespace = (await api.get("/api/v1/namespaces/shop")).body
    accounts = await api.items("/api/v1/namespaces/shop/serviceaccounts")

    assert namespace["status"] == {"phase": "Active"}
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop"}
    assert [each["metadata"]["name"] for each in accounts] == ["default"]


async def test_an_event_is_joined_to_its_object(api) -> None:
    event = {"for": "Pod/shop/api-0", "reason": "BackOff", "message": "Back-off", "count": 3, "first": "-10m",
             "last": "-30s", "container": "api"}  # fmt: skip
    api.cluster.load({"objects": [POD], "events": [event]})

    pod = (await api.get("/api/v1/namespaces/shop/pods/api-0")).body
    [stored] = await api.items(f"/api/v1/events?fieldSelector=involvedObject.uid={pod['metadata']['uid']}")

    assert stored["involvedObject"]["fieldPath"] == "spec.containers{api}"
    assert stored["involvedObject"]["apiVersion"] == "v1"
    assert (stored["firstTimestamp"], stored["lastTimestamp"]) == ("2026-03-01T11:50:00Z", "2026-03-01T11:59:30Z")
    assert (stored["count"], stored["type"]) == (3, "Warning")
    assert stored["source"] == {"component": "kubelet", "host": "worker-a"}


async def test_events_of_the_scheduler_are_a_series_without_timestamps(api) -> None:
    event = {"for": "Pod/shop/api-0", "reason": "FailedScheduling", "message": "0/3 nodes", "count": 4, "last": "-10s"}
    api.cluster.load({"objects": [POD], "events": [event]})

    [stored] = await api.items("/api/v1/namespaces/shop/events")

    assert (stored["firstTimestamp"], stored["lastTimestamp"]) == (None, None)
    assert "count" not in stored
    assert stored["series"] == {"count": 4, "lastObservedTime": "2026-03-01T11:59:50.000000Z"}
    assert stored["reportingComponent"] == "default-scheduler"


async def test_events_of_a_node_lie_in_default_and_a_kubelet_names_the_node_as_uid(api) -> None:
    node = {"kind": "Node", "metadata": {"name": "worker-a"}}
    told = [
        {"for": "Node/worker-a", "reason": "EvictionThresholdMet", "message": "disk", "source": "kubelet"},
        {"for": "Node/worker-a", "reason": "NodeNotReady", "message": "gone", "source": "node-controller"},
    ]
    api.cluster.load({"objects": [node], "events": told})

    uid = (await api.get("/api/v1/nodes/worker-a")).body["metadata"]["uid"]
    events = {each["reason"]: each for each in await api.items("/api/v1/namespaces/default/events")}

    assert events["EvictionThresholdMet"]["involvedObject"]["uid"] == "worker-a"
    assert events["NodeNotReady"]["involvedObject"]["uid"] == uid


async def test_a_custom_resource_definition_brings_its_kind(api) -> None:
    definition = {
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "tidbclusters.pingcap.com"},
        "spec": {
            "group": "pingcap.com",
            "scope": "Namespaced",
            "names": {"kind": "TidbCluster", "plural": "tidbclusters", "shortNames": ["tc"]},
            "versions": [{"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}}}],
        },
    }
    custom = {"kind": "TidbCluster", "metadata": {"name": "basic", "namespace": "db"}, "spec": {"version": "v8"}}
    api.cluster.load({"objects": [custom, definition]})

    discovered = (await api.get("/apis/pingcap.com/v1alpha1")).body["resources"]
    [item] = await api.items("/apis/pingcap.com/v1alpha1/tidbclusters")

    assert [each["name"] for each in discovered] == ["tidbclusters", "tidbclusters/status"]
    assert (item["kind"], item["apiVersion"]) == ("TidbCluster", "pingcap.com/v1alpha1")


async def test_an_unknown_kind_with_an_api_version_is_served_under_its_naive_plural(api) -> None:
    proxy = {"kind": "HTTPProxy", "apiVersion": "projectcontour.io/v1", "metadata": {"name": "a", "namespace": "web"}}
    api.cluster.load({"objects": [proxy]})

    assert (await api.get("/apis/projectcontour.io/v1/namespaces/web/httpproxies/a")).status == 200


async def test_a_later_world_replaces_an_object_and_keeps_its_uid(api) -> None:
    api.cluster.load({"objects": [POD]})
    before = (await api.get("/api/v1/namespaces/shop/pods/api-0")).body["metadata"]["uid"]
    api.cluster.load({"objects": [POD | {"status": {"phase": "Failed"}}]})

    after = (await api.get("/api/v1/namespaces/shop/pods/api-0")).body

    assert (after["metadata"]["uid"], after["status"]["phase"]) == (before, "Failed")


async def test_the_same_world_gives_the_same_answers(clock) -> None:
    first, second = SimulatedCluster(clock=clock), SimulatedCluster(clock=clock)
    for cluster in (first, second):
        cluster.load_neighbours()

    assert list(first.store.everything()) == list(second.store.everything())


async def test_the_neighbours_are_a_world_as_any_other(clock) -> None:
    beside, loaded = SimulatedCluster(clock=clock), SimulatedCluster(clock=clock)
    beside.load_neighbours()
    loaded.load(neighbours())

    assert list(beside.store.everything()) == list(loaded.store.everything())


async def test_what_happens_in_one_cluster_is_not_seen_in_the_next_one(api, clock) -> None:
    api.cluster.load_neighbours()
    first = (await api.get("/api/v1/pods")).body["items"][0]["metadata"]
    path = f"/api/v1/namespaces/{first['namespace']}/pods/{first['name']}"
    await api.patch(path, {"metadata": {"labels": {"touched": "yes"}}})
    next_one = SimulatedCluster(clock=clock)
    next_one.load_neighbours()

    assert (await api.get(path)).body["metadata"]["labels"]["touched"] == "yes"
    assert not [obj for _, obj in next_one.store.everything() if "touched" in (obj["metadata"].get("labels") or {})]


@pytest.mark.parametrize(
    ("world", "told"),
    [
        (
            {"object": []},
            "unknown key 'object': expected one of objects, events, logs, metrics, forbidden, reactions, absent; did ",
        ),
        ({"objects": {}}, "objects: expected a list, got dict"),
        ({"objects": ["x"]}, "objects[0]: expected a mapping, got 'x'"),
        ({"objects": [{"metadata": {"name": "x"}}]}, "objects[0].kind: expected the name of a kind, got None"),
        ({"objects": [{"kind": "Pood", "metadata": {"name": "x"}}]}, "kind Pood is not built in: write its apiVersion"),
        ({"objects": [{"kind": "Pood", "metadata": {"name": "x"}}]}, "did you mean Pod"),
        ({"objects": [{"kind": "Node", "metadata": {}}]}, "objects[0].metadata.name: expected a string"),
        (
            {"objects": [{"kind": "Node", "metadata": {"name": "n", "namespace": "x"}}]},
            "Node x/n: metadata.namespace: Node is cluster-scoped and has none",
        ),
        (
            {"objects": [{"kind": "Node", "metadata": {"name": "n", "labels": {"a": 1}}}]},
            "Node n: metadata.labels.a: expected a string, got 1 (quote it in YAML)",
        ),
        ({"objects": [SET, SET]}, "StatefulSet shop/api: written twice in one world"),
        ({"objects": [SET | {"spec": []}]}, "StatefulSet shop/api: spec: expected a mapping, got []"),
        ({"objects": [POD | {"spec": {}}]}, "Pod shop/api-0: spec.containers: expected a list of containers"),
        (
            {"objects": [POD | {"status": {"containerStatuses": [{"name": "app"}]}}]},
            "Pod shop/api-0: status.containerStatuses: expected the name of one of ['api'], got",
        ),
        ({"events": [{"for": "api-0"}]}, 'events[0].for: expected "Kind/namespace/name" or "Kind/name", got \'api-0\''),
        (
            {"objects": [POD], "events": [{"for": "Pod/shop/api-0", "reason": "X"}]},
            "events[0].message: expected a string, got None",
        ),
        (
            {"objects": [POD], "events": [{"for": "Pod/shop/api-0", "reason": "X", "message": "m", "type": "warning"}]},
            "events[0].type: expected Normal or Warning, got 'warning'; did you mean Warning?",
        ),
        (
            {"objects": [POD], "events": [{"for": "Pod/shop/api-0", "reason": "X", "message": "m", "last": "5m"}]},
            'events[0].last: expected a time like "-5m" or an RFC 3339 timestamp, got \'5m\'',
        ),
        (
            {"events": [{"for": "Pod/shop/api-0", "reason": "X", "message": "m"}]},
            "events[0].for: no Pod shop/api-0 is loaded; write the object, or `gone: true`",
        ),
        ({"objects": [POD], "logs": [{"pod": "api-0", "text": ""}]}, 'logs[0].pod: expected "namespace/name", got'),
        (
            {"objects": [POD], "logs": [{"pod": "shop/api-0", "container": "app", "text": ""}]},
            "logs[0].container: expected one of ['api'], got 'app'",
        ),
        ({"forbidden": [{"verbs": "get"}]}, "forbidden[0].verbs: unknown key 'verbs': expected one of verb, group,"),
        (
            {"reactions": [{"when": "deleted", "object": "Pod/shop/api-0", "becomes": "well"}]},
            "reactions[0].becomes: expected healthy or same or a merge patch, got 'well'",
        ),
    ],
)  # fmt: skip
async def test_a_wrong_world_is_told_by_place_and_expectation_and_leaves_nothing(api, world, told) -> None:
    before = api.cluster.store.revision

    with pytest.raises(WorldError) as error:
        api.cluster.load(world)

    assert told in str(error.value)
    assert api.cluster.store.revision == before
