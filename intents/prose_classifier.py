"""Which incident a person's own words describe: naive Bayes over notions, for what no signature says.

What a text's notions are worth for an entry (`intents.term_weights`) is summed up. That ranks well and boasts: words of one
sentence are no independent witnesses. So several things are asked of the sum before it counts: how large it is, how far
the next entry is behind, how much of what the text speaks of the entry explains at all, whether the words of one of its
signatures are there, and whether the text speaks of trouble rather than of plans. `tests/eval/fit_prose_classifier.py` finds
out how much of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from math import exp, log
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.prose import is_talk, paragraphs_of, speaks_of_trouble
from intents.term_weights import TermWeights
from intents.terms import notion_of, notions_of
from intents.tokens import words_of

# So many entries are looked at closely: the first may be nearer, and the second the better signed.
_CANDIDATES: Final = 3
_FEWEST: Final = 4
# Less than one telling notion beside what some near miss of the entry says as well is nothing.
_BEYOND: Final = 3.0
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class ProseMatch:
    """An incident that a text describes. `line` is the index of the symptom that says most of it."""

    incident: int
    total: float  # what the notions are worth together, in nats
    ahead: float  # of the next incident
    explained: float  # the share of what the text speaks of
    signed: float  # the largest share of a signature whose words are there
    trouble: bool  # whether it says that something is wrong
    talk: bool  # whether it speaks of plans, or out of interest
    words: tuple[str, ...]  # of the text, that tell most
    line: int

    @property
    def score(self) -> float:
        return likelihood(self.features)

    @property
    def features(self) -> tuple[float, ...]:
        """What the likelihood rests on."""
        return (
            1.0,
            log(1 + max(0.0, self.total)),
            log(1 + max(0.0, self.ahead)),
            self.explained,
            0.0 if self.trouble else 1.0,
            1.0 if self.talk else 0.0,
            self.signed,
        )


# tests/eval/fit_prose_classifier.py, in the order of `ProseMatch.features`; but the first, fitted as -12.9, is eased: of the
# texts not fitted on, that recognises three times as many more as it alarms for nothing.
CONSTANTS: Final = (-12.4, 2.9, 0.25, 3.3, -1.3, -3.8, 2.6)


def likelihood(features: Sequence[float], constants: Sequence[float] = CONSTANTS) -> float:
    return 1 / (1 + exp(-sum(feature * constant for feature, constant in zip(features, constants, strict=True))))


class ProseClassifier:
    """Built once per catalog; immutable."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._worths = TermWeights(incidents)

    def describe(self, symptoms: Sequence[Symptom]) -> ProseMatch | None:
        """The incident that some paragraph, or a line of it, describes best; None where there is too little prose."""
        found = (
            one
            for paragraph in paragraphs_of(symptoms)
            for lines in (paragraph, *(((line,) for line in paragraph) if len(paragraph) > 1 else ()))
            for one in self._candidates(symptoms, lines)
        )
        return max(found, key=lambda one: (one.score, one.total, -one.incident), default=None)

    def _candidates(self, symptoms: Sequence[Symptom], paragraph: Sequence[int]) -> Iterator[ProseMatch]:
        lines = {index: notions_of(symptoms[index].text, known=self._worths) for index in paragraph}
        # In one order, so that the same sums come out the same to the last bit.
        spoken = tuple(sorted(frozenset[str]().union(*lines.values())))
        totals: defaultdict[int, float] = defaultdict(float)
        for notion in spoken:
            for number, worth in self._worths.of(notion).items():
                totals[number] += worth
        ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        whole = sum(map(self._worths.said, spoken))
        for place, (number, total) in enumerate(ranked[:_CANDIDATES]):
            telling = self._telling(spoken, number)
            if len(telling) < _FEWEST or self._worths.beyond(number, telling) < _BEYOND:
                continue
            rival = ranked[0 if place else 1][1] if len(ranked) > 1 else 0.0
            yield ProseMatch(
                incident=number,
                total=total,
                ahead=total - rival,
                explained=sum(map(self._worths.said, telling)) / whole,
                signed=self._worths.signed(number, frozenset(spoken)),
                trouble=any(speaks_of_trouble(symptoms[index].text) for index in paragraph),
                talk=any(is_talk(symptoms[index].text) for index in paragraph),
                words=_words_for(telling, " ".join(symptoms[index].text for index in paragraph)),
                line=max(lines, key=lambda index: (_worth(telling, lines[index]), -index)),
            )

    def _telling(self, spoken: Sequence[str], number: int) -> dict[str, float]:
        worths = {notion: self._worths.of(notion).get(number, 0.0) for notion in spoken}
        return {notion: worth for notion, worth in worths.items() if worth > 0}


def _worth(telling: Mapping[str, float], notions: Set[str]) -> float:
    return sum(worth for notion, worth in telling.items() if notion in notions)


def _words_for(telling: Mapping[str, float], text: str) -> tuple[str, ...]:
    """The words of a text that stand for the most telling notions, in the text's order."""
    shown = sorted(telling, key=lambda notion: (-telling[notion], notion))[:_SHOWN]
    return tuple(dict.fromkeys(word for word in words_of(text) if notion_of(word) in shown))
