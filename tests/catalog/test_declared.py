"""Every probe reads what it declares and nothing else: each alone, against an API server that denies all the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine, diagnose
from bot.probes import objects
from bot.probes.contract import Look, Probe
from bot.rehearsing import request_of, stage, staged
from bot.roles.needs import reads
from intents.catalog.cases import world_of
from intents.catalog.loader import Catalog
from intents.catalog.schema import Case, Incident
from intents.domain import Focus, Permission, Reading


@dataclass(frozen=True, slots=True)
class Looked:
    """A probe as it was asked in a case."""

    probe: Probe
    look: Look


def rule(permission: Permission) -> dict[str, list[str]]:
    return {"verbs": [permission.verb], "apiGroups": [permission.group], "resources": [permission.resource]}


def declared(looked: Looked, catalog: Catalog) -> set[Permission]:
    """What a probe declares; the one that reads any kind, what entries that name the kind are granted."""
    if looked.probe.declaration.name != objects.DECLARATION.name:
        return set(looked.probe.declaration.permissions)
    kind = str(looked.look.args.get("kind"))
    naming = {
        incident.id
        for incident in catalog
        if any(
            each.probe == objects.DECLARATION.name and each.args.get("kind") == kind for each in incident.reads.values()
        )
    }
    return {need.permission for need in reads(catalog, ()) if need.by in naming}


def noting(probe: Probe, looks: dict[str, Looked]) -> Probe:
    """The probe, writing down once for each of its arguments what it is asked."""

    async def read(look: Look) -> Reading:
        looks.setdefault(f"{probe.declaration.name} {look.args} {look.focus} {look.named}", Looked(probe, look))
        return await probe.read(look)

    return replace(probe, read=read)


async def undeclared(engine: Engine, incident: Incident, case: Case) -> set[tuple[str, str]]:
    """(probe, what it was refused) in a case, where each in turn may read what it declares and no more."""
    looks: dict[str, Looked] = {}
    watched = {name: noting(probe, looks) for name, probe in engine.probes.items()}
    cluster = stage(world_of(incident, case))
    missing: set[tuple[str, str]] = set()
    async with staged(cluster) as connection:
        await diagnose(request_of(incident, case), engine=replace(engine, probes=watched), connection=connection)
        for looked in looks.values():
            cluster.allow_only([rule(each) for each in declared(looked, engine.catalog)], instead=True)
            async with Snapshot(connection) as snapshot:
                reading = await looked.probe.read(replace(looked.look, snapshot=snapshot))
            missing |= {(looked.probe.declaration.name, str(gap)) for gap in reading.gaps if gap.permission is not None}
    return missing


async def test_a_probe_reads_nothing_that_it_does_not_declare(engine: Engine, incident: Incident) -> None:
    for case in incident.cases:
        if not world_of(incident, case).get("forbidden"):
            assert await undeclared(engine, incident, case) == set(), case.name


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Node", "Service"])
async def test_nor_does_it_whatever_kind_of_object_is_asked_about(engine: Engine, kind: str) -> None:
    focus = Focus(kind=kind, namespace="shop", name="api")
    cluster = stage()
    async with staged(cluster) as connection:
        for name, probe in engine.probes.items():
            if any(each.required for each in probe.declaration.args.values()):
                continue  # asked for what only an entry can say
            cluster.allow_only([rule(each) for each in probe.declaration.permissions], instead=True)
            async with Snapshot(connection) as snapshot:
                reading = await probe.read(Look(snapshot=snapshot, focus=focus, args={}, named={}))
            assert [str(gap) for gap in reading.gaps if gap.permission is not None] == [], name
