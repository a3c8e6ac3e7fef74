"""Follow a kind in the simulated cluster: changes arrive, closed watches resume, an expired revision lists again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.errors import Forbidden, ServerError
from bot.cluster.resources import WELL_KNOWN, Resource, index
from bot.cluster.snapshot import Snapshot
from bot.cluster.watching import Watching
from bot.settings.prometheus import ClusterSettings
from intents.domain import Json
from tests.cluster.conftest import pod
from tests.hostile_api_server import Attack, hostile_api_server

PODS = index(WELL_KNOWN)["pod"]


@dataclass
class Names:
    """The names of the objects that are there, as a follower sees them."""

    now: set[str] = field(default_factory=set)
    listed_names: set[str] = field(default_factory=set)
    told: list[Exception | None] = field(default_factory=list)
    poison: str = ""

    def begin(self, _resource: Resource, _at: datetime | None) -> None:
        self.listed_names = set()

    def keep(self, _resource: Resource, obj: Json) -> None:
        if obj["metadata"]["name"] == self.poison:
            raise ZeroDivisionError("a bug of the follower")
        self.now.add(obj["metadata"]["name"])
        self.listed_names.add(obj["metadata"]["name"])

    def listed(self, _resource: Resource) -> None:
        self.now &= self.listed_names

    def drop(self, _resource: Resource, obj: Json) -> None:
        self.now.discard(obj["metadata"]["name"])


@asynccontextmanager
async def following(
    connection: Connection,
    *,
    seconds: int = 60,
    started: bool = True,
    count: Callable[[str], None] = lambda _what: None,
) -> AsyncIterator[tuple[Watching, Names]]:
    names = Names()

    async def connect() -> Connection:
        return connection

    watching = Watching(
        connect=connect,
        resource=PODS,
        namespace="shop",
        follower=names,
        seconds=seconds,
        first_pause=0.01,
        tell=names.told.append,
        count=count,
    )
    task = asyncio.create_task(watching.run())
    try:
        if started:
            await until(lambda: watching.watches == 1)
        yield watching, names
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def remove(cluster, name: str) -> None:
    cluster.store.remove(table=("", "pods"), namespace="shop", name=name)


async def test_changes_of_the_namespace_arrive(cluster, connection):
    async with following(connection) as (watching, names):
        assert names.now == {"web", "cart"}
        cluster.load({"objects": [pod("new"), pod("elsewhere", "bank")]})
        remove(cluster, "web")
        await until(lambda: names.now == {"cart", "new"})
        assert (watching.lists, watching.watches) == (1, 1)


async def test_dropped_watch_resumes_without_a_list_and_misses_nothing(cluster, connection):
    async with following(connection) as (watching, names):
        cluster.drop_watches()
        cluster.load({"objects": [pod("meanwhile")]})
        await until(lambda: names.now == {"cart", "web", "meanwhile"})
        assert watching.lists == 1
        assert watching.watches > 1


async def test_watch_that_the_server_closes_in_time_resumes(cluster, connection):
    async with following(connection, seconds=1) as (watching, names):
        await until(lambda: watching.watches > 1)
        cluster.load({"objects": [pod("later")]})
        await until(lambda: "later" in names.now)
        assert watching.lists == 1


async def test_expired_revision_lists_again(cluster, connection):
    async with following(connection) as (watching, names):
        cluster.fail(path_prefix="/api/v1/namespaces/shop/pods", reset=True, times=3)
        cluster.drop_watches()
        remove(cluster, "web")
        cluster.load({"objects": [pod("after")]})
        cluster.store.compact()
        await until(lambda: names.now == {"cart", "after"})
        assert watching.lists == 2


async def test_bookmark_moves_the_revision_of_a_quiet_namespace(cluster, connection):
    async with following(connection, seconds=1) as (watching, names):
        cluster.load({"objects": [pod("elsewhere", "bank")]})
        # The server sends a bookmark before it closes the watch: the next one begins after the compacted history.
        await until(lambda: watching.watches > 1)
        cluster.store.compact()
        cluster.load({"objects": [pod("after")]})
        await until(lambda: "after" in names.now)
        assert watching.lists == 1


async def test_forbidden_watch_names_the_verb_and_works_once_it_is_granted(cluster, connection):
    cluster.forbid(verb="watch", resource="pods")
    async with following(connection, started=False) as (watching, names):
        await until(lambda: bool(names.told))
        error = names.told[0]
        assert isinstance(error, Forbidden)
        assert str(error) == "cannot watch pods in shop: needs watch on pods"
        assert watching.lists == 1
        assert watching.watches == 0


async def test_outage_is_told_once_it_is_noticed_and_over(cluster, connection):
    async with following(connection) as (_, names):
        cluster.fail(path_prefix="/api/v1/namespaces/shop/pods", status=503, times=2)
        cluster.drop_watches()
        await until(lambda: len(names.told) > 2 and names.told[-1] is None)
        assert any(each is not None for each in names.told)


async def _stalled_refusal(_target: str) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    await asyncio.Event().wait()


async def _broken_refusal(_target: str) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 500\r\n\r\noops"


@pytest.mark.parametrize(("send", "kind"), [(_stalled_refusal, Forbidden), (_broken_refusal, ServerError)])
async def test_refusal_whose_body_never_comes_is_an_error_of_the_cluster(cluster, tmp_path, send, kind):
    attack = Attack(concerns=lambda target: "watch=true" in target, send=send)
    async with hostile_api_server(cluster, attack) as hostile:
        file = tmp_path / "config"
        file.write_text(json.dumps(hostile.kubeconfig))
        hasty = ClusterSettings(first_pause=0.001, longest_pause=0.01, call_timeout=0.3)
        async with (
            connect(kubeconfig=file, settings=hasty) as connection,
            following(connection, started=False) as (watching, names),
        ):
            await until(lambda: len(names.told) > 1)
            assert all(isinstance(each, kind) for each in names.told)
            # It goes on trying, and lists only once.
            assert watching.lists == 1


async def test_follower_that_fails_is_told_and_the_watch_starts_again(cluster, connection):
    counted: list[str] = []
    async with following(connection, count=counted.append) as (watching, names):
        names.poison = "new"
        cluster.load({"objects": [pod("new")]})
        await until(lambda: any(isinstance(each, ZeroDivisionError) for each in names.told))
        names.poison = ""
        await until(lambda: names.told[-1] is None and "new" in names.now)
        assert watching.lists > 1
        assert {"opened", "closed", "failed"} <= {*counted}


async def test_many_watches_leave_connections_for_other_reads(cluster, connection):
    async with AsyncExitStack() as stack:
        for _ in range(110):
            await stack.enter_async_context(following(connection, started=False))
        await until(lambda: cluster.watches == 110)
        async with Snapshot(connection) as snapshot:
            assert await snapshot.find("Pod", "web", namespace="shop")
