"""Symptoms × catalog → hypotheses: calibrated, explained, and none rather than a wrong one.

The funnel: an index of bitmaps names the few patterns that could occur at a line, rapidfuzz drops those whose words are
not in order, the alignment of the rest says what matched and captures names, the score says how sure that is. Lines
that a terminal or a chat broke are looked at together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from rapidfuzz.distance import LCSseq

from intents.aligning import Alignment, Window, align
from intents.catalog.schema import Incident, Signature
from intents.domain import Hypothesis, PastedTime, SignatureMatch, Symptom
from intents.index import Index
from intents.lexicon import UNKNOWN, Lexicon, Read
from intents.patterns import Pattern, pattern_of, phrase_words
from intents.scoring import THRESHOLD, score
from intents.weighing import Weights

__all__ = ["MOST_ALIGNMENTS", "THRESHOLD", "Matcher", "Matching"]

# A terminal breaks a message into at most so many lines.
_LINES: Final = 3
# Phrases of one `all` signature stand at most so many lines apart.
_APART: Final = 12
# The bound on the work of one query: so many alignments, each of at most aligning.MOST_PAIRS² steps.
MOST_ALIGNMENTS: Final = 2000
_QUOTED: Final = 400
# A phrase of an `all` signature must be there nearly in full.
_PHRASE: Final = 0.8
# From this much on nothing better is looked for.
_PERFECT: Final = 0.985
# Only a further match at least this sure adds to the best one, each half as much as the one before.
_ADDS_FROM: Final = 0.3
_DIMINISHING: Final = 0.5
# A line cut at its end shows the beginning of a message: enough if that alone says this much, and this share of all.
_CUT_SAYS: Final = 12.0
_CUT_SHARE: Final = 0.4
_NEAREST: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """`hypotheses` are above the threshold, best first; `nearest` are the best two below it."""

    hypotheses: tuple[Hypothesis, ...] = ()
    nearest: tuple[Hypothesis, ...] = ()
    alignments: int = 0


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A pattern that is searched for, and what it belongs to."""

    incident: int
    signature: int
    pattern: Pattern
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Occurrence:
    score: float
    information: float
    coverage: float
    signature: int
    line: int  # index of the symptom
    quote: str
    captures: Mapping[str, str]
    places: frozenset[tuple[int, int]]  # (index of a symptom, place in it) of every matched word


@dataclass(slots=True)
class _Query:
    """What is known of the texts while one query is answered."""

    symptoms: Sequence[Symptom]
    known: list[set[int]]
    corrections: dict[str, int]
    reads: dict[int, list[Read]] = field(default_factory=dict)
    windows: dict[int, tuple[Window, list[tuple[int, int]]]] = field(default_factory=dict)
    alignments: int = 0


class Matcher:
    """Built once per catalog; immutable, so that any number of threads may ask it."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        # The order in which the files were read must not matter.
        self._incidents = tuple(sorted(incidents, key=lambda incident: incident.id))
        weights = Weights(
            {word for signature in incident.signatures for phrase in signature.phrases for word in phrase_words(phrase)}
            for incident in self._incidents
        )
        written = [
            (number, place, tuple(pattern_of(phrase, weights.weight) for phrase in signature.phrases))
            for number, incident in enumerate(self._incidents)
            for place, signature in enumerate(incident.signatures)
        ]
        self._lexicon = Lexicon((pattern for *_, patterns in written for pattern in patterns), weights.is_ordinary)
        self._signatures: dict[tuple[int, int], tuple[_Phrase, ...]] = {}
        anchors: list[_Phrase] = []
        for number, place, patterns in written:
            phrases = tuple(
                _Phrase(number, place, pattern, tuple(self._lexicon.number(word) for word in pattern.words))
                for pattern in patterns
            )
            # The phrase that says most is searched for, the others only near it.
            ordered = tuple(sorted(phrases, key=lambda phrase: -phrase.pattern.total))
            self._signatures[number, place] = ordered
            anchors.append(ordered[0])
        self._anchors = tuple(anchors)
        self._index = Index((phrase.numbers, phrase.pattern.weights) for phrase in self._anchors)

    def match(self, symptoms: Sequence[Symptom], *, limit: int = 5) -> Matching:
        """What the symptoms of one text may be signs of; at most `limit` hypotheses."""
        corrections: dict[str, int] = {}
        known = [self._lexicon.known(symptom.text, corrections) for symptom in symptoms]
        query = _Query(symptoms, known, corrections)
        found: dict[int, dict[int, _Occurrence]] = {}
        for line, candidates in self._candidates(query):
            for number in candidates:
                phrase = self._anchors[number]
                of_incident = found.setdefault(phrase.incident, {})
                best = of_incident.get(phrase.signature)
                if best is not None and best.score >= _PERFECT:
                    continue
                if query.alignments >= MOST_ALIGNMENTS:
                    break
                occurrence = self._occurrence(query, line, phrase, self._index.least[number])
                if occurrence is not None and (best is None or occurrence.score > best.score):
                    of_incident[phrase.signature] = occurrence
        hypotheses = self._hypotheses(query, found)
        above = tuple(hypothesis for hypothesis in hypotheses if hypothesis.score >= THRESHOLD)
        below = tuple(hypothesis for hypothesis in hypotheses if hypothesis.score < THRESHOLD)
        return Matching(hypotheses=above[:limit], nearest=below[:_NEAREST], alignments=query.alignments)

    # --- finding ---

    def _candidates(self, query: _Query) -> Iterator[tuple[int, list[int]]]:
        """(line, patterns that may begin there)"""
        for line, known in enumerate(query.known):
            if not known:
                continue
            beginning = self._index.asks_for(known)
            if not beginning:
                continue
            words = set(known)
            for other in _continued(query.symptoms, line):
                words |= query.known[other]
                words.update(self._broken(query.symptoms[other - 1].text, query.symptoms[other].text))
            if candidates := self._index.candidates(words, beginning):
                yield line, candidates

    def _broken(self, first: str, second: str) -> Iterator[int]:
        end, start = first.rsplit(None, 1)[-1:], second.split(None, 1)[:1]
        if end and start and (number := self._lexicon.number((end[0] + start[0]).lower())) != UNKNOWN:
            yield number

    def _occurrence(self, query: _Query, line: int, phrase: _Phrase, least: int) -> _Occurrence | None:
        """The occurrence of a signature whose anchor may begin at a line."""
        anchor = self._align(query, line, phrase, least)
        if anchor is None:
            return None
        phrases = self._signatures[phrase.incident, phrase.signature]
        if len(phrases) == 1:
            return self._judged(query, line, phrase, [(line, phrase, anchor)])
        if _coverage(phrase, anchor) < _PHRASE:
            return None
        parts = [(line, phrase, anchor)]
        for other in phrases[1:]:
            part = self._near(query, line, other)
            if part is None:
                return None
            parts.append(part)
        return self._judged(query, line, phrase, parts)

    def _near(self, query: _Query, line: int, phrase: _Phrase) -> tuple[int, _Phrase, Alignment] | None:
        """The occurrence of a further phrase that is nearest to a line."""
        wanted = set(phrase.numbers)
        around = range(max(0, line - _APART), min(len(query.symptoms), line + _APART + 1))
        for other in sorted(around, key=lambda index: (abs(index - line), index)):
            if not wanted & query.known[other] or query.alignments >= MOST_ALIGNMENTS:
                continue
            alignment = self._align(query, other, phrase, 1)
            if alignment is not None and _coverage(phrase, alignment) >= _PHRASE:
                return other, phrase, alignment
        return None

    def _align(self, query: _Query, line: int, phrase: _Phrase, least: int) -> Alignment | None:
        window, _ = self._window(query, line)
        words = [read.word for read in window.reads]
        # A word broken at a line's end is not counted as shared: one less may be enough.
        least = max(1, least - 1) if least > 2 else least
        if LCSseq.similarity(phrase.numbers, words, score_cutoff=least) < least:
            return None
        query.alignments += 1
        return align(phrase.pattern, phrase.numbers, window)

    def _window(self, query: _Query, line: int) -> tuple[Window, list[tuple[int, int]]]:
        """The lines that may be one message, and where each begins: (place in the text, index of the symptom)."""
        if line in query.windows:
            return query.windows[line]
        text = query.symptoms[line].text
        reads = list(self._reads(query, line))
        breaks, starts = [], [(0, line)]
        for other in _continued(query.symptoms, line):
            offset = len(text) + 1
            starts.append((offset, other))
            following = self._reads(query, other)
            if reads and following:
                # A word broken in two: the first part stands for the whole.
                end, begin = reads[-1], following[0]
                whole = text[end.start : end.end] + query.symptoms[other].text[begin.start : begin.end]
                if (
                    end.end == len(text)
                    and begin.start == 0
                    and (number := self._lexicon.number(whole.lower())) != UNKNOWN
                ):
                    reads.append(Read(number, 1.0, end.start, end.end))
            breaks.append(len(reads))
            text = f"{text} {query.symptoms[other].text}"
            reads += [read._replace(start=read.start + offset, end=read.end + offset) for read in following]
        query.windows[line] = Window(text, reads, tuple(breaks)), starts
        return query.windows[line]

    def _reads(self, query: _Query, line: int) -> list[Read]:
        if line not in query.reads:
            query.reads[line] = self._lexicon.read(query.symptoms[line].text, query.corrections)
        return query.reads[line]

    # --- judging an occurrence ---

    def _judged(
        self, query: _Query, line: int, anchor: _Phrase, parts: list[tuple[int, _Phrase, Alignment]]
    ) -> _Occurrence | None:
        gained = sum(alignment.information for *_, alignment in parts)
        whole = sum(phrase.pattern.total for _, phrase, _ in parts)
        coverage = gained / whole
        if len(parts) == 1:
            coverage = max(coverage, _cut_coverage(anchor, parts[0][2]))
        captures: dict[str, str] = {}
        places: set[tuple[int, int]] = set()
        for at, _, alignment in parts:
            captures |= alignment.captures
            window, starts = self._window(query, at)
            places |= _places(window, starts, alignment)
        window, starts = self._window(query, line)
        at, quote = _quote(window, starts, parts[0][2])
        return _Occurrence(
            score=score(coverage=coverage, information=gained),
            information=gained,
            coverage=coverage,
            signature=anchor.signature,
            line=at,
            quote=quote,
            captures=captures,
            places=frozenset(places),
        )

    # --- hypotheses ---

    def _hypotheses(self, query: _Query, found: Mapping[int, Mapping[int, _Occurrence]]) -> list[Hypothesis]:
        by_incident = {number: self._distinct(number, of) for number, of in found.items() if of}
        unambiguous = _unambiguous(query.symptoms)
        hypotheses = []
        for number, occurrences in by_incident.items():
            if not occurrences:
                continue
            rivals = [other[0] for rival, other in by_incident.items() if rival != number and other]
            explained = _explained_away(occurrences[0], rivals)
            total = _together([occurrence.score for occurrence in occurrences]) * explained
            hypotheses.append(self._hypothesis(number, total, occurrences, query, unambiguous))
        information = {self._incidents[number].id: of[0].information for number, of in by_incident.items() if of}
        return sorted(hypotheses, key=lambda item: (-item.score, -information[item.incident], item.incident))

    def _distinct(self, number: int, of: Mapping[int, _Occurrence]) -> list[_Occurrence]:
        """An incident's occurrences, the surest first, each on words of its own; without a leading one none counts."""
        chosen: list[_Occurrence] = []
        ranked = sorted(of.values(), key=lambda item: (-item.score, -item.information, item.line, item.signature))
        leading = [item for item in ranked if not self._signature(number, item).hint]
        for item in [*leading[:1], *ranked] if leading else []:
            taken = {place for other in chosen for place in other.places}
            if not chosen or len(item.places & taken) < len(item.places) / 2:
                chosen.append(item)
        return chosen

    def _signature(self, number: int, occurrence: _Occurrence) -> Signature:
        return self._incidents[number].signatures[occurrence.signature]

    def _hypothesis(
        self, number: int, total: float, occurrences: list[_Occurrence], query: _Query, unambiguous: Mapping[str, str]
    ) -> Hypothesis:
        counted = [
            occurrence for index, occurrence in enumerate(occurrences) if index == 0 or occurrence.score >= _ADDS_FROM
        ]
        named: dict[str, str] = {}
        for occurrence in counted:
            named = {**occurrence.captures, **named}
        for occurrence in counted:
            for entity in query.symptoms[occurrence.line].entities:
                named.setdefault(entity.kind, entity.value)
        for kind, value in unambiguous.items():
            named.setdefault(kind, value)
        return Hypothesis(
            incident=self._incidents[number].id,
            score=round(total, 4),
            matches=tuple(self._match(number, occurrence, query) for occurrence in counted),
            named=MappingProxyType(dict(sorted(named.items()))),
            when=_when(query.symptoms, counted),
        )

    def _match(self, number: int, occurrence: _Occurrence, query: _Query) -> SignatureMatch:
        return SignatureMatch(
            signature=" + ".join(self._signature(number, occurrence).phrases),
            line=query.symptoms[occurrence.line].line,
            quote=occurrence.quote,
            score=round(occurrence.score, 4),
            captures=MappingProxyType(dict(sorted(occurrence.captures.items()))),
        )


def _continued(symptoms: Sequence[Symptom], line: int) -> Iterator[int]:
    """The symptoms that may be the rest of the one at `line`: next to it, and with no time of their own."""
    for other in range(line + 1, min(line + _LINES, len(symptoms))):
        if symptoms[other].line - symptoms[other - 1].line > 1 or symptoms[other].when is not None:
            return
        yield other


def _coverage(phrase: _Phrase, alignment: Alignment) -> float:
    return alignment.information / phrase.pattern.total


def _cut_coverage(phrase: _Phrase, alignment: Alignment) -> float:
    """How much of what can be there is there, where a line was cut; less than in full, as the rest is unseen."""
    if not alignment.cut:
        return 0.0
    share = alignment.information / phrase.pattern.total
    if alignment.information < _CUT_SAYS or share < _CUT_SHARE:
        return 0.0
    seen = sum(phrase.pattern.weights[: alignment.chain[-1][1] + 1])
    return (alignment.information / seen) * (0.7 + 0.3 * share)


def _places(window: Window, starts: list[tuple[int, int]], alignment: Alignment) -> set[tuple[int, int]]:
    out = set()
    for at, _ in alignment.chain:
        place = window.reads[at].start
        offset, line = next((offset, line) for offset, line in reversed(starts) if offset <= place)
        out.add((line, place - offset))
    return out


def _quote(window: Window, starts: list[tuple[int, int]], alignment: Alignment) -> tuple[int, str]:
    """(index of the symptom where it begins, the words from the first matched to the last, within their lines)"""
    first, last = window.reads[alignment.chain[0][0]].start, window.reads[alignment.chain[-1][0]].end
    begin, line = next((offset, line) for offset, line in reversed(starts) if offset <= first)
    end = next((offset - 1 for offset, _ in starts if offset > last), len(window.text))
    if end - begin > _QUOTED:
        spare = max(0, _QUOTED - (last - first)) // 2
        begin = max(begin, first - spare)
        end = min(end, begin + _QUOTED)
    return line, window.text[begin:end].strip()


def _together(scores: list[float]) -> float:
    """Noisy-or with diminishing returns: further matches make surer, never sure by their number alone."""
    doubt = 1 - scores[0]
    share = 1.0
    for further in sorted(scores[1:], reverse=True):
        share *= _DIMINISHING
        if further >= _ADDS_FROM:
            doubt *= 1 - further * share
    return 1 - doubt


def _explained_away(best: _Occurrence, rivals: Iterable[_Occurrence]) -> float:
    """What remains of an occurrence all of whose words are also those of a fuller one of another incident."""
    for rival in rivals:
        if rival.score >= best.score and rival.information > best.information and best.places <= rival.places:
            return 0.9 if best.coverage >= 0.95 else 0.6
    return 1.0


def _unambiguous(symptoms: Iterable[Symptom]) -> dict[str, str]:
    """The kinds of which the whole text names exactly one."""
    values: dict[str, set[str]] = {}
    for symptom in symptoms:
        for entity in symptom.entities:
            values.setdefault(entity.kind, set()).add(entity.value)
    return {kind: next(iter(named)) for kind, named in values.items() if len(named) == 1}


def _when(symptoms: Sequence[Symptom], occurrences: Iterable[_Occurrence]) -> PastedTime | None:
    return next((when for item in occurrences if (when := symptoms[item.line].when) is not None), None)
