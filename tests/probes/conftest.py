"""A probe as the catalog uses it: through a snapshot, over HTTP, from a simulated cluster."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.rehearsal import REHEARSAL_TIME
from bot.cluster.contexts import connect
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster
from bot.probes.contract import Look, Probe
from bot.settings.prometheus import Source, Sources
from intents.domain import Focus, ProbeResult

Read = Callable[..., Awaitable[ProbeResult]]


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    """Return a running, empty cluster: `cluster.load({...})` fills it."""
    simulated = SimulatedCluster(clock=lambda: REHEARSAL_TIME)  # or a second might pass between load and read
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
def read(cluster: SimulatedCluster, tmp_path: Path) -> Read:
    """`await read(PROBE, kind="Pod", namespace="shop", name="api-0", args={})`: one look through a fresh snapshot."""

    async def once(
        probe: Probe, *, args: dict[str, Any] | None = None, named: dict[str, str] | None = None, **focus: str
    ) -> ProbeResult:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(cluster.kubeconfig()))
        beside = cluster.prometheus
        if not beside.empty and not beside.url:
            await beside.start()
        sources = Sources(usual=Source(url=beside.url) if beside.url else None)
        async with connect(kubeconfig=kubeconfig, prometheus=sources) as connection, Snapshot(connection) as snapshot:
            look = Look(snapshot=snapshot, focus=Focus(**focus), args=args or {}, named=named or {})
            reading = await probe.run(look)
        for row in reading.rows:
            missing = set(probe.declaration.keys(args or {})) - set(row.values)
            assert not missing, f"{probe.declaration.name} leaves {missing} unfilled"
        return reading

    return once
