"""Hold a world that has been validated, and store it in a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.playground.kubernetes import events, times
from bot.playground.kubernetes.access import Denial
from bot.playground.kubernetes.logs import Log
from bot.playground.kubernetes.overrides import Override
from bot.playground.kubernetes.prometheus import Declared
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.state import DEFINITIONS, NAMESPACES, State
from bot.playground.kubernetes.store import Key, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedWorld:
    """The result of loading a world: objects as stored, overrides of reactions, and metrics."""

    objects: list[Json]
    overrides: list[Override]
    metrics: tuple[Declared, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredEvent:
    """An event as written, and the object it is about."""

    written: Json
    resource: Resource
    involved: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedWorld:
    """A validated and completed world, ready to be stored.

    It holds no reference to the state it was validated against, so it can be stored in any state with the same content.
    """

    now: datetime
    objects: Mapping[tuple[Table, Key], tuple[Resource, Json]]
    new_kinds: Sequence[Resource]
    events: Sequence[DeclaredEvent]
    logs: Sequence[tuple[str, str, bool, Log]]
    denials: Sequence[Denial]
    overrides: list[Override]
    metrics: tuple[Declared, ...]
    absent: Sequence[tuple[Resource, Json]] = ()


def store(world: ValidatedWorld, *, state: State) -> LoadedWorld:
    """Store a validated world in a state."""
    for resource in world.new_kinds:
        state.registry.add(resource)
    for resource, obj in world.absent:
        state.remove(resource=resource, obj=obj)
    day = times.timestamp(world.now - timedelta(days=1))
    stored: list[Json] = []
    first = (DEFINITIONS, NAMESPACES)
    ordered = sorted(world.objects.items(), key=lambda each: each[1][0].table not in first)
    for (table, (namespace, name)), (resource, obj) in ordered:
        if namespace:
            state.ensure_namespace(namespace, created=day)
        if state.store.get(table=table, namespace=namespace, name=name) is None:
            state.store.new_uid(table=table, namespace=namespace, name=name)
        stored.append(state.put(resource=resource, obj=obj))
        if table == NAMESPACES:
            state.fill_namespace(name, created=day)
    event_resource = state.registry.of_table(("", "events"))
    for each in world.events:
        metadata = each.involved["metadata"]
        stored_one = state.find(resource=each.resource, namespace=metadata.get("namespace", ""), name=metadata["name"])
        event = events.expand(
            written=each.written,
            involved=stored_one or each.involved,
            resource=each.resource,
            now=world.now,
            number=state.next_event(),
        )
        metadata = event["metadata"]
        state.ensure_namespace(metadata["namespace"], created=day)
        metadata["uid"] = state.store.new_uid(
            table=event_resource.table, namespace=metadata["namespace"], name=metadata["name"]
        )
        state.put(resource=event_resource, obj=event)
    for uid, container, previous, log in world.logs:
        state.logs.write(uid=uid, container=container, previous=previous, log=log)
    for denial in world.denials:
        state.access.forbid(denial)
    return LoadedWorld(objects=stored, overrides=world.overrides, metrics=world.metrics)
