"""Failures of the network and the API server during a read, and the resulting errors."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.cluster.container_logs import LogQuery
from bot.cluster.errors import (
    BadRequest,
    ClusterError,
    Forbidden,
    NotFound,
    NotServed,
    ServerError,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import ClusterSettings
from intents.domain import Gap, GapReason, Permission
from tests.clocks import Stopwatch

PODS = "/api/v1/namespaces/shop/pods"
Open = Callable[..., AbstractAsyncContextManager[Snapshot]]


async def test_a_refused_get_names_the_grant(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.forbid(verb="get", resource="leases")

    with pytest.raises(Forbidden) as refused:
        await snapshot.get("Lease", "kube-scheduler", namespace="kube-system")

    assert str(refused.value) == "cannot read leases in kube-system: needs get on coordination.k8s.io/leases"
    assert str(refused.value.gap("leases in kube-system")) == str(refused.value)
    assert refused.value.permission == Permission(verb="get", group="coordination.k8s.io", resource="leases")
    assert "cannot get resource" in refused.value.detail


async def test_refused_lists_and_logs_name_their_grants(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.forbid_everything()

    with pytest.raises(Forbidden, match=r"^cannot read nodes: needs list on nodes$"):
        await snapshot.list("Node")
    with pytest.raises(Forbidden, match=r"^cannot read the logs of pods in shop: needs get on pods/log$"):
        await snapshot.log(LogQuery(namespace="shop", pod="web"))
    with pytest.raises(Forbidden, match=r"^cannot read pods in all namespaces: needs list on pods$"):
        await snapshot.list("Pod")


async def test_a_refusal_not_from_a_role_keeps_its_reason(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    body = {"kind": "Status", "message": 'pods "web" is forbidden: exceeded quota: cap', "reason": "Forbidden"}
    cluster.fail(path_prefix=PODS, status=403, body=body)

    with pytest.raises(Forbidden) as refused:
        await snapshot.get("Pod", "web", namespace="shop")

    assert refused.value.permission is None
    assert "exceeded quota: cap" in str(refused.value)


async def test_a_missing_object_is_not_found(snapshot: Snapshot) -> None:
    with pytest.raises(NotFound) as missing:
        await snapshot.get("Node", "nope")

    assert missing.value.gap() == Gap(what="Node nope", reason=GapReason.NOT_FOUND, detail='nodes "nope" not found')
    assert await snapshot.find("Node", "nope") is None


async def test_a_kind_that_is_not_served_is_not_a_missing_object(snapshot: Snapshot) -> None:
    absent = Resource(group="nope.example", plural="things", kind="Thing")

    with pytest.raises(NotServed, match="Thing shop/it: this cluster does not serve this kind"):
        await snapshot.find(absent, "it")


async def test_rejected_credentials_say_how_to_renew_them(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.token = "another"

    with pytest.raises(Unauthorized) as refused:
        await snapshot.get("Pod", "web")

    assert 'context "simulated" does not accept the credentials (401)' in str(refused.value)
    assert 'renew user "casebook" in ' in str(refused.value)
    assert len(cluster.requests) == 1


@pytest.mark.parametrize("name", ["../nodes", "..", "a/b", "a%2fb", "a\nb", ""])
async def test_names_that_are_not_path_segments_are_never_sent(
    snapshot: Snapshot, cluster: SimulatedCluster, name: str
) -> None:
    with pytest.raises(BadRequest):
        await snapshot.get("Pod", name, namespace="shop")
    with pytest.raises(BadRequest):
        await snapshot.list("Pod", namespace="../../nodes")
    assert cluster.requests == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_transient_failures_are_retried(snapshot: Snapshot, cluster: SimulatedCluster, status: int) -> None:
    cluster.fail(path_prefix=PODS, status=status, times=2, retry_after=0)

    assert (await snapshot.get("Pod", "web"))["metadata"]["name"] == "web"
    assert [request.status for request in cluster.requests] == [status, status, 200]
    assert snapshot.calls == 3


async def test_a_reset_connection_is_opened_again(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.fail(path_prefix=PODS, reset=True, times=2)

    assert (await snapshot.get("Pod", "web"))["metadata"]["name"] == "web"
    assert snapshot.calls == 3


@pytest.mark.parametrize(
    ("fault", "expected", "says"),
    [
        ({"status": 429, "retry_after": 0}, Throttled, "Too many requests"),
        ({"status": 503, "body": "service unavailable"}, ServerError, r"service unavailable \(503\)"),
        ({"status": 500}, ServerError, "answers 500"),
        ({"reset": True}, Unreachable, "closed before the answer"),
    ],
)
async def test_retries_are_bounded(
    snapshot: Snapshot, cluster: SimulatedCluster, fault: dict, expected: type[ClusterError], says: str
) -> None:
    cluster.fail(path_prefix=PODS, times=100, **fault)

    with pytest.raises(expected, match=says):
        await snapshot.get("Pod", "web")
    assert len(cluster.requests) == 3


@pytest.mark.simulated_time
async def test_the_server_decides_how_long_to_wait(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.fail(path_prefix=PODS, status=429, retry_after=0.15)
    watch = Stopwatch()

    await snapshot.get("Pod", "web")

    assert watch.seconds == pytest.approx(0.15, abs=1e-5)


async def test_no_read_waits_beyond_the_deadline(open_snapshot: Open, cluster: SimulatedCluster) -> None:
    async with open_snapshot(deadline=10) as snapshot:
        cluster.fail(path_prefix=PODS, status=429, retry_after=60)
        start = time.monotonic()

        with pytest.raises(Throttled):
            await snapshot.get("Pod", "web")
        assert time.monotonic() - start < 5


async def test_a_hanging_call_ends_with_its_own_time(open_snapshot: Open, cluster: SimulatedCluster) -> None:
    async with open_snapshot(settings=ClusterSettings(call_timeout=0.1)) as snapshot:
        cluster.fail(path_prefix=PODS, hang=True)

        with pytest.raises(TimedOut, match=r"Pod shop/web: no answer within 0\.1 s"):
            await snapshot.get("Pod", "web")
        assert (await snapshot.get("Pod", "cart"))["metadata"]["name"] == "cart"


async def test_after_the_deadline_nothing_is_read(open_snapshot: Open, cluster: SimulatedCluster) -> None:
    async with open_snapshot(deadline=0.1) as snapshot:
        await snapshot.get("Pod", "cart")
        cluster.fail(path_prefix=PODS, hang=True)
        start = time.monotonic()

        with pytest.raises(TimedOut):
            await snapshot.get("Pod", "web")
        assert time.monotonic() - start < 3
        assert snapshot.remaining() == 0
        seen = len(cluster.requests)
        with pytest.raises(TimedOut, match=r"the time limit of this diagnosis \(0\.1 s\) has passed"):
            await snapshot.get("Pod", "cart")
        with pytest.raises(TimedOut):
            await snapshot.list("Node")
        assert len(cluster.requests) == seen


@pytest.mark.simulated_time
async def test_calls_in_flight_are_bounded(open_snapshot: Open, cluster: SimulatedCluster) -> None:
    """Ten calls of 20 ms, two at a time, take 100 ms."""
    async with open_snapshot(settings=ClusterSettings(concurrency=2)) as snapshot:
        cluster.latency = 0.02
        watch = Stopwatch()

        await asyncio.gather(*(snapshot.find("Pod", f"pod-{number}") for number in range(10)))

        assert watch.seconds == pytest.approx(0.1)


async def test_one_failing_read_does_not_affect_others(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.forbid(resource="nodes")

    node, pods = await asyncio.gather(snapshot.get("Node", "worker-a"), snapshot.list("Pod"), return_exceptions=True)

    assert isinstance(node, Forbidden)
    assert not isinstance(pods, BaseException)


async def test_an_answer_that_is_not_json_is_not_from_an_api_server(
    snapshot: Snapshot, cluster: SimulatedCluster
) -> None:
    cluster.fail(path_prefix=PODS, status=200, body="<html>please log in</html>")

    with pytest.raises(ServerError, match="is this a Kubernetes API server"):
        await snapshot.get("Pod", "web")


async def test_secrets_in_a_refusal_do_not_reach_the_error(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl"
    cluster.fail(path_prefix=PODS, status=400, body=f"cannot use Bearer {token}\n{'x' * 9000}")

    with pytest.raises(BadRequest) as refused:
        await snapshot.get("Pod", "web")

    assert token not in str(refused.value)
    assert "[redacted]" in str(refused.value)
    assert len(refused.value.detail) <= 256
    assert "\n" not in str(refused.value)
