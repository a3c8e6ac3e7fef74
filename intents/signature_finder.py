"""Find where signatures occur in the lines of a text: a funnel from all signatures to a few alignments.

The index selects the patterns that could occur at a line, each with its largest possible score. rapidfuzz drops those
whose words are not in order. The others are aligned, the most promising first, until the limit of work is reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Final

from intents.alignment import EXACT, Alignment, Lines, align
from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.phrases import CUT_SHARE, NEARLY, Phrase, PhraseChoice, Phrases
from intents.scales import Wanted, decisive, learned, unlearned
from intents.scores import LEAST, THRESHOLD, Scale, coverage_for, score
from intents.symptoms import plain_symptoms

# The limit of work for one text: so many alignments, each of at most alignment.MOST_PAIRS² steps.
MOST_ALIGNMENTS: Final = 600
# So many candidates of the index, as pairs of line and pattern, are weighed.
MOST_WEIGHED: Final = 40_000

# Phrases of one `all` signature are at most so many lines apart.
_APART: Final = 12
# A common word belongs to a statement only beside it.
_COMMON: Final = 4.7
_BESIDE: Final = 3
# In a text of a few lines everything belongs together. In a longer text, phrases that are far apart may be there by
# chance: the coverage is reduced by this factor times the logarithms of the distance and of the text's length.
_FEW: Final = 5
_DISTANCE_LOSS: Final = 0.2
_MOST_LOST: Final = 1 - coverage_for(LEAST, total=60.0)
# The beginning of a cut message is enough if it carries this much information, in nats.
_LEAST_WHEN_CUT: Final = 12.0
_DIGITS: Final = 6
_NO_ENDINGS: Final[frozenset[int]] = frozenset()
# Once a match this good is found, candidates that cannot reach the threshold are dropped.
_SURE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An occurrence of a signature in a text. `line` is the index of the symptom where it begins."""

    incident: int
    signature: int
    score: float
    coverage: float
    information: float
    line: int
    quote: str
    captures: Mapping[str, str]
    places: frozenset[tuple[int, int]]  # (index of a symptom, place in its text) of every matched word
    choice: PhraseChoice
    whole: bool  # whether the signature is all that its line says


@dataclass(frozen=True, slots=True)
class _Part:
    """An aligned phrase of a signature."""

    line: int
    phrase: Phrase
    alignment: Alignment

    @property
    def coverage(self) -> float:
        return self.alignment.information / self.phrase.pattern.total


class SignatureFinder:
    """Finds the signatures of a catalog in a text. Immutable once built.

    Without `scaled`, scores ignore counterexamples: the constants of the score are fitted on such scores.
    """

    def __init__(self, incidents: Sequence[Incident], *, scaled: bool = True) -> None:
        self._phrases = Phrases(incidents)
        self._anchors = self._phrases.anchors
        self.scales = unlearned(self._phrases)
        if scaled:
            self.scales = learned(self.scales, decisive(incidents), self.in_short_text)

    def find(self, symptoms: Sequence[Symptom]) -> tuple[list[Occurrence], int]:
        """Return the best occurrence of each signature that occurs, and the number of alignments it took."""
        lines = Lines(symptoms, self._phrases.lexicon)
        best: dict[tuple[int, int], Occurrence] = {}
        for _, found in sorted(self._best(lines).items()):
            key = (found.incident, found.signature)
            if key not in best or found.score > best[key].score:
                best[key] = found
        return list(best.values()), lines.alignments

    def in_short_text(self, text: str, *, of: Wanted, above: Sequence[float]) -> dict[int, Occurrence]:
        """Return the best occurrence of each signature in a text without its entities, by its anchor's number."""
        return self._best(Lines(plain_symptoms(text), self._phrases.lexicon), of=of, above=above)

    def _best(
        self, lines: Lines, *, of: Wanted | None = None, above: Sequence[float] | None = None
    ) -> dict[int, Occurrence]:
        """Return the best occurrence of each signature by its anchor: of some incidents, above some scores."""
        best: dict[int, Occurrence] = {}
        found_sure = False
        for at_most, line, number in self._promising(lines):
            if at_most < (THRESHOLD if found_sure else LEAST):
                break
            if number in best and best[number].score >= at_most:
                continue
            if (of and not of(self._anchors[number].incident)) or (above and above[number] >= at_most):
                continue
            if lines.alignments >= MOST_ALIGNMENTS:
                break
            parts = self._parts(lines, line, number)
            if not parts:
                continue
            sure = self._score(number, parts, among=len(lines.symptoms))
            if sure >= LEAST and (number not in best or sure > best[number].score):
                best[number] = self._occurrence(lines, number, parts, sure)
                found_sure = found_sure or (sure >= _SURE and not self._phrases.is_hint(best[number].choice))
        return best

    # --- the funnel ---

    def _promising(self, lines: Lines) -> list[tuple[float, int, int]]:
        """Return candidates as (largest possible score, line, pattern), the most promising first."""
        found = []
        apart = _most_apart(len(lines.symptoms))
        for weighed, (line, number, words, endings) in enumerate(self._candidates(lines)):
            if weighed >= MOST_WEIGHED:
                break
            anchor = self._anchors[number]
            around = lines.words_around(line, apart=apart)
            if any(map(around.isdisjoint, self._phrases.gates(anchor))):
                continue
            covered = _weigh(anchor, anchor.weights.keys() & words)
            share = covered / anchor.pattern.total
            cut = not endings.isdisjoint(anchor.weights)
            if share < (CUT_SHARE if cut else self._phrases.least[number]):
                continue
            at_most = self.scales.by_anchor[number].score(share)
            at_most = max(at_most, _at_most_when_cut(share, covered)) if cut else at_most
            if share >= 1 - EXACT and len(lines.symptoms) <= _FEW:
                at_most = max(at_most, score(coverage=1.0, information=anchor.pattern.total))
            found.append((at_most, line, number))
        return sorted(found, key=lambda item: (-item[0], item[1], item[2]))

    def _candidates(self, lines: Lines) -> Iterator[tuple[int, int, Set[int], frozenset[int]]]:
        """Yield (line, pattern that may begin there, words of the lines, possible last words of a cut text)."""
        seen: dict[tuple[frozenset[int], frozenset[int]], tuple[int, ...]] = {}
        for line, known in enumerate(lines.known):
            if not known:
                continue
            words, last = lines.messages[line]
            cut = lines.may_be_cut(last)
            endings = self._phrases.lexicon.endings(lines.symptoms[last].text) if cut else _NO_ENDINGS
            # The lines of a log often differ in names and numbers only.
            key = (frozenset(words), endings)
            if key not in seen:
                seen[key] = tuple(self._phrases.index.candidates(words, endings=endings))
            for number in seen[key]:
                if words is known or not known.isdisjoint(self._anchors[number].weights):
                    yield line, number, words, endings

    # --- one occurrence ---

    def _parts(self, lines: Lines, line: int, number: int) -> list[_Part]:
        """Return the phrases of a signature whose anchor begins at a line; an empty list if one of them is missing."""
        anchor = self._anchors[number]
        further = []
        apart = _most_apart(len(lines.symptoms))
        for group in self._phrases.further(anchor):
            places = _places(lines, line, group, apart=apart)
            if not places:
                return []
            further.append(places)
        first = self._align(lines, line, anchor)
        if first is None or (further and first.coverage < NEARLY):
            return []
        parts = [first]
        taken = set(lines.joined(line).places(first.alignment)) if further else set()
        for places in further:
            # The nearest phrase; of equally near ones the most informative.
            places.sort(key=lambda place: (abs(place[0] - line), -place[1].pattern.total, place[0]))
            part = next(
                filter(None, (self._further_part(lines, other, phrase, taken) for other, phrase in places)), None
            )
            if part is None:
                return []
            parts.append(part)
        return parts

    def _further_part(self, lines: Lines, line: int, phrase: Phrase, taken: set[tuple[int, int]]) -> _Part | None:
        """Return the nearly full occurrence of a phrase, if half of its words are free, and take them."""
        if lines.alignments >= MOST_ALIGNMENTS:
            return None
        part = self._align(lines, line, phrase)
        if part is None or part.coverage < NEARLY:
            return None
        places = set(lines.joined(line).places(part.alignment))
        if 2 * len(places & taken) > len(places):
            return None
        taken |= places
        return part

    def _align(self, lines: Lines, line: int, phrase: Phrase) -> _Part | None:
        from rapidfuzz.distance import LCSseq  # noqa: PLC0415 - an idle bot has nothing to align

        joined = lines.joined(line)
        fewest = phrase.fewest_when_cut if joined.window.may_be_cut else phrase.fewest
        if LCSseq.similarity(phrase.numbers, joined.words, score_cutoff=fewest) < fewest:
            return None
        lines.alignments += 1
        alignment = align(phrase.pattern, phrase.numbers, joined.window)
        return _Part(line, phrase, alignment) if alignment else None

    def _score(self, number: int, parts: Sequence[_Part], *, among: int) -> float:
        scale = self.scales.of(number, _choice(parts))
        if _is_whole(parts, among=among):
            return score(coverage=1.0, information=scale.total)
        lines = [part.line for part in parts]
        sure = scale.score(_information(parts) / scale.total - _loss(max(lines) - min(lines), among=among))
        return max(sure, _score_when_cut(parts[0], scale)) if len(parts) == 1 else sure

    def _occurrence(self, lines: Lines, number: int, parts: Sequence[_Part], sure: float) -> Occurrence:
        captures: dict[str, str] = {}
        places: set[tuple[int, int]] = set()
        for part in reversed(parts):
            captures |= part.alignment.captures
            places.update(lines.joined(part.line).places(part.alignment))
        line, quote = lines.joined(parts[0].line).quote(parts[0].alignment)
        return Occurrence(
            incident=parts[0].phrase.incident,
            signature=parts[0].phrase.signature,
            # Python versions differ in the last digits of a sum: rounded, equal scores are decided by information.
            score=round(sure, _DIGITS),
            coverage=_information(parts) / self.scales.of(number, _choice(parts)).total,
            information=_information(parts),
            line=line,
            quote=quote,
            captures=captures,
            places=frozenset(places),
            choice=_choice(parts),
            whole=_is_whole(parts, among=len(lines.symptoms)),
        )


def _choice(parts: Sequence[_Part]) -> PhraseChoice:
    first = parts[0].phrase
    return PhraseChoice(first.incident, first.signature, tuple(part.phrase.alternative for part in parts))


def _is_whole(parts: Sequence[_Part], *, among: int) -> bool:
    """Return whether a signature is all that is said: of many lines, the others tell what one means."""
    return among <= _FEW and len(parts) == 1 and parts[0].alignment.whole


def _weigh(phrase: Phrase, words: Set[int]) -> float:
    return sum(map(phrase.weights.__getitem__, words))


def _information(parts: Sequence[_Part]) -> float:
    return sum(part.alignment.information for part in parts)


def _loss(apart: int, *, among: int) -> float:
    """Return the coverage that a signature loses because its phrases are so many lines apart."""
    return _DISTANCE_LOSS * log(1 + apart) * log(max(1, among / _FEW))


@cache
def _most_apart(among: int) -> int:
    """Return how many lines apart two phrases may be, in a text of so many, for enough coverage to be left."""
    return max(apart for apart in range(_APART + 1) if _loss(apart, among=among) <= _MOST_LOST)


def _at_most_when_cut(share: float, telling: float) -> float:
    """Return the score of a cut message whose visible part matches in full: the rest is unseen."""
    return score(coverage=0.7 + 0.3 * share, information=telling) if telling >= _LEAST_WHEN_CUT else 0.0


def _score_when_cut(part: _Part, scale: Scale) -> float:
    """Return the score of a cut message by how much of its visible part matches."""
    alignment, pattern = part.alignment, part.phrase.pattern
    telling = alignment.information - scale.ordinary * scale.total
    if not alignment.cut or part.coverage < CUT_SHARE:
        return 0.0
    seen = sum(pattern.weights[: alignment.chain[-1][1] + 1])
    return (alignment.information / seen) * _at_most_when_cut(part.coverage, telling)


def _places(lines: Lines, line: int, group: Sequence[Phrase], *, apart: int) -> list[tuple[int, Phrase]]:
    """Return the nearby lines where a phrase of a group may begin, with the phrase."""
    around = lines.words_around(line, apart=apart)
    return [
        (other, phrase)
        for phrase in group
        if not around.isdisjoint(phrase.gate)
        for other in _near(lines, line, apart=apart if phrase.pattern.total >= _COMMON else min(apart, _BESIDE))
        if _may_begin(lines, other, phrase)
    ]


def _near(lines: Lines, line: int, *, apart: int) -> range:
    return range(max(line - apart, 0), min(line + apart + 1, len(lines.symptoms)))


def _may_begin(lines: Lines, line: int, phrase: Phrase) -> bool:
    """Return whether a line has words of a phrase, and the message that may begin there nearly all."""
    key = (line, phrase.numbers)  # many signatures have the same phrase
    known = lines.enough.get(key)
    if known is None:
        words = phrase.weights.keys() & lines.messages[line].words
        enough = _weigh(phrase, words) >= NEARLY * phrase.pattern.total - 1e-9
        known = lines.enough[key] = enough and not lines.known[line].isdisjoint(words)
    return known
