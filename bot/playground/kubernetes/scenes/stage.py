"""Provide a temporary cluster to set a scene up at any time of its past; the changed objects are the result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from bot.playground.copies import copied
from bot.playground.kubernetes import defaults, pods, resources, times
from bot.playground.kubernetes.objects import condition, labels_of
from bot.playground.kubernetes.recorder import Recorder
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.scenes.forms import moment
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.store import uid_of
from bot.playground.kubernetes.workload_controllers import WorkloadControllers
from bot.playground.kubernetes.world import neighbours_at
from bot.playground.kubernetes.world_checks import Path, WorldError

# An API server keeps events for an hour by default.
EVENTS_KEPT: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class Stage:
    """A cluster with the healthy neighbours in which a scene is set up; it also collects events and logs."""

    def __init__(self, *, now: datetime, namespaces: set[str]) -> None:
        self.now = now
        self.moment = now
        self.events: list[Json] = []
        self.logs: list[Json] = []
        self.state = State(clock=lambda: self.moment)
        self.state.become(neighbours_at(now).state)
        self.workloads = WorkloadControllers(state=self.state, recorder=Recorder(state=self.state))
        for namespace in sorted(namespaces):
            self.state.ensure_namespace(namespace, created=times.timestamp(now - _DAY))
        self._at_first = dict(self._everything())

    @contextmanager
    def at(self, when: datetime) -> Iterator[None]:
        """Let it be another moment: what is made meanwhile bears its time."""
        before, self.moment = self.moment, when
        try:
            yield
        finally:
            self.moment = before

    def when(self, value: Any) -> datetime:
        """Parse a time of a scene. WorldError if it is not a time."""
        return moment(value, now=self.now)

    def stamp(self, value: Any) -> str:
        """Return that moment as objects carry it."""
        return times.timestamp(self.when(value))

    def resource(self, kind: str, *, api_version: str | None = None, path: Path = ()) -> Resource:
        """Return the resource of a kind that is known. WorldError for another, with the closest."""
        if found := self.state.registry.of_kind(kind, api_version=api_version):
            return found[0]
        if api_version is not None and (other := resources.aggregated_resource(kind, api_version)) is not None:
            return other
        hint = self.state.registry.hint(kind)
        raise WorldError(f"kind {kind} is not built in: give its apiVersion{hint}", path=path)

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return an object by kind and name, None if it does not exist."""
        for resource in self.state.registry.of_kind(kind):
            if (found := self.state.find(resource, name, namespace=namespace)) is not None:
                return found
        return None

    def latest(self, obj: Json) -> Json:
        """Return an object as it is now, or as it was if it was removed."""
        return self.get(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]) or obj

    def forget(self, obj: Json) -> None:
        """Let an object never have been."""
        self.remove(obj)
        self.events = [each for each in self.events if each["for"] != address(obj)]

    def names(self, kind: str, namespace: str) -> list[str]:
        """Return how scenes name the objects of a kind in a namespace."""
        found = self.state.registry.of_kind(kind)
        if not found:
            return []
        objects = self.state.store.objects(table=found[0].table, namespace=namespace if found[0].namespaced else "")
        return [address(each).removeprefix(f"{kind}/") for each in objects]

    def put(self, obj: Json) -> Json:
        """Store an object with the API server's defaults."""
        resource = self.resource(obj["kind"], api_version=obj["apiVersion"])
        defaults.fill(obj, resource=resource)
        return self.state.put(resource.table, obj)

    def remove(self, obj: Json) -> None:
        """Remove an object from the result; its dependents and the events about it stay."""
        resource = self.resource(obj["kind"], api_version=obj["apiVersion"])
        self.state.remove(resource.table, obj)
        place = address(obj)
        self.events = [each | ({"gone": True} if each["for"] == place else {}) for each in self.events]
        self.logs = [each for each in self.logs if f"Pod/{each['pod']}" != place]

    def last_change(self, obj: Json, pods: list[Json]) -> datetime:
        """Return when an object with these pods became what it is: when the last of them changed, or it was made."""
        ready = [condition(pod, "Ready").get("lastTransitionTime") for pod in pods]
        moments = [obj["metadata"]["creationTimestamp"], *filter(None, ready)]
        return min(max(map(self.when, moments)), self.now)

    def nodes_for(self, spec: Json) -> list[str]:
        """Return the names of the nodes that take a pod with this spec, its node selector included."""
        wanted = (spec.get("nodeSelector") or {}).items()
        found = [self.get("Node", "", name) for name in pods.usable_nodes(self.state, spec)]
        return [each["metadata"]["name"] for each in found if each is not None and wanted <= labels_of(each).items()]

    def node_for(self, spec: Json) -> str:
        """Return the first node that takes a pod with this spec, "" if none does."""
        return next(iter(self.nodes_for(spec)), "")

    def new(self, kind: str | Resource, *, namespace: str = "", name: str, created: datetime, **more: Any) -> Json:
        """Return the head of an object: kind, apiVersion and the metadata every object has, with `more` of it."""
        resource = self.resource(kind) if isinstance(kind, str) else kind
        metadata: Json = {"name": name} | ({"namespace": namespace} if namespace else {})
        metadata["uid"] = uid_of(table=resource.table, namespace=namespace, name=name)
        metadata |= {"generation": 1} if resource.has_generation else {}
        metadata |= {"creationTimestamp": times.timestamp(created), **more}
        return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}

    def tell(self, about: Json, *, first: datetime | None = None, last: datetime | None = None, **event: Any) -> None:
        """Note an event, by default of the stage's moment, unless the API server has dropped it for its age."""
        first = first or self.moment
        last = last or first
        if self.now - last < EVENTS_KEPT:
            span = {"first": times.timestamp(first), "last": times.timestamp(last)}
            self.events.append({"for": address(about), **event, **span})

    def repeat(
        self, about: Json, *, since: datetime, until: str, every_s: int, most: int = sys.maxsize, **event: Any
    ) -> None:
        """Note an event that was repeated every few seconds, with its count."""
        last = max(since, self.when(until))
        count = max(1, int((last - since).total_seconds()) // every_s)
        self.tell(about, first=since, last=last, count=min(count, most), **event)

    def untell(self, about: Json, *, reasons: frozenset[str], container: str = "") -> None:
        """Drop events about an object that cannot have occurred, of one container only if it is given."""
        place = address(about)
        self.events = [
            each
            for each in self.events
            if each["for"] != place or each["reason"] not in reasons or container not in ("", each.get("container"))
        ]

    def changed(self) -> list[Json]:
        """Return the objects that are new or differ from the neighbours, as a world may write them."""
        found = []
        for key, obj in self._everything():
            if self._at_first.get(key) is obj:
                continue
            metadata = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
            # A copy, because the caller may change it and all scenes share the healthy neighbours.
            found.append(copied(obj | {"metadata": metadata}))
        return found

    def absent(self) -> list[str]:
        """Return the neighbours that were removed, as scenes name them."""
        there = {key for key, _ in self._everything()}
        return [address(obj) for key, obj in self._at_first.items() if key not in there]

    def is_neighbour(self, obj: Json) -> bool:
        """Return whether every cluster has this object."""
        return any(before["metadata"]["uid"] == obj["metadata"]["uid"] for before in self._at_first.values())

    def is_untouched(self, obj: Json) -> bool:
        """Return whether an object is an unchanged neighbour."""
        return any(before is obj for before in self._at_first.values())

    def _everything(self) -> Iterator[tuple[tuple[Any, ...], Json]]:
        for table, obj in self.state.store.everything():
            yield (table, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]), obj


def address(obj: Json) -> str:
    """Return how a scene names an object: Kind/namespace/name, or Kind/name."""
    metadata = obj["metadata"]
    return "/".join(part for part in (obj["kind"], metadata.get("namespace", ""), metadata["name"]) if part)
