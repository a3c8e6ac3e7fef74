"""Every case of every incident, carried out over HTTP against the simulated cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.diagnosing import Engine
from bot.rehearsing import rehearse
from intents.catalog.cases import world_of
from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Case, Incident
from intents.domain import Strength, Verdict

CATALOG = load((builtin_directory(),)).catalog


def cases() -> Iterator[object]:
    for incident in CATALOG:
        for case in incident.cases:
            yield pytest.param(incident, case, id=f"{incident.id}: {case.name}")


@pytest.mark.parametrize(("incident", "case"), list(cases()))
async def test_a_case_is_judged_as_its_entry_says_and_confirms_no_stranger(
    engine: Engine, incident: Incident, case: Case
) -> None:
    """Another incident may be confirmed beside it only where the entries declare each other."""
    rehearsal = await rehearse(engine, incident, case)
    related = {incident.id, *incident.causes, *(rule.points_to for rule in incident.evidence)}
    related |= {other.id for other in CATALOG if incident.id in other.causes}

    assert rehearsal.verdict is case.then
    assert {one.incident for one in rehearsal.diagnosis.hypotheses if one.verdict is Verdict.CONFIRMED} <= related


@pytest.mark.parametrize(("incident", "case"), list(cases()))
async def test_with_every_read_forbidden_nothing_is_proven_either_way(
    engine: Engine, incident: Incident, case: Case
) -> None:
    if not (case.ask is None or case.ask.text):
        return  # an object that may not be read cannot be asked about; see test_diagnosing
    diagnosis = (await rehearse(engine, incident, case, blind=True)).diagnosis

    assert {one.verdict for one in diagnosis.hypotheses} <= {Verdict.LIKELY, Verdict.POSSIBLE}
    assert all("needs" in str(gap) for gap in diagnosis.gaps)


@pytest.mark.parametrize("incident", list(CATALOG), ids=lambda incident: incident.id)
def test_a_healthy_twin_has_the_same_objects_as_its_broken_case(incident: Incident) -> None:
    """Else a diagnosis could tell them apart by what is there, not by the fault."""
    by_name = {case.name: case for case in incident.cases}
    twins = [case for case in incident.cases if case.healthy]

    assert twins
    for twin in twins:
        broken = by_name[twin.like]
        assert _identities(world_of(incident, twin)) == _identities(world_of(incident, broken))


def _identities(world: dict[str, list[dict[str, object]]]) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for obj in world["objects"]:
        metadata = obj.get("metadata")
        assert isinstance(metadata, dict)
        found.add((str(obj["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])))
    return found


@pytest.mark.parametrize("incident", list(CATALOG), ids=lambda incident: incident.id)
def test_the_strongest_verdict_is_reached_by_some_case(incident: Incident) -> None:
    strongest = Verdict.CONFIRMED if incident.strongest is Strength.CONFIRMED else Verdict.LIKELY

    assert strongest in {case.then for case in incident.cases if not case.healthy}
