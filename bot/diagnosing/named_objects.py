"""Find the objects that a text names in the cluster, before anything is concluded about them.

A name without a namespace is searched everywhere, a guess counts only if the cluster has such an object, a pod that was
replaced leads to its owner. What cannot be read stays as the text says it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import fuzz

from bot.cluster.errors import ClusterError
from bot.cluster.object_lists import ObjectList
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.kube.conditions import condition
from bot.kube.objects import name_of, namespace_of, node_name_of, ref, spec_of, status_of
from bot.kube.owners import generated_stem, ordinal_of, workload_of
from intents.catalog.schema import Incident
from intents.domain import Entity, Existence, Focus, Hypothesis, Json, NamedObject, ObjectRef, Permission
from intents.focus import KINDS, focus_of, named_as

PERMISSIONS: Final = (
    Permission(verb="list", resource="pods"),
    Permission(verb="list", resource="nodes"),
    Permission(verb="get", resource="namespaces"),
)

_CLOSEST: Final = 3
_CLOSE_ENOUGH: Final = 60.0
# The absence of these is what their incidents are about.
_JUDGED_BY_RULES: Final = frozenset({"StorageClass", "APIService", "PersistentVolume"})
# A name may be that of another kind: people say "pod checkout" of a Deployment.
_CUSTOM: Final = ("TidbCluster",)
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", *_CUSTOM)
_ANY_KIND: Final = ("Pod", *_WORKLOADS, "Service")
_CUT: Final = "…"


class IncompleteList(Exception):
    """Error: a list lacks objects, so nothing can be said about what is not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A hypothesis with what the cluster says about its object.

    `focus` is what to diagnose, `asked` what the text names. `note` is what the reader must know first, `manifest` the
    object, if it was read.
    """

    hypothesis: Hypothesis
    focus: Focus
    asked: Focus
    note: NamedObject | None = None
    manifest: Json | None = None

    @property
    def is_missing(self) -> bool:
        """Tell whether the object that the text names does not exist and nothing stands for it."""
        return self.note is not None and self.note.existence is Existence.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What stands for a name: objects of that name, or the one object that it leads to."""

    objects: tuple[Json, ...] = ()
    instead: ObjectRef | None = None
    existence: Existence = Existence.EXISTS
    closest: tuple[str, ...] = ()


async def resolve(snapshot: Snapshot, incident: Incident, hypothesis: Hypothesis, *, namespace: str) -> Resolved:
    """Find what a hypothesis names; `namespace` is the default of the surface. Raise no ClusterError."""
    hypothesis, guessed = await _with_guesses(snapshot, incident, hypothesis)
    focus = focus_of(incident, hypothesis, namespace=namespace)
    asked = focus if focus.names_object else _besides(hypothesis, namespace=namespace)
    try:
        if not asked.names_object:
            return Resolved(
                hypothesis=hypothesis, focus=focus, asked=asked, note=await _empty_namespace(snapshot, hypothesis)
            )
        if asked.kind in _JUDGED_BY_RULES:
            return Resolved(hypothesis=hypothesis, focus=focus, asked=asked)
        found = await _find(snapshot, asked)
    except (ClusterError, IncompleteList):
        return Resolved(hypothesis=hypothesis, focus=focus, asked=asked)
    resolved = _resolved(hypothesis, focus, asked, found)
    return replace(resolved, note=resolved.note or guessed)


def _resolved(hypothesis: Hypothesis, focus: Focus, asked: Focus, found: _Found) -> Resolved:
    target = ObjectRef(kind=asked.kind, namespace=asked.namespace, name=asked.name)
    note = NamedObject(target=target, existence=found.existence, instead=found.instead, closest=found.closest)
    if found.existence is Existence.MISSING:
        return Resolved(hypothesis=hypothesis, focus=focus, asked=asked, note=note)
    if found.instead is not None:
        if focus.names_object:
            hypothesis = _about(hypothesis, found.instead)
            focus = replace(focus, kind=found.instead.kind, namespace=found.instead.namespace, name=found.instead.name)
        return Resolved(hypothesis=hypothesis, focus=focus, asked=asked, note=note)
    (manifest, *others) = found.objects
    several = replace(note, others=hypothesis.alike) if hypothesis.alike else None
    if others:
        # The name alone does not tell which one is meant: probes search everywhere.
        several = replace(note, closest=tuple(str(ref(one, asked.kind)) for one in found.objects[:_CLOSEST]))
        return Resolved(hypothesis=hypothesis, focus=focus, asked=asked, note=several)
    if focus.names_object and not focus.namespace and namespace_of(manifest):
        focus = replace(focus, namespace=namespace_of(manifest))
        hypothesis = replace(hypothesis, named={**hypothesis.named, "namespace": focus.namespace})
    return Resolved(hypothesis=hypothesis, focus=focus, asked=asked, note=several, manifest=manifest)


def _about(hypothesis: Hypothesis, instead: ObjectRef) -> Hypothesis:
    """Return the hypothesis with another object in place of the one that the text names."""
    named = {key: value for key, value in hypothesis.named.items() if key not in KINDS}
    named |= {"namespace": instead.namespace, **named_as(instead.kind, instead.name)}
    return replace(hypothesis, named=named)


def _besides(hypothesis: Hypothesis, *, namespace: str) -> Focus:
    """Return the object that the text names although its incident is not about that kind."""
    named = hypothesis.besides
    if named is None:
        return Focus()
    home = "" if named.kind == "node" else named.namespace or namespace
    return Focus(kind=KINDS[named.kind], namespace=home, name=named.value)


# --- guesses --------------------------------------------------------------------------------------------------------


async def _guessed_namespace(snapshot: Snapshot, hypothesis: Hypothesis) -> dict[str, str]:
    """Return the first guessed namespace that exists, as a name of the hypothesis."""
    for guess in hypothesis.guesses:
        if guess.kind == "namespace" and await _has_namespace(snapshot, guess.value):
            return {"namespace": guess.value}
    return {}


async def _with_guesses(
    snapshot: Snapshot, incident: Incident, hypothesis: Hypothesis
) -> tuple[Hypothesis, NamedObject | None]:
    """Return the hypothesis with those of its guesses that the cluster knows, and what an incomplete one stands for."""
    named = dict(hypothesis.named)
    if any(guess.certain for guess in hypothesis.guesses):
        meant = await _meant(snapshot, hypothesis)
        home = meant.namespace or named.get("namespace", "")
        named |= {meant.kind: meant.value, **({"namespace": home} if home else {})}
        return replace(hypothesis, named=named), None
    note: NamedObject | None = None
    if not named.get("namespace"):
        named |= await _guessed_namespace(snapshot, hypothesis)
    for guess in hypothesis.guesses:
        if guess.kind == "namespace" or any(named.get(word) for word in incident.about):
            continue
        home = guess.namespace or named.get("namespace", "")
        kinds = _ANY_KIND if guess.kind == "object" else (KINDS.get(guess.kind, ""),)
        found = await _guessed(snapshot, guess, [kind for kind in kinds if kind], namespace=home)
        if found is not None and found.instead is not None:
            note = found if found.target != found.instead else None
            named |= named_as(found.instead.kind, found.instead.name) or {"name": found.instead.name}
            if found.instead.namespace:
                named["namespace"] = found.instead.namespace
    return replace(hypothesis, named=named), note


async def _meant(snapshot: Snapshot, hypothesis: Hypothesis) -> Entity:
    """Return which of several objects a text is about: one in trouble, else one that exists, else the first."""
    home = hypothesis.named.get("namespace", "")

    async def standing(name: Entity) -> int:
        try:
            resource = await snapshot.resource(KINDS[name.kind])
            focus = Focus(kind=resource.kind, namespace=name.namespace or home, name=name.value)
            found = await _exact(snapshot, resource, focus)
        except (ClusterError, IncompleteList):
            return 1
        return 2 if not found else int(all(_is_ready(obj) for obj in found))

    names = [guess for guess in hypothesis.guesses if guess.certain]
    standings = await asyncio.gather(*map(standing, names))
    return min(zip(standings, range(len(names)), names, strict=True))[2]


async def _guessed(snapshot: Snapshot, guess: Entity, kinds: Sequence[str], *, namespace: str) -> NamedObject | None:
    """Return the one object that a guess stands for, as `instead`; None if there is none, or more than one."""
    for kind in kinds:
        try:
            found = await _find(snapshot, Focus(kind=kind, namespace=namespace, name=guess.value))
        except (ClusterError, IncompleteList):
            continue
        if found.existence is Existence.MISSING:
            continue
        target = ObjectRef(kind=kind, namespace=namespace, name=guess.value)
        if found.instead is not None:
            return NamedObject(target=target, existence=found.existence, instead=found.instead)
        if len(found.objects) != 1:
            return None
        exact = replace(ref(found.objects[0], kind), uid="")
        return NamedObject(target=exact, existence=found.existence, instead=exact)
    return None


async def _has_namespace(snapshot: Snapshot, name: str) -> bool:
    try:
        if await snapshot.find("Namespace", name) is not None:
            return True
        return bool((await snapshot.list("Pod", namespace=name)).items)
    except ClusterError:
        return False


async def _empty_namespace(snapshot: Snapshot, hypothesis: Hypothesis) -> NamedObject | None:
    """Return the namespace that the text names if it does not exist."""
    name = hypothesis.named.get("namespace", "")
    if not name or await snapshot.find("Namespace", name) is not None:
        return None
    if (await snapshot.list("Pod", namespace=name)).items:
        return None
    return NamedObject(target=ObjectRef(kind="Namespace", name=name), existence=Existence.MISSING)


# --- objects --------------------------------------------------------------------------------------------------------


async def _find(snapshot: Snapshot, asked: Focus) -> _Found:
    """Find an object by kind and name, by the beginning of a cut name, or by its address. Raise ClusterError."""
    resource = await snapshot.resource(asked.kind)
    if not resource.namespaced:
        asked = replace(asked, namespace="")
    if asked.name.endswith(_CUT):
        return await _by_beginning(snapshot, resource, asked)
    if found := await _exact(snapshot, resource, asked):
        return _Found(objects=found)
    if _is_address(asked.name):
        return await _by_address(snapshot, resource, asked)
    if owner := await _owner(snapshot, asked):
        return _Found(instead=owner, existence=Existence.REPLACED)
    if resource.namespaced and (other := await _of_another_kind(snapshot, asked)):
        return _Found(instead=other)
    return _Found(existence=Existence.MISSING, closest=await closest(snapshot, resource, _ref(asked)))


async def _exact(snapshot: Snapshot, resource: Resource, asked: Focus) -> tuple[Json, ...]:
    if asked.namespace or not resource.namespaced:
        found = await snapshot.find(resource, asked.name, namespace=asked.namespace)
        return (found,) if found else ()
    return _complete(await snapshot.list(resource, fields=f"metadata.name={asked.name}"))


def _complete(listing: ObjectList) -> tuple[Json, ...]:
    """Return the items of a list. Raise IncompleteList if it lacks some: they may be what is sought."""
    if listing.truncated:
        raise IncompleteList
    return listing.items


async def _by_beginning(snapshot: Snapshot, resource: Resource, asked: Focus) -> _Found:
    beginning = asked.name.removesuffix(_CUT).rstrip("-.")
    listed = _complete(await snapshot.list(resource, namespace=asked.namespace))
    found = [item for item in listed if name_of(item).startswith(beginning)]
    if len(found) == 1:
        return _Found(instead=ref(found[0], resource.kind))
    if resource.kind == "Pod" and len(owners := {workload_of(pod) for pod in found}) == 1:
        return _Found(instead=owners.pop())
    return _Found(existence=Existence.MISSING, closest=tuple(_place(item) for item in found[:_CLOSEST]))


async def _by_address(snapshot: Snapshot, resource: Resource, asked: Focus) -> _Found:
    listed = _complete(await snapshot.list(resource, namespace=asked.namespace))
    found = [item for item in listed if asked.name in _addresses(item)]
    if len(found) != 1:
        return _Found(existence=Existence.MISSING)
    return _Found(instead=ref(found[0], resource.kind))


def _addresses(obj: Json) -> frozenset[str]:
    status, spec = status_of(obj), spec_of(obj)
    of_host = spec.get("hostNetwork") and status.get("podIP") == status.get("hostIP")
    own = () if of_host else (status.get("podIP"), spec.get("clusterIP"))
    listed = (each.get("address") for each in status.get("addresses") or ())
    return frozenset(str(address) for address in (*own, *listed) if address)


def _is_address(name: str) -> bool:
    return name.count(".") == 3 and name.replace(".", "").isdigit()


async def _owner(snapshot: Snapshot, asked: Focus) -> ObjectRef | None:
    """Return the owner of a pod that is gone: of the pods that share its stem, or the StatefulSet of its ordinal."""
    if asked.kind != "Pod":
        return None
    if (ordinal := ordinal_of(asked.name)) >= 0:
        stem = asked.name.rpartition("-")[0]
        sets = await _exact(snapshot, await snapshot.resource("StatefulSet"), replace(asked, name=stem))
        # Each ordinal is a pod of its own: beyond the replicas, the others say nothing about it.
        wanted = [one for one in sets if ordinal < _replicas(one)]
        return ref(wanted[0], "StatefulSet") if len(wanted) == 1 else None
    stem = generated_stem(asked.name)
    if not stem:
        return None
    pods = (await snapshot.list("Pod", namespace=asked.namespace)).items
    owners = {workload_of(pod) for pod in pods if generated_stem(name_of(pod)) == stem}
    return owners.pop() if len(owners) == 1 else None


def _replicas(workload: Json) -> int:
    replicas = spec_of(workload).get("replicas", 1)
    return replicas if isinstance(replicas, int) else 0


async def _of_another_kind(
    snapshot: Snapshot, asked: Focus, *, kinds: Sequence[str] = (*_WORKLOADS, "Pod")
) -> ObjectRef | None:
    """Return the one workload or pod that has this name although the text says another kind."""
    if asked.kind not in (*_ANY_KIND, "ReplicaSet") or asked.kind == "Service":
        return None
    answers = await asyncio.gather(*(_named_so(snapshot, kind, asked) for kind in kinds if kind != asked.kind))
    found = [one for answer in answers for one in answer]
    return found[0] if len(found) == 1 else None


async def _named_so(snapshot: Snapshot, kind: str, asked: Focus) -> tuple[ObjectRef, ...]:
    try:
        resource = await snapshot.resource(kind)
        return tuple(ref(one, kind) for one in await _exact(snapshot, resource, asked))
    except (ClusterError, IncompleteList):
        return ()


async def stand_in(snapshot: Snapshot, target: ObjectRef) -> tuple[NamedObject, ObjectRef] | None:
    """Return what to diagnose in place of an object that does not exist, and how to say so; None for nothing.

    It is the owner of a pod that was replaced, or the custom resource of that name: people name it without its kind.
    """
    asked = Focus(kind=target.kind, namespace=target.namespace, name=target.name)
    try:
        owner = await _owner(snapshot, asked)
        instead = owner or await _of_another_kind(snapshot, asked, kinds=_CUSTOM)
    except (ClusterError, IncompleteList):
        return None
    if instead is None:
        return None
    existence = Existence.REPLACED if owner else Existence.EXISTS
    return NamedObject(target=target, existence=existence, instead=instead), instead


# --- similar names --------------------------------------------------------------------------------------------------


async def closest(snapshot: Snapshot, resource: Resource, target: ObjectRef) -> tuple[str, ...]:
    """Return existing names that resemble the requested one: in its namespace, or the same name elsewhere."""
    try:
        listing = await snapshot.list(resource)
    except ClusterError:
        try:
            listing = await snapshot.list(resource, namespace=target.namespace)
        except ClusterError:
            return ()
    scored = sorted((-_likeness(item, target), _place(item)) for item in listing.items)
    return tuple(place for score, place in scored[:_CLOSEST] if -score >= _CLOSE_ENOUGH)


def _likeness(item: Mapping[str, object], target: ObjectRef) -> float:
    """Score how much an object's name resembles the requested one, 0 to 100; the namespace counts for a quarter.

    People type the workload's name, which is the beginning of a generated pod name.
    """
    name = name_of(item)
    names = max(fuzz.ratio(name, target.name), fuzz.ratio(generated_stem(name) or name, target.name))
    namespaces = fuzz.ratio(namespace_of(item), target.namespace) if target.namespace else 100.0
    return 0.75 * names + 0.25 * namespaces


def _place(item: Mapping[str, object]) -> str:
    return f"{namespace_of(item)}/{name_of(item)}".lstrip("/")


def _ref(focus: Focus) -> ObjectRef:
    return ObjectRef(kind=focus.kind, namespace=focus.namespace, name=focus.name)


# --- evidence about other objects -----------------------------------------------------------------------------------


def concerns(subjects: Iterable[tuple[ObjectRef, str]], pod: Json) -> bool:
    """Tell whether evidence concerns a pod: by its namespace or its node.

    `subjects` are the objects that the evidence is about, each with the node that its row names. A pod without a node
    may wait for any of them.
    """
    node, namespace = node_name_of(pod), namespace_of(pod)
    return any(
        subject.namespace == namespace
        or (bool(node) and node in (on, subject.name if subject.kind == "Node" else ""))
        or not (node or subject.namespace)
        for subject, on in subjects
    )


def _is_ready(obj: Json) -> bool:
    """Tell whether an object is Ready, or has no such condition."""
    return bool(condition(obj, "Ready").get("status", "True") == "True")
