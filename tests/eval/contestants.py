"""Provide the contestants: casebook, and baselines that take an afternoon over the same signatures.

A contestant returns incidents with scores, best first, and does not abstain: `tests.eval.folds` chooses the threshold
for all of them alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Final

import bm25s  # type: ignore[import-untyped]
from rapidfuzz import fuzz, process, utils

from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.catalog.signatures import Signature
from intents.matcher import Matcher
from intents.symptoms import read_symptoms
from intents.tokens import words_of
from tests.builtin import matcher_for

Ranked = list[tuple[str, float]]
Contestant = Callable[[str], Ranked]

SEED: Final = 20250412
_BEST: Final = 5
_MOST_CHOICES: Final = 40


def casebook(catalog: Iterable[Incident]) -> Contestant:
    matcher = matcher_for(catalog) if isinstance(catalog, Catalog) else Matcher(catalog)

    def ranked(text: str) -> Ranked:
        matching = matcher.match(read_symptoms(text), limit=_BEST)
        return [(found.incident, found.score) for found in (*matching.hypotheses, *matching.nearest)]

    return ranked


def written(catalog: Iterable[Incident]) -> list[tuple[str, str]]:
    """Return (signature, incident) in an order that favours no incident, as the first of equals wins.

    Alternatives are written out, since string scorers do not know them, up to a limit."""
    chance = random.Random(SEED)
    pairs = [
        (" ".join(chosen), incident.id)
        for incident in catalog
        for signature in incident.signatures
        for chosen in _choices(signature, chance)
    ]
    chance.shuffle(pairs)
    return pairs


def _choices(signature: Signature, chance: random.Random) -> list[tuple[str, ...]]:
    every = list(product(*signature.groups))
    return every if len(every) <= _MOST_CHOICES else chance.sample(every, _MOST_CHOICES)


def rapidfuzz_by(scorer: Callable[..., float]) -> Callable[[Sequence[Incident]], Contestant]:
    """Return a contestant that takes each incident's best signature by a rapidfuzz scorer."""

    def contestant(catalog: Sequence[Incident]) -> Contestant:
        pairs = written(catalog)
        choices = [utils.default_process(phrase) for phrase, _ in pairs]

        def ranked(text: str) -> Ranked:
            found = process.extract(utils.default_process(text), choices, scorer=scorer, limit=None)
            return _best_of_each((pairs[place][1], score) for _, score, place in found)

        return ranked

    return contestant


def bm25(catalog: Sequence[Incident]) -> Contestant:
    """Return a contestant that takes each incident's best signature by BM25 over our tokens."""
    pairs = written(catalog)
    index = bm25s.BM25()
    index.index([words_of(phrase) or ["-"] for phrase, _ in pairs], show_progress=False)
    vocabulary = frozenset(index.vocab_dict)

    def ranked(text: str) -> Ranked:
        words = [word for word in words_of(text) if word in vocabulary]
        if not words:
            return []
        scores = index.get_scores(words)
        return _best_of_each(
            sorted(((pairs[place][1], float(score)) for place, score in enumerate(scores)), key=lambda one: -one[1])
        )

    return ranked


def _best_of_each(found: Iterable[tuple[str, float]]) -> Ranked:
    """Keep the first entry of each incident in a sorted list."""
    best: dict[str, float] = {}
    for incident, score in found:
        if score > 0:
            best.setdefault(incident, score)
        if len(best) == _BEST:
            break
    return list(best.items())


BASELINES: Final[dict[str, Callable[[Sequence[Incident]], Contestant]]] = {
    "WRatio": rapidfuzz_by(fuzz.WRatio),
    "token_set_ratio": rapidfuzz_by(fuzz.token_set_ratio),
    "BM25": bm25,
}
