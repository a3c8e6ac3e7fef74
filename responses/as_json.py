"""Write an answer as JSON for programs: sorted keys, the same bytes for the same snapshot.

Clock values and call counts are under `timing`, and only on request. Sentences are in the language named by `language`;
a sentence may say how long ago something was, counted from the snapshot's time, which is part of the snapshot. Keys are
added over time, never renamed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from intents.domain import (
    Dependents,
    Diagnosis,
    Finding,
    Focus,
    Gap,
    Hypothesis,
    Json,
    JudgedHypothesis,
    Language,
    Link,
    NearestEntry,
    ObjectRef,
    Observation,
    Plot,
    PlotLine,
    RecentChange,
    Remedy,
    SignatureMatch,
    Step,
    Table,
    Text,
    TimelineEvent,
)
from responses.named_objects import named_sentences
from responses.safety import SafeDiagnosis


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
    return dumps({
        "hypotheses": [keys_json(one, "incident score matches named", Language.EN) for one in hypotheses],
        "nearest": [keys_json(one, "incident score matches named", Language.EN) for one in nearest],
    })  # fmt: skip


def dumps(document: Mapping[str, Any]) -> str:
    """Return a document as indented JSON with sorted keys and a newline at its end."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _diagnosis(diagnosis: Diagnosis, language: Language) -> Json:
    return {
        **keys_json(
            diagnosis, "standing cluster owners hypotheses timeline gaps unexplained changes impact nearest", language
        ),
        "target": _target(diagnosis.focus),
        "named": [
            {
                **keys_json(note, "target existence instead candidates elsewhere affected named_by others", language),
                "says": says,
            }
            for note, says in zip(diagnosis.named, named_sentences(diagnosis, language), strict=True)
        ],
        "language": str(language),
    }


def _target(focus: Focus) -> Json | None:
    if not (focus.name or focus.namespace or focus.node):
        return None
    return keys_json(focus, "kind namespace name container node", Language.EN)


def object_json(ref: ObjectRef | None) -> Json | None:
    """Return the reference to an object."""
    return None if ref is None else keys_json(ref, "kind namespace name uid", Language.EN)


def _gap(gap: Gap) -> Json:
    """Return what could not be read."""
    permission = str(gap.permission) if gap.permission else None
    return {**keys_json(gap, "what reason detail", Language.EN), "permission": permission}


def keys_json(value: Any, keys: str, language: Language) -> Json:
    """Return these attributes of a value as JSON."""
    return {key: _json(getattr(value, key), language) for key in keys.split()}


def _json(value: Any, language: Language) -> Any:
    """Return a value as JSON: texts in the language, objects with the keys that are documented for them."""
    match value:
        case Text():
            return value.in_(language)
        case ObjectRef():
            return object_json(value)
        case Gap():
            return _gap(value)
        case Enum():
            return str(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return dict(value)
        case list() | tuple():
            return [_json(each, language) for each in value]
        case _:
            write = _WRITERS.get(type(value))
            return write(value, language) if write else value


def _change(one: RecentChange, language: Language) -> Json:
    what = [*one.what, *([one.says.en] if one.says else [])]
    return {**keys_json(one, "subject at before_s revision by", language), "what": what}


def _dependents(those: Dependents, language: Language) -> Json:
    objects = [{**(object_json(one.object) or {}), "host": one.host} for one in those.first]
    return {**keys_json(those, "kind via count at_least ready of", language), "objects": objects}


def _judged(one: JudgedHypothesis, language: Language) -> Json:
    shown = "incident verdict severity title summary root_cause impact candidates capability findings runbook links"
    return {
        **keys_json(one, shown, language),
        "score": one.hypothesis.score,
        "object": object_json(one.subject),
        "effect_of": {"incident": one.cause.incident, "object": object_json(one.cause.subject)} if one.cause else None,
        "pointed_to_by": one.hypothesis.pointed_to_by or None,
        "matches": _json(one.hypothesis.matches, language),
        "remediations": _json(one.remedies, language),
    }


def _moment(moment: TimelineEvent, language: Language) -> Json:
    return {**keys_json(moment, "at subject says incident count lasts", language), "part": str(moment.part) or None}


def _remedy(remedy: Remedy, language: Language) -> Json:
    return {**keys_json(remedy, "id action title target args risk warning", language), "until": remedy.until or None}


def _documented(keys: str) -> Callable[[Any, Language], Json]:
    return lambda value, language: keys_json(value, keys, language)


_WRITERS: Final[Mapping[type, Callable[[Any, Language], Json]]] = {
    Dependents: _dependents,
    Finding: _documented("rule outcome says decisive pasted subject quote reproduce table plot gaps"),
    JudgedHypothesis: _judged,
    Link: _documented("title url"),
    NearestEntry: _documented("incident title score decided_by"),
    Observation: _documented("subject quote times"),
    Plot: _documented("title unit limit lines"),
    PlotLine: _documented("label points"),
    RecentChange: _change,
    Remedy: _remedy,
    SignatureMatch: _documented("line quote signature score captures"),
    Step: _documented("says run warning"),
    Table: _documented("columns rows"),
    TimelineEvent: _moment,
}
