"""Judge the hypotheses of a text, and the state of the objects that it names: about them, and about no other.

A hypothesis whose object does not exist, or has nothing to do with the evidence, is possible at most; other objects
with the same error are listed beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.investigation import Investigation
from bot.diagnosing.named_objects import Resolved
from bot.diagnosing.object_search import ANY_KIND, MOST_CANDIDATES, IncompleteList, candidates, find, listed_anywhere
from bot.diagnosing.object_states import ObjectState, is_of_alert, state_of
from bot.diagnosing.reads import Reads
from bot.diagnosing.understanding import BY_NAME
from bot.kube.objects import identity_of, name_of, named_ref, namespace_of, ref, uid_of
from bot.kube.owners import generated_stem
from bot.kube.settling import lasting_problem
from intents.catalog.loader import Catalog
from intents.domain import (
    Entity,
    Existence,
    FindingOutcome,
    Focus,
    Hypothesis,
    Json,
    JudgedHypothesis,
    NamedObject,
    ObjectRef,
    Observation,
    ProbeResult,
    Verdict,
)
from intents.focus import is_shown
from intents.kinds import CLUSTER_SCOPED, KINDS
from intents.ranking import rank
from intents.verdicts import judge, supported

_AFFECTED: Final = 3
# Words that name an object or a part of it.
_OF_AN_OBJECT: Final = frozenset(KINDS) | {"namespace", "container", "name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Judges the hypotheses of a text. `resolved` are its hypotheses by incident, with the objects that they name.

    `walk`, the way to what the text says is called, is judged where none of them is confirmed.
    """

    catalog: Catalog
    investigation: Investigation
    resolved: Mapping[str, Resolved]
    walk: Resolved | None = None

    async def judged(self) -> tuple[tuple[JudgedHypothesis, ...], tuple[NamedObject, ...]]:
        """Return the ranked hypotheses, and what must be said first about the objects that the text names."""
        present = [one.hypothesis for one in self.resolved.values() if not one.is_missing]
        missing = [one for one in self.resolved.values() if one.is_missing]
        judged = list(await self.investigation.run(present)) if present else []
        if self.walk and all(one.verdict is not Verdict.CONFIRMED for one in judged):
            judged = list(await self.investigation.run([self.walk.hypothesis]))
        judged = [self._with_speakers(one) for one in judged if self._is_of_a_product_here(one)]
        judged = [self._as_of_now(one) for one in judged]
        notes = [note for one in judged if (note := self._note_on(one))]
        for named in missing:
            judged.append(self._from_text(named))
            if named.note is not None:
                notes.append(replace(named.note, affected=await self._affected(named, first=named is missing[0])))
        if missing:
            judged = list(rank(judged, self.catalog, now=self.investigation.now))
        return tuple(judged), _merged(notes)

    def _named(self, incident: str) -> Resolved | None:
        known = self.resolved.get(incident)
        return self.walk if known is None and self.walk and self.walk.hypothesis.incident == incident else known

    def _with_speakers(self, one: JudgedHypothesis) -> JudgedHypothesis:
        """Return a hypothesis that nothing proves with the objects that say a line of the text as its candidates."""
        quoted = self.investigation.question.quoted
        if len(quoted) < 2 or one.candidates or one.verdict is not Verdict.POSSIBLE:
            return one
        return replace(one, candidates=quoted)

    def _as_of_now(self, one: JudgedHypothesis) -> JudgedHypothesis:
        """Return what nothing but a line of long ago says of an object as what that line means, not as its trouble."""
        past = self.investigation.question.past and one.verdict is Verdict.POSSIBLE
        return replace(one, subject=None) if past else one

    def _is_of_a_product_here(self, one: JudgedHypothesis) -> bool:
        """Return whether the text, its object or the cluster's evidence shows the product of an incident."""
        incident = self.catalog.incidents[one.incident]
        if supported(one) or not one.hypothesis.matches or not incident.product:
            return True
        named = self.resolved.get(one.incident)
        manifest = named.manifest if named else None
        quotes = (match.quote for match in one.hypothesis.matches)
        return is_shown(incident, (*quotes, *one.hypothesis.named.values(), identity_of(manifest or {})))

    def _note_on(self, one: JudgedHypothesis) -> NamedObject | None:
        """Return what is to be said of the named object; where the evidence is, if no edge connects it with that."""
        named = self._named(one.incident)
        if named is None or named.hypothesis.named != one.hypothesis.named:
            return None
        if named.manifest is None or not supported(one) or one.capability:
            return named.note
        target, affected = replace(ref(named.manifest, named.asked.kind), uid=""), _subjects([one])
        reached = self.investigation.reached(target)
        # What no edge joins to a Pod, such as the Lease that it holds, has its namespace in common with it.
        at_home = target.kind != "Pod" and any(each.namespace == target.namespace for each in affected)
        if at_home or (any(each.key in reached for each in affected) and not self._is_shared(one)):
            return named.note
        return NamedObject(target=target, existence=Existence.EXISTS, affected=affected)

    def _is_shared(self, one: JudgedHypothesis) -> bool:
        """Tell whether the evidence is about something that every object of the cluster depends on."""
        incident = self.catalog.incidents[one.incident]
        rules = (incident.rule(finding.rule) for finding in one.cluster_support)
        return any(rule and rule.each and incident.reads[rule.each].shared for rule in rules)

    def _from_text(self, named: Resolved) -> JudgedHypothesis:
        """Judge a hypothesis by its text alone."""
        incident = self.catalog.incidents[named.hypothesis.incident]
        nothing = ProbeResult(missing=str(named.focus))
        one, *_ = judge(
            incident,
            named.hypothesis,
            dict.fromkeys(incident.reads, nothing),
            focus=named.focus,
            now=self.investigation.now,
        )
        pasted = tuple(each for each in one.findings if each.pasted)
        refuted = any(each.outcome is FindingOutcome.REFUTES for each in pasted)
        verdict = Verdict.RULED_OUT if refuted else Verdict.POSSIBLE
        return replace(one, verdict=verdict, findings=pasted, remedies=())

    async def _affected(self, named: Resolved, *, first: bool) -> tuple[ObjectRef, ...]:
        """Return the objects that the cluster shows with the same error, for the leading hypothesis only."""
        if not first:
            return ()
        kept = {word: value for word, value in named.hypothesis.named.items() if word not in _OF_AN_OBJECT}
        anywhere = Hypothesis(incident=named.hypothesis.incident, score=named.hypothesis.score, named=kept)
        found = [one for one in await self.investigation.judge(anywhere) if one.verdict is Verdict.CONFIRMED]
        return _subjects(found)


def _subjects(found: Iterable[JudgedHypothesis]) -> tuple[ObjectRef, ...]:
    """Return the first objects that the evidence is about, those of decisive findings first."""
    findings = (each for one in found for each in sorted(one.cluster_support, key=lambda each: not each.decisive))
    return tuple(dict.fromkeys(each.subject for each in findings if each.subject))[:_AFFECTED]


def _merged(notes: Iterable[NamedObject]) -> tuple[NamedObject, ...]:
    """Return one note for each object, with all that is said about it."""
    merged: dict[tuple[ObjectRef, Existence], NamedObject] = {}
    for note in notes:
        known = merged.get((note.target, note.existence))
        affected = dict.fromkeys((*(known.affected if known else ()), *note.affected))
        merged[note.target, note.existence] = replace(known or note, affected=tuple(affected)[:_AFFECTED])
    return tuple(merged.values())


# Of the objects that a text names, the most broken are read.
MOST_READ: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedStates:
    """The states of objects that a text names, the most broken first, and notes about those that do not exist."""

    states: tuple[ObjectState, ...] = ()
    notes: tuple[NamedObject, ...] = ()

    @property
    def unexplained(self) -> tuple[Observation, ...]:
        """Return the trouble of the objects that nothing explains."""
        return tuple(dict.fromkeys(one for state in self.states for one in state.unexplained))

    def beside(
        self, judged: Sequence[JudgedHypothesis], *, catalog: Catalog, now: datetime
    ) -> tuple[JudgedHypothesis, ...]:
        """Return the hypotheses of the text together with what the states of its objects prove, ranked."""
        told = list(judged)
        for one in (one for state in self.states for one in state.hypotheses if supported(one) or is_of_alert(one)):
            known = [each for each in told if each.incident == one.incident]
            # The text may name a part of the object, such as a container: what is refuted of that stays refuted.
            if any((each.key == one.key and supported(each)) or each.verdict is Verdict.RULED_OUT for each in known):
                continue
            raised = next((each.hypothesis for each in known), one.hypothesis)
            told = [each for each in told if each not in known or supported(each)]
            told.append(replace(one, hypothesis=replace(one.hypothesis, score=raised.score, matches=raised.matches)))
        return rank(told, catalog, now=now) if self.states else tuple(judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """A named object as it was found."""

    resource: Resource
    manifest: Json

    def is_healthy(self, now: datetime) -> bool:
        """Tell whether it is well, or still within the time that it may take."""
        return not lasting_problem(self.manifest, self.resource.kind, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedStateFinder:
    """Finds named objects and judges their states.

    `namespace` is the default of the surface.
    """

    snapshot: Snapshot
    reads: Reads
    namespace: str

    async def states_of(self, names: Sequence[Entity], *, even_healthy: bool) -> NamedStates:
        """Return the states of the unhealthy objects; with `even_healthy` of a healthy one if all are."""
        found = await asyncio.gather(*map(self._found, names))
        notes = tuple(one for one in found if isinstance(one, NamedObject))
        standings = [one for one in found if isinstance(one, _Standing)]
        return await self._states(standings, even_healthy=even_healthy, notes=notes)

    async def states_by_words(self, words: Sequence[str]) -> NamedStates:
        """Return the states of the workloads, Services and pods that have one of these words as their name.

        The default namespace of the surface is the only one in question. A name that several namespaces have is
        ambiguous, unless one of these objects alone is unhealthy.
        """
        listed = await asyncio.gather(*map(self._listed, BY_NAME)) if words else []
        found = [one for kind in listed for one in kind if name_of(one.manifest) in words]
        owned = [one for kind in listed for one in kind if generated_stem(name_of(one.manifest)) in words]
        meant = found or owned
        if meant and (home := self.namespace):
            there = [one for one in meant if namespace_of(one.manifest) == home]
            if not there:
                return NamedStates(notes=(_elsewhere(meant, home),))
            return await self._states(there, even_healthy=True)
        meant = [one for one in meant if namespace_of(one.manifest) in words] or meant
        unhealthy = [one for one in meant if not one.is_healthy(self.snapshot.now)]
        if note := _ambiguous(unhealthy or meant):
            return NamedStates(notes=(note,))
        return await self._states(meant, even_healthy=True)

    async def _listed(self, kind: str) -> list[_Standing]:
        try:
            resource = await self.snapshot.resource(kind)
        except ClusterError:
            return []
        listed = await listed_anywhere(self.snapshot, resource, namespace=self.namespace)
        return [_Standing(resource=resource, manifest=item) for item in listed]

    async def _states(
        self, found: Sequence[_Standing], *, even_healthy: bool, notes: tuple[NamedObject, ...] = ()
    ) -> NamedStates:
        standings = list({uid_of(one.manifest): one for one in reversed(found)}.values())[::-1]
        broken = [one for one in standings if not one.is_healthy(self.snapshot.now)][:MOST_READ]
        chosen = broken or (standings[:1] if even_healthy else [])
        states = await asyncio.gather(
            *(state_of(self.snapshot, one.resource, one.manifest, reads=self.reads) for one in chosen)
        )
        return NamedStates(states=tuple(states), notes=() if standings else notes)

    async def _found(self, name: Entity) -> _Standing | NamedObject | None:
        """Return the object with a name, or None; for a certain name that does not exist, a note. Never raise."""
        kinds = ANY_KIND if name.kind == "object" else (KINDS.get(name.kind, ""),)
        home = "" if KINDS.get(name.kind) in CLUSTER_SCOPED else name.namespace or self.namespace
        for kind in filter(None, kinds):
            focus = Focus(kind=kind, namespace=home, name=name.value)
            try:
                resource = await self.snapshot.resource(kind)
                found = await find(self.snapshot, focus)
                if found.instead is not None:
                    other = await self.snapshot.resource(found.instead.kind)
                    manifest = await self.snapshot.find(other, found.instead.name, namespace=found.instead.namespace)
                    return _Standing(resource=other, manifest=manifest) if manifest else None
                if len(found.objects) == 1:
                    return _Standing(resource=resource, manifest=found.objects[0])
                everywhere = resource.namespaced and not home
                note = NamedObject(target=focus.ref, existence=found.existence, everywhere=everywhere)
                if found.objects:
                    fitting = tuple(named_ref(one, kind) for one in found.objects[:MOST_CANDIDATES])
                    return replace(note, candidates=fitting)
                if name.certain:
                    similar = found.candidates or await candidates(self.snapshot, resource, focus.ref)
                    return replace(note, candidates=similar)
            except (ClusterError, IncompleteList):
                continue
        return None


def _chosen(standings: Sequence[_Standing]) -> dict[str, dict[str, ObjectRef]]:
    """Return the first object of each name and namespace: a workload before its pods and its Service."""
    chosen: dict[str, dict[str, ObjectRef]] = {}
    for one in standings:
        about = named_ref(one.manifest, one.resource.kind)
        name = generated_stem(about.name) if about.kind == "Pod" else ""
        chosen.setdefault(name or about.name, {}).setdefault(about.namespace, about)
    return chosen


def _ambiguous(standings: Sequence[_Standing]) -> NamedObject | None:
    """Return the first name that objects of several namespaces have, with these as candidates."""
    for homes in _chosen(standings).values():
        if len(homes) > 1:
            first = next(iter(homes.values()))
            target = replace(first, namespace="")
            found = tuple(homes.values())[:MOST_CANDIDATES]
            return NamedObject(target=target, existence=Existence.EXISTS, candidates=found, everywhere=True)
    return None


def _elsewhere(standings: Sequence[_Standing], home: str) -> NamedObject:
    """Return that the namespace lacks an object that others have, with these as candidates."""
    found = tuple(next(iter(_chosen(standings).values())).values())[:MOST_CANDIDATES]
    return NamedObject(target=replace(found[0], namespace=home), existence=Existence.MISSING, candidates=found)
