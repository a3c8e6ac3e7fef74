"""Fit the constants of `intents.describing` and print them, with what they make of texts they were not fitted on.

The examples: what the catalog's own texts describe while they are left out of it, fold by fold; the background; and the
pastes that have been looked at. The blind pastes are left alone and show the outcome. Only texts that no signature
recognises would be asked, but there are too few of those to learn from: all prose counts.

Logistic regression by gradient descent, held near nothing much; right and wrong examples weigh the same together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Incident
from intents.describing import CONSTANTS, Describer, likelihood
from intents.symptoms import read_symptoms
from tests.eval.cases import BLIND, PASTES, Case, cases_in, cases_of, ordinary_cases
from tests.eval.cross_validation import without_examples
from tests.eval.folds import FOLDS, fold_of

HELD: Final = 0.002
STEPS: Final = 3000
RATE: Final = 0.3
NAMES: Final = ("constant", "total", "ahead", "explained", "no trouble", "talk", "signed")


class Sample(NamedTuple):
    features: tuple[float, ...]
    right: bool


def main() -> None:
    catalog = sorted(load([builtin_directory()]).catalog, key=lambda incident: incident.id)
    samples = [*_left_out(catalog), *_samples(catalog, [*cases_in(PASTES), *ordinary_cases()])]
    blind = list(_samples(catalog, cases_in(BLIND, half="open")))
    print(f"{sum(one.right for one in samples)} right, {sum(not one.right for one in samples)} wrong descriptions")
    fitted = _fitted(samples)
    for name, present, new in zip(NAMES, CONSTANTS, fitted, strict=True):
        print(f"{name:12} present {present:6.2f}  fitted {new:6.2f}")
    for name, constants in (("present", CONSTANTS), ("fitted", fitted)):
        for which, of in (("fitted on", samples), ("blind", blind)):
            print(f"{name}, {which}: " + _reliability(of, constants))


def _left_out(catalog: Sequence[Incident]) -> Iterator[Sample]:
    cases = cases_of(catalog)
    fold = fold_of(cases)
    for test in range(FOLDS):
        left_out = [case for case in cases if fold[case.id] == test]
        yield from _samples(without_examples(catalog, left_out), left_out)


def _samples(catalog: Sequence[Incident], cases: Iterable[Case]) -> Iterator[Sample]:
    describer = Describer(catalog)
    known = {incident.id for incident in catalog}
    for case in cases:
        description = describer.describe(read_symptoms(case.text))
        if description is None or (case.right and not case.right & known):
            continue
        said = catalog[description.incident].id
        if case.wrong and said not in case.wrong:
            continue
        yield Sample(description.features, said in case.right)


def _fitted(samples: Sequence[Sample]) -> tuple[float, ...]:
    weight = {right: 0.5 / max(1, sum(one.right is right for one in samples)) for right in (True, False)}
    constants = list(CONSTANTS)
    for _ in range(STEPS):
        slopes = [HELD * (value - before) for value, before in zip(constants, CONSTANTS, strict=True)]
        for features, right in samples:
            wrong = (likelihood(features, constants) - right) * weight[right]
            for index, feature in enumerate(features):
                slopes[index] += wrong * feature
        constants = [value - RATE * slope for value, slope in zip(constants, slopes, strict=True)]
    return tuple(constants)


def _reliability(samples: Sequence[Sample], constants: Sequence[float]) -> str:
    parts = []
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        said = [one.right for one in samples if likelihood(one.features, constants) >= threshold]
        parts.append(f"≥{threshold}: {sum(said)} right, {len(said) - sum(said)} wrong")
    return "  ".join(parts)


if __name__ == "__main__":
    main()
