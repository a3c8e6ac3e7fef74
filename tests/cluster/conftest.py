import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import ClusterSettings

# These tests fail on purpose many times: the pauses between attempts are as short as possible.
HASTY = ClusterSettings(first_pause=0.001, longest_pause=0.01)


def pod(name: str, namespace: str = "shop") -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"nodeName": "worker-a", "containers": [{"name": "app", "image": "registry.example/app:1"}]},
    }


WORLD = {
    "objects": [
        {"kind": "Node", "metadata": {"name": "worker-a"}},
        {"kind": "Namespace", "metadata": {"name": "shop"}},
        pod("web"),
        pod("cart"),
        pod("api", "bank"),
    ],
    "events": [
        {"for": "Pod/shop/web", "type": "Warning", "reason": "BackOff", "message": "Back-off restarting"},
        {"for": "Pod/shop/cart", "reason": "Pulled", "message": "Container image pulled"},
        {"for": "Node/worker-a", "reason": "NodeReady", "message": "Node is ready"},
    ],
    "logs": [{"pod": "shop/web", "text": "starting\npanic: no database\n"}],
}


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide kubeconfig, pod and proxy of the machine that runs the tests."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    simulated = SimulatedCluster()
    simulated.load(WORLD)
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
def kubeconfig(cluster: SimulatedCluster, tmp_path: Path) -> Path:
    file = tmp_path / "config"
    file.write_text(json.dumps(cluster.kubeconfig(namespace="shop")))
    return file


@pytest.fixture
async def connection(cluster: SimulatedCluster, kubeconfig: Path) -> AsyncIterator[Connection]:
    """Return a connection whose first call is already made and not counted in `cluster.requests`."""
    async with connect(kubeconfig=kubeconfig, settings=HASTY) as opened:
        cluster.requests.clear()
        yield opened


@pytest.fixture
async def snapshot(connection: Connection) -> AsyncIterator[Snapshot]:
    async with Snapshot(connection) as opened:
        yield opened


Open = Callable[..., AbstractAsyncContextManager[Snapshot]]


@pytest.fixture
def open_snapshot(cluster: SimulatedCluster, kubeconfig: Path) -> Open:
    """Open a snapshot with other settings or another deadline."""

    @asynccontextmanager
    async def opened(*, deadline: float = 8.0, settings: ClusterSettings = HASTY) -> AsyncIterator[Snapshot]:
        async with connect(kubeconfig=kubeconfig, settings=settings) as connection:
            cluster.requests.clear()
            async with Snapshot(connection, deadline=deadline) as snapshot:
                yield snapshot

    return opened
