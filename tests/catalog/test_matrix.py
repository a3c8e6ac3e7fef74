"""The state of one incident never proves another, however both are asked about: the matrix of all entries."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cli.rehearsal import stage, staged
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine
from bot.diagnosing.reads import Reads
from intents.alerts.labels import labels_in
from intents.anchors import NO_QUESTION
from intents.catalog.cases import ask_of, world_of
from intents.catalog.schema import Incident
from intents.domain import Focus, Hypothesis, ProbeResult, Verdict
from intents.verdicts import judge
from tests.catalog.conftest import CATALOG
from tests.catalog.rehearsed import Rehearsed
from tests.catalog.relations import related_to

# An entry judges this share of the cases of the whole cluster too, each case by other entries. What is proven there is
# proven of the object as well, unless the entry is about something else of the cluster.
WHOLE = 4


def shows_nothing(incident: Incident, readings: Mapping[str, ProbeResult]) -> bool:
    """Return whether all rules of an entry need rows, and their reads have none."""
    return all(rule.each and not readings[rule.each].rows for rule in incident.evidence)


async def test_no_other_incident_is_confirmed_on_its_broken_case(
    engine: Engine, incident: Incident, rehearsals: tuple[Rehearsed, ...]
) -> None:
    """All other entries judge the first case: of the object that this one is about, and some of the whole cluster.

    The entry itself knows what its text names, without which a refused request cannot be judged.
    """
    case, place = incident.cases[0], list(CATALOG).index(incident)
    told = {one.incident: one.hypothesis for one in rehearsals[0].diagnosis.hypotheses if one.incident == incident.id}
    proven: set[str] = set()
    own = rehearsals[0].judged
    question = own.question if own else NO_QUESTION
    async with staged(stage(world_of(incident, case))) as connection, Snapshot(connection) as snapshot:
        reads = Reads(snapshot=snapshot, engine=engine, alert=labels_in(ask_of(incident, case).text.splitlines()))
        at_object = own.focus if own else rehearsals[0].diagnosis.focus
        for number, other in enumerate(CATALOG):
            hypothesis = told.get(other.id) or Hypothesis(incident=other.id, score=1.0)
            everywhere = other == incident or (number + place) % WHOLE == 0
            for focus in dict.fromkeys((at_object, Focus()) if everywhere else (at_object,)):
                readings = await reads.for_hypothesis(other, hypothesis, focus)
                if shows_nothing(other, readings):
                    continue
                judged, *_ = judge(other, hypothesis, readings, focus=focus, now=snapshot.now, question=question)
                if judged.verdict is Verdict.CONFIRMED:
                    proven.add(other.id)

    assert proven <= related_to(incident, CATALOG) | set(case.also)
    assert incident.id in proven or case.then is not Verdict.CONFIRMED
