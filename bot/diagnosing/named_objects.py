"""Decide which object of the cluster each hypothesis of a text is about, before its evidence is read.

A name without a namespace is searched everywhere, a guess counts only if the cluster has such an object, a pod that was
replaced leads to its owner. If an object cannot be read, the hypothesis keeps the name that the text gives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.object_search import (
    ANY_KIND,
    MOST_CANDIDATES,
    Found,
    IncompleteList,
    candidates,
    exact,
    find,
    is_almost_a_name,
)
from bot.kube.objects import condition, named_ref, namespace_of
from bot.kube.services import ip_in
from bot.probes.contract import may
from intents.catalog.schema import Incident
from intents.domain import Entity, Existence, Focus, Hypothesis, Json, NamedObject, ObjectRef
from intents.focus import besides, focus_of, named_as
from intents.kinds import CLUSTER_SCOPED, KINDS, TABLE
from intents.places import IS_NAME
from intents.spoken_names import is_compound, is_telling

PERMISSIONS: Final = (*may("list", "pods", "nodes"), *may("get", "namespaces"))

# The absence of these is what their incidents are about.
_JUDGED_BY_RULES: Final = frozenset(kind.kind for kind in TABLE if kind.absence)
# Incidents about the one may come from the absence of the others: an Ingress has no backend without its Service.
_BEHIND: Final = {"ingress": ("Service",), "hpa": ("Deployment", "StatefulSet", "ReplicaSet")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A hypothesis and the object that it is about.

    `focus` is the object to diagnose, `asked` the one that the text names. `note` is told to the reader first.
    `manifest` is the object, if it was read.
    """

    hypothesis: Hypothesis
    focus: Focus
    asked: Focus
    note: NamedObject | None = None
    manifest: Json | None = None

    @property
    def is_missing(self) -> bool:
        """Tell whether the object that the text names does not exist and no other is diagnosed instead."""
        return self.note is not None and self.note.existence is Existence.MISSING


async def resolve(snapshot: Snapshot, incident: Incident, hypothesis: Hypothesis, *, namespace: str) -> Resolved:
    """Find the object that a hypothesis names; `namespace` is the default of the surface. Raise no ClusterError."""
    hypothesis, guessed = await _with_guesses(snapshot, incident, hypothesis)
    focus = focus_of(incident, hypothesis, namespace=namespace)
    other = besides(hypothesis, namespace=namespace)
    asked = Focus(kind=other.kind, namespace=other.namespace, name=other.name) if other and not focus.name else focus
    plain = Resolved(hypothesis=hypothesis, focus=focus, asked=asked)
    try:
        if not asked.names_object:
            return replace(plain, note=await _absent_namespace(snapshot, hypothesis))
        # A definition is also at fault for the Service that it names and that is gone.
        of_definition = asked.kind == "Service" and "crd" in incident.about
        if asked.kind in _JUDGED_BY_RULES or of_definition or _is_behind(incident, focus, asked):
            return plain
        found = await find(snapshot, asked)
        if found.existence is Existence.MISSING and not found.candidates:
            resource = await snapshot.resource(asked.kind)
            found = replace(found, candidates=await candidates(snapshot, resource, asked.ref))
    except (ClusterError, IncompleteList):
        return plain
    resolved = _resolved(plain, found)
    return replace(resolved, note=resolved.note or guessed)


def _is_behind(incident: Incident, focus: Focus, asked: Focus) -> bool:
    """Tell whether the text names only what objects of the incident lead to: rules judge whether it exists."""
    return not focus.names_object and any(asked.kind in _BEHIND.get(word, ()) for word in incident.about)


def _resolved(plain: Resolved, found: Found) -> Resolved:
    """Return what was resolved with what a search has found."""
    hypothesis, focus, asked = plain.hypothesis, plain.focus, plain.asked
    note = NamedObject(
        target=asked.ref,
        existence=found.existence,
        instead=found.instead,
        candidates=found.candidates,
        everywhere=not asked.namespace and asked.kind not in CLUSTER_SCOPED,
    )
    instead = found.instead
    if found.existence is Existence.MISSING or (instead is not None and not focus.names_object):
        return replace(plain, note=note)
    if instead is not None:
        focus = replace(focus, kind=instead.kind, namespace=instead.namespace, name=instead.name)
        return replace(plain, hypothesis=_about(hypothesis, instead), focus=focus, note=note)
    (manifest, *others) = found.objects
    several = replace(note, others=hypothesis.alike) if hypothesis.alike else None
    if others:
        # The name alone does not tell which one is meant: probes search everywhere.
        fitting = tuple(named_ref(one, asked.kind) for one in found.objects[:MOST_CANDIDATES])
        return replace(plain, note=replace(note, candidates=fitting))
    if focus.names_object and not focus.namespace and namespace_of(manifest):
        focus = replace(focus, namespace=namespace_of(manifest))
        hypothesis = replace(hypothesis, named={**hypothesis.named, "namespace": focus.namespace})
    return replace(plain, hypothesis=hypothesis, focus=focus, note=several, manifest=manifest)


def _about(hypothesis: Hypothesis, instead: ObjectRef) -> Hypothesis:
    """Return the hypothesis with another object in place of the one that the text names."""
    named = {key: value for key, value in hypothesis.named.items() if key not in KINDS}
    named |= {"namespace": instead.namespace, **named_as(instead.kind, instead.name)}
    return replace(hypothesis, named=named)


# --- guesses --------------------------------------------------------------------------------------------------------


async def _guessed_namespace(snapshot: Snapshot, hypothesis: Hypothesis) -> dict[str, str]:
    """Return the first guessed namespace that exists, as a name of the hypothesis."""
    for guess in hypothesis.guesses:
        with suppress(ClusterError):
            if guess.kind == "namespace" and await has_namespace(snapshot, guess.value):
                return {"namespace": guess.value}
    return {}


async def _with_guesses(
    snapshot: Snapshot, incident: Incident, hypothesis: Hypothesis
) -> tuple[Hypothesis, NamedObject | None]:
    """Return the hypothesis with those of its guesses that exist, and a note if a guess led to another object."""
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
        kinds = ANY_KIND if guess.kind == "object" else (KINDS.get(guess.kind, ""),)
        found = await _guessed(snapshot, guess, [kind for kind in kinds if kind], namespace=home)
        if found is not None and found.instead is not None:
            note = found if found.target != found.instead else None
            named |= named_as(found.instead.kind, found.instead.name) or {"name": found.instead.name}
            if found.instead.namespace:
                named["namespace"] = found.instead.namespace
    if note is None and not any(named.get(word) for word in incident.about):
        named |= await _absent_name(snapshot, [guess for guess in hypothesis.guesses if guess.kind in incident.about])
    return replace(hypothesis, named=named), note


async def _absent_name(snapshot: Snapshot, guesses: Sequence[Entity]) -> dict[str, str]:
    """Return the first guess that is certainly a name, although no object has it, as a name of the hypothesis."""
    for guess in guesses:
        if await _is_name(snapshot, guess):
            return {guess.kind: guess.value, **({"namespace": guess.namespace} if guess.namespace else {})}
    return {}


async def _is_name(snapshot: Snapshot, guess: Entity) -> bool:
    """Tell whether a guess is certainly a name: by its form, or because an object has almost this name."""
    if guess.kind not in KINDS or not IS_NAME.fullmatch(guess.value) or ip_in(guess.value):
        return False
    if is_telling(guess.value) or is_compound(guess.value):
        return True
    try:
        resource = await snapshot.resource(KINDS[guess.kind])
    except ClusterError:
        return False
    target = ObjectRef(kind=resource.kind, namespace=guess.namespace, name=guess.value)
    return await is_almost_a_name(snapshot, resource, target)


async def _meant(snapshot: Snapshot, hypothesis: Hypothesis) -> Entity:
    """Return which of several objects a text is about: one in trouble, else one that exists, else the first."""
    home = hypothesis.named.get("namespace", "")

    async def standing(name: Entity) -> int:
        try:
            resource = await snapshot.resource(KINDS[name.kind])
            focus = Focus(kind=resource.kind, namespace=name.namespace or home, name=name.value)
            found = await exact(snapshot, resource, focus)
        except (ClusterError, IncompleteList):
            return 1
        return 2 if not found else int(all(_is_ready(obj) for obj in found))

    names = [guess for guess in hypothesis.guesses if guess.certain]
    standings = await asyncio.gather(*map(standing, names))
    return min(zip(standings, range(len(names)), names, strict=True))[2]


async def _guessed(snapshot: Snapshot, guess: Entity, kinds: Sequence[str], *, namespace: str) -> NamedObject | None:
    """Return the only object that fits a guess, as `instead`; None if none fits, or several do."""
    for kind in kinds:
        try:
            found = await find(snapshot, Focus(kind=kind, namespace=namespace, name=guess.value))
        except (ClusterError, IncompleteList):
            continue
        if found.existence is Existence.MISSING:
            continue
        target = ObjectRef(kind=kind, namespace=namespace, name=guess.value)
        if found.instead is not None:
            return NamedObject(target=target, existence=found.existence, instead=found.instead)
        if len(found.objects) != 1:
            return None
        only = named_ref(found.objects[0], kind)
        return NamedObject(target=only, existence=found.existence, instead=only)
    return None


async def has_namespace(snapshot: Snapshot, name: str) -> bool:
    """Tell whether a namespace exists, or has pods: its own object may not be readable. Raise ClusterError."""
    if await snapshot.find("Namespace", name) is not None:
        return True
    return bool((await snapshot.list("Pod", namespace=name)).items)


async def _absent_namespace(snapshot: Snapshot, hypothesis: Hypothesis) -> NamedObject | None:
    """Return the namespace that the text names if it does not exist. Raise ClusterError."""
    name = hypothesis.named.get("namespace", "")
    if not name or await has_namespace(snapshot, name):
        return None
    return NamedObject(target=ObjectRef(kind="Namespace", name=name), existence=Existence.MISSING)


def _is_ready(obj: Json) -> bool:
    """Tell whether an object is Ready, or has no such condition."""
    return bool(condition(obj, "Ready").get("status", "True") == "True")
