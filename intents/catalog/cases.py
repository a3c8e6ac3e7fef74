"""Resolve the cases of an incident: the state of the cluster in each, and the question that is asked.

A state is plain data in the format that the simulated cluster loads; nothing here knows that cluster.
"""

from __future__ import annotations

import copy
from typing import Any

from intents.catalog.schema import Ask, Case, Change, Incident, World


class CaseError(ValueError):
    """A case that cannot be resolved: `like` names no earlier case, or it changes an object that does not exist."""


def world_of(incident: Incident, case: Case) -> dict[str, Any]:
    """Return the state of the cluster in a case, as `given` has it.

    If the case is `like` another one, its state is a merge patch to the other's: scene and faults are merged object by
    object, lists are replaced. Raises CaseError.
    """
    world: dict[str, Any] = {name: {} if name in ("scene", "faults") else [] for name in World.model_fields}
    if case.like:
        world = world_of(incident, like_of(incident, case))
    given = case.given.model_dump(mode="json", include=case.given.model_fields_set)
    world |= {key: merge_patch(world[key], value) for key, value in given.items() if value is not None}
    # Merged, an object that is null is removed; null for all of them leaves none.
    world |= {key: {} for key, value in given.items() if value is None}
    for change in case.change:
        _apply(change, world["objects"], case)
    return world


def ask_of(incident: Incident, case: Case) -> Ask:
    """Return what is asked in a case: its own question, that of the case in `like`, else the first example.

    Raises CaseError.
    """
    if case.ask is None:
        return ask_of(incident, like_of(incident, case)) if case.like else Ask(text=incident.examples.match[0])
    if case.ask.example:
        return Ask(text=_example(incident, case), namespace=case.ask.namespace)
    return case.ask


def like_of(incident: Incident, case: Case) -> Case:
    """Return the earlier case that `like` names by the beginning of its name. Raises CaseError."""
    earlier = incident.cases[: incident.cases.index(case)]
    found = [other for other in earlier if other.name == case.like]
    found = found or [other for other in earlier if other.name.startswith(case.like)]
    if len(found) == 1:
        return found[0]
    which = "which no earlier case's name begins with" if not found else "which more than one case's name begins with"
    raise CaseError(f"case {case.name!r} is like {case.like!r}, {which}")


def _example(incident: Incident, case: Case) -> str:
    """Return the example that a case asks about by some of its words."""
    words = case.ask.example if case.ask else ""
    texts = (*incident.examples.match, *incident.examples.other)
    found = [text for text in texts if words in text]
    if len(found) == 1:
        return found[0]
    how_many = f"{len(found)} examples contain" if found else "no example contains"
    raise CaseError(f"case {case.name!r} asks about {words!r}, which {how_many}")


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
    """Return `target` with a JSON merge patch (RFC 7396): null deletes, mappings merge, anything else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
