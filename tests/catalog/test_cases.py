"""Every case of every incident: judged as its entry says, proving no stranger, and noticing when a rule is wrong."""

from __future__ import annotations

from bot.cli.rehearsal import only_in_twin
from bot.probes.registry import declarations
from intents.catalog.cases import world_of
from intents.catalog.schema import Incident
from intents.domain import GapReason, Verdict
from tests.catalog.conftest import CATALOG
from tests.catalog.rehearsed import Rehearsed
from tests.catalog.relations import related_to


def test_every_case_is_judged_as_its_entry_says(incident: Incident, rehearsals: tuple[Rehearsed, ...]) -> None:
    assert {one.case.name: one.verdict_on(incident) for one in rehearsals} == {
        case.name: case.then for case in incident.cases
    }


def test_nothing_is_confirmed_beside_it_but_what_the_entry_names(
    incident: Incident, rehearsals: tuple[Rehearsed, ...]
) -> None:
    related = related_to(incident, CATALOG)

    for one in rehearsals:
        confirmed = {each.incident for each in one.diagnosis.hypotheses if each.verdict is Verdict.CONFIRMED}
        assert confirmed <= related | set(one.case.also), one.case.name


def test_the_role_that_reads_grants_every_read_of_it(incident: Incident, rehearsals: tuple[Rehearsed, ...]) -> None:
    for one in rehearsals:
        if not world_of(incident, one.case).get("forbidden"):
            assert [str(gap) for gap in one.diagnosis.gaps if gap.permission is not None] == [], one.case.name


def test_with_every_read_forbidden_nothing_is_proven_either_way(
    incident: Incident, rehearsals: tuple[Rehearsed, ...]
) -> None:
    """Discovery, which every account may read, tells which kinds are served: no role can forbid it."""
    probes = declarations()
    free = {
        each.id
        for each in CATALOG
        if each.reads and not any(probes[read.probe].permissions for read in each.reads.values())
    }
    for one in rehearsals:
        if one.blind is not None:
            verdicts = {each.verdict for each in one.blind.hypotheses if each.incident not in free}
            assert verdicts <= {Verdict.POSSIBLE}, one.case.name
            assert all(
                "needs" in str(gap) or gap.what == "Prometheus" or gap.reason is GapReason.ONLY_METRICS
                for gap in one.blind.gaps
            ), one.case.name


def test_a_rule_dropped_or_negated_is_noticed_by_a_case(incident: Incident, rehearsals: tuple[Rehearsed, ...]) -> None:
    """It keeps rules honest: a rule whose loss changes no verdict decides nothing."""
    names = {name for one in rehearsals for name in one.mutants}
    unnoticed = {name for name in names if all(one.mutants.get(name) in (one.case.then, None) for one in rehearsals)}

    assert unnoticed == set()


def test_a_healthy_twin_has_the_same_objects_as_its_broken_case(incident: Incident) -> None:
    twins = [case for case in incident.cases if case.healthy]

    assert twins
    assert [only_in_twin(incident, twin) for twin in twins] == [[]] * len(twins)


def test_the_strongest_verdict_is_reached_by_the_first_case(incident: Incident) -> None:
    """It is the one that the demo and the playground show."""
    assert incident.cases[0].then is incident.strongest.verdict
