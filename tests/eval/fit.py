"""Fit the constants of `intents.scores` and print them, with how often a score of so much is right.

The examples: every `match` of the catalog under every perturbation, for its own incident; against them every `other`,
for its own incident, and the background, for any. Each gives its best occurrence: how much of the signature is there
and what that says. The three constants are those of the logistic regression on both, held near what is believed
before, as right and wrong examples are parted too well to say more; they are printed, not
written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import exp, log
from typing import Final, NamedTuple

from intents import scores
from intents.background import ordinary_lines
from intents.catalog.loader import builtin_directory, load
from intents.matcher import Matcher
from intents.signature_finder import Occurrence, SignatureFinder
from intents.symptoms import read_symptoms
from tests.bench.perturbations import PERTURBATIONS

SEED: Final = 7
PRESENT: Final = (scores._CONSTANT, scores._COVERAGE, scores._INFORMATION)
# What is believed before any example is seen. That one rare word in full (6 nats) is likelier than not is not up for
# fitting: the log odds are 1.5 there, as entries rely on it and few examples are so short.
BELIEVED: Final = (10.0, 2.2)
ONE_WORD: Final = 1.5
HELD: Final = 0.001  # how strongly the constants are held near that
STEPS: Final = 4000


class Sample(NamedTuple):
    coverage: float
    surprise: float
    right: bool


def main() -> None:
    catalog = sorted(load([builtin_directory()]).catalog, key=lambda incident: incident.id)
    chance = random.Random(SEED)
    finder = SignatureFinder(catalog, scaled=False)

    def best(text: str, incident: int | None) -> Occurrence | None:
        found, _ = finder.find(read_symptoms(text))
        of = [item for item in found if incident is None or item.incident == incident]
        return max(of, key=lambda item: item.score, default=None)

    def samples() -> Iterator[Sample]:
        for number, incident in enumerate(catalog):
            for text in incident.examples.match:
                for perturb in PERTURBATIONS.values():
                    if occurrence := best(perturb(chance, text), number):
                        yield _sample(occurrence, right=True)
            for text in incident.examples.other:
                if occurrence := best(text, number):
                    yield _sample(occurrence, right=False)
        for text in ordinary_lines():
            if occurrence := best(text, None):
                yield _sample(occurrence, right=False)

    of = list(samples())
    print(f"{sum(item.right for item in of)} right, {sum(not item.right for item in of)} wrong occurrences")
    print("present constant {:.2f}  coverage {:.2f}  information {:.2f}".format(*PRESENT))
    print("fitted  constant {:.2f}  coverage {:.2f}  information {:.2f}".format(*_fitted(of)))
    _show_reliability(Matcher(catalog), chance)


def _sample(occurrence: Occurrence, *, right: bool) -> Sample:
    return Sample(occurrence.coverage, log(min(max(occurrence.information, 1), 60) / 6), right)


def _fitted(samples: list[Sample]) -> tuple[float, float, float]:
    """Gradient descent; right and wrong samples weigh the same together, however many there are of each."""
    coverage, information = BELIEVED
    weight = {right: 0.5 / max(1, sum(item.right is right for item in samples)) for right in (True, False)}
    for _ in range(STEPS):
        by_coverage, by_information = HELD * (coverage - BELIEVED[0]), HELD * (information - BELIEVED[1])
        for item in samples:
            odds = ONE_WORD - coverage * (1 - item.coverage) + information * item.surprise
            wrong = (1 / (1 + exp(-odds)) - item.right) * weight[item.right]
            by_coverage -= wrong * (1 - item.coverage)
            by_information += wrong * item.surprise
        coverage -= by_coverage
        information -= by_information
    return ONE_WORD - coverage, coverage, information


def _show_reliability(matcher: Matcher, chance: random.Random) -> None:
    said: dict[int, list[bool]] = {}
    texts = [
        (perturb(chance, text), incident.id)
        for incident in load([builtin_directory()]).catalog
        for text in incident.examples.match
        for perturb in PERTURBATIONS.values()
    ]
    for text, wanted in [*texts, *((line, "") for line in ordinary_lines())]:
        matching = matcher.match(read_symptoms(text))
        for hypothesis in (*matching.hypotheses[:1], *matching.nearest[:1]):
            said.setdefault(int(hypothesis.score * 10), []).append(hypothesis.incident == wanted)
    for tenth, right in sorted(said.items()):
        print(f"score {tenth / 10:.1f}-{tenth / 10 + 0.1:.1f}: right {sum(right)} of {len(right)}")


if __name__ == "__main__":
    main()
