"""Which containers lack their image: by status, by events, and what stands around them."""

from datetime import timedelta
from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME
from bot.playground.kubernetes import SimulatedCluster
from bot.probes import image_pulls

IMAGE = "registry.acme.io/cart:2"
TELLING = f'Failed to pull image "{IMAGE}": rpc error: code = NotFound desc = {IMAGE}: not found'


def pod(name: str = "cart-0", *, state: dict | None = None, node: str = "worker-a", **more: Any) -> dict[str, Any]:
    ready = bool(state and "running" in state)
    statuses = [{"name": "cart", "ready": ready, "restartCount": 0, "state": state or {}}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": more.pop("namespace", "store")},
        "spec": {"nodeName": node, "containers": [{"name": "cart", "image": more.pop("image", IMAGE)}]} | more,
        "status": {"phase": "Running" if ready else "Pending", "containerStatuses": statuses},
    }


def waits(reason: str = "ImagePullBackOff", message: str = f'Back-off pulling image "{IMAGE}"') -> dict:
    return {"waiting": {"reason": reason, "message": message}}


def event(reason: str, message: str, last: str = "-30s", about: str = "Pod/store/cart-0", **more: Any) -> dict:
    return {"for": about, "reason": reason, "message": message, "last": last} | more


async def look(read: Any, name: str = "cart-0", **focus: Any) -> Any:
    return await read(image_pulls.read, kind="Pod", namespace="store", name=name, **focus)


async def test_a_back_off_that_says_nothing_is_explained_by_the_events(cluster: SimulatedCluster, read: Any) -> None:
    events = [
        event("Failed", TELLING, "-90s", container="cart"),
        event("Failed", "Error: ErrImagePull", "-90s", container="cart"),
        event("BackOff", f'Back-off pulling image "{IMAGE}"', "-10s", container="cart", type="Normal"),
    ]
    cluster.load({"objects": [pod(state=waits())], "events": events})

    (row,) = (await look(read)).rows

    assert (row.values["failure"], row.quote) == ("not-found", TELLING)
    assert row.values["cause"] == "not found"
    assert row.at == REHEARSAL_TIME - timedelta(seconds=10)


async def test_the_status_counts_before_older_events(cluster: SimulatedCluster, read: Any) -> None:
    now = f'Back-off pulling image "{IMAGE}": ErrImagePull: toomanyrequests: You have reached your pull rate limit.'
    events = [event("Failed", TELLING, "-20m", container="cart")]
    cluster.load({"objects": [pod(state=waits(message=now))], "events": events})

    (row,) = (await look(read)).rows

    assert row.values["failure"] == "rate-limited"


async def test_without_any_message_the_failure_is_unknown_and_still_a_row(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod(state=waits())]})

    (row,) = (await look(read)).rows

    assert (row.values["waiting"], row.values["failure"], row.at) == (True, "unknown", None)


@pytest.mark.parametrize(
    ("events", "rows"),
    [
        ([event("Failed", TELLING, "-30s")], 1),
        ([event("Failed", TELLING, "-30s"), event("Pulling", f'Pulling image "{IMAGE}"', "-5s", type="Normal")], 1),
        (
            [event("Failed", TELLING, "-90s"), event("Pulled", f'Successfully pulled image "{IMAGE}" in 2s', "-5s")],
            0,
        ),
        ([event("Pulling", f'Pulling image "{IMAGE}"', "-9m", type="Normal")], 0),
        ([event("FailedCreatePodSandBox", 'failed to get sandbox image "registry.k8s.io/pause:3.6": not found')], 0),
        ([event("Failed", TELLING.replace(IMAGE, "other:1"), "-30s")], 0),
        ([event("Failed", "Error: container has runAsNonRoot and image will run as root", container="cart")], 0),
    ],
)
async def test_between_attempts_the_newest_event_of_the_container_decides(
    cluster: SimulatedCluster, read: Any, events: list[dict], rows: int
) -> None:
    cluster.load({"objects": [pod(state={"waiting": {"reason": "ContainerCreating"}})], "events": events})

    found = (await look(read)).rows

    assert [row.values["waiting"] for row in found] == [False] * rows


async def test_running_and_crashing_containers_have_their_image(cluster: SimulatedCluster, read: Any) -> None:
    events = [event("Failed", TELLING, "-30s"), event("Failed", TELLING, "-30s", about="Pod/store/cart-1")]
    crashing = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}
    cluster.load({"objects": [pod(state={"running": {}}), pod("cart-1", state=crashing)], "events": events})

    found = await read(image_pulls.read, namespace="store")

    assert (found.rows, found.missing, found.gaps) == ((), "", ())


async def test_the_same_image_elsewhere_is_counted_by_its_full_name(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(
        {
            "objects": [
                pod(state=waits(), image="redis:7"),
                pod("fails-too", state=waits(), image="docker.io/library/redis:7", node="worker-b"),
                pod("runs", state={"running": {}}, image="index.docker.io/library/redis:7", namespace="other"),
                pod("another", state={"running": {}}, image="redis:6"),
            ]
        }
    )

    (row,) = (await look(read)).rows

    assert (row.values["runs_elsewhere"], row.values["failing_nodes"]) == (1, ("worker-a", "worker-b"))
    assert (row.values["registry"], row.values["named_image"]) == ("docker.io", True)


async def test_secrets_are_those_of_pod_and_account_and_the_kubelet_tells_which_are_missing(
    cluster: SimulatedCluster, read: Any
) -> None:
    warning = "Unable to retrieve some image pull secrets (regcred, old); attempting to pull the image may not succeed."
    account = {
        "kind": "ServiceAccount",
        "metadata": {"name": "cart", "namespace": "store"},
        "imagePullSecrets": [{"name": "team"}],
    }
    spec: dict[str, Any] = {"serviceAccountName": "cart", "imagePullSecrets": [{"name": "regcred"}]}
    cluster.load(
        {
            "objects": [account, pod(state=waits(), **spec)],
            "events": [event("FailedToRetrieveImagePullSecret", warning)],
        }
    )

    (row,) = (await look(read)).rows

    assert (row.values["pull_secrets"], row.values["missing_secrets"]) == (("regcred", "team"), ("regcred", "old"))


async def test_a_paste_about_another_image_is_told_apart(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod(state=waits(), image="redis:7")]})

    (other,) = (await look(read, named={"image": "redis:6"})).rows
    (same,) = (await look(read, named={"image": "docker.io/library/redis:7"})).rows

    assert (other.values["named_image"], same.values["named_image"]) == (False, True)


async def test_what_may_not_be_read_around_it_is_a_gap_beside_the_row(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod(state=waits("ErrImagePull", TELLING))]})
    for resource in ("events", "nodes", "serviceaccounts"):
        cluster.forbid(resource=resource)
    cluster.forbid(verb="list", resource="pods")

    found = await look(read)

    assert [row.values["failure"] for row in found.rows] == ["not-found"]
    assert sorted(str(gap.permission) for gap in found.gaps) == [
        "get on nodes",
        "get on serviceaccounts",
        "list on events",
        "list on pods",
    ]
