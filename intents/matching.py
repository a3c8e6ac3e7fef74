"""Symptoms × catalog → hypotheses: calibrated, explained, and none rather than a wrong one.

Signatures are looked for first. Where none of them says anything for sure, the text may still describe an incident in a
person's own words: that is asked then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from intents.catalog.schema import Incident
from intents.catalog.signatures import Signature
from intents.describing import Describer, Description
from intents.domain import Hypothesis, PastedTime, SignatureMatch, Symptom
from intents.elsewhere import Elsewhere
from intents.finding import Finder, Occurrence
from intents.scoring import THRESHOLD
from intents.times import time_in

__all__ = ["THRESHOLD", "Matcher", "Matching"]

# Only a further match at least this sure adds to the best one, each half as much as the one before.
_ADDS_FROM: Final = 0.3
_DIMINISHING: Final = 0.5
# Where all words of a match are also those of a fuller match of another incident, so much remains of it: if it is
# there in full, it is true as well; if not, the other is what was written.
_TRUE_AS_WELL: Final = 0.9
_EXPLAINED: Final = 0.6
_FULL: Final = 0.95
_NEAREST: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """`hypotheses` are above the threshold, best first; `nearest` are the best two below it.

    `alignments` counts the work: see `intents.finding.MOST_ALIGNMENTS`.
    """

    hypotheses: tuple[Hypothesis, ...] = ()
    nearest: tuple[Hypothesis, ...] = ()
    alignments: int = 0


class Learned(NamedTuple):
    """What a matcher works out from a catalog, which takes far longer than to read it back."""

    finder: Finder
    describer: Describer


class Matcher:
    """Finds the incidents of a catalog in a text. Immutable, so that any number of threads may ask it.

    `learned` is what another matcher learned from the same incidents.
    """

    def __init__(self, incidents: Iterable[Incident], *, learned: Learned | None = None) -> None:
        # The order in which the files were read must not matter.
        self._incidents = tuple(sorted(incidents, key=lambda incident: incident.id))
        self.learned = learned or Learned(Finder(self._incidents), Describer(self._incidents))
        self._finder, self._describer = self.learned
        self._elsewhere = Elsewhere(self._incidents)

    def match(self, symptoms: Sequence[Symptom], *, limit: int = 5) -> Matching:
        """What the symptoms of one text may be signs of; at most `limit` hypotheses."""
        found, alignments = self._finder.find(symptoms)
        hypotheses = self._hypotheses(symptoms, found)
        if not hypotheses or hypotheses[0].score < THRESHOLD:
            hypotheses = self._described(symptoms, hypotheses)
        above = tuple(hypothesis for hypothesis in hypotheses if hypothesis.score >= THRESHOLD)
        below = tuple(hypothesis for hypothesis in hypotheses if hypothesis.score < THRESHOLD)
        return Matching(hypotheses=above[:limit], nearest=below[:_NEAREST], alignments=alignments)

    def _hypotheses(self, symptoms: Sequence[Symptom], found: Iterable[Occurrence]) -> list[Hypothesis]:
        by_incident: dict[int, list[Occurrence]] = {}
        for occurrence in found:
            if not self._elsewhere.speaks(occurrence.incident, symptoms, near=occurrence.line):
                by_incident.setdefault(occurrence.incident, []).append(occurrence)
        counted = {number: chosen for number, of in by_incident.items() if (chosen := self._counted(of))}
        unambiguous = _unambiguous(symptoms)
        ranked = []
        for number, occurrences in counted.items():
            rivals = (other[0] for rival, other in counted.items() if rival != number)
            total = _together(occurrences) * _remaining(occurrences[0], rivals)
            hypothesis = Hypothesis(
                incident=self._incidents[number].id,
                score=round(total, 4),
                matches=tuple(self._match(symptoms, occurrence) for occurrence in occurrences),
                named=MappingProxyType(_named(symptoms, occurrences, unambiguous)),
                when=_when(symptoms, occurrences),
            )
            ranked.append((-hypothesis.score, -occurrences[0].information, hypothesis.incident, hypothesis))
        return [hypothesis for *_, hypothesis in sorted(ranked, key=lambda item: item[:3])]

    def _described(self, symptoms: Sequence[Symptom], hypotheses: list[Hypothesis]) -> list[Hypothesis]:
        """The hypotheses, and the incident that the text describes: if it is one of them, on the same words."""
        description = self._describer.describe(symptoms)
        if description is None or self._elsewhere.speaks(description.incident, symptoms, near=description.line):
            return hypotheses
        incident = self._incidents[description.incident].id
        same = next((one for one in hypotheses if one.incident == incident), None)
        match = _match_of(symptoms, description)
        described = Hypothesis(
            incident=incident,
            score=max(match.score, same.score if same else 0.0),
            matches=(match, *(same.matches if same else ())),
            named=same.named if same else MappingProxyType(_named(symptoms, (), _unambiguous(symptoms))),
            when=same.when if same else None,
        )
        others = [one for one in hypotheses if one is not same]
        return sorted([described, *others], key=lambda one: (-one.score, one.incident))

    def _counted(self, occurrences: Iterable[Occurrence]) -> list[Occurrence]:
        """An incident's occurrences that count, surest first: each on words of its own, and none if all are hints."""
        ranked = sorted(occurrences, key=lambda item: (-item.score, -item.information, item.line, item.signature))
        leading = next((item for item in ranked if not self._signature(item).hint), None)
        if leading is None:
            return []
        counted = [leading]
        taken = set(leading.places)
        for item in ranked:
            if item.score >= _ADDS_FROM and len(item.places & taken) < len(item.places) / 2:
                counted.append(item)
                taken |= item.places
        return counted

    def _signature(self, occurrence: Occurrence) -> Signature:
        return self._incidents[occurrence.incident].signatures[occurrence.signature]

    def _match(self, symptoms: Sequence[Symptom], occurrence: Occurrence) -> SignatureMatch:
        return SignatureMatch(
            signature=str(self._signature(occurrence)),
            line=symptoms[occurrence.line].line,
            quote=occurrence.quote,
            score=round(occurrence.score, 4),
            captures=MappingProxyType(dict(sorted(occurrence.captures.items()))),
        )


def _match_of(symptoms: Sequence[Symptom], description: Description) -> SignatureMatch:
    return SignatureMatch(
        signature=" … ".join(description.words),
        line=symptoms[description.line].line,
        quote=symptoms[description.line].text,
        score=round(description.score, 4),
    )


def _together(occurrences: Sequence[Occurrence]) -> float:
    """Noisy-or with diminishing returns: further lines make surer, never sure by their number alone.

    Two signatures that have a part of the same line each say the same thing twice.
    """
    doubt = 1 - occurrences[0].score
    share = 1.0
    lines = {occurrences[0].line}
    for further in occurrences[1:]:
        if further.line not in lines:
            lines.add(further.line)
            share *= _DIMINISHING
            doubt *= 1 - further.score * share
    return 1 - doubt


def _remaining(best: Occurrence, rivals: Iterable[Occurrence]) -> float:
    """What remains of an occurrence all of whose words are also those of a fuller one of another incident."""
    for rival in rivals:
        if rival.score >= best.score and rival.information > best.information and best.places <= rival.places:
            return _TRUE_AS_WELL if best.coverage >= _FULL else _EXPLAINED
    return 1.0


def _named(
    symptoms: Sequence[Symptom], occurrences: Iterable[Occurrence], unambiguous: Mapping[str, str]
) -> dict[str, str]:
    """What the text names: captured by the best match first, then around it, then anywhere if there is only one."""
    named: dict[str, str] = {}
    for occurrence in occurrences:
        for kind, value in occurrence.captures.items():
            named.setdefault(kind, value)
    for occurrence in occurrences:
        for entity in symptoms[occurrence.line].entities:
            named.setdefault(entity.kind, entity.value)
    for kind, value in unambiguous.items():
        named.setdefault(kind, value)
    return dict(sorted(named.items()))


def _unambiguous(symptoms: Iterable[Symptom]) -> dict[str, str]:
    """The kinds of which the whole text names exactly one."""
    values: dict[str, set[str]] = {}
    for symptom in symptoms:
        for entity in symptom.entities:
            values.setdefault(entity.kind, set()).add(entity.value)
    return {kind: next(iter(named)) for kind, named in values.items() if len(named) == 1}


def _when(symptoms: Sequence[Symptom], occurrences: Iterable[Occurrence]) -> PastedTime | None:
    times = (time_in(symptoms[item.line].text) for item in occurrences if symptoms[item.line].dated)
    return next((when for when in times if when is not None), None)
