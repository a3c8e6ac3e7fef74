"""Find the workloads in question whose pods may be refused at creation, and the errors that refused them.

A StatefulSet reports these in events only, a ReplicaSet in a condition as well. The pod that a text names does not
exist, since it was refused: its workload is found by its name.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Protocol, TypeVar

from bot.cluster.events import involved_object
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import ref, spec_of, status_of
from bot.kube.owners import controller_of, generated_stem, owner_references
from bot.probes.contract import Look, Missing
from bot.probes.shared.questioned import workloads_selected_by
from intents.domain import Focus, Json, ObjectRef

WORKLOADS: Final = ("StatefulSet", "ReplicaSet", "DaemonSet", "Job")
_REASON: Final = "FailedCreate"
_ORDINAL: Final = re.compile(r"-\d+$")
# Where the request names no object, so many workloads are read, the newest first.
_MOST: Final = 10


class Error(Protocol):
    """What a message says of a refusal: the pod's name, and a key that is equal for repetitions."""

    @property
    def name(self) -> str:
        """Return the name of the pod that was refused."""

    @property
    def key(self) -> tuple[str, ...]:
        """Return what the repetitions of an error have in common."""


E = TypeVar("E", bound=Error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Generic[E]):
    """One error that a controller met, verbatim in `message`; `last_s` is its age in seconds, -1 unknown."""

    error: E
    message: str
    last_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload(Generic[E]):
    """A workload with the errors that refused its pods, the newest first; `manifest` is None if it was not read."""

    ref: ObjectRef
    manifest: Json | None = None
    gone: bool = False
    refusals: tuple[Refusal[E], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspected(Generic[E]):
    """The workloads in question; see ProbeResult for `missing`."""

    workloads: tuple[Workload[E], ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class _Search(Generic[E]):
    """The reads of one look."""

    look: Look
    parse: Callable[[str], Sequence[E]]

    async def events(self) -> list[Json]:
        """Return the FailedCreate events with such an error in the focus's namespace, newest first."""
        events = await self.look.unless_refused(self.look.snapshot.events_in(self.look.focus.namespace), ())
        return [event for event in reversed(events) if event.get("reason") == _REASON and self.parse(_message(event))]

    async def named(self, kind: str, name: str) -> list[Workload[E]]:
        """Return the workloads of that kind and name: in the focus's namespace, else in any."""
        namespace = self.look.focus.namespace
        about = ObjectRef(kind=kind, namespace=namespace, name=name)
        try:
            found = await self.look.unless_refused(self.look.of_name(kind, name, namespace=namespace), None)
        except Missing:
            return []
        if found is None:
            return [Workload(ref=about)]
        return [Workload(ref=ref(item, kind), manifest=item) for item in found]

    async def owner_of_pod(self, focus: Focus) -> list[Workload[E]] | None:
        """Return the workload that owns an existing pod; None if its name has to tell, since no such pod was read."""
        if not focus.namespace:
            return None
        pod = await self.look.find("Pod", focus.name, namespace=focus.namespace)
        owner = controller_of(pod) if pod else None
        return await self.named(owner.kind, owner.name) if owner and owner.kind in WORKLOADS else None

    async def of_owner(self, kind: str, owner: ObjectRef) -> list[Workload[E]]:
        """Return its workloads of a kind without those of its past, which a Deployment keeps at zero."""
        wanted = (owner.kind, owner.name)
        owned = [
            item
            for item in await self.look.list(kind, namespace=owner.namespace)
            if any((each.get("kind"), each.get("name")) == wanted for each in owner_references(item))
        ]
        present = [each for each in owned if spec_of(each).get("replicas") != 0] or owned
        return [Workload(ref=ref(item, kind), manifest=item) for item in present]

    async def behind_service(self, focus: Focus) -> list[Workload[E]]:
        """Return the workloads whose pods a Service selects, or would select."""
        service = await self.look.find("Service", focus.name, namespace=focus.namespace)
        if service is None:
            return []
        meant = await self.look.unless_refused(workloads_selected_by(self.look, service, scope=focus.namespace), ())
        found: list[Workload[E]] = []
        for each in meant:
            about = ref(each)
            deployed = about.kind == "Deployment"
            found += await self.of_owner("ReplicaSet", about) if deployed else [Workload(ref=about, manifest=each)]
        return found


async def suspected(look: Look, parse: Callable[[str], Sequence[E]]) -> Suspected[E]:
    """Return the workloads in question, sorted, with the errors that `parse` finds. Never raises ClusterError."""
    search = _Search(look, parse)
    events = await search.events()
    focus = look.focus
    if focus.name and focus.kind in (*WORKLOADS, "Deployment", "Pod", "Service", "TidbCluster", ""):
        workloads = await _of_focus(search, focus, events)
        missing = "" if workloads else str(focus)
    else:
        workloads, missing = await _of_events(search, events), ""
    joined = [_with_refusals(search, workload, events) for workload in workloads]
    joined.sort(key=lambda workload: workload.ref)
    return Suspected(workloads=tuple(joined), missing=missing)


async def _of_focus(search: _Search[E], focus: Focus, events: list[Json]) -> list[Workload[E]]:
    match focus.kind:
        case "Deployment" | "TidbCluster":
            kind = "ReplicaSet" if focus.kind == "Deployment" else "StatefulSet"
            return await search.of_owner(kind, focus.ref)
        case "Service":
            return await search.behind_service(focus)
        case "Pod" | "":
            return await _of_pod(search, focus, events)
        case _:
            return await search.named(focus.kind, focus.name)


async def _of_pod(search: _Search[E], focus: Focus, events: list[Json]) -> list[Workload[E]]:
    """Return the workload that makes, or fails to make, a pod of this name."""
    # A pod with a generated name is refused before it has its suffix: Pod "web-6c9f7d8b54-".
    names = (focus.name, f"{focus.name.rstrip('-')}-")
    relevant = [event for event in events if any(error.name in names for error in search.parse(_message(event)))]
    if relevant:
        return await _of_events(search, relevant)
    if (owned := await search.owner_of_pod(focus)) is not None:
        return owned
    guesses = [("StatefulSet", _ORDINAL.sub("", focus.name))] if _ORDINAL.search(focus.name) else []
    stem = focus.name.rpartition("-")[0] if generated_stem(focus.name) else focus.name.rstrip("-")
    guesses += [(kind, stem) for kind in ("ReplicaSet", "DaemonSet", "Job")] if not guesses else []
    found = await asyncio.gather(*(search.named(kind, name) for kind, name in guesses))
    return [workload for each in found for workload in each]


async def _of_events(search: _Search[E], events: list[Json]) -> list[Workload[E]]:
    named = dict.fromkeys(involved_object(event) for event in events)
    about = [each for each in named if each.kind in WORKLOADS][:_MOST]

    async def read(one: ObjectRef) -> Workload[E]:
        return await search.look.unless_refused(_found(search.look.snapshot, one), Workload(ref=one))

    return list(await asyncio.gather(*map(read, about)))


async def _found(snapshot: Snapshot, one: ObjectRef) -> Workload[E]:
    manifest = await snapshot.find(one.kind, one.name, namespace=one.namespace)
    if manifest is None or (one.uid and ref(manifest).uid != one.uid):
        return Workload(ref=one, gone=True)
    return Workload(ref=ref(manifest, one.kind), manifest=manifest)


def _with_refusals(search: _Search[E], workload: Workload[E], events: list[Json]) -> Workload[E]:
    refusals = [*_from_events(search, workload.ref, events), *_from_condition(search, workload.manifest)]
    newest: dict[tuple[str, ...], Refusal[E]] = {}
    for refusal in sorted(refusals, key=lambda each: each.last_s):
        newest.setdefault(refusal.error.key, refusal)
    return replace(workload, refusals=tuple(newest.values()))


def _from_events(search: _Search[E], about: ObjectRef, events: list[Json]) -> Iterable[Refusal[E]]:
    for event in events:
        named = involved_object(event)
        # The uid tells a workload from its predecessor of the same name.
        if replace(named, uid="") != replace(about, uid="") or (about.uid and named.uid not in ("", about.uid)):
            continue
        last_s, message = search.look.seen_s(event), _message(event)
        yield from (Refusal(error=error, message=message, last_s=last_s) for error in search.parse(message))


def _from_condition(search: _Search[E], manifest: Json | None) -> Iterable[Refusal[E]]:
    for condition in status_of(manifest or {}).get("conditions") or ():
        if condition.get("type") != "ReplicaFailure" or condition.get("status") != "True":
            continue
        last_s = search.look.age_s(condition.get("lastTransitionTime"))
        message = str(condition.get("message", ""))
        yield from (Refusal(error=error, message=message, last_s=last_s) for error in search.parse(message))


def _message(event: Mapping[str, Any]) -> str:
    return str(event.get("message", ""))
