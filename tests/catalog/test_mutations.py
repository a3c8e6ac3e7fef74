"""Cases keep rules honest: a decisive rule dropped, or a condition negated, must change the verdict of some case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import pytest

from bot.diagnosing import Engine, diagnose
from bot.rehearsing import request_of, stage, staged
from intents.catalog.cases import world_of
from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Case, Incident, Rule
from intents.domain import Outcome, Verdict

CATALOG = load((builtin_directory(),)).catalog


@pytest.mark.parametrize("incident", list(CATALOG), ids=lambda incident: incident.id)
async def test_every_mutant_is_caught_by_a_case(engine: Engine, incident: Incident) -> None:
    alive = dict(mutants(incident))
    for case in incident.cases:
        verdicts = await verdicts_of(engine, incident, case, alive)
        alive = {name: mutant for name, mutant in alive.items() if verdicts[name] is case.then}

    assert not alive, "no case notices: " + "; ".join(alive)


def mutants(incident: Incident) -> Iterator[tuple[str, Incident]]:
    """The incident with one rule changed. Rules that only inform (`finds: neutral`) decide nothing to be caught."""
    for index, rule in enumerate(incident.evidence):
        if rule.finds is Outcome.NEUTRAL:
            continue
        if rule.decisive:
            yield f"{rule.id} dropped", _with(incident, index, None)
        negated = rule.model_copy(update={"when": f"!({rule.when})"})
        yield f"{rule.id} negated", _with(incident, index, negated)


def _with(incident: Incident, index: int, rule: Rule | None) -> Incident:
    evidence = (*incident.evidence[:index], *((rule,) if rule else ()), *incident.evidence[index + 1 :])
    return incident.model_copy(update={"evidence": evidence})


async def verdicts_of(
    engine: Engine, incident: Incident, case: Case, mutants: dict[str, Incident]
) -> dict[str, Verdict | None]:
    """The verdict each mutant gives on one case, all asked of the same simulated cluster."""
    verdicts: dict[str, Verdict | None] = {}
    async with staged(stage(world_of(incident, case))) as connection:
        for name, mutant in mutants.items():
            incidents = MappingProxyType({**engine.catalog.incidents, incident.id: mutant})
            changed = replace(engine, catalog=replace(engine.catalog, incidents=incidents))
            diagnosis = await diagnose(request_of(incident, case), engine=changed, connection=connection)
            verdicts[name] = next((one.verdict for one in diagnosis.hypotheses if one.incident == incident.id), None)
    return verdicts
