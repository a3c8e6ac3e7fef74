"""Cases of an incident as whole cluster states: what a case is like, changed as it says.

The result is plain data in the format the simulated cluster loads; nothing here knows that cluster.
"""

from __future__ import annotations

import copy
from typing import Any

from intents.catalog.schema import Ask, Case, Change, Incident, World


class CaseError(ValueError):
    """A case that cannot be resolved: it is like one that does not exist, or changes an object that is not there."""


def world_of(incident: Incident, case: Case) -> dict[str, Any]:
    """The cluster state of a case: keys objects, events, logs, forbidden, reactions, each a list.

    Raises CaseError.
    """
    world = _base(incident, case)
    world.update(case.given.model_dump(mode="json", include=case.given.model_fields_set))
    for change in case.change:
        _apply(change, world["objects"], case)
    return world


def ask_of(incident: Incident, case: Case) -> Ask:
    """What is asked in a case: its own question, that of the case it is like, else the first example."""
    if case.ask is not None:
        return case.ask
    return ask_of(incident, _like(incident, case)) if case.like else Ask(text=incident.examples.match[0])


def _base(incident: Incident, case: Case) -> dict[str, Any]:
    if case.like:
        return world_of(incident, _like(incident, case))
    return {name: [] for name in World.model_fields}


def _like(incident: Incident, case: Case) -> Case:
    earlier = incident.cases[: incident.cases.index(case)]
    for other in earlier:
        if other.name == case.like:
            return other
    raise CaseError(f"case {case.name!r} is like {case.like!r}, which is no earlier case")


def _apply(change: Change, objects: list[dict[str, Any]], case: Case) -> None:
    for index, obj in enumerate(objects):
        if _name(obj) == change.object:
            if change.merge is None:
                del objects[index]
            else:
                objects[index] = merge_patch(obj, change.merge)
            return
    known = ", ".join(sorted(_name(obj) for obj in objects))
    raise CaseError(f"case {case.name!r} changes {change.object!r}, but has only {known}")


def _name(obj: dict[str, Any]) -> str:
    metadata = obj.get("metadata", {})
    parts = (obj.get("kind", ""), metadata.get("namespace", ""), metadata.get("name", ""))
    return "/".join(str(part) for part in parts if part)


def merge_patch(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386): null deletes, mappings merge, anything else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
