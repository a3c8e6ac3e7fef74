"""Match the symptoms of a text against the catalog: calibrated hypotheses with reasons, none rather than a wrong one.

Signatures are searched for first. If none reaches the threshold, the text is classified: what a program printed as a
failure that programs report, anything else as a description in a person's own words.

The matcher of a catalog takes seconds to build. Saved entries come and go while the bot runs, so they have small
matchers of their own, and their hypotheses are added below those of the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, NamedTuple

from intents.alerts.labels import is_labelled_cleared
from intents.alignment import QUOTED
from intents.catalog.schema import Incident
from intents.catalog.signatures import Signature
from intents.domain import Entity, Hypothesis, PastedTime, SignatureMatch, Symptom
from intents.naming import TextNames
from intents.prose import Exclusions, ProseClassifier, is_title
from intents.scores import THRESHOLD
from intents.signature_finder import Occurrence, SignatureFinder
from intents.text_cleanup import time_in
from intents.tokens import words_of

_MESSAGE: Final = re.compile(r"\b\d+/\d+ nodes are available: (.*?)(?=\.? preemption: |$)")
_REASON: Final = re.compile(r"(?:^|, )(\d+) .+?(?=, \d+ |$)")


def nodes_with(message: str, places: Collection[int]) -> int:
    """Return of how many nodes a reason of the scheduler's message tells that is at one of the places; 0 if none is."""
    found = _MESSAGE.search(message)
    if found is None:
        return 0
    inside = [place - found.start(1) for place in places]
    reasons = _REASON.finditer(found[1])
    counts = (int(each[1]) for each in reasons if any(each.start() <= place < each.end() for place in inside))
    return max(counts, default=0)


# Further matches add to the best one from this score on, each half as much as the one before.
_ADDS_FROM: Final = 0.3
_DIMINISHING: Final = 0.5
# The share of a score that remains where a fuller match of another incident has all its words. A full match is true
# as well; a partial one is explained by the other.
_TRUE_AS_WELL: Final = 0.9
_EXPLAINED: Final = 0.6
_FULL: Final = 0.95
_NEAREST: Final = 2


# (whether it is general, then what ranks it higher the less it is)
_Key = tuple[bool, float, float, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchResult:
    """The hypotheses of a text, best first, and the best two below the threshold (`nearest`).

    `objects` are the objects that the text names, the certain ones first. `alignments` counts the work: see
    `intents.signature_finder.MOST_ALIGNMENTS`.
    """

    hypotheses: tuple[Hypothesis, ...] = ()
    nearest: tuple[Hypothesis, ...] = ()
    objects: tuple[Entity, ...] = ()
    alignments: int = 0


class Learned(NamedTuple):
    """The parts of a matcher that are computed from a catalog; reading them back is far quicker."""

    finder: SignatureFinder
    classifier: ProseClassifier


class Matcher:
    """Finds the incidents of a catalog in a text. Immutable and thread-safe.

    `learned` are the parts of another matcher of the same incidents.
    """

    def __init__(self, incidents: Iterable[Incident], *, learned: Learned | None = None) -> None:
        # The order of the files must not matter.
        self._incidents = tuple(sorted(incidents, key=lambda incident: incident.id))
        self.learned = learned or Learned(SignatureFinder(self._incidents), ProseClassifier(self._incidents))
        self._finder, self._classifier = self.learned
        self._exclusions = Exclusions(self._incidents)
        self._numbers = {incident.id: number for number, incident in enumerate(self._incidents)}

    def match(self, symptoms: Sequence[Symptom], *, limit: int = 5, printed: bool = False) -> MatchResult:
        """Return at most `limit` hypotheses for the symptoms of a text. The end of an alert has none.

        A program `printed` it: it is no description in a person's own words.
        """
        if symptoms and is_labelled_cleared(symptoms[0].text):
            return MatchResult(objects=TextNames(symptoms).objects())
        told = tuple(symptom for symptom in symptoms if symptom.told)
        found, alignments = self._finder.find(told)
        names = TextNames(symptoms)
        hypotheses = self._hypotheses(told, map(self._with_meant, found), names)
        if not printed and (not hypotheses or hypotheses[0].score < THRESHOLD):
            hypotheses = self._classified(told, hypotheses, names)
        above = tuple(hypothesis for hypothesis in hypotheses if hypothesis.score >= THRESHOLD)
        below = tuple(hypothesis for hypothesis in hypotheses if hypothesis.score < THRESHOLD)
        objects = names.objects()
        return MatchResult(hypotheses=above[:limit], nearest=below[:_NEAREST], objects=objects, alignments=alignments)

    def _hypotheses(
        self, symptoms: Sequence[Symptom], found: Iterable[Occurrence], text_names: TextNames
    ) -> list[Hypothesis]:
        by_incident: dict[int, list[Occurrence]] = {}
        for occurrence in found:
            if not self._is_excluded(occurrence.incident, symptoms, occurrence.line):
                by_incident.setdefault(occurrence.incident, []).append(occurrence)
        counted = {number: chosen for number, of in by_incident.items() if (chosen := self._counted(of))}
        nodes = {number: self._nodes(symptoms, occurrences) for number, occurrences in counted.items()}
        ranked = []
        for number, occurrences in counted.items():
            fuller = [rival for rival, other in counted.items() if rival != number and _explains(other, occurrences[0])]
            total = _combined_score(occurrences)
            if fuller:
                total *= _TRUE_AS_WELL if occurrences[0].coverage >= _FULL else _EXPLAINED
            hypothesis = replace(
                text_names.of(self._incidents[number], occurrences),
                score=round(total, 4),
                matches=tuple(self._match(symptoms, occurrence) for occurrence in occurrences),
                when=_when(symptoms, occurrences),
            )
            # A general incident says no more than that something is in trouble: a specific one of the same text leads,
            # unless the text is the message of the general one.
            general = hypothesis.score < THRESHOLD or any(self._incidents[one].shows for one in (number, *fuller))
            key = (general, -hypothesis.score, -occurrences[0].information, hypothesis.incident)
            ranked.append((key, nodes[number], hypothesis))
        return _most_nodes_first(sorted(ranked, key=lambda item: item[0]))

    def _classified(
        self, symptoms: Sequence[Symptom], hypotheses: list[Hypothesis], text_names: TextNames
    ) -> list[Hypothesis]:
        """Return the hypotheses with the incident that the text describes, or that a program reports in it."""
        classified = self._described(symptoms) or self._reported(symptoms)
        if classified is None:
            return hypotheses
        number, match = classified
        incident = self._incidents[number]
        same = next((one for one in hypotheses if one.incident == incident.id), None)
        plain = same or text_names.of(incident, ())
        found = replace(plain, score=max(match.score, plain.score), matches=(match, *plain.matches))
        others = [one for one in hypotheses if one is not same]
        return sorted([found, *others], key=lambda one: (-one.score, one.incident))

    def _described(self, symptoms: Sequence[Symptom]) -> tuple[int, SignatureMatch] | None:
        """Return the incident that the text describes in a person's own words."""
        found = self._classifier.classify(symptoms)
        if found is None or self._is_excluded(found.incident, symptoms, found.line):
            return None
        return found.incident, _match_of(symptoms[found.line], found.words, found.score)

    def _reported(self, symptoms: Sequence[Symptom]) -> tuple[int, SignatureMatch] | None:
        """Return the incident that a program reports in words that no signature has."""
        from intents.failures import failure_in  # noqa: PLC0415 - most texts do not need the model

        found = failure_in("\n".join(symptom.text for symptom in symptoms))
        number = self._numbers.get(found.incident) if found else None
        if found is None or number is None:
            return None
        line = next((place for place, one in enumerate(symptoms) if one.text == found.line), 0)
        if self._is_excluded(number, symptoms, line):
            return None
        return number, _match_of(symptoms[line], found.words, THRESHOLD + (1 - THRESHOLD) * found.share / 2)

    def _is_excluded(self, incident: int, symptoms: Sequence[Symptom], line: int) -> bool:
        return is_title(symptoms[line].text) or self._exclusions.apply(incident, symptoms, near=line)

    def _counted(self, occurrences: Iterable[Occurrence]) -> list[Occurrence]:
        """Return an incident's occurrences with words of their own, best first; none if all of them are hints."""
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

    def _with_meant(self, occurrence: Occurrence) -> Occurrence:
        """Return the occurrence with the names that its text means without writing them."""
        means = self._signature(occurrence).means
        return replace(occurrence, captures={**means, **occurrence.captures}) if means else occurrence

    def _nodes(self, symptoms: Sequence[Symptom], occurrences: Iterable[Occurrence]) -> int:
        """Return how many nodes have the scheduler's reason that an incident's messages are; 0 if they are none."""
        messages = (item for item in occurrences if item.score >= THRESHOLD and self._signature(item).text)
        counts = (
            nodes_with(symptoms[item.line].text, [place for line, place in item.places if line == item.line])
            for item in messages
        )
        return max(counts, default=0)

    def _signature(self, occurrence: Occurrence) -> Signature:
        return self._incidents[occurrence.incident].signatures[occurrence.signature]

    def _match(self, symptoms: Sequence[Symptom], occurrence: Occurrence) -> SignatureMatch:
        signature = self._signature(occurrence)
        return SignatureMatch(
            signature=str(signature),
            line=symptoms[occurrence.line].line,
            quote=occurrence.quote,
            score=round(occurrence.score, 4),
            verbatim=round(len(words_of(signature.text)) * occurrence.score),
            captures=MappingProxyType(dict(sorted(occurrence.captures.items()))),
        )


def _match_of(symptom: Symptom, words: Iterable[str], score: float) -> SignatureMatch:
    return SignatureMatch(
        signature=" … ".join(words),
        line=symptom.line,
        quote=symptom.text[:QUOTED].rstrip(),
        score=round(score, 4),
    )


def _combined_score(occurrences: Sequence[Occurrence]) -> float:
    """Combine the scores of occurrences: noisy-or with diminishing returns, so that many weak lines never add up to 1.

    Of several signatures on one line only the best counts: they say the same thing.
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


def _explains(rival: Sequence[Occurrence], best: Occurrence) -> bool:
    """Return whether a rival has all words of an occurrence and says more: all of its line, or more words as surely."""
    if not all(any(place in each.places for each in rival) for place in best.places):
        return False
    whole = any(each.whole and each.line == best.line for each in rival)
    if whole != best.whole:
        return whole
    return rival[0].score >= best.score and sum(each.information for each in rival) > best.information


def _most_nodes_first(ranked: Sequence[tuple[_Key, int, Hypothesis]]) -> list[Hypothesis]:
    """Return the ranked hypotheses; of those that are reasons why nodes do not take a pod, the one of most nodes leads.

    A general incident, or one below the threshold, keeps its place.
    """
    reasons = [item for item in ranked if item[1] and not item[0][0]]
    by_nodes = iter(sorted(reasons, key=lambda item: -item[1]))
    return [(next(by_nodes) if item[1] and not item[0][0] else item)[2] for item in ranked]


def _when(symptoms: Sequence[Symptom], occurrences: Iterable[Occurrence]) -> PastedTime | None:
    times = (time_in(symptoms[item.line].text) for item in occurrences if symptoms[item.line].dated)
    return next((when for when in times if when is not None), None)


def signature_matcher(incidents: Sequence[Incident]) -> Matcher:
    """Return a matcher that goes by signatures alone: a few entries are too few to classify people's own words."""
    ordered = sorted(incidents, key=lambda incident: incident.id)
    return Matcher(ordered, learned=Learned(SignatureFinder(ordered), ProseClassifier(())))


class LayeredMatcher:
    """Finds the incidents of a catalog, and the saved entries of some layers. Immutable and thread-safe.

    A saved entry never displaces an entry of the catalog that is about something specific; it precedes `general` ones,
    which say no more than that something is in trouble. Entries of `left_out` are ignored.
    """

    def __init__(
        self, base: Matcher, layers: Sequence[Matcher], *, general: Collection[str], left_out: Collection[str] = ()
    ) -> None:
        self._base = base
        self._layers = tuple(layers)
        self._general = frozenset(general)
        self._left_out = frozenset(left_out)

    def match(self, symptoms: Sequence[Symptom], *, limit: int = 5, printed: bool = False) -> MatchResult:
        """Return at most `limit` hypotheses for the symptoms of a text; see `Matcher.match`."""
        first = self._base.match(symptoms, limit=limit, printed=printed)
        saved: list[Hypothesis] = []
        alignments = first.alignments
        for layer in self._layers:
            found = layer.match(symptoms, limit=limit, printed=printed)
            alignments += found.alignments
            saved += [one for one in found.hypotheses if one.incident not in self._left_out]
        if not saved:
            return replace(first, alignments=alignments)
        saved.sort(key=lambda one: (-one.score, one.incident))
        specific = [one for one in first.hypotheses if one.incident not in self._general]
        general = [one for one in first.hypotheses if one.incident in self._general]
        return replace(first, hypotheses=(*specific, *saved, *general)[:limit], alignments=alignments)
