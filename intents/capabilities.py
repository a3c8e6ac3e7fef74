"""What one can do whatever the cause is: for which objects of an answer a capability is asked about.

A capability raises itself for an object that a diagnosis turned out to be about, even where the text named another
trouble. Whether it is offered is then for its own evidence to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import Focus, Hypothesis, Judged, ObjectRef, Outcome, Strength, Value, Verdict
from intents.focus import KINDS

# Of so many objects of an answer each capability is asked at most.
MOST_OBJECTS: Final = 3

_WORDS: Final = {kind: word for word, kind in KINDS.items()}


def is_capability(incident: Incident) -> bool:
    return incident.strongest is Strength.CAPABILITY


def raised(incident: Incident, judged: Iterable[Judged], focuses: Iterable[Focus]) -> tuple[Hypothesis, ...]:
    """Hypotheses of a capability, one for each object it may be offered for, the most telling first.

    `judged` are the causes, the best first; `focuses` what they were asked about.
    """
    about = dict.fromkeys(
        (each.kind, each.namespace, each.name)
        for each in (*_shown(judged), *(_ref(focus) for focus in focuses))
        if each.name and each.kind in incident.kinds and _WORDS.get(each.kind, "") in incident.about
    )
    return tuple(
        Hypothesis(incident=incident.id, score=0.0, named={_WORDS[kind]: name, "namespace": namespace})
        for kind, namespace, name in list(about)[:MOST_OBJECTS]
    )


def _shown(judged: Iterable[Judged]) -> Iterator[ObjectRef]:
    """The objects that causes still standing are about, as evidence shows them."""
    for one in judged:
        if one.capability or one.verdict is Verdict.RULED_OUT:
            continue
        if one.subject:
            yield one.subject
        for finding in one.findings:
            if finding.outcome is Outcome.SUPPORTS:
                yield from (ref for row in finding.rows for ref in (row.subject, _pod(row.values)))


def _pod(values: Mapping[str, Value]) -> ObjectRef:
    """The pod that a row names beside its subject: a log's line, a volume's user."""
    return ObjectRef(kind="Pod", namespace=str(values.get("namespace", "")), name=str(values.get("pod", "")))


def _ref(focus: Focus) -> ObjectRef:
    return ObjectRef(kind=focus.kind or "Pod", namespace=focus.namespace, name=focus.name)
