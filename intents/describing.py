"""Which incident a person's own words describe: naive Bayes over notions, for what no signature says.

Everything that an entry says of itself, its signatures, examples, title, cause, impact and runbook in both languages,
tells which notions go with it. A notion's worth for an entry is how much more often it stands there than elsewhere: in
the other entries, in ordinary texts, and in the entry's own near misses. The worths of a text's notions are summed up.
That ranks well and boasts: words of one sentence are no independent witnesses. So several things are asked of the sum
before it counts, and `tests/eval/fit_describing.py` finds out how much of each: how large it is, how far the next entry
is behind, how much of what the text speaks of the entry explains at all, and whether it speaks of trouble.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, log
from typing import Final

from intents.background import ordinary_lines
from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.notions import notions_of, stem_of
from intents.patterns import PLACEHOLDER
from intents.prose import is_talk, paragraphs_of, speaks_of_trouble
from intents.tokens import words_of

# How much of what is expected elsewhere comes from ordinary texts, from the other entries, and from the near misses.
_ORDINARY: Final = 0.4
_OTHERS: Final = 0.4
_NEAR_MISSES: Final = 0.2
# Which share of an entry's texts has a notion says less than that it is there at all.
_STRETCHED: Final = 3.0
_FORESEEN: Final = 0.8
# What a notion says at most, in nats: one that nobody has written yet may still be an ordinary one.
_MOST: Final = 6.0
# Pairs of characters overlap, so that a Chinese word is said twice.
_HAN: Final = 0.6
# Most pairs that nobody has written are the end of one word and the beginning of another.
_PARTED_ELSEWHERE: Final = 1.0
_TITLE: Final = 2.0
_FEWEST: Final = 4
# Less than one telling notion beside what some near miss of the entry says as well is nothing.
_BEYOND: Final = 3.0
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Description:
    """An incident that a text describes. `line` is the index of the symptom that says most of it."""

    incident: int
    total: float  # what the notions are worth together, in nats
    ahead: float  # of the next incident
    explained: float  # the share of what the text speaks of
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
        )


# tests/eval/fit_describing.py, in the order of `Description.features`.
CONSTANTS: Final = (-10.8, 1.2, 1.9, 5.9, -1.5, -2.7)


def likelihood(features: Sequence[float], constants: Sequence[float] = CONSTANTS) -> float:
    return 1 / (1 + exp(-sum(feature * constant for feature, constant in zip(features, constants, strict=True))))


class Describer:
    """Built once per catalog; immutable."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._entries = len(incidents)
        shares = [_shares(_texts_of(incident)) for incident in incidents]
        near = [[_notions(text) for text in incident.examples.other] for incident in incidents]
        together: Counter[str] = Counter()
        for share in shares:
            together.update(share)
        self._ordinary = _ordinary()
        usual = {notion: _ORDINARY * self._ordinary.usual(notion) for notion in together}
        self._surprise = {
            notion: -log(usual[notion] + _OTHERS * sum_ / self._entries) for notion, sum_ in together.items()
        }
        self._worths: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for number, share in enumerate(shares):
            missed = Counter(notion for text in near[number] for notion in text)
            for notion, here in share.items():
                elsewhere = (
                    usual[notion]
                    + _OTHERS * (together[notion] - here + 0.01) / self._entries
                    + _NEAR_MISSES * missed[notion] / (len(near[number]) + 3)
                )
                foreseen = _FORESEEN * min(1.0, _STRETCHED * here) + (1 - _FORESEEN) * elsewhere
                self._worths[notion][number] = _weighed(notion, log(foreseen / elsewhere))
        self._near = near

    def describe(self, symptoms: Sequence[Symptom]) -> Description | None:
        """The incident that some paragraph describes best, however badly; None where there is too little prose."""
        described = (self._describe(symptoms, paragraph) for paragraph in paragraphs_of(symptoms))
        return max(filter(None, described), key=lambda one: one.score, default=None)

    def _describe(self, symptoms: Sequence[Symptom], paragraph: Sequence[int]) -> Description | None:
        prose = {index: notions_of(symptoms[index].text, known=self._worths) for index in paragraph}
        spoken = frozenset[str]().union(*prose.values())
        totals: Counter[int] = Counter()
        for notion in spoken:
            for number, worth in self._worths.get(notion, {}).items():
                totals[number] += worth  # type: ignore[assignment]
        if not totals:
            return None
        ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        best, total = ranked[0]
        telling = {notion: worth for notion in spoken if (worth := self._worths.get(notion, {}).get(best, 0.0)) > 0}
        if len(telling) < _FEWEST or self._is_said_otherwise(telling, best):
            return None
        whole = sum(map(self._said, spoken))
        return Description(
            incident=best,
            total=total,
            ahead=total - (ranked[1][1] if len(ranked) > 1 else 0.0),
            explained=sum(map(self._said, telling)) / whole if whole else 0.0,
            trouble=any(speaks_of_trouble(symptoms[index].text) for index in prose),
            talk=any(is_talk(symptoms[index].text) for index in paragraph),
            words=_words_for(telling, " ".join(symptoms[index].text for index in prose)),
            line=max(prose, key=lambda index: (sum(telling.get(notion, 0.0) for notion in prose[index]), -index)),
        )

    def _is_said_otherwise(self, telling: Mapping[str, float], incident: int) -> bool:
        """Whether all that tells stands so in an ordinary line, or in a near miss of the entry."""
        alike = {number for notion in telling for number in self._ordinary.where.get(notion, ())}
        texts = (*self._near[incident], *(self._ordinary.lines[number] for number in sorted(alike)))
        return any(sum(worth for notion, worth in telling.items() if notion not in text) < _BEYOND for text in texts)

    def _said(self, notion: str) -> float:
        """How much a notion says, whatever it goes with."""
        surprise = self._surprise.get(notion)
        if surprise is None and not notion.isascii():
            return _PARTED_ELSEWHERE
        if surprise is None:
            surprise = -log(_ORDINARY * self._ordinary.usual(notion))
        return _weighed(notion, min(_MOST, max(0.0, surprise)))


def _weighed(notion: str, worth: float) -> float:
    return worth if notion.isascii() else worth * _HAN


def _words_for(telling: Mapping[str, float], text: str) -> tuple[str, ...]:
    """The words of a text that stand for the most telling notions, in the text's order."""
    shown = sorted(telling, key=lambda notion: (-telling[notion], notion))[:_SHOWN]
    words = dict.fromkeys(word for word in words_of(text) if stem_of(word) in shown)
    return tuple(words)


def _texts_of(incident: Incident) -> Iterator[tuple[str, float]]:
    """What an entry says of itself, and how much each text counts."""
    for signature in incident.signatures:
        yield " ".join(signature.phrases), 1.0
    for text in incident.examples.match:
        yield text, 1.0
    yield incident.title.en, _TITLE
    yield incident.title.zh, _TITLE
    told = (incident.root_cause, incident.impact, *incident.false_positives, *(step.says for step in incident.runbook))
    for both in told:
        yield both.en, 1.0
        yield both.zh, 1.0


def _shares(texts: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """The share of the texts that has each notion."""
    counted: Counter[str] = Counter()
    whole = 0.0
    for text, weight in texts:
        whole += weight
        for notion in _notions(text):
            counted[notion] += weight  # type: ignore[assignment]
    return {notion: count / whole for notion, count in counted.items()}


@cache
def _notions(text: str) -> frozenset[str]:
    return notions_of(PLACEHOLDER.sub(" ", text))


@dataclass(frozen=True, slots=True)
class _Ordinary:
    """The notions of the background's lines, and in which of them each stands."""

    lines: tuple[frozenset[str], ...]
    where: Mapping[str, tuple[int, ...]]

    def usual(self, notion: str) -> float:
        """The share of lines in which a notion is to be expected."""
        return (len(self.where.get(notion, ())) + 0.5) / (len(self.lines) + 1)


@cache
def _ordinary() -> _Ordinary:
    lines = tuple(notions_of(line) for line in ordinary_lines())
    where: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for notion in line:
            where[notion].append(number)
    return _Ordinary(lines, {notion: tuple(numbers) for notion, numbers in where.items()})
