"""Split cases into five folds: parameters chosen on four are measured on the fifth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tests.eval.cases import Case
from tests.eval.contestants import Contestant, Ranked
from tests.eval.figures import Answer, figures_of

FOLDS: Final = 5


def fold_of(cases: Sequence[Case]) -> dict[str, int]:
    """Return the fold of each case by its id; the cases of a label are spread over the folds."""
    fold: dict[str, int] = {}
    dealt: defaultdict[str, int] = defaultdict(int)
    for case in sorted(cases, key=lambda case: case.id):
        group = case.label + "".join(sorted(case.wrong))
        # Labels with few cases must not all miss the same fold.
        start = sum(map(ord, group))
        fold[case.id] = (start + dealt[group]) % FOLDS
        dealt[group] += 1
    return fold


def answers_of(contestant: Contestant, cases: Iterable[Case]) -> list[tuple[Case, Ranked]]:
    return [(case, contestant(case.text)) for case in cases]


def abstaining(answers: Iterable[tuple[Case, Ranked]], threshold: float) -> Iterator[Answer]:
    """Answers of which only what reaches the threshold is said."""
    for case, ranked in answers:
        yield Answer(case, tuple(incident for incident, score in ranked if score >= threshold))


def best_threshold(answers: Sequence[tuple[Case, Ranked]], known: frozenset[str]) -> float:
    """Return the score threshold with the best F1 of recall@1 and precision."""
    scores = sorted({ranked[0][1] for _, ranked in answers if ranked})
    if not scores:
        return 0.0
    # A hundred candidates are as good as all, in a second instead of minutes.
    candidates = [*scores[:: max(1, len(scores) // 100)], scores[-1]]
    return max(candidates, key=lambda score: (figures_of(abstaining(answers, score), known).f1, score))


def cross_validated(answers: Sequence[tuple[Case, Ranked]], known: frozenset[str]) -> tuple[list[Answer], list[float]]:
    """Return the answers, each under the best threshold of the other folds, and the thresholds."""
    fold = fold_of([case for case, _ in answers])
    said: list[Answer] = []
    thresholds = []
    for test in range(FOLDS):
        threshold = best_threshold([one for one in answers if fold[one[0].id] != test], known)
        thresholds.append(threshold)
        said += abstaining((one for one in answers if fold[one[0].id] == test), threshold)
    return said, thresholds
