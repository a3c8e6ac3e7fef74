"""Choose the object that a hypothesis is about from the names in the text."""

from __future__ import annotations

from typing import Final

from intents.catalog.schema import Incident
from intents.domain import Entity, Focus, Hypothesis, ObjectRef
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
    for word in incident.about:
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
