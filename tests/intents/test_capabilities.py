"""Test for which objects a capability is checked, and its rank in the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intents.catalog.loader import Catalog
from intents.domain import Finding, FindingOutcome, Focus, JudgedHypothesis, ObjectRef, ProbeResult, Row, Text, Verdict
from intents.focus import MOST_OBJECTS, raised
from intents.ranking import rank
from intents.verdicts import supported
from tests.intents.test_verdicts import BUSY, FORBIDDEN, FULL, NO_CLUSTER, NOW, incident, judged, reading

LOOK = incident(FULL, id="look-inside", strongest="capability", kinds=["Pod", "StatefulSet"], about=["pod"])
POD = ObjectRef(kind="Pod", namespace="db", name="pd-1")


def cause(
    verdict: Verdict = Verdict.CONFIRMED, *, subject: ObjectRef | None = None, rows: tuple[Row, ...] = ()
) -> JudgedHypothesis:
    found = Finding(rule="full", outcome=FindingOutcome.SUPPORTS, says=Text.same("full"), rows=rows)
    return replace(judged(incident(FULL), reading(True)), verdict=verdict, subject=subject, findings=(found,))


def names(*causes: JudgedHypothesis, focus: Focus | None = None) -> list[str]:
    return [one.named["pod"] for one in raised(LOOK, causes, [focus] if focus else [])]


def row(name: str, **values: str) -> Row:
    return Row(values=values, subject=ObjectRef(kind="Claim", namespace="db", name=name))


def test_object_of_the_best_cause_is_asked_about_first() -> None:
    by_row = cause(rows=(row("data", pod="pd-2", namespace="db"), row("data")))

    assert names(cause(subject=POD), by_row, focus=Focus(namespace="db", name="pd-3")) == ["pd-1", "pd-2", "pd-3"]


def test_hypothesis_names_the_object_like_a_text() -> None:
    (one,) = raised(LOOK, [cause(subject=POD)], [])

    assert dict(one.named) == {"pod": "pd-1", "namespace": "db"}
    assert (one.incident, one.score, one.matches) == ("look-inside", 0.0, ())


def test_ruled_out_other_kind_or_unrelated_entry_raises_nothing() -> None:
    node = ObjectRef(kind="Node", name="a")
    workload = ObjectRef(kind="StatefulSet", namespace="db", name="pd")

    assert names(cause(Verdict.RULED_OUT, subject=POD), cause(subject=node), cause(subject=workload)) == []
    assert names(focus=Focus(namespace="db")) == []


def test_only_the_first_of_many_objects_are_asked_about() -> None:
    many = cause(rows=tuple(row("data", pod=f"pd-{number}", namespace="db") for number in range(20)))

    assert len(names(many, many)) == MOST_OBJECTS


@pytest.mark.parametrize(
    ("nodes", "pods", "verdict"),
    [
        (reading(True), reading(), Verdict.OFFERED),
        (reading(False), reading(True), Verdict.POSSIBLE),
        (reading(False), reading(), Verdict.RULED_OUT),
        (reading(False, gaps=[FORBIDDEN]), reading(), Verdict.POSSIBLE),
        (reading(gaps=[NO_CLUSTER]), reading(), Verdict.POSSIBLE),
    ],
)
def test_capability_is_offered_if_applicable_and_never_confirmed(
    nodes: ProbeResult, pods: ProbeResult, verdict: Verdict
) -> None:
    refuted = {**FULL, "otherwise": {"says": "no node is full"}}
    if verdict is Verdict.POSSIBLE and not nodes.gaps:
        refuted = FULL
    entry = incident(refuted, BUSY, strongest="capability")

    one = judged(entry, nodes, pods)

    assert (one.verdict, one.capability) == (verdict, True)
    assert supported(one) is (verdict is Verdict.OFFERED)


def test_capability_ranks_below_causes_and_is_in_no_causal_chain() -> None:
    effect = incident(FULL, id="effect", causes=[{"incident": "look-inside", "linked_by": "object"}])
    other = incident(FULL, id="other")
    entries = Catalog(incidents={each.id: each for each in (LOOK, effect, other)})
    offered = judged(LOOK, reading(True), score=1.0)
    weak = replace(judged(other, reading(True), score=0.1), verdict=Verdict.POSSIBLE)

    ranked = rank([offered, weak, judged(effect, reading(True))], entries, now=NOW)

    assert [(one.incident, one.effect_of) for one in ranked] == [("effect", ""), ("other", ""), ("look-inside", "")]


def test_possible_capability_ranks_below_a_possible_cause() -> None:
    other = incident(FULL, id="other")
    entries = Catalog(incidents={LOOK.id: LOOK, "other": other})

    ranked = rank([judged(LOOK, reading(False), score=1.0), judged(other, reading(False), score=0.1)], entries, now=NOW)

    assert [one.incident for one in ranked] == ["other", "look-inside"]
