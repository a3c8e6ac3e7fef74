from __future__ import annotations

import pytest

from intents.spelling import closest, misspelt


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("checkuot", ["checkout", "basket"], "checkout"),
        ("tidbcluster", ["TidbCluster", "TikvCluster"], "TidbCluster"),
        ("web-b", ["web-c", "web-a"], "web-a"),
        ("checkout", ["pd"], ""),
        ("checkout", [], ""),
    ],
)
def test_the_closest_word_is_the_most_alike_whatever_its_case(word: str, known: list[str], meant: str) -> None:
    assert closest(word, known) == meant


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("pdo", ["pdb", "pod"], "pod"),
        ("psd", ["nodes"], ""),
        ("hekp", ["help"], "help"),
        ("hxkp", ["help"], ""),
        ("inciednst", ["incident"], "incident"),
    ],
)
def test_a_short_word_has_one_slip_and_a_longer_one_two(word: str, known: list[str], meant: str) -> None:
    assert misspelt(word, known) == meant


def test_a_part_of_a_long_name_is_meant_if_the_word_may_be_one() -> None:
    known = ["container-crash-looping", "image-pull-failed"]

    assert (closest("crash", known, part=True), closest("crash", known)) == ("container-crash-looping", "")
