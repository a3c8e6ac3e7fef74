"""Every probe reads what it declares and nothing else, in every case and whatever object is asked about."""

from __future__ import annotations

import pytest

from bot.cli.rehearsal import stage, staged
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine
from bot.probes.contract import Look
from bot.probes.registry import probes
from intents.domain import Focus
from tests.catalog.rehearsed import Rehearsed, rule_of


def test_a_probe_reads_nothing_that_it_does_not_declare(rehearsals: tuple[Rehearsed, ...]) -> None:
    for one in rehearsals:
        assert one.undeclared == set(), one.case.name


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Node", "Service"])
async def test_nor_does_it_whatever_kind_of_object_is_asked_about(engine: Engine, kind: str) -> None:
    focus = Focus(kind=kind, namespace="shop", name="api")
    cluster = stage()
    async with staged(cluster) as connection:
        for name, probe in engine.probes.items():
            current = probes()[probe.declaration.name].declaration
            if any(each.required for each in current.args.values()):
                continue  # asked for what only an entry can say
            cluster.allow_only([rule_of(each) for each in probe.declaration.permissions], instead=True)
            async with Snapshot(connection) as snapshot:
                reading = await probe.run(Look(snapshot=snapshot, focus=focus, args={}, named={}))
            assert [str(gap) for gap in reading.gaps if gap.permission is not None] == [], name
