"""Objects of real clusters lack fields: half-made, half-deleted, of older versions. No probe may stumble over one."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

from bot.cli.rehearsal import full_world_of, request_of, stage, staged
from bot.cluster.errors import ClusterError
from bot.diagnosing import Engine, diagnose
from intents.catalog.schema import Incident
from intents.domain import Gap
from intents.request import DiagnoseObject, Request
from tests.connections import RememberingConnection

# What a diagnosis starts from, and what the simulated cluster itself needs to serve its APIs.
WHOLE = frozenset({"APIService", "CustomResourceDefinition"})
# Without these no API server has accepted the object.
REQUIRED = frozenset({"containers", "name"})
TATTERED = 2


async def test_missing_fields_are_no_defect(engine: Engine, incident: Incident) -> None:
    chance = random.Random(incident.id)
    gaps: list[Gap] = []
    for case in chance.choices(incident.cases, k=TATTERED):
        world = tattered(full_world_of(incident, case), chance)
        async with staged(stage(world)) as connection:
            known = RememberingConnection.to(connection)
            for request in (request_of(incident, case), *pods(world)):
                with contextlib.suppress(ClusterError):
                    gaps += (await diagnose(request, engine=engine, connection=known)).gaps

    assert [str(gap) for gap in gaps if "the probe failed" in gap.detail] == []


def tattered(world: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return the world with up to four fields of each object's spec and status gone."""
    for obj in world["objects"]:
        places = [place for top in ("spec", "status") for place in fields(obj.get(top))]
        if obj["kind"] not in WHOLE:
            for mapping, key in chance.sample(places, min(len(places), chance.randint(0, 4))):
                mapping.pop(key, None)
    return world


def fields(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in REQUIRED:
                yield value, key
            yield from fields(item)
    elif isinstance(value, list):
        for item in value:
            yield from fields(item)


def pods(world: dict[str, Any]) -> list[Request]:
    """Return the first pod of a world as an object to diagnose."""
    named = [obj["metadata"] for obj in world["objects"] if obj["kind"] == "Pod"]
    return [DiagnoseObject(kind="Pod", namespace=each["namespace"], name=each["name"]) for each in named[:1]]
