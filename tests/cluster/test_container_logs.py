"""Logs: their end, complete or cut, and every case without a log."""

import pytest

from bot.cluster.container_logs import LogQuery
from bot.cluster.errors import BadRequest, NoLog, NotFound, ServerError
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster


async def test_a_log_is_text(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    assert await snapshot.log(LogQuery(namespace="shop", pod="web")) == "starting\npanic: no database\n"
    assert await snapshot.log(LogQuery(namespace="shop", pod="web", tail_lines=1)) == "panic: no database\n"
    assert cluster.requests[0].query == {"tailLines": "2000", "limitBytes": "524288"}


async def test_a_log_beyond_the_limit_keeps_its_end(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    """limitBytes alone would keep the beginning, but the panic is in the last line."""
    lines = [f"{number:04} all is well" for number in range(500)]
    cluster.load({"objects": [], "logs": [{"pod": "shop/cart", "text": "\n".join([*lines, "panic: it is not\n"])}]})

    text = await snapshot.log(LogQuery(namespace="shop", pod="cart", limit_bytes=1000))

    assert text.endswith("panic: it is not\n")
    assert len(text) <= 1000
    assert len(cluster.requests) == 2


async def test_no_previous_container(snapshot: Snapshot) -> None:
    with pytest.raises(NoLog, match='previous terminated container "app" in pod "web" not found'):
        await snapshot.log(LogQuery(namespace="shop", pod="web", previous=True))


async def test_a_container_that_waits(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    message = 'container "app" in pod "web" is waiting to start: ContainerCreating'
    body = {"kind": "Status", "message": message, "reason": "BadRequest", "code": 400}
    cluster.fail(path_prefix="/api/v1/namespaces/shop/pods/web/log", status=400, body=body)

    with pytest.raises(NoLog, match="waiting to start"):
        await snapshot.log(LogQuery(namespace="shop", pod="web"))


async def test_a_container_removed_by_the_runtime(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    gone = "unable to retrieve container logs for containerd://3f2a"
    cluster.load({"objects": [], "logs": [{"pod": "shop/cart", "text": gone}]})

    with pytest.raises(NoLog, match="unable to retrieve"):
        await snapshot.log(LogQuery(namespace="shop", pod="cart"))


async def test_an_unknown_container_is_a_bad_request(snapshot: Snapshot) -> None:
    with pytest.raises(BadRequest, match="container nope is not valid for pod web"):
        await snapshot.log(LogQuery(namespace="shop", pod="web", container="nope"))


async def test_a_missing_pod_is_not_found(snapshot: Snapshot) -> None:
    with pytest.raises(NotFound):
        await snapshot.log(LogQuery(namespace="shop", pod="nope"))


async def test_a_kubelet_that_does_not_answer(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    body = {"kind": "Status", "message": 'Get "https://10.0.0.9:10250/containerLogs": connection refused', "code": 500}
    cluster.fail(path_prefix="/api/v1/namespaces/shop/pods/web/log", status=500, body=body, times=9)

    with pytest.raises(ServerError, match="connection refused"):
        await snapshot.log(LogQuery(namespace="shop", pod="web"))
