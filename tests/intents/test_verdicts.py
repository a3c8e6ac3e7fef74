"""Test the rules from rows to verdicts one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import (
    FindingOutcome,
    Focus,
    Gap,
    GapReason,
    Hypothesis,
    JudgedHypothesis,
    ObjectRef,
    PastedTime,
    Permission,
    ProbeResult,
    Row,
    SignatureMatch,
    Value,
    Verdict,
)
from intents.ranking import rank
from intents.verdicts import judge

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
FORBIDDEN = Gap(what="leases", reason=GapReason.FORBIDDEN, permission=Permission(verb="get", resource="leases"))
NOT_FOUND = Gap(what="the log", reason=GapReason.NOT_FOUND)
NO_CLUSTER = Gap(what="the cluster", reason=GapReason.NO_CLUSTER)


def incident(*rules: dict[str, Any], **fields: Any) -> Incident:
    return Incident.model_validate(
        {
            "id": "disk-full",
            "status": "stable",
            "strongest": "confirmed",
            "title": "Disk full",
            "severity": "warning",
            "signatures": ["no space left on <device>"],
            "reads": {"nodes": {"probe": "nodes"}, "pods": {"probe": "pods"}},
            "evidence": rules,
            "root_cause": "{full.name|a node} is full",
            "impact": "writes fail",
            "runbook": [{"says": "look", "run": "df {full.name|/}"}],
            "examples": {"match": ["a", "b", "c"], "other": ["d", "e"]},
            **fields,
        }
    )


FULL = {"id": "full", "each": "nodes", "when": "row.full", "decisive": True, "says": "{row.name} is full"}
REFUTED = {**FULL, "otherwise": {"says": "no node of {total} is full"}}
BUSY = {"id": "busy", "each": "pods", "when": "row.full", "says": "{count} of {total} pods"}


EMPTY = {"id": "empty", "when": "!nodes.exists(n, n.full)", "says": "none is full"}


def rows(*full: bool) -> tuple[Row, ...]:
    return tuple(
        Row(values={"name": f"n{i}", "full": yes}, subject=ObjectRef(kind="Node", name=f"n{i}"), quote=f"n{i}: {yes}")
        for i, yes in enumerate(full)
    )


def reading(
    *full: bool, gaps: Sequence[Gap] = (), missing: str = "", not_applicable: str = "", looked_at: int = 0
) -> ProbeResult:
    return ProbeResult(
        rows=rows(*full), gaps=tuple(gaps), missing=missing, not_applicable=not_applicable, looked_at=looked_at
    )


def judged(
    entry: Incident, nodes: ProbeResult, pods: ProbeResult | None = None, *, score: float = 0.9, name: str = ""
) -> JudgedHypothesis:
    hypothesis = Hypothesis(incident=entry.id, score=score, named={"device": "sda"})
    readings = {"nodes": nodes, "pods": pods or ProbeResult()}
    return judge(entry, hypothesis, readings, focus=Focus(kind="Node", name=name), now=NOW)[0]


@pytest.mark.parametrize(
    ("rules", "nodes", "pods", "verdict"),
    [
        ((FULL,), reading(False, True), reading(), Verdict.CONFIRMED),
        ((FULL,), reading(False), reading(), Verdict.POSSIBLE),
        ((REFUTED,), reading(False), reading(), Verdict.RULED_OUT),
        # what was not seen is not refuted
        ((REFUTED,), reading(), reading(), Verdict.POSSIBLE),
        ((REFUTED,), reading(looked_at=3), reading(), Verdict.RULED_OUT),
        (({**REFUTED, "about": 'row.name == "n1"'},), reading(False), reading(), Verdict.POSSIBLE),
        (({**REFUTED, "about": 'row.name == "n1"'},), reading(False, False), reading(), Verdict.RULED_OUT),
        (
            ({**FULL, "need": "all", "decisive": False, "finds": "refutes", "about": 'row.name == "n1"'},),
            reading(True),
            reading(),
            Verdict.POSSIBLE,
        ),
        (({**EMPTY, "finds": "refutes"},), reading(), reading(), Verdict.POSSIBLE),
        (({**EMPTY, "finds": "refutes"},), reading(False), reading(), Verdict.RULED_OUT),
        ((FULL, BUSY), reading(False), reading(True), Verdict.LIKELY),
        ((REFUTED, BUSY), reading(False), reading(True), Verdict.RULED_OUT),
        ((FULL, {**BUSY, "finds": "refutes"}), reading(True), reading(True), Verdict.LIKELY),
        ((FULL, {**BUSY, "finds": "neutral"}), reading(False), reading(True), Verdict.POSSIBLE),
        # a gap: partial data can prove presence, but not absence
        ((REFUTED,), reading(True, gaps=[FORBIDDEN]), reading(), Verdict.CONFIRMED),
        ((REFUTED,), reading(False, gaps=[FORBIDDEN]), reading(), Verdict.POSSIBLE),
        ((REFUTED, BUSY), reading(False, gaps=[FORBIDDEN]), reading(True), Verdict.LIKELY),
        # a rule that could refute and is a gap: not confirmed; what does not exist refutes nothing
        ((FULL, {**BUSY, "finds": "refutes"}), reading(True), reading(gaps=[FORBIDDEN]), Verdict.LIKELY),
        ((FULL, {**BUSY, "otherwise": {"says": "idle"}}), reading(True), reading(gaps=[FORBIDDEN]), Verdict.LIKELY),
        ((FULL, {**BUSY, "finds": "refutes"}), reading(True), reading(gaps=[NOT_FOUND]), Verdict.CONFIRMED),
        # a gap in one read does not cancel a refutation by another
        ((FULL, {**BUSY, "finds": "refutes"}), reading(gaps=[FORBIDDEN]), reading(True), Verdict.RULED_OUT),
        ((REFUTED,), reading(gaps=[NO_CLUSTER]), reading(), Verdict.POSSIBLE),
        # missing or not applicable: nothing is refuted
        ((REFUTED,), reading(False, missing="Node n9"), reading(), Verdict.POSSIBLE),
        (
            ({**FULL, "need": "none", "decisive": False, "finds": "refutes"},),
            reading(False, missing="Node n9"),
            reading(),
            Verdict.POSSIBLE,
        ),
        ((REFUTED,), reading(not_applicable="no such kind here"), reading(), Verdict.POSSIBLE),
    ],
)
def test_findings_decide_the_verdict(
    rules: tuple[dict[str, Any], ...], nodes: ProbeResult, pods: ProbeResult, verdict: Verdict
) -> None:
    assert judged(incident(*rules), nodes, pods).verdict is verdict


@pytest.mark.parametrize("score", [0.6, 1.0])
def test_with_nothing_read_the_text_alone_is_possible(score: float) -> None:
    assert judged(incident(FULL), reading(gaps=[FORBIDDEN]), score=score).verdict is Verdict.POSSIBLE


def test_gap_that_could_refute_comes_before_others_and_is_told_once() -> None:
    late = {**BUSY, "id": "late", "decisive": True}
    refuter = {**BUSY, "each": "nodes", "id": "calm", "finds": "refutes"}
    found = judged(
        incident(late, {**BUSY, "id": "again", "finds": "refutes"}, refuter),
        reading(gaps=[FORBIDDEN]),
        reading(gaps=[Gap(what="pods", reason=GapReason.TIMED_OUT)]),
    ).findings

    assert [(each.rule, each.decisive, each.may_refute) for each in found] == [
        ("late", True, True),
        ("calm", False, True),
    ]


def test_gap_names_the_missing_permission() -> None:
    finding = judged(incident(FULL), reading(gaps=[FORBIDDEN])).findings[0]

    assert finding.outcome is FindingOutcome.GAP
    assert finding.says.en == "could not check: cannot read leases: needs get on leases"


@pytest.mark.parametrize(
    ("need", "distinct", "nodes", "holds"),
    [
        ("any", "", reading(False, True), True),
        ("all", "", reading(True, True), True),
        ("all", "", reading(True, False), False),
        ("all", "", reading(), False),
        ("none", "", reading(False, False), True),
        ("none", "", reading(False, True), False),
        ("none", "", reading(), False),
        (2, "", reading(True, True, False), True),
        (2, "", reading(True, False), False),
        (2, "name", reading(True, True), True),
        (2, "full", reading(True, True), False),
        ("all", "", reading(True, gaps=[FORBIDDEN]), False),
        ("none", "", reading(False, gaps=[FORBIDDEN]), False),
    ],
)
def test_rule_quantifies_over_rows(need: str | int, distinct: str, nodes: ProbeResult, holds: bool) -> None:
    result = judged(incident({**FULL, "need": need, "distinct": distinct}), nodes)

    assert (result.verdict is Verdict.CONFIRMED) is holds


def test_entry_can_limit_its_verdict_to_likely() -> None:
    assert judged(incident(FULL, strongest="likely"), reading(True)).verdict is Verdict.LIKELY
    assert judged(incident(FULL, strongest="possible"), reading(True)).verdict is Verdict.POSSIBLE
    assert judged(incident(REFUTED, strongest="possible"), reading(False)).verdict is Verdict.RULED_OUT
    assert judged(incident(FULL, status="sandbox"), reading(True)).verdict is Verdict.POSSIBLE


def test_paste_evidence_raises_likely_only_with_cluster_evidence() -> None:
    pasted = {"id": "console", "when": 'named.device == "sda"', "pasted": True, "decisive": True, "says": "seen"}
    entry = incident(FULL, pasted, strongest="likely")

    assert judged(entry, reading(True)).verdict is Verdict.CONFIRMED
    assert judged(entry, reading(False)).verdict is Verdict.POSSIBLE


def test_texts_name_the_evidence() -> None:
    result = judged(incident(FULL, BUSY), reading(False, True), reading(True, True))

    assert result.root_cause.en == "n1 is full"
    assert result.runbook[0].run == "df n1"
    assert [finding.says.en for finding in result.findings] == ["n1 is full", "1 of 1 pods"]
    assert result.subject == ObjectRef(kind="Node", name="n1")
    assert result.findings[0].quote == "n1: True"


@pytest.mark.parametrize(("nodes", "named"), [((False,), "Node n0"), ((False, False), "None")])
def test_rule_over_whole_reads_names_no_object_among_several(nodes: tuple[bool, ...], named: str) -> None:
    found = judged(incident({**EMPTY, "decisive": True}), reading(*nodes))

    assert (found.verdict, str(found.subject)) == (Verdict.CONFIRMED, named)


def test_names_without_a_finding_come_from_the_paste() -> None:
    entry = incident(FULL, runbook=[{"says": "look", "run": "df {full.device|<device>} {full.name|<name>}"}])

    assert judged(entry, reading(gaps=[NO_CLUSTER])).runbook[0].run == "df sda <name>"


def test_remediation_needs_its_rules_and_a_known_target() -> None:
    remediations = [
        {
            "id": "cordon",
            "action": "cordon",
            "title": "Cordon {row.name}",
            "rows_of": "full",
            "only_if": ["full"],
            "target": {"kind": "Node", "name": "{row.name}"},
            "args": {"reason": "{row.name} is full"},
        },
        {"id": "no", "action": "cordon", "title": "x", "only_if": ["busy"], "target": {"kind": "Node", "name": "n"}},
        {"id": "who", "action": "cordon", "title": "x", "target": {"kind": "Node", "name": "{named.node}"}},
    ]
    entry = incident(FULL, BUSY, remediations=remediations)
    offered = judged(entry, reading(True)).remedies

    assert [remedy.id for remedy in offered] == ["cordon"]
    assert offered[0].target == ObjectRef(kind="Node", name="n0")
    assert offered[0].args == {"reason": "n0 is full"}
    assert judged(entry, reading(False)).remedies == ()


def test_remediation_with_an_unfilled_argument_is_not_offered() -> None:
    def offered(node: str) -> list[str]:
        remediation = {
            "id": "tidy",
            "action": "delete-finished-pods",
            "title": "tidy up",
            "target": {"kind": "Namespace", "name": "{full.name}"},
            "args": {"reason": "Evicted", "node": node},
        }
        entry = incident(FULL, remediations=[remediation])
        return [str(remedy.args["node"]) for remedy in judged(entry, reading(True)).remedies]

    assert offered("{full.rack}") == []
    assert offered("{full.rack|}") == [""]
    assert offered("{full.name}") == ["n0"]


def test_condition_that_cannot_be_evaluated_is_a_gap() -> None:
    result = judged(incident({**FULL, "when": "row.colour == 'red'"}), reading(True))

    assert result.verdict is Verdict.POSSIBLE or result.findings[0].outcome is FindingOutcome.GAP
    assert "colour" in result.findings[0].says.en


@pytest.mark.parametrize(
    ("when", "ago", "slack"),
    [
        (PastedTime(at=datetime(2026, 3, 2, 2, 0, tzinfo=UTC), year_known=True, zone_known=True), 3600, 0),
        (
            PastedTime(at=datetime.fromisoformat("1900-03-02T02:00"), year_known=False, zone_known=False),
            3600,
            14 * 3600,
        ),
        (
            PastedTime(at=datetime.fromisoformat("1900-12-31T03:00"), year_known=False, zone_known=False),
            61 * 86400,
            14 * 3600,
        ),
    ],
)
def test_pasted_time_is_as_precise_as_the_line(when: PastedTime, ago: float, slack: float) -> None:
    """Check times without year and zone (klog): the last such date, with a tolerance of any time zone."""
    rule = {
        "id": "old",
        "when": f"named.seconds_ago == {ago}.0 && named.seconds_ago_slack == {slack}.0",
        "pasted": True,
        "says": "old",
    }
    hypothesis = Hypothesis(incident="disk-full", score=0.9, when=when)
    result, *_ = judge(
        incident(rule), hypothesis, {"nodes": ProbeResult(), "pods": ProbeResult()}, focus=Focus(name="n"), now=NOW
    )

    assert [finding.rule for finding in result.findings] == ["old"]


def test_cause_ranks_before_its_effect() -> None:
    effect = incident(FULL, id="effect", causes=[{"incident": "upstream", "linked_by": "object"}])
    cause = incident(FULL, id="upstream")
    unrelated = incident(FULL, id="another")
    by_id = {entry.id: entry for entry in (effect, cause, unrelated)}
    one = [judged(effect, reading(True), score=0.99), judged(unrelated, reading(True), score=0.95)]

    explained = rank([*one, judged(cause, reading(True), score=0.0)], Catalog(incidents=by_id), now=NOW)
    unproven = rank([*one, judged(cause, reading(False), score=0.0)], Catalog(incidents=by_id), now=NOW)

    assert [(each.incident, each.effect_of) for each in explained] == [
        ("upstream", ""),
        ("effect", "upstream"),
        ("another", ""),
    ]
    assert [(each.incident, each.effect_of) for each in unproven] == [("effect", ""), ("another", ""), ("upstream", "")]


SERVED = {"linked_by": "provides", "proven_by": ["full"], "mechanism": "all write to it"}


@pytest.mark.parametrize(
    ("link", "at", "explained"),
    [
        ({"linked_by": "runs-on"}, ("b", "node-1", 5), True),
        ({"linked_by": "runs-on"}, ("b", "node-1", 37), False),
        ({"linked_by": "runs-on"}, ("b", "node-1", None), True),
        ({"linked_by": "runs-on"}, ("a", "node-2", 5), False),
        ({"linked_by": "object"}, ("a", "node-1", 5), False),
        ({"linked_by": "owns"}, ("a", "node-1", 5), False),
        (SERVED, ("b", "node-2", 5), True),
        ({**SERVED, "proven_by": ["busy"]}, ("b", "node-2", 5), False),
        ({"linked_by": "runs-on", "only_if": ["busy"]}, ("a", "node-1", 5), False),
    ],
)
def test_cause_is_linked_by_what_the_entry_says(
    link: dict[str, Any], at: tuple[str, str, int | None], explained: bool
) -> None:
    def seen(name: str, namespace: str, node: str, minutes: int | None) -> ProbeResult:
        values: dict[str, Value] = {"name": name, "full": True, "namespace": namespace, "node": node}
        when = None if minutes is None else NOW - timedelta(minutes=minutes)
        subject = ObjectRef(kind="Pod", namespace=namespace, name=name)
        return ProbeResult(rows=(Row(values=values, subject=subject, at=when),))

    namespace, node, minutes = at
    effect = incident(FULL, id="effect", causes=[{"incident": "upstream", **link}])
    cause = incident(FULL, id="upstream")
    catalog = Catalog(incidents={"effect": effect, "upstream": cause})

    ranked = rank(
        [judged(effect, seen("x", "a", "node-1", 0)), judged(cause, seen("y", namespace, node, minutes))],
        catalog,
        now=NOW,
    )

    assert {each.incident: each.effect_of for each in ranked} == {
        "upstream": "",
        "effect": "upstream" if explained else "",
    }


PG = ("Service", "shop", "pg")


@pytest.mark.parametrize(
    ("cause", "effect", "minutes", "explained"),
    [
        ({"kind": "Service"}, {"values": {"service": "pg"}}, 5, True),
        ({"kind": "Service"}, {"values": {"service": "pg", "service_namespace": "shop"}, "home": "front"}, 5, True),
        ({"kind": "Service"}, {"values": {"service": "pg"}, "home": "front"}, 5, False),
        ({"kind": "Service"}, {"values": {"service": "redis"}}, 5, False),
        ({"kind": "Service"}, {"values": {"service": "pg"}}, 37, False),
        ({"kind": "Service"}, {"calls": {PG}}, 5, True),
        ({"kind": "Service"}, {"calls": {PG}, "served_by": {PG}}, 5, False),
        ({"kind": "Service"}, {"calls": {PG}, "values": {"service": "redis"}}, 5, False),
        ({"kind": "Service"}, {}, 5, False),
        ({"kind": "Pod", "served_by": {PG}}, {"calls": {PG}}, 5, True),
        ({"kind": "Pod", "values": {"service": "pg"}}, {"calls": {PG}}, 5, False),
        ({"kind": "Pod", "calls": {PG}}, {"calls": {PG}}, 5, False),
    ],
)
def test_cause_at_a_called_service_is_linked_by_what_names_it(
    cause: dict[str, Any], effect: dict[str, Any], minutes: int, explained: bool
) -> None:
    def one(entry: Incident, at: dict[str, Any], name: str, ago: int) -> JudgedHypothesis:
        subject = ObjectRef(kind=at.get("kind", "Pod"), namespace=at.get("home", "shop"), name=name)
        values: dict[str, Value] = {"name": name, "full": True, **at.get("values", {})}
        row = Row(values=values, subject=subject, at=NOW - timedelta(minutes=ago))
        found = judged(entry, ProbeResult(rows=(row,)))
        return replace(found, calls=frozenset(at.get("calls", ())), served_by=frozenset(at.get("served_by", ())))

    entries = (incident(FULL, id="effect", causes=[{"incident": "up", "linked_by": "calls"}]), incident(FULL, id="up"))
    both = [one(entries[0], effect, "api", 0), one(entries[1], cause, "pg", minutes)]
    ranked = rank(both, Catalog(incidents={entry.id: entry for entry in entries}), now=NOW)

    assert {each.incident: each.effect_of for each in ranked} == {"up": "", "effect": "up" if explained else ""}


@pytest.mark.parametrize(
    ("link", "walked", "first"),
    [
        ("connection", {"destination": "pg:5432"}, "hop"),
        ("connection", {"destination": "pg:5432", "pod": "api-9"}, "hop"),
        ("connection", {"destination": "redis:6379"}, "refused"),
        ("connection", {"destination": "pg:5432", "owner": "web"}, "refused"),
        ("connection", {"destination": "pg:5432", "namespace": "front"}, "refused"),
        ("object", {"destination": "pg:5432"}, "refused"),
    ],
)
def test_likely_hop_of_the_connection_that_fails_leads(link: str, walked: dict[str, str], first: str) -> None:
    def one(entry: Incident, kind: str, values: dict[str, str]) -> JudgedHypothesis:
        caller: dict[str, Value] = {"name": "x", "full": True, "namespace": "shop", "owner": "api", "pod": "api-0"}
        subject = ObjectRef(kind=kind, namespace="shop", name="x")
        return judged(entry, ProbeResult(rows=(Row(values={**caller, **values}, subject=subject),)))

    entries = (
        incident(FULL, id="refused", causes=[{"incident": "hop", "linked_by": link}]),
        incident({**FULL, "decisive": False}, id="hop"),
    )
    both = [one(entries[0], "Pod", {"peer": "pg:5432"}), one(entries[1], "Service", walked)]
    ranked = rank(both, Catalog(incidents={entry.id: entry for entry in entries}), now=NOW)

    told = {each.incident: (each.verdict, each.effect_of) for each in ranked}
    assert ranked[0].incident == first
    assert told == {
        "hop": (Verdict.LIKELY, ""),
        "refused": (Verdict.CONFIRMED, "hop" if first == "hop" else ""),
    }


@pytest.mark.parametrize("link", [{"linked_by": "provides"}, {"linked_by": "runs-on", "mechanism": "none"}])
def test_cluster_wide_cause_names_its_mechanism(link: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="mechanism"):
        incident(FULL, causes=[{"incident": "upstream", **link}])


def test_circular_causes_are_each_listed_once() -> None:
    one = incident(FULL, id="one", causes=[{"incident": "two", "linked_by": "object"}])
    two = incident(FULL, id="two", causes=[{"incident": "one", "linked_by": "object"}])
    catalog = Catalog(incidents={"one": one, "two": two})

    ranked = rank([judged(one, reading(True)), judged(two, reading(True))], catalog, now=NOW)

    assert sorted(each.incident for each in ranked) == ["one", "two"]
    assert sum(bool(each.effect_of) for each in ranked) == 1


values = st.one_of(st.text(max_size=8), st.integers(-5, 5), st.booleans(), st.floats(allow_nan=True), st.none())
anything = st.builds(
    ProbeResult,
    rows=st.lists(
        st.builds(
            Row,
            values=st.dictionaries(st.sampled_from(["full", "name", "x"]), values, max_size=3),
            subject=st.builds(ObjectRef, kind=st.text(max_size=5), name=st.text(max_size=5)),
            quote=st.text(max_size=10),
        ),
        max_size=4,
    ).map(tuple),
    gaps=st.lists(st.just(FORBIDDEN), max_size=1).map(tuple),
    missing=st.sampled_from(["", "Node n"]),
)


@given(anything, anything, st.floats(0, 1), st.dictionaries(st.text(max_size=6), st.text(max_size=20), max_size=4))
def test_judging_never_raises_and_is_deterministic(
    nodes: ProbeResult, pods: ProbeResult, score: float, named: dict[str, str]
) -> None:
    entry = incident(REFUTED, {**BUSY, "need": 2, "distinct": "name"})
    matches = (SignatureMatch(signature="s", line=1, quote="q", score=score),)
    hypothesis = Hypothesis(incident=entry.id, score=score, named=named, matches=matches)
    readings = {"nodes": nodes, "pods": pods}
    first = judge(entry, hypothesis, readings, focus=Focus(), now=NOW)

    assert repr(judge(entry, hypothesis, readings, focus=Focus(), now=NOW)) == repr(first)
    assert len(first[0].findings) <= len(entry.evidence)
