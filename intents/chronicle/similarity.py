"""Decide whether two channels or threads are about the same incident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from intents.chronicle.facts import Fact, in_order
from intents.domain import ObjectRef, Verdict


def common_incident(mine: Iterable[Fact], other: Iterable[Fact]) -> str | None:
    """Return the catalog id that both are about with a common object, or None.

    Objects are the same if they are one object of one cluster. An incident ruled out in either does not count. Of
    several incidents the one with the most common objects wins, then the first by name.
    """
    ours, theirs = _objects_by_incident(mine), _objects_by_incident(other)
    shared = {incident: len(ours[incident] & theirs[incident]) for incident in ours.keys() & theirs.keys()}
    alike = sorted((-count, incident) for incident, count in shared.items() if count)
    return alike[0][1] if alike else None


def _objects_by_incident(facts: Iterable[Fact]) -> Mapping[str, set[tuple[str, ObjectRef]]]:
    """Map each incident to its (cluster, object without uid) pairs, by the newest fact about each."""
    standing: dict[tuple[str, str, ObjectRef], bool] = {}
    for fact in in_order(facts):
        for subject in fact.objects if fact.incident else ():
            bare = ObjectRef(kind=subject.kind, namespace=subject.namespace, name=subject.name)
            standing[fact.incident, fact.cluster, bare] = fact.state != Verdict.RULED_OUT
    found: dict[str, set[tuple[str, ObjectRef]]] = {}
    for (incident, cluster, subject), holds in standing.items():
        if holds:
            found.setdefault(incident, set()).add((cluster, subject))
    return found
