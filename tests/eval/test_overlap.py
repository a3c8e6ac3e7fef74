"""Check that no signature or example was copied from the evaluation pastes: see `tests.eval.shingles`."""

from __future__ import annotations

from intents.background import ordinary_lines
from intents.catalog.loader import builtin_directory, load
from tests.eval.shingles import HASHES, fixed_shingles, hashed, shingles, texts_of

HASHED = frozenset(HASHES.read_text(encoding="utf-8").split())


def shared(text: str) -> list[str]:
    fixed = fixed_shingles()
    return [found for found in shingles(text) if hashed(found) in HASHED and found not in fixed]


def test_catalog_shares_no_six_words_with_evaluation_pastes_except_program_output() -> None:
    copied = {
        incident.id: found
        for incident in load([builtin_directory()]).catalog
        for text in texts_of(incident)
        if (found := shared(text))
    }

    assert copied == {}


def test_catalog_shares_no_six_words_with_ordinary_lines() -> None:
    assert {line: found for line in ordinary_lines() if (found := shared(line))} == {}


def test_six_words_are_found_despite_punctuation_and_context() -> None:
    copied = set(shingles("Why does our little pod never become ready?"))

    assert copied
    assert copied == set(shingles("WHY does our-little pod 42, never 'become' ready"))
    assert copied & set(shingles("tell me: why does our little pod never start"))
    assert not copied & set(shingles("why does our little pod always become ready"))
    assert set(shingles("节点上的容器为什么一直起不来")) & set(shingles("请问节点上的容器为什么一直起不来呢"))
    assert list(shingles("five words are not enough")) == []


def test_placeholder_of_a_signature_ends_a_run() -> None:
    assert list(shingles("create pod <pod> in <statefulset> failed")) == []
