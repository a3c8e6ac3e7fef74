"""Classify a person's own description of a problem: naive Bayes over terms, for texts that no signature matches.

The weights of a text's terms (`intents.term_weights`) are summed up for each entry. The sum ranks well but is
overconfident, because the words of a sentence are not independent. A logistic regression therefore turns it into a
likelihood, with these further features: the distance to the next entry, the share of the text that the entry explains,
whether the terms of one of its signatures occur, and whether the text reports a problem or discusses a plan.
`tests/eval/fit_prose_classifier.py` fits its constants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from math import exp, log
from typing import Any, Final

from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.packed import Packed
from intents.prose import is_talk, paragraphs_of, reports_problem
from intents.term_weights import TermWeights
from intents.terms import term_of, terms_of
from intents.tokens import words_of

# So many of the best entries are scored: the second may have the better signature.
_CANDIDATES: Final = 3
_FEWEST: Final = 4
# The weight that must remain without the terms of the nearest near miss: about one telling term.
_LEAST_MARGIN: Final = 3.0
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class ProseMatch:
    """An incident that a text describes. `line` is the index of the symptom with most of its weight."""

    incident: int
    total: float  # the weight of its terms, in nats
    ahead: float  # of the next incident, in nats
    explained: float  # the share of the text's information that the incident's terms have
    signature_share: float  # the largest share of one of its signatures that the terms cover
    trouble: bool  # whether the text says that something is wrong
    talk: bool  # whether the text discusses plans, or asks out of interest
    words: tuple[str, ...]  # of the text, with the largest weights
    line: int

    @property
    def score(self) -> float:
        """Return the likelihood that the incident is meant."""
        return likelihood(self.features)

    @property
    def features(self) -> tuple[float, ...]:
        """Return the features of the logistic regression."""
        return (
            1.0,
            log(1 + max(0.0, self.total)),
            log(1 + max(0.0, self.ahead)),
            self.explained,
            0.0 if self.trouble else 1.0,
            1.0 if self.talk else 0.0,
            self.signature_share,
        )


# From tests/eval/fit_prose_classifier.py, in the order of `ProseMatch.features`. The first was fitted as -12.9 and is
# raised: on texts that were not fitted on, this recognises three more incidents for each further false alarm.
CONSTANTS: Final = (-12.4, 2.9, 0.25, 3.3, -1.3, -3.8, 2.6)


def likelihood(features: Sequence[float], constants: Sequence[float] = CONSTANTS) -> float:
    """Return the logistic function of the weighted features."""
    return 1 / (1 + exp(-sum(feature * constant for feature, constant in zip(features, constants, strict=True))))


class _Packed(Packed[TermWeights]):
    """The weights: most texts are recognised without them."""

    @staticmethod
    def pack(item: TermWeights) -> Any:
        return item.plain()

    @staticmethod
    def unpack(plain: Any) -> TermWeights:
        return TermWeights.of_plain(plain)


class ProseClassifier:
    """Finds the incident of a catalog that a text describes. Immutable."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._packed = _Packed([TermWeights(incidents)])

    @property
    def _weights(self) -> TermWeights:
        return self._packed[0]

    def classify(self, symptoms: Sequence[Symptom]) -> ProseMatch | None:
        """Return the incident that a paragraph, or a line of one, describes best; None without enough prose."""
        found = (
            one
            for paragraph in paragraphs_of(symptoms)
            for lines in (paragraph, *(((line,) for line in paragraph) if len(paragraph) > 1 else ()))
            for one in self._candidates(symptoms, lines)
        )
        return max(found, key=lambda one: (one.score, one.total, -one.incident), default=None)

    def _candidates(self, symptoms: Sequence[Symptom], paragraph: Sequence[int]) -> Iterator[ProseMatch]:
        lines = {index: terms_of(symptoms[index].text, known=self._weights) for index in paragraph}
        # A fixed order, so that equal texts give equal sums to the last bit.
        terms = tuple(sorted(frozenset[str]().union(*lines.values())))
        totals: defaultdict[int, float] = defaultdict(float)
        for term in terms:
            for number, weight in self._weights.weights_of(term).items():
                totals[number] += weight
        ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        whole = sum(map(self._weights.information, terms))
        for place, (number, total) in enumerate(ranked[:_CANDIDATES]):
            telling = self._telling(terms, number)
            if len(telling) < _FEWEST or self._weights.margin(number, telling) < _LEAST_MARGIN:
                continue
            rival = ranked[0 if place else 1][1] if len(ranked) > 1 else 0.0
            yield ProseMatch(
                incident=number,
                total=total,
                ahead=total - rival,
                explained=sum(map(self._weights.information, telling)) / whole,
                signature_share=self._weights.signature_share(number, frozenset(terms)),
                trouble=any(reports_problem(symptoms[index].text) for index in paragraph),
                talk=any(is_talk(symptoms[index].text) for index in paragraph),
                words=_words_for(telling, " ".join(symptoms[index].text for index in paragraph)),
                line=max(lines, key=lambda index: (_weight_of(telling, lines[index]), -index)),
            )

    def _telling(self, terms: Sequence[str], number: int) -> dict[str, float]:
        weights = {term: self._weights.weights_of(term).get(number, 0.0) for term in terms}
        return {term: weight for term, weight in weights.items() if weight > 0}


def _weight_of(telling: Mapping[str, float], terms: Set[str]) -> float:
    return sum(weight for term, weight in telling.items() if term in terms)


def _words_for(telling: Mapping[str, float], text: str) -> tuple[str, ...]:
    """Return the words of a text that have the heaviest terms, in the text's order."""
    shown = sorted(telling, key=lambda term: (-telling[term], term))[:_SHOWN]
    return tuple(dict.fromkeys(word for word in words_of(text) if term_of(word) in shown))
