"""List the permissions that Casebook needs, and who needs each: all reads of a cluster and all writes of buttons.

Probes and actions declare theirs. A catalog entry that reads a kind by name adds that kind, and so do the kinds that
people ask about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.asked import callers, changes, compare, events, inventory, logs, revisions, terms, where
from bot.cluster import origins
from bot.cluster.resources import Resource, well_known
from bot.diagnosing import impact, named_objects, observation, recent_changes, standing
from bot.overviews.watched_rows import WATCHED
from bot.probes import objects
from bot.probes.registry import declarations
from bot.remedies import records
from bot.remedies.action import actions, permission
from bot.remedies.shared import budgets
from bot.remedies.undo import permissions_to_undo
from intents.catalog.loader import Catalog
from intents.domain import Permission
from intents.focus import CUSTOM_RESOURCE
from intents.kinds import KINDS

DIAGNOSIS: Final = "every diagnosis"
QUESTIONS: Final = "questions in words"
ASKED_ABOUT: Final = "the object asked about"
PREVIEWS: Final = "every preview"
WATCHING: Final = "the watch"
SERVED: Final = "custom resources of this cluster"
_READ: Final = ("get", "list")
MARKING: Final = "every action, to record on the object who did it"

# A custom kind in kubectl's form, which needs no call: its plural, perhaps a version, its group.
_PLURAL: Final = re.compile(r"(?P<plural>[a-z][a-z0-9]*s)\.(?:v\d+(?:(?:alpha|beta)\d+)?\.)?(?P<group>[a-z0-9.-]+)")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Need:
    """A permission and who needs it: a probe, an action, a catalog entry, or words for all of them."""

    permission: Permission
    by: str


def reads(catalog: Catalog, names: Iterable[str]) -> frozenset[Need]:
    """Return what diagnoses read, and what these actions read before and after they write.

    Kinds for which no role can be written are left out; `unknown_kinds` lists them.
    """
    needs = {Need(permission=each, by=name) for name, one in declarations().items() for each in one.permissions}
    for module in (observation, standing, named_objects, recent_changes, impact):
        needs |= {Need(permission=each, by=DIAGNOSIS) for each in module.PERMISSIONS}
    for module in (callers, changes, compare, events, inventory, logs, revisions, terms, where):
        needs |= {Need(permission=each, by=QUESTIONS) for each in module.PERMISSIONS}
    for by, kind, verbs in _kinds(catalog):
        if found := _listing(kind):
            needs |= {Need(permission=replace(found, verb=verb), by=by) for verb in verbs}
    for name in names:
        # An action reads its target before and after the write.
        whole = {replace(each, resource=each.resource.partition("/")[0]) for each in actions()[name].permissions}
        needs |= {Need(permission=replace(each, verb="get"), by=name) for each in whole}
        needs |= {Need(permission=each, by=PREVIEWS) for each in (*budgets.PERMISSIONS, *origins.PERMISSIONS)}
    return frozenset(needs)


def custom_reads(kinds: Iterable[Resource]) -> frozenset[Need]:
    """Return what is read of the custom kinds that a cluster serves, so that overviews and diagnoses see them all."""
    return frozenset(
        Need(permission=Permission(verb=verb, group=kind.group, resource=kind.plural), by=SERVED)
        for kind in kinds
        for verb in _READ
    )


def watches() -> frozenset[Need]:
    """Return what the watch follows; it reads the same objects with the read role."""
    return frozenset(
        Need(permission=resource.permission("watch"), by=WATCHING)
        for kind in WATCHED
        if (resource := well_known(kind)) is not None
    )


def writes(names: Collection[str]) -> frozenset[Need]:
    """Return what these actions and their undo write, and the Event that records it."""
    needs = {Need(permission=each, by=MARKING) for each in records.PERMISSIONS} if names else set()
    for name in names:
        action = actions()[name]
        needs |= {Need(permission=each, by=name) for each in action.permissions}
        back = set(permissions_to_undo(action)) - set(action.permissions)
        needs |= {Need(permission=each, by=f"undo of {name}") for each in back}
    return frozenset(needs)


def unknown_kinds(catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """Return the kinds for which no role can be written, each with the entry that reads it."""
    return tuple(sorted({(by, kind) for by, kind, _ in _kinds(catalog) if _listing(kind) is None}))


def _kinds(catalog: Catalog) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield who reads a kind by its name, the kind, and how."""
    for incident in catalog:
        for read in incident.reads.values():
            if read.probe == objects.NAME:
                yield incident.id, str(read.args.get("kind") or ""), _verbs(read.args)
        yield from ((ASKED_ABOUT, kind, _READ) for kind in incident.kinds if kind != CUSTOM_RESOURCE)
    yield from ((ASKED_ABOUT, kind, _READ) for kind in KINDS.values())


def _verbs(args: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how objects are read: one whose name and namespace the entry gives is never listed."""
    return ("get",) if args.get("name") and args.get("namespace") not in (None, "", "*") else _READ


def _listing(kind: str) -> Permission | None:
    """Return the permission to list a kind; None if only a cluster knows its resource."""
    if resource := well_known(kind):
        return resource.permission("list")
    if found := _PLURAL.fullmatch(kind):
        return Permission(verb="list", group=found["group"], resource=found["plural"])
    try:
        return permission("list", kind)
    except KeyError:
        return None
