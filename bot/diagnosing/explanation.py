"""Judge the hypotheses of a text about the objects that it names, and about no other.

A hypothesis whose object does not exist, or has nothing to do with the evidence, is possible at most; other objects
with the same error are listed beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.diagnosing.investigation import Investigation
from bot.diagnosing.named_objects import Resolved
from bot.kube.objects import identity_of, namespace_of, node_name_of, ref
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import (
    Existence,
    FindingOutcome,
    Hypothesis,
    Json,
    JudgedHypothesis,
    NamedObject,
    ObjectRef,
    ProbeResult,
    Verdict,
)
from intents.focus import KINDS
from intents.products import is_shown
from intents.ranking import rank
from intents.verdicts import judge, supported

_AFFECTED: Final = 3
# Words that name an object or a part of it.
_OF_AN_OBJECT: Final = frozenset(KINDS) | {"namespace", "container", "name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Judges the hypotheses of a text. `resolved` are its hypotheses by incident, with the objects that they name."""

    catalog: Catalog
    investigation: Investigation
    resolved: Mapping[str, Resolved]

    async def judged(self) -> tuple[tuple[JudgedHypothesis, ...], tuple[NamedObject, ...]]:
        """Return the ranked hypotheses, and what must be said first about the objects that the text names."""
        present = [one.hypothesis for one in self.resolved.values() if not one.is_missing]
        missing = [one for one in self.resolved.values() if one.is_missing]
        judged = list(await self.investigation.run(present)) if present else []
        notes: list[NamedObject] = []
        judged = [self._with_speakers(one) for one in judged if self._is_of_a_product_here(one)]
        for number, one in enumerate(judged):
            judged[number], note = self._tied(one)
            notes += [note] if note else []
        for named in missing:
            judged.append(self._from_text(named))
            if named.note is not None:
                notes.append(replace(named.note, affected=await self._affected(named, first=named is missing[0])))
        if missing:
            judged = list(rank(judged, self.catalog, now=self.investigation.now))
        return tuple(judged), _merged(notes)

    def _with_speakers(self, one: JudgedHypothesis) -> JudgedHypothesis:
        """Return a hypothesis that nothing proves with the objects that say a line of the text as its candidates."""
        quoted = self.investigation.question.quoted
        if len(quoted) < 2 or one.candidates or one.verdict is not Verdict.POSSIBLE:
            return one
        return replace(one, candidates=quoted)

    def _is_of_a_product_here(self, one: JudgedHypothesis) -> bool:
        """Return whether the text, its object or the cluster's evidence shows the product of an incident."""
        incident = self.catalog.incidents[one.incident]
        if supported(one) or not one.hypothesis.matches or not incident.product:
            return True
        named = self.resolved.get(one.incident)
        manifest = named.manifest if named else None
        quotes = (match.quote for match in one.hypothesis.matches)
        return is_shown(incident, (*quotes, *one.hypothesis.named.values(), identity_of(manifest or {})))

    def _tied(self, one: JudgedHypothesis) -> tuple[JudgedHypothesis, NamedObject | None]:
        """Return a hypothesis that rests on the named object, or the text alone with a note where the evidence is."""
        named = self.resolved.get(one.incident)
        if named is None or named.hypothesis.named != one.hypothesis.named:
            return one, None
        manifest = named.manifest
        if manifest is None or not supported(one) or one.capability:
            return one, named.note
        subjects, target = _subjects(one), ref(manifest, named.asked.kind)
        affected = tuple(dict.fromkeys(subject for subject, _ in subjects))[:_AFFECTED]
        note = NamedObject(target=replace(target, uid=""), existence=Existence.EXISTS, affected=affected)
        if target.kind != "Pod":
            outside = target.namespace and all(subject.namespace != target.namespace for subject in affected)
            return one, note if outside else named.note
        if _concerns(subjects, manifest):
            return one, named.note
        if _is_shared(self.catalog.incidents[one.incident], one):
            return one, note
        about = self.catalog.incidents[one.incident].about
        if about and all(on or subject.kind in ("Node", "Pod") for subject, on in subjects):
            return self._from_text(named), replace(note, existence=Existence.UNAFFECTED)
        # An incident of the whole cluster, or of a service that all pods use, may concern every pod.
        return one, note

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
        return tuple(dict.fromkeys(subject for one in found for subject, _ in _subjects(one)))[:_AFFECTED]


def _is_shared(incident: Incident, one: JudgedHypothesis) -> bool:
    """Tell whether evidence is about something that every pod of the cluster depends on."""
    rules = (incident.rule(finding.rule) for finding in one.cluster_support)
    return any(rule and rule.each and incident.reads[rule.each].shared for rule in rules)


def _subjects(one: JudgedHypothesis) -> list[tuple[ObjectRef, str]]:
    """Return the objects that support a hypothesis, each with the node that its row names."""
    return [
        (each.subject, str(each.rows[0].values.get("node", "")) if each.rows else "")
        for each in sorted(one.cluster_support, key=lambda each: not each.decisive)
        if each.subject is not None
    ]


def _concerns(subjects: Iterable[tuple[ObjectRef, str]], pod: Json) -> bool:
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


def _merged(notes: Iterable[NamedObject]) -> tuple[NamedObject, ...]:
    """Return one note for each object, with all that is said about it."""
    merged: dict[tuple[ObjectRef, Existence], NamedObject] = {}
    for note in notes:
        known = merged.get((note.target, note.existence))
        affected = dict.fromkeys((*(known.affected if known else ()), *note.affected))
        merged[note.target, note.existence] = replace(known or note, affected=tuple(affected)[:_AFFECTED])
    return tuple(merged.values())
