"""Reads beyond the recordings: logs as a kubelet gives them, faults, tokens, denials, aggregated APIs."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

RUNNING = {"name": "api", "state": {"running": {"startedAt": "-60s"}}}
CRASHED = {
    "name": "api",
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "startedAt": "-90s", "finishedAt": "-30s"}},
    "restartCount": 4,
}


def pod(*statuses: dict, node: str = "worker-a") -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": "api-0", "namespace": "shop"},
        "spec": {"nodeName": node, "containers": [{"name": "api"}]},
        "status": {"containerStatuses": list(statuses)},
    }


NODE = {"kind": "Node", "metadata": {"name": "worker-a"}}
LOG = "/api/v1/namespaces/shop/pods/api-0/log"


async def test_the_log_of_a_crash_loop_is_that_of_the_last_run(api) -> None:
    api.cluster.load(
        {"objects": [NODE, pod(CRASHED)], "logs": [{"pod": "shop/api-0", "previous": True, "text": "panic\n"}]}
    )

    assert (await api.get(LOG)).body == "panic\n"
    assert (await api.get(f"{LOG}?previous=true")).body == "panic\n"


async def test_previous_without_a_previous_container_is_refused(api) -> None:
    api.cluster.load({"objects": [NODE, pod(RUNNING)]})

    answer = await api.get(f"{LOG}?previous=true")

    assert answer.status == 400
    assert answer.body["message"] == 'previous terminated container "api" in pod "api-0" not found'
    assert answer.body["reason"] == "BadRequest"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("ContainerCreating", "is waiting to start: ContainerCreating"),
        ("ImagePullBackOff", "is waiting to start: trying and failing to pull image"),
        ("ErrImagePull", "is waiting to start: image can't be pulled"),
    ],
)
async def test_the_log_of_a_waiting_container_is_refused(api, reason, told) -> None:
    api.cluster.load({"objects": [NODE, pod({"name": "api", "state": {"waiting": {"reason": reason}}})]})

    answer = await api.get(LOG)

    assert (answer.status, answer.body["message"]) == (400, f'container "api" in pod "api-0" {told}')


async def test_lines_lie_between_the_start_and_now(api) -> None:
    lines = "".join(f"line {number}\n" for number in range(6))
    api.cluster.load({"objects": [NODE, pod(RUNNING)], "logs": [{"pod": "shop/api-0", "text": lines}]})

    assert (await api.get(f"{LOG}?sinceSeconds=25")).body == "line 4\nline 5\n"
    assert (await api.get(f"{LOG}?timestamps=true&tailLines=1")).body == "2026-03-01T11:59:50.000000000Z line 5\n"
    assert (await api.get(f"{LOG}?limitBytes=9")).body == "line 0\nli"


async def test_the_lines_of_a_run_that_ended_are_its_last_words(api) -> None:
    ended = {"exitCode": 1, "reason": "Error", "startedAt": "-9d", "finishedAt": "-10m"}
    status = RUNNING | {"restartCount": 1, "lastState": {"terminated": ended}}
    log = {"pod": "shop/api-0", "text": "line 0\nline 1\n", "previous": True}
    api.cluster.load({"objects": [NODE, pod(status)], "logs": [log]})

    assert (await api.get(f"{LOG}?timestamps=true&previous=true")).body == (
        "2026-03-01T11:49:00.000000000Z line 0\n2026-03-01T11:49:30.000000000Z line 1\n"
    )


async def test_pages_show_the_list_as_it_was_when_page_one_went_out(api) -> None:
    maps = [{"kind": "ConfigMap", "metadata": {"name": f"c{at}", "namespace": "big"}} for at in range(7)]
    api.cluster.load({"objects": maps})
    path = "/api/v1/namespaces/big/configmaps?limit=3"
    first = (await api.get(path)).body
    await api.call("DELETE", "/api/v1/namespaces/big/configmaps/c5")

    names, page = [each["metadata"]["name"] for each in first["items"]], first
    while token := page["metadata"].get("continue"):
        page = (await api.get(f"{path}&continue={token}")).body
        names += [each["metadata"]["name"] for each in page["items"]]

    assert names == [*(f"c{at}" for at in range(7)), "kube-root-ca.crt"]
    assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_faults_befall_as_many_requests_as_asked_for(api) -> None:
    api.cluster.fail(path_prefix="/api/v1/pods", status=429, times=1, retry_after=2)
    api.cluster.fail(path_prefix="/api/v1/pods", status=500, times=1)

    answers = [await api.get("/api/v1/pods") for _ in range(3)]

    assert [each.status for each in answers] == [429, 500, 200]
    assert answers[0].headers["Retry-After"] == "2"
    assert answers[0].body == "Too many requests, please try again later.\n"
    assert answers[1].body["kind"] == "Status"
    assert [each.status for each in api.cluster.requests] == [429, 500, 200]


async def test_a_connection_can_be_reset_or_hang(api) -> None:
    # aiohttp's client tries an idempotent request a second time by itself.
    api.cluster.fail(path_prefix="/version", times=2, reset=True)
    api.cluster.fail(path_prefix="/api", times=1, hang=True)

    with pytest.raises(aiohttp.ClientError):
        await api.get("/version")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await api.get("/api")
    assert [each.status for each in api.cluster.requests] == [0, 0, 0]


async def test_the_date_is_that_of_the_clock(api, clock) -> None:
    clock.advance(hours=1)

    assert (await api.get("/api/v1/pods")).headers["Date"] == "Sun, 01 Mar 2026 13:00:00 GMT"


async def test_a_wrong_token_is_unauthorized_and_none_is_anonymous(api) -> None:
    api.cluster.token = "right"
    wrong = await api.call("GET", "/api/v1/pods", headers={"Authorization": "Bearer wrong"})
    right = await api.call("GET", "/api/v1/pods", headers={"Authorization": "Bearer right"})

    assert (wrong.status, right.status, (await api.get("/api/v1/pods")).status) == (401, 200, 403)
    assert (await api.get("/version")).status == 200
    assert api.cluster.kubeconfig()["users"][0]["user"] == {"token": "right"}


async def test_forbidden_resources_are_refused_and_reviews_say_so(api) -> None:
    api.cluster.forbid(verb="get", resource="pods/log")

    attributes = {"verb": "get", "resource": "pods", "subresource": "log", "namespace": "shop"}
    spec = {"resourceAttributes": attributes}
    review = await api.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": spec})

    assert (await api.get(LOG)).status == 403
    assert (await api.get("/api/v1/namespaces/shop/pods/api-0")).status == 404
    assert (review.status, review.body["status"]) == (201, {"allowed": False})


async def test_with_everything_forbidden_only_discovery_and_reviews_answer(api) -> None:
    api.cluster.load_neighbours()
    api.cluster.forbid_everything()

    for path in ("/api/v1/pods", "/apis/apps/v1/deployments", "/api/v1/nodes/worker-a", "/apis/nope.example/v1/x"):
        assert (await api.get(path)).status == 403, path
    for path in ("/api", "/apis", "/apis/apps/v1", "/version", "/readyz"):
        assert (await api.get(path)).status == 200, path


async def test_a_namespace_that_may_not_be_read_hides_the_list_of_all(api) -> None:
    api.cluster.load({"forbidden": [{"namespace": "kube-system"}]})

    assert (await api.get("/api/v1/namespaces/shop/pods")).status == 200
    assert (await api.get("/api/v1/pods")).status == 403


async def test_an_unavailable_api_service_is_stale_in_discovery_and_answers_503(api) -> None:
    api.cluster.load_neighbours()
    available = await api.items("/apis/metrics.k8s.io/v1beta1/nodes")
    services = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
    await api.patch(f"{services}/status", {"status": {"conditions": [{"type": "Available", "status": "False"}]}})

    answer = await api.get("/apis/metrics.k8s.io/v1beta1/nodes")

    assert len(available) == 4
    assert (answer.status, answer.body) == (503, "service unavailable\n")


async def test_neighbours_are_healthy(api) -> None:
    api.cluster.load_neighbours()

    for each in await api.items("/api/v1/pods"):
        conditions = {one["type"]: one["status"] for one in each["status"]["conditions"]}
        assert conditions["Ready"] == "True", each["metadata"]["name"]
        assert all(one["restartCount"] == 0 for one in each["status"]["containerStatuses"])
    for each in await api.items("/apis/apps/v1/deployments"):
        assert each["status"]["availableReplicas"] == each["spec"]["replicas"], each["metadata"]["name"]
    assert [each["metadata"]["name"] for each in await api.items("/api/v1/nodes")] == [
        "control-1",
        "worker-a",
        "worker-b",
        "worker-c",
    ]
    assert all(each["type"] == "Normal" for each in await api.items("/api/v1/events"))
    for each in await api.items("/apis/apiregistration.k8s.io/v1/apiservices"):
        assert each["status"]["conditions"][0]["status"] == "True"


async def test_every_owner_of_a_neighbour_exists(api) -> None:
    api.cluster.load_neighbours()
    uids = {obj["metadata"]["uid"] for _, obj in api.cluster.store.everything()}

    for _, obj in api.cluster.store.everything():
        for reference in obj["metadata"].get("ownerReferences") or ():
            assert reference["uid"] in uids, (obj["kind"], obj["metadata"]["name"])


# --- events that somebody writes ---

EVENTS = "/api/v1/namespaces/shop/events"
TOLD = {
    "metadata": {"name": "told", "namespace": "shop"},
    "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "api-0", "uid": "u"},
    "reason": "Told",
    "message": "somebody told",
    "type": "Normal",
}


async def test_an_event_is_kept_once_under_its_name_and_shown_whole(api) -> None:
    api.cluster.load_neighbours()

    created = await api.call("POST", EVENTS, TOLD)
    again = await api.call("POST", EVENTS, TOLD | {"message": "again"})

    assert (created.status, again.status) == (201, 409)
    assert again.body["message"] == 'events "told" already exists'
    shown = (await api.get(f"{EVENTS}/told")).body
    assert shown == created.body
    assert {key: shown[key] for key in ("source", "firstTimestamp", "eventTime", "reportingComponent")} == {
        "source": {},
        "firstTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
    }
    found = await api.items(f"{EVENTS}?fieldSelector=involvedObject.uid%3Du")
    assert [each["message"] for each in found] == ["somebody told"]


@pytest.mark.parametrize(
    ("lies_in", "involved", "timed", "status"),
    [
        ("shop", {"namespace": "shop"}, False, 201),
        ("default", {}, False, 201),
        ("shop", {"namespace": "kube-system"}, False, 422),
        ("shop", {}, False, 422),
        ("kube-system", {}, False, 422),
        ("kube-system", {}, True, 201),
    ],
)
async def test_an_event_lies_where_its_object_does(
    api, lies_in: str, involved: dict[str, str], timed: bool, status: int
) -> None:
    api.cluster.load_neighbours()
    event = TOLD | {"metadata": {"name": "told"}, "involvedObject": {"kind": "Node", "name": "worker-a"} | involved}
    if timed:
        event |= {"eventTime": "2026-03-01T12:00:00.000000Z", "action": "Tell"}
        event |= {"reportingComponent": "tests", "reportingInstance": "one"}

    answer = await api.call("POST", f"/api/v1/namespaces/{lies_in}/events", event)

    assert answer.status == status
    if status == 422:
        assert answer.body["message"].endswith("does not match event.namespace")


async def test_an_event_of_the_new_api_is_the_same_event_of_the_old_one(api) -> None:
    api.cluster.load_neighbours()
    path = "/apis/events.k8s.io/v1/namespaces/shop/events"
    new = {
        "metadata": {"name": "told"},
        "regarding": TOLD["involvedObject"],
        "reason": "Told",
        "note": "somebody told",
        "type": "Normal",
        "eventTime": "2026-03-01T12:00:00.000000Z",
        "reportingController": "tests",
        "reportingInstance": "one",
        "action": "Tell",
    }

    bare = await api.call("POST", path, {key: new[key] for key in ("metadata", "regarding")})
    created = await api.call("POST", path, new)

    assert bare.status == 422
    assert [each["field"] for each in bare.body["details"]["causes"]] == ["eventTime", "type"]
    assert (created.status, created.body["apiVersion"], created.body["note"]) == (
        201,
        "events.k8s.io/v1",
        "somebody told",
    )
    old = (await api.get(f"{EVENTS}/told")).body
    assert (old["message"], old["involvedObject"], old["reportingComponent"]) == (
        "somebody told",
        TOLD["involvedObject"],
        "tests",
    )
    assert (await api.call("POST", EVENTS, TOLD)).status == 409
    assert (await api.call("DELETE", f"{path}/told")).status == 501
