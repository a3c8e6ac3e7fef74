"""Hold a world that has been validated, and store it in a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.playground.kubernetes import times
from bot.playground.kubernetes.grants import Denial
from bot.playground.kubernetes.logs import Log
from bot.playground.kubernetes.prometheus import Declared
from bot.playground.kubernetes.recorder import Recorder
from bot.playground.kubernetes.resources import DEFINITIONS, NAMESPACES, Json, Resource, Table
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.store import Key


class OverrideTrigger(StrEnum):
    """The write that triggers an override."""

    DELETED = "deleted"
    TEMPLATE_CHANGED = "template-changed"
    PATCHED = "patched"


class PodOutcome(StrEnum):
    """The state of the affected pods after the write, if it is not a patch."""

    HEALTHY = "healthy"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """After the write `when` to the object, its pods become healthy, the same, or the same with a merge patch."""

    when: OverrideTrigger
    kind: str
    namespace: str
    name: str
    becomes: PodOutcome | Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedWorld:
    """A validated and completed world, ready to be stored.

    It holds no reference to the state it was validated against, so it can be stored in any state with the same content.
    """

    now: datetime
    objects: Mapping[tuple[Table, Key], tuple[Resource, Json]]
    new_kinds: Sequence[Resource]
    # Each as written, with the object it is about.
    events: Sequence[tuple[Json, Resource, Json]]
    logs: Sequence[tuple[str, str, bool, Log]]
    denials: Sequence[Denial]
    overrides: list[Override]
    metrics: tuple[Declared, ...]
    absent: Sequence[tuple[Resource, Json]] = ()


def store(world: ValidatedWorld, *, state: State) -> list[Json]:
    """Store a validated world in a state, and return its objects as stored."""
    for resource in world.new_kinds:
        state.registry.add(resource)
    for resource, obj in world.absent:
        state.remove(resource.table, obj)
    day = times.timestamp(world.now - timedelta(days=1))
    stored: list[Json] = []
    first = (DEFINITIONS, NAMESPACES)
    ordered = sorted(world.objects.items(), key=lambda each: each[1][0].table not in first)
    for (table, (namespace, name)), (_, obj) in ordered:
        if namespace:
            state.ensure_namespace(namespace, created=day)
        if state.get(table, name, namespace=namespace) is None:
            state.store.new_uid(table=table, namespace=namespace, name=name)
        stored.append(state.put(table, obj))
        if table == NAMESPACES:
            state.fill_namespace(name, created=day)
    recorder = Recorder(state=state)
    for written, resource, involved in world.events:
        state.ensure_namespace(involved["metadata"].get("namespace", "default"), created=day)
        about = state.latest(resource.table, involved) or involved
        recorder.record(written, about=about, resource=resource, now=world.now)
    for uid, container, previous, log in world.logs:
        state.logs[uid, container, previous] = log
    state.access.denials += world.denials
    return stored
