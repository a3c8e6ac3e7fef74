"""Test that the index loses nothing: every pattern with its required share of words is a candidate."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.index import OFTEN, Demand, Index

WORDS = st.integers(0, 30)
PATTERNS = st.dictionaries(WORDS, st.floats(0.1, 8.0), min_size=1, max_size=40)
DEMANDS = st.builds(Demand, weights=PATTERNS, share=st.floats(0.5, 0.9), share_when_cut=st.floats(0.3, 0.5))


def asked(demands: list[Demand], *, often: bool) -> Index:
    index = Index(demands)
    for _ in range(OFTEN if often else 0):
        index.candidates(())
    return index


def share_of(demand: Demand, words: set[int]) -> float:
    return sum(weight for word, weight in demand.weights.items() if word in words) / sum(demand.weights.values())


@given(st.lists(DEMANDS, max_size=30), st.sets(WORDS), st.sets(WORDS, max_size=3), st.booleans())
def test_pattern_with_its_share_of_words_is_a_candidate(
    demands: list[Demand], words: set[int], endings: set[int], often: bool
) -> None:
    found = list(asked(demands, often=often).candidates(words, endings=endings))

    assert found == sorted(set(found))
    for number, demand in enumerate(demands):
        reached = share_of(demand, words)
        may_be_cut = not endings.isdisjoint(demand.weights)
        if words & demand.weights.keys() and reached >= (demand.share_when_cut if may_be_cut else demand.share):
            assert number in found


@given(st.lists(DEMANDS, max_size=30), st.sets(WORDS))
def test_pattern_far_below_its_share_is_not_a_candidate(demands: list[Demand], words: set[int]) -> None:
    """Check that the lightest words, a quarter of the weight, and rounding are all that is allowed."""
    for number in Index(demands).candidates(words):
        demand = demands[number]
        if len(demand.weights) <= 25:
            assert share_of(demand, words) >= demand.share - 0.25 - 0.01 * (len(demand.weights) + 1)


@given(st.lists(DEMANDS, max_size=30), st.sets(WORDS), st.sets(WORDS, max_size=3), st.booleans())
def test_repeated_query_finds_the_same(
    demands: list[Demand], words: set[int], endings: set[int], unpacked: bool
) -> None:
    index = Index(demands)
    often = asked(demands, often=True)
    other = pickle.loads(pickle.dumps(often)) if unpacked else often

    assert other.candidates(words, endings=endings) == index.candidates(words, endings=endings)


@pytest.mark.parametrize("often", [False, True])
def test_patterns_with_rare_words_are_found_among_many(often: bool) -> None:
    demands = [Demand({number % 7: 1.0, 100 + number: 2.0}, 0.6, 0.4) for number in range(9000)]

    assert list(asked(demands, often=often).candidates([8999 + 100, 4096 + 100, 3])) == [4096, 8999]
