"""Write an answer as JSON for programs: sorted keys, the same bytes for the same snapshot.

Clock values and call counts are under `timing`, and only on request. Sentences are in the language named by `language`;
a sentence may say how long ago something was, counted from the snapshot's time, which is part of the snapshot. Keys are
added over time, never renamed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intents.domain import (
    Dependents,
    Diagnosis,
    Finding,
    Focus,
    Gap,
    Hypothesis,
    JudgedHypothesis,
    Language,
    NearestEntry,
    ObjectRef,
    Plot,
    RecentChange,
    Remedy,
    SignatureMatch,
    Step,
    Table,
    TimelineEvent,
)
from responses.named_objects import named_sentences
from responses.safety import SafeDiagnosis

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStats:
    """The numbers that differ between two runs over the same snapshot. `seconds` is wall time."""

    seconds: float
    api_calls: int
    observed_at: str = ""


def diagnosis_json(diagnosis: SafeDiagnosis, *, language: Language, timing: RunStats | None = None) -> str:
    """Return the document of `casebook explain` and `casebook diagnose`, with a newline at its end."""
    document = _diagnosis(diagnosis, language)
    if timing is not None:
        document["timing"] = {
            "api_calls": timing.api_calls,
            "observed_at": timing.observed_at,
            "seconds": round(timing.seconds, 3),
        }
    return dumps(document)


def matching_json(hypotheses: Sequence[Hypothesis], nearest: Sequence[Hypothesis]) -> str:
    """Return the document of `casebook match`. The hypotheses have passed `safe_value`."""
    return dumps(
        {"hypotheses": [_hypothesis(one) for one in hypotheses], "nearest": [_hypothesis(one) for one in nearest]}
    )


def dumps(document: Mapping[str, Any]) -> str:
    """Return a document as indented JSON with sorted keys and a newline at its end."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _diagnosis(diagnosis: Diagnosis, language: Language) -> Json:
    return {
        "target": _target(diagnosis.focus),
        "named": [
            {
                "target": object_json(note.target),
                "existence": str(note.existence),
                "instead": object_json(note.instead),
                "candidates": [object_json(one) for one in note.candidates],
                "elsewhere": list(note.elsewhere),
                "affected": [object_json(one) for one in note.affected],
                "others": note.others,
                "says": says,
            }
            for note, says in zip(diagnosis.named, named_sentences(diagnosis, language), strict=True)
        ],
        "standing": [each.in_(language) for each in diagnosis.standing],
        "cluster": diagnosis.cluster,
        "language": str(language),
        "owners": [object_json(owner) for owner in diagnosis.owners],
        "hypotheses": [_judged(one, language) for one in diagnosis.hypotheses],
        "timeline": [_moment(moment, language) for moment in diagnosis.timeline],
        "gaps": [gap_json(gap) for gap in diagnosis.gaps],
        "unexplained": [
            {"subject": object_json(one.subject), "quote": one.quote, "times": one.times}
            for one in diagnosis.unexplained
        ],
        "changes": [_change(one) for one in diagnosis.changes],
        "impact": [_dependents(each) for each in diagnosis.impact],
        "nearest": [_nearest(one, language) for one in diagnosis.nearest],
    }


def _target(focus: Focus) -> Json | None:
    if not (focus.name or focus.namespace or focus.node):
        return None
    return {
        "kind": focus.kind,
        "namespace": focus.namespace,
        "name": focus.name,
        "container": focus.container,
        "node": focus.node,
    }


def _change(one: RecentChange) -> Json:
    return {
        "subject": object_json(one.subject),
        "at": one.at.isoformat(),
        "before_s": one.before_s,
        "what": [*one.what, *([one.says.en] if one.says else [])],
        "revision": one.revision,
        "by": one.by,
    }


def _dependents(those: Dependents) -> Json:
    return {
        "kind": those.kind,
        "via": str(those.via),
        "count": those.count,
        "at_least": those.at_least,
        "objects": [{**(object_json(one.object) or {}), "host": one.host} for one in those.first],
        "ready": those.ready,
        "of": those.of,
    }


def object_json(ref: ObjectRef | None) -> Json | None:
    """Return the reference to an object."""
    return None if ref is None else {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name, "uid": ref.uid}


def _judged(one: JudgedHypothesis, language: Language) -> Json:
    return {
        "incident": one.incident,
        "verdict": str(one.verdict),
        "score": one.hypothesis.score,
        "severity": str(one.severity),
        "title": one.title.in_(language),
        "summary": one.summary.in_(language),
        "root_cause": one.root_cause.in_(language),
        "impact": one.impact.in_(language),
        "object": object_json(one.subject),
        "candidates": [object_json(each) for each in one.candidates],
        "effect_of": {"incident": one.cause.incident, "object": object_json(one.cause.subject)} if one.cause else None,
        "pointed_to_by": one.hypothesis.pointed_to_by or None,
        "capability": one.capability,
        "matches": [_match(match) for match in one.hypothesis.matches],
        "findings": [_finding(finding, language) for finding in one.findings],
        "remediations": [_remedy(remedy, language) for remedy in one.remedies],
        "runbook": [_step(step, language) for step in one.runbook],
        "links": [{"title": link.title, "url": link.url} for link in one.links],
    }


def _hypothesis(one: Hypothesis) -> Json:
    return {
        "incident": one.incident,
        "score": one.score,
        "matches": [_match(match) for match in one.matches],
        "named": dict(one.named),
    }


def _match(match: SignatureMatch) -> Json:
    return {
        "line": match.line,
        "quote": match.quote,
        "signature": match.signature,
        "score": match.score,
        "captures": dict(match.captures),
    }


def _finding(finding: Finding, language: Language) -> Json:
    return {
        "rule": finding.rule,
        "outcome": str(finding.outcome),
        "says": finding.says.in_(language),
        "decisive": finding.decisive,
        "pasted": finding.pasted,
        "subject": object_json(finding.subject),
        "quote": finding.quote,
        "reproduce": finding.reproduce,
        "table": _table(finding.table),
        "plot": _plot(finding.plot, language),
        "gaps": [gap_json(gap) for gap in finding.gaps],
    }


def _plot(plot: Plot | None, language: Language) -> Json | None:
    if plot is None:
        return None
    lines = [{"label": line.label, "points": [list(point) for point in line.points]} for line in plot.lines]
    return {"title": plot.title.in_(language), "unit": str(plot.unit), "limit": plot.limit, "lines": lines}


def _moment(moment: TimelineEvent, language: Language) -> Json:
    return {
        "at": moment.at.isoformat(),
        "subject": object_json(moment.subject),
        "says": moment.says.in_(language),
        "incident": moment.incident,
        "part": str(moment.part) or None,
        "count": moment.count,
        "lasts": moment.lasts,
    }


def _table(table: Table | None) -> Json | None:
    return None if table is None else {"columns": list(table.columns), "rows": [list(row) for row in table.rows]}


def gap_json(gap: Gap) -> Json:
    """Return what could not be read."""
    return {
        "what": gap.what,
        "reason": str(gap.reason),
        "permission": str(gap.permission) if gap.permission else None,
        "detail": gap.detail,
    }


def _remedy(remedy: Remedy, language: Language) -> Json:
    return {
        "id": remedy.id,
        "action": remedy.action,
        "title": remedy.title.in_(language),
        "target": object_json(remedy.target),
        "args": dict(remedy.args),
        "risk": remedy.risk,
        "until": remedy.until or None,
        "warning": remedy.warning.in_(language) if remedy.warning else None,
    }


def _step(step: Step, language: Language) -> Json:
    return {
        "says": step.says.in_(language),
        "run": step.run,
        "warning": step.warning.in_(language) if step.warning else None,
    }


def _nearest(one: NearestEntry, language: Language) -> Json:
    return {
        "incident": one.incident,
        "title": one.title.in_(language),
        "score": one.score,
        "decided_by": one.decided_by,
    }
