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
from bot.kube.objects import identity_of, ref
from intents.catalog.loader import Catalog
from intents.domain import (
    Existence,
    FindingOutcome,
    Hypothesis,
    JudgedHypothesis,
    NamedObject,
    ObjectRef,
    ProbeResult,
    Verdict,
)
from intents.focus import is_shown
from intents.kinds import KINDS
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
        judged = [self._with_speakers(one) for one in judged if self._is_of_a_product_here(one)]
        notes = [note for one in judged if (note := self._note_on(one))]
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

    def _note_on(self, one: JudgedHypothesis) -> NamedObject | None:
        """Return what is to be said of the named object; where the evidence is, if no edge connects it with that."""
        named = self.resolved.get(one.incident)
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
