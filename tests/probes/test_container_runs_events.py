"""What events add to the containers of a pod, and the hooks they declare."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import container_runs

POD = {"kind": "Pod", "namespace": "shop", "name": "api-0"}


def world(fault: dict) -> dict:
    lifecycle = {"postStart": {"exec": {"command": ["sh", "-c", "setup"]}}, "preStop": {"sleep": {"seconds": 5}}}
    api = {"image": "a", "lifecycle": lifecycle, "livenessProbe": {"httpGet": {"path": "/live", "port": 80}}}
    pod = {"age": "40m", "node": "worker-a", "containers": {"api": api, "log": "b"}}
    return {"scene": {"Pod/shop/api-0": pod, "Node/worker-a": {}}, "faults": {"Pod/shop/api-0": fault}}


async def values(read: Any, container: str) -> dict:
    reading = await read(container_runs.read, args={"events": True}, **POD)
    return next(dict(row.values) for row in reading.rows if row.values["container"] == container)


async def test_a_restart_for_a_failed_probe_is_told_of_its_own_container(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(world({"container": "api", "liveness": "status 500", "waiting": "CrashLoopBackOff", "ran": "1m"}))

    api, beside = await values(read, "api"), await values(read, "log")

    assert api["killed"] == "Container api failed liveness probe, will be restarted"
    assert api["live_failure"] == "Liveness probe failed: status 500"
    assert (beside["killed"], beside["live_failure"]) == ("", "")


async def test_events_from_before_the_last_run_count_no_more(cluster: SimulatedCluster, read: Any) -> None:
    event = {"reason": "FailedPostStartHook", "message": "PostStartHook failed", "container": "api"}
    fault = {"container": "api", "exited": 1, "waiting": "CrashLoopBackOff", "ran": "1m"}

    cluster.load(world({**fault, "events": [{**event, "first": "-9m", "last": "-9m"}]}))
    assert (await values(read, "api"))["hook_failure"] == ""

    cluster.load(world({**fault, "events": [{**event, "first": "-9m", "last": "-2m"}]}))
    assert (await values(read, "api"))["hook_failure"] == "PostStartHook failed"


async def test_hooks_are_described(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(world({}))

    api = await values(read, "api")

    assert (api["post_start"], api["pre_stop"]) == ("runs sh -c setup", "sleeps 5s")


@pytest.mark.parametrize(
    ("exited", "ran", "startup", "never"),
    [
        (143, "31s", False, True),
        (143, "45s", False, False),  # it answered first
        (137, "61s", False, True),  # of these 30s are its grace period
        (137, "75s", False, False),
        (1, "20s", False, False),  # it ended by itself
        (143, "31s", True, False),
    ],
)
async def test_a_run_that_was_stopped_before_its_first_answer(
    cluster: SimulatedCluster, read: Any, exited: int, ran: str, startup: bool, never: bool
) -> None:
    staged = world({"container": "api", "exited": exited, "ran": ran, "waiting": "CrashLoopBackOff"})
    api = staged["scene"]["Pod/shop/api-0"]["containers"]["api"]
    if startup:
        api["startupProbe"] = api["livenessProbe"]
    cluster.load(staged)

    assert (await values(read, "api"))["never_live"] is never


@pytest.mark.parametrize(
    ("limit", "used", "told"),
    [
        ("100m", "99m", ("100m", "99m", 99, "200m")),
        ("100m", "", ("100m", "", -1, "200m")),
        ("", "99m", ("", "", -1, "")),
    ],
    ids=["limited", "not measured", "no limit"],
)
async def test_the_use_of_a_cpu_limit(
    cluster: SimulatedCluster, read: Any, limit: str, used: str, told: tuple[str, str, int, str]
) -> None:
    late = 'Get "http://10.0.0.1/live": context deadline exceeded'
    staged = world({"container": "api", "liveness": late, "ran": "9m"})
    pod = staged["scene"]["Pod/shop/api-0"]
    if limit:
        pod["containers"]["api"]["limits"] = {"cpu": limit}
    if used:
        pod["usage"] = {"api": {"cpu": used}}
    server = {"namespace": "kube-system", "name": "metrics-server"}
    served = {"group": "metrics.k8s.io", "version": "v1beta1", "service": server}
    api = {"kind": "APIService", "metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": served}
    cluster.load({**staged, "objects": [api]})

    reading = await read(container_runs.read, args={"events": True, "usage": True}, **POD)

    shown = next(row.values for row in reading.rows if row.values["container"] == "api")
    assert (shown["cpu_limit"], shown["cpu_used"], shown["cpu_percent"], shown["more_cpu"]) == told
    assert reading.gaps == ()
