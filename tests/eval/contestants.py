"""Who answers: casebook, and what one would write in an afternoon over the very same signatures.

A contestant gives incidents with scores, the best first, and does not abstain: from which score on it may be believed
is decided by `tests.eval.folds`, for all alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Final

import bm25s  # type: ignore[import-untyped]
from rapidfuzz import fuzz, process, utils

from intents.builtin import matcher_for
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.catalog.signatures import Signature
from intents.matcher import Matcher
from intents.symptoms import read_symptoms
from intents.tokens import words_of

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
    """(signature, incident) in an order that favours none: of equals the first wins. The choices of a signature's
    alternatives are written out, since a scorer of strings knows none; of thousands as many as a day's work would."""
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
    """The best signature of each incident, by one of rapidfuzz's scorers."""

    def contestant(catalog: Sequence[Incident]) -> Contestant:
        pairs = written(catalog)
        choices = [utils.default_process(phrase) for phrase, _ in pairs]

        def ranked(text: str) -> Ranked:
            found = process.extract(utils.default_process(text), choices, scorer=scorer, limit=None)
            return _best_of_each((pairs[place][1], score) for _, score, place in found)

        return ranked

    return contestant


def bm25(catalog: Sequence[Incident]) -> Contestant:
    """The best signature of each incident, by BM25 over our own words (Chinese is parted as for us)."""
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
    """Each incident once, as it first occurs among what is sorted."""
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
