"""Measure how well the catalog matches examples it does not have, with two cross-validations over its own examples.

What is learned from examples. Signatures are written by people. What the program learns by itself is how much each
signature is worth: `intents.scales` measures it against the `other` examples of its entry and against the `match`
examples of every other entry, which therefore cannot also judge it. The two ways below take that knowledge away.

`examples left out`: all examples of a fold are removed from the catalog, the matcher is rebuilt and asked about them.
This shows the effect of unknown near misses, and of an entry's texts on its siblings' signatures. The threshold is not
chosen on them: casebook's is fixed.

`signatures left out`: the author of an example most likely wrote a signature for the same message, so that a match
proves little. For each `match` example of a fold the best matching signature is therefore removed as well, which leaves
signatures for other wordings. An unseen paste lies between the two: its wording usually has a signature, sometimes not.
This method gives a lower bound, since an entry may lose several signatures at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from intents.catalog.schema import Examples, Incident
from intents.matcher import Matcher
from intents.scores import THRESHOLD
from intents.symptoms import read_symptoms
from tests.eval.cases import Case, cases_of
from tests.eval.contestants import casebook
from tests.eval.figures import Answer
from tests.eval.folds import FOLDS, abstaining, answers_of, fold_of


def examples_left_out(catalog: Sequence[Incident]) -> list[Answer]:
    return [answer for known, left_out in without_examples(catalog) for answer in _asked(known, left_out)]


def signatures_left_out(catalog: Sequence[Incident]) -> list[Answer]:
    return [answer for known, left_out in without_signatures(catalog) for answer in _asked(known, left_out)]


def without_examples(catalog: Sequence[Incident]) -> Iterator[tuple[list[Incident], list[Case]]]:
    """Yield for each fold the catalog without its examples, and these examples."""
    cases = cases_of(catalog)
    fold = fold_of(cases)
    for test in range(FOLDS):
        left_out = [case for case in cases if fold[case.id] == test]
        yield _without_examples(catalog, left_out), left_out


def without_signatures(catalog: Sequence[Incident]) -> Iterator[tuple[list[Incident], list[Case]]]:
    """Yield for each fold the catalog without its `match` examples and their best signatures, and these examples."""
    best = _best_signatures(catalog, [case for case in cases_of(catalog) if case.right])
    for known, of_fold in without_examples(catalog):
        left_out = [case for case in of_fold if case.right]
        yield _without_signatures(known, {best[case.id] for case in left_out if case.id in best}), left_out


def _asked(catalog: Sequence[Incident], cases: Sequence[Case]) -> list[Answer]:
    return list(abstaining(answers_of(casebook(catalog), cases), THRESHOLD))


def _without_examples(catalog: Sequence[Incident], left_out: Sequence[Case]) -> list[Incident]:
    """Return the catalog without some of its examples."""
    texts = {case.text for case in left_out}
    return [
        incident.model_copy(
            update={
                "examples": Examples.model_construct(
                    match=tuple(text for text in incident.examples.match if text not in texts),
                    other=tuple(text for text in incident.examples.other if text not in texts),
                )
            }
        )
        for incident in catalog
    ]


def _best_signatures(catalog: Sequence[Incident], cases: Sequence[Case]) -> dict[str, tuple[str, str]]:
    """Return the (incident, signature) that matches each case best."""
    matcher = Matcher(catalog)
    best = {}
    for case in cases:
        matching = matcher.match(read_symptoms(case.text))
        for found in (*matching.hypotheses, *matching.nearest):
            if found.incident in case.right:
                best[case.id] = (found.incident, found.matches[0].signature)
    return best


def _without_signatures(catalog: Sequence[Incident], left_out: set[tuple[str, str]]) -> list[Incident]:
    """Return the catalog without some signatures; an entry keeps at least one, as it must."""
    gone: defaultdict[str, set[str]] = defaultdict(set)
    for incident_id, signature in left_out:
        gone[incident_id].add(signature)
    remaining = []
    for incident in catalog:
        kept = tuple(one for one in incident.signatures if str(one) not in gone[incident.id])
        remaining.append(incident.model_copy(update={"signatures": kept or incident.signatures[:1]}))
    return remaining
