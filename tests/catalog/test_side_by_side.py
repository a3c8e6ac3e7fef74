"""Every broken case in one cluster: each question still gets its own answer. This is the cluster of `casebook demo`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.cluster.connection import Connection
from bot.diagnosing import Engine, diagnose
from bot.rehearsing import request_of, stage, staged
from intents.catalog.cases import world_of
from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Incident

CATALOG = load((builtin_directory(),)).catalog


@pytest.fixture
async def everything_broken() -> AsyncIterator[Connection]:
    worlds = (world_of(incident, incident.cases[0]) for incident in CATALOG)
    async with staged(stage(*worlds)) as connection:
        yield connection


@pytest.mark.parametrize("incident", list(CATALOG), ids=lambda incident: incident.id)
async def test_an_incident_is_proven_among_all_the_others(
    engine: Engine, everything_broken: Connection, incident: Incident
) -> None:
    case = incident.cases[0]
    diagnosis = await diagnose(request_of(incident, case), engine=engine, connection=everything_broken)

    assert {one.incident: one.verdict for one in diagnosis.hypotheses}[incident.id] is case.then


def test_no_two_incidents_break_the_same_object() -> None:
    """Else the demo would show a mixture that no cluster can be in. Nodes are few, and may ail in several ways."""
    owners: dict[str, str] = {}
    for incident in CATALOG:
        for obj in world_of(incident, incident.cases[0])["objects"]:
            name = f"{obj['kind']}/{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
            if obj["kind"] != "Node":
                assert owners.setdefault(name, incident.id) == incident.id, name
