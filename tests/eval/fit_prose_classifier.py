"""Fit the constants of `intents.prose` and print them, with what they make of texts they were not fitted on.

A description counts only if no signature matches a text, so the fit uses only such texts: the catalog's own examples
while left out of it, fold by fold, with and without their signatures (`tests.eval.cross_validation`), the background,
and the pastes that have been seen. The open half of the blind pastes is not used and shows the result.

Logistic regression by gradient descent, with the present constants as prior. The fitted weight of the distance to the
next entry is zero; it keeps part of its prior, as few examples lie between two entries. The constant is set a little
lower than fitted: a wrong answer costs more than a missing one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.matcher import Matcher
from intents.prose import CONSTANTS, ProseClassifier, likelihood
from intents.symptoms import read_symptoms
from tests.eval.cases import BLIND, PASTES, Case, cases_in, ordinary_cases
from tests.eval.cross_validation import without_examples, without_signatures

HELD: Final = 0.0005
STEPS: Final = 6000
NAMES: Final = ("constant", "total", "ahead", "explained", "no trouble", "talk", "signed")
# Texts without their best signatures are frequent among the samples, but not in use: they weigh less.
UNSIGNED: Final = 0.4


class Sample(NamedTuple):
    features: tuple[float, ...]
    right: bool
    weight: float = 1.0


def main() -> None:
    catalog = sorted(load([builtin_directory()]).catalog, key=lambda incident: incident.id)
    samples = [
        *chain.from_iterable(_samples(known, left_out) for known, left_out in without_examples(catalog)),
        *(
            sample._replace(weight=UNSIGNED)
            for known, left_out in without_signatures(catalog)
            for sample in _samples(known, left_out)
        ),
        *_samples(catalog, [*cases_in(PASTES), *ordinary_cases()]),
    ]
    blind = list(_samples(catalog, cases_in(BLIND, half="open")))
    print(f"{sum(one.right for one in samples)} right, {sum(not one.right for one in samples)} wrong descriptions")
    fitted = _fitted(samples)
    for name, present, new in zip(NAMES, CONSTANTS, fitted, strict=True):
        print(f"{name:12} present {present:6.2f}  fitted {new:6.2f}")
    for name, constants in (("present", CONSTANTS), ("fitted", fitted)):
        for which, of in (("fitted on", samples), ("blind", blind)):
            print(f"{name}, {which}: " + _reliability(of, constants))


def _samples(catalog: Sequence[Incident], cases: Iterable[Case]) -> Iterator[Sample]:
    """Yield the descriptions in texts that no signature matches."""
    matcher, classifier = Matcher(catalog), ProseClassifier(catalog)
    signatures = {str(signature) for incident in catalog for signature in incident.signatures}
    known = {incident.id for incident in catalog}
    for case in (case.among(known) for case in cases):
        symptoms = read_symptoms(case.text)
        description = classifier.classify(symptoms)
        if description is None or _is_signed(matcher, symptoms, signatures):
            continue
        said = catalog[description.incident].id
        if not case.wrong or said in case.wrong:
            yield Sample(description.features, said in case.right)


def _is_signed(matcher: Matcher, symptoms: Sequence[Symptom], signatures: set[str]) -> bool:
    found = matcher.match(symptoms).hypotheses[:1]
    return any(match.signature in signatures for one in found for match in one.matches[:1])


def _fitted(samples: Sequence[Sample]) -> tuple[float, ...]:
    whole = sum(one.weight for one in samples)
    constants = list(CONSTANTS)
    for _ in range(STEPS):
        slopes = [HELD * (value - before) for value, before in zip(constants, CONSTANTS, strict=True)]
        for features, right, weight in samples:
            wrong = (likelihood(features, constants) - right) * weight / whole
            for index, feature in enumerate(features):
                slopes[index] += wrong * feature
        constants = [value - slope for value, slope in zip(constants, slopes, strict=True)]
    return tuple(constants)


def _reliability(samples: Sequence[Sample], constants: Sequence[float]) -> str:
    parts = []
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        said = [one.right for one in samples if likelihood(one.features, constants) >= threshold]
        parts.append(f"≥{threshold}: {sum(said)} right, {len(said) - sum(said)} wrong")
    return "  ".join(parts)


if __name__ == "__main__":
    main()
