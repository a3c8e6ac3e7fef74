"""Raise hypotheses of capabilities: actions that help whatever the cause is, such as TiDB's diagnostic mode.

A capability is raised for the objects of a diagnosis, even if the text is about another problem. Its own evidence
decides whether it is offered.

A product's own incidents count only where a text or an object shows that product: "no such host" is an incident of TiDB
only if something of TiDB cannot be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from re import Pattern
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import FindingOutcome, Focus, Hypothesis, JudgedHypothesis, ObjectRef, Strength, Value, Verdict
from intents.focus import named_as
from intents.kinds import WORDS

# A capability is judged for at most so many objects of an answer.
MOST_OBJECTS: Final = 3


def is_capability(incident: Incident) -> bool:
    """Return whether an entry is a capability."""
    return incident.strongest is Strength.CAPABILITY


def raised(incident: Incident, judged: Iterable[JudgedHypothesis], focuses: Iterable[Focus]) -> tuple[Hypothesis, ...]:
    """Return the hypotheses of a capability, one for each object that it may be offered for, the best evidence first.

    `judged` are the causes, the best first; `focuses` are the objects they were judged for.
    """
    about = dict.fromkeys(
        (each.kind, each.namespace, each.name)
        for each in (*_shown(judged), *(_ref(focus) for focus in focuses))
        if each.name and each.kind in incident.kinds and WORDS.get(each.kind, "") in incident.about
    )
    return tuple(
        Hypothesis(incident=incident.id, score=0.0, named={**named_as(kind, name), "namespace": namespace})
        for kind, namespace, name in list(about)[:MOST_OBJECTS]
    )


def _shown(judged: Iterable[JudgedHypothesis]) -> Iterator[ObjectRef]:
    """Yield the objects of the causes that are not ruled out, as their evidence shows them."""
    for one in judged:
        if one.capability or one.verdict is Verdict.RULED_OUT:
            continue
        if one.subject:
            yield one.subject
        for finding in one.findings:
            if finding.outcome is FindingOutcome.SUPPORTS:
                yield from (ref for row in finding.rows for ref in (row.subject, _pod(row.values)))


def _pod(values: Mapping[str, Value]) -> ObjectRef:
    """Return the pod that a row names beside its subject: the pod of a log line or of a volume."""
    return ObjectRef(kind="Pod", namespace=str(values.get("namespace", "")), name=str(values.get("pod", "")))


def _ref(focus: Focus) -> ObjectRef:
    return ObjectRef(kind=focus.kind or "Pod", namespace=focus.namespace, name=focus.name)


def is_shown(incident: Incident, texts: Iterable[str]) -> bool:
    """Return whether one of the words in the incident's `product` occurs in the texts; True for one without any."""
    if not incident.product:
        return True
    pattern = _pattern(incident.product)
    return any(pattern.search(text) for text in texts)


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> Pattern[str]:
    """Return a pattern for these words; a word is not part of a longer one: `pd` is in db-pd-0, not in pdb."""
    return re.compile("|".join(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in words), re.IGNORECASE)
