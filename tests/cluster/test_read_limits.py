"""Limits on the bytes and the memory of answers, and on redirects."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.cluster.access import collect_gaps
from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.errors import OutcomeUnknown, ServerError, TooLarge, Unreachable
from bot.cluster.resources import WELL_KNOWN
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import ClusterSettings
from intents.domain import GapReason
from tests.cluster.conftest import HASTY, pod
from tests.hostile_api_server import hostile_api_server, redirect_to

POD = next(each for each in WELL_KNOWN if each.kind == "Pod")
OpenConnection = Callable[..., AbstractAsyncContextManager[Connection]]


@pytest.fixture
def open_connection(kubeconfig: Path) -> OpenConnection:
    @asynccontextmanager
    async def opened(**limits: int) -> AsyncIterator[Connection]:
        async with connect(kubeconfig=kubeconfig, settings=ClusterSettings(first_pause=0.001, **limits)) as connection:
            yield connection

    return opened


def large_pods(count: int) -> dict:
    pods = [pod(f"large-{number:03}") for number in range(count)]
    for each in pods:
        each["metadata"]["annotations"] = {"note": "x" * 1000}
    return {"objects": pods}


async def test_a_page_that_is_too_large_is_read_in_small_pages(
    cluster: SimulatedCluster, open_connection: OpenConnection
) -> None:
    cluster.load(large_pods(60))
    async with open_connection(answer_bytes=60_000) as connection, Snapshot(connection) as snapshot:
        cluster.requests.clear()
        listing = await snapshot.list("Pod", namespace="shop")

    assert len(listing.items) == 62
    assert not listing.truncated
    assert [request.query["limit"] for request in cluster.requests] == ["500", "25", "25", "25"]


async def test_a_list_beyond_the_limit_of_a_diagnosis_is_cut_and_reported(
    cluster: SimulatedCluster, open_connection: OpenConnection
) -> None:
    cluster.load(large_pods(100))
    async with open_connection(answer_bytes=60_000, diagnosis_bytes=200_000) as connection:
        with collect_gaps() as gaps:
            async with Snapshot(connection) as snapshot:
                listing = await snapshot.list("Pod", namespace="shop")
        async with Snapshot(connection, whole_lists=True) as strict:
            with pytest.raises(TooLarge, match=r"the answers of this diagnosis have more than 0\.191 MiB together"):
                await strict.list("Pod", namespace="shop")

    assert listing.truncated
    assert 0 < len(listing.items) < 102
    (gap,) = gaps
    assert gap.reason is GapReason.TRUNCATED
    assert gap.detail.startswith(f"only the first {len(listing.items)} were read: the answers of this diagnosis")


async def test_memory_is_given_back_when_a_diagnosis_ends(
    cluster: SimulatedCluster, open_connection: OpenConnection
) -> None:
    cluster.load(large_pods(20))
    async with open_connection(total_memory=350_000) as connection:
        async with Snapshot(connection) as first:
            await first.list("Pod", namespace="shop")
            held = connection.memory.held
            async with Snapshot(connection) as second:
                await second.list("Pod", labels="x!=0")
                with pytest.raises(TooLarge, match="ask again"):
                    await second.list("Pod", labels="x!=1")
        async with Snapshot(connection) as third:
            await third.list("Pod", namespace="shop")

    assert held > 20_000
    assert connection.memory.held == 0


async def test_a_write_with_an_answer_that_is_too_large_has_an_unknown_outcome(
    cluster: SimulatedCluster, open_connection: OpenConnection
) -> None:
    cluster.load(large_pods(1))
    async with open_connection(answer_bytes=500) as connection, Snapshot(connection) as snapshot:
        with pytest.raises(TooLarge, match="more than"):
            await snapshot.get("Pod", "large-000", namespace="shop")
        with pytest.raises(OutcomeUnknown, match="more than"):
            await Writer(connection).create(POD, large_pods(2)["objects"][1], namespace="shop")


async def test_values_that_are_not_json_are_refused(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    body = '{"kind": "Pod", "metadata": {"name": "web"}, "spec": {"priority": NaN}}'
    cluster.fail(path_prefix="/api/v1/namespaces/shop/pods", status=200, body=body)

    with pytest.raises(ServerError, match="not JSON"):
        await snapshot.get("Pod", "web", namespace="shop")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host_is_refused(cluster: SimulatedCluster, tmp_path: Path, status: int) -> None:
    came: list[str] = []

    async def note(request: web.Request) -> web.Response:
        came.append(request.path)
        return web.json_response({})

    other = web.Application()
    other.router.add_route("*", "/{path:.*}", note)
    file = tmp_path / "hostile"
    async with TestServer(other) as elsewhere:
        attack = redirect_to(str(elsewhere.make_url("")).rstrip("/"), status=status)
        async with hostile_api_server(cluster, attack) as hostile:
            file.write_text(json.dumps(hostile.kubeconfig))
            async with connect(kubeconfig=file, settings=HASTY) as connection, Snapshot(connection) as snapshot:
                with pytest.raises(Unreachable, match=r"redirects to 127\.0\.0\.1, which is refused") as refused:
                    await snapshot.get("Pod", "web", namespace="shop")
                with pytest.raises(Unreachable, match="which is refused"):
                    await Writer(connection).delete(POD, "web", namespace="shop", uid="u")

    assert refused.value.gap().reason is GapReason.UNREACHABLE
    assert came == []


async def test_a_read_follows_a_redirect_at_the_same_address(cluster: SimulatedCluster, tmp_path: Path) -> None:
    file = tmp_path / "hostile"

    redirected: list[str] = []

    def first_read_of_a_pod(target: str) -> bool:
        if "/pods/" not in target or redirected:
            return False
        redirected.append(target)
        return True

    attack = replace(redirect_to(""), concerns=first_read_of_a_pod)
    async with hostile_api_server(cluster, attack) as hostile:
        file.write_text(json.dumps(hostile.kubeconfig))
        async with connect(kubeconfig=file, settings=HASTY) as connection, Snapshot(connection) as snapshot:
            assert (await snapshot.get("Pod", "web", namespace="shop"))["metadata"]["name"] == "web"
    assert redirected == hostile.attacked == ["/api/v1/namespaces/shop/pods/web"]
