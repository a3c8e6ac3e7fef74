"""Choose the object that a hypothesis is about from the names in the text, and raise hypotheses of capabilities.

A capability is an action that helps whatever the cause is, such as TiDB's diagnostic mode. It is raised for the objects
of a diagnosis, even if the text is about another problem. Its own evidence decides whether it is offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from re import Pattern
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import (
    Entity,
    FindingOutcome,
    Focus,
    Hypothesis,
    JudgedHypothesis,
    ObjectRef,
    Value,
    Verdict,
)
from intents.kinds import CLUSTER_SCOPED, KINDS, WORDS

# An entry's word in `kinds` for every kind that Kubernetes does not have by itself.
CUSTOM_RESOURCE: Final = "CustomResource"


def named_as(kind: str, name: str) -> dict[str, str]:
    """Return the name of an object by the word for its kind; nothing if the vocabulary has no word for it."""
    return {WORDS[kind]: name} if kind in WORDS else {}


def entity_of(ref: ObjectRef) -> Entity:
    """Return an object as if a text named it; of a kind for which the vocabulary has no word, by its name alone."""
    return Entity(kind=WORDS.get(ref.kind, "object"), value=ref.name, namespace=ref.namespace)


def besides(hypothesis: Hypothesis, *, namespace: str = "") -> ObjectRef | None:
    """Return the object that the text names although its incident is not about that kind; None if there is none."""
    named = hypothesis.besides
    if named is None:
        return None
    home = "" if KINDS[named.kind] in CLUSTER_SCOPED else named.namespace or namespace
    return ObjectRef(kind=KINDS[named.kind], namespace=home, name=named.value)


def focus_of(incident: Incident, hypothesis: Hypothesis, *, namespace: str = "") -> Focus:
    """Return the named object, by the incident's order of words; `namespace` is the default of the surface.

    A name without a namespace stays without one: probes then search everywhere.
    """
    named = hypothesis.named
    home = named.get("namespace", "") or namespace
    node, container = named.get("node", ""), named.get("container", "")
    # What explains the trouble of a Service is looked for at its pods.
    behind = ("service",) if hypothesis.pointed_to_by else ()
    for word in (*incident.about, *behind):
        if name := named.get(word, ""):
            kind = KINDS[word]
            return Focus(
                kind=kind,
                namespace="" if kind in CLUSTER_SCOPED else home,
                name=name,
                container=container,
                node=node,
            )
    return Focus(namespace=home, container=container, node=node)


# A capability is judged for at most so many objects of an answer.
MOST_OBJECTS: Final = 3


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
