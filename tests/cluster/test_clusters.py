"""Each cluster is connected on first use, independently of the others, and again after a failure."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from bot.cluster.clusters import FIRST_PAUSE_S, LONGEST_PAUSE_S, UNNAMED, Clusters
from bot.cluster.contexts import connect
from bot.cluster.errors import ClusterError, Misconfigured, Unreachable
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import NO_SOURCES, ClusterSettings, Sources

HASTY = ClusterSettings(call_timeout=0.3, first_pause=0.001, longest_pause=0.01)


@dataclass(frozen=True, kw_only=True)
class Configured:
    context: str = ""
    contexts: tuple[str, ...] = ()
    cluster: ClusterSettings = field(default=HASTY)
    prometheus: Sources = NO_SOURCES


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def other() -> AsyncIterator[SimulatedCluster]:
    simulated = SimulatedCluster()
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
def both(cluster: SimulatedCluster, other: SimulatedCluster, tmp_path: Path) -> Path:
    """Write a kubeconfig with the contexts `prod` (current) and `staging`."""
    merged: dict = {"clusters": [], "users": [], "contexts": [], "current-context": "prod"}
    for name, each in (("prod", cluster), ("staging", other)):
        config = json.loads(json.dumps(each.kubeconfig(namespace="shop")))
        for section in ("clusters", "users", "contexts"):
            for entry in config[section]:
                entry["name"] = name
        config["contexts"][0]["context"] |= {"cluster": name, "user": name}
        for section in ("clusters", "users", "contexts"):
            merged[section] += config[section]
    file = tmp_path / "both"
    file.write_text(json.dumps(merged))
    return file


@pytest.mark.parametrize(
    ("configured", "names"),
    [
        (Configured(), ("prod",)),
        (Configured(context="staging"), ("staging",)),
        (Configured(contexts=("staging", "prod")), ("staging", "prod")),
        (Configured(context="prod", contexts=("staging", "prod")), ("prod", "staging")),
        (Configured(context="prod", contexts=("staging",)), ("prod", "staging")),
    ],
)
async def test_the_settings_list_the_clusters(both: Path, configured: Configured, names: tuple[str, ...]) -> None:
    clusters = Clusters.of(configured, kubeconfig=both)

    assert clusters.names == names
    assert clusters.default == names[0]
    assert (await clusters.get()).name == names[0]
    assert [(await clusters.get(name)).name for name in names] == list(names)
    await clusters.aclose()


async def test_a_cluster_is_connected_once_on_first_use(
    both: Path, cluster: SimulatedCluster, other: SimulatedCluster
) -> None:
    clusters = Clusters.of(Configured(contexts=("prod", "staging")), kubeconfig=both)
    assert not cluster.requests

    first, *more = await asyncio.gather(*(clusters.get("prod") for _ in range(10)))

    assert all(each is first for each in more)
    assert len(cluster.requests) == 1
    assert not other.requests
    await clusters.aclose()


async def test_a_hanging_cluster_does_not_delay_others(both: Path, cluster: SimulatedCluster) -> None:
    cluster.fail(path_prefix="/version", hang=True, times=10)
    clusters = Clusters.of(Configured(contexts=("prod", "staging")), kubeconfig=both)
    waiting = asyncio.create_task(clusters.get("prod"))

    assert (await clusters.get("staging")).name == "staging"
    assert not waiting.done()
    with pytest.raises(Unreachable):
        await waiting
    await clusters.aclose()


async def test_pauses_after_failed_connections_grow(both: Path, cluster: SimulatedCluster) -> None:
    clock = Clock()
    opening = partial(connect, context="prod", kubeconfig=both, settings=HASTY)
    clusters = Clusters({"prod": opening}, clock=clock)
    cluster.fail(path_prefix="/version", status=401, times=7)
    pause, told = FIRST_PAUSE_S, set()
    for _ in range(7):
        with pytest.raises(ClusterError) as raised:
            await clusters.get("prod")
        tried = len(cluster.requests)
        clock.now += pause - 0.01
        with pytest.raises(ClusterError) as again:
            await clusters.get("prod")
        assert len(cluster.requests) == tried
        told |= {str(raised.value), str(again.value)}
        clock.now += 0.02
        pause = min(2 * pause, LONGEST_PAUSE_S)
    (line,) = told
    assert "\n" not in line
    assert clusters.troubles == {"prod": line}

    clock.now += LONGEST_PAUSE_S
    assert (await clusters.get("prod")).name == "prod"
    assert clusters.troubles == {}
    await clusters.aclose()


async def test_callers_wait_for_a_limited_time_while_the_attempt_continues(
    both: Path, cluster: SimulatedCluster
) -> None:
    cluster.latency = 0.1
    opening = partial(connect, context="prod", kubeconfig=both, settings=HASTY)
    clusters = Clusters({"prod": opening}, patience=0.01)

    with pytest.raises(Unreachable, match=r"cluster prod: not connected within 0.01 s, still trying; ask again"):
        await clusters.get("prod")
    async with asyncio.timeout(5):
        while True:
            try:
                connection = await clusters.get("prod")
                break
            except Unreachable:
                continue

    assert connection.name == "prod"
    assert len(cluster.requests) == 1
    await clusters.aclose()


async def test_a_replaced_connection_still_works_for_its_holders(both: Path, cluster: SimulatedCluster) -> None:
    clusters = Clusters.of(Configured(contexts=("prod", "staging")), kubeconfig=both)
    before = await clusters.get("prod")
    staging = await clusters.get("staging")

    clusters.give_up(before)
    clusters.give_up(before)
    after = await clusters.get("prod")

    assert after is not before
    assert await clusters.get("staging") is staging
    await before.check()
    await clusters.aclose()


async def test_an_unknown_name_does_not_reveal_other_clusters(both: Path) -> None:
    clusters = Clusters.of(Configured(contexts=("prod", "staging")), kubeconfig=both)

    with pytest.raises(Misconfigured, match='there is no cluster "prd"') as raised:
        await clusters.get("prd")
    assert "prod" not in str(raised.value)


async def test_a_missing_context_is_reported_on_first_use(both: Path) -> None:
    clusters = Clusters.of(Configured(contexts=("prod", "stagin")), kubeconfig=both)

    assert (await clusters.get("prod")).name == "prod"
    with pytest.raises(Misconfigured, match='there is no context "stagin"'):
        await clusters.get("stagin")
    await clusters.aclose()


@pytest.mark.usefixtures("bare")
async def test_without_any_configuration_there_is_one_cluster_that_says_so() -> None:
    clusters = Clusters.of(Configured())

    assert clusters.names == (UNNAMED,)
    with pytest.raises(Misconfigured, match="no kubeconfig was found"):
        await clusters.get()
    await clusters.aclose()


@pytest.mark.usefixtures("bare")
async def test_in_a_pod_the_cluster_is_named_after_its_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")

    assert Clusters.of(Configured()).names == ("in-cluster",)


async def test_closing_ends_attempts_in_flight_and_notifies_waiters(both: Path, cluster: SimulatedCluster) -> None:
    cluster.fail(path_prefix="/version", hang=True, times=10)
    before = asyncio.all_tasks()
    clusters = Clusters.of(Configured(contexts=("prod", "staging")), kubeconfig=both)
    await clusters.get("staging")
    waiting = asyncio.create_task(clusters.get("prod"))
    for _ in range(5000):
        if cluster.requests:
            break
        await asyncio.sleep(0.001)
    await clusters.aclose()

    with pytest.raises(Unreachable, match="stopping"):
        await waiting
    with pytest.raises(Unreachable, match="stopping"):
        await clusters.get("staging")
    assert not [task for task in asyncio.all_tasks() - before if "_hold" in repr(task)]
