"""A quote keeps its beginning: it is cut at its end, after a word. Of a chain of errors the innermost is kept too."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.domain import Diagnosis, Focus, Hypothesis, Language, SignatureMatch, Text, Verdict
from responses import glance
from responses.shown import shortened
from responses.slack import blocks
from responses.tables import quote
from tests.responses.by_hand import SUPPORTS, judged

LONG = "failed to pull the image: " + "registry said no, then the proxy said no: " * 30 + "the very end"


def _is_beginning(shown: str, whole: str) -> bool:
    kept = shown.removesuffix("…").rstrip()
    return shown.endswith("…") and whole.startswith(kept) and not whole[len(kept) :][:1].isalnum()


def test_a_long_quote_keeps_its_beginning_up_to_a_word() -> None:
    assert _is_beginning(quote(LONG).strip("“”"), LONG)
    assert _is_beginning(blocks.cut(LONG, 160), LONG)


@pytest.mark.parametrize("language", Language)
def test_a_chain_of_errors_in_a_proof_keeps_its_beginning_and_its_end(language: Language) -> None:
    told = judged("a", Verdict.CONFIRMED, replace(SUPPORTS, says=Text.same(f"“{LONG}”"), subject=None))

    proof = glance.proofs(told, Diagnosis(focus=Focus(), hypotheses=(told,)), language, of_text=False)[0]

    assert "failed to pull … " in proof
    assert "the proxy said no: the very end" in proof


@pytest.mark.parametrize("language", Language)
def test_a_quote_of_the_text_keeps_its_beginning(language: Language) -> None:
    match = SignatureMatch(signature="", line=1, quote=LONG, score=1.0)
    text = replace(judged("a", Verdict.POSSIBLE), hypothesis=Hypothesis(incident="a", score=1.0, matches=(match,)))

    proof = glance.proofs(text, Diagnosis(focus=Focus(), hypotheses=(text,)), language, of_text=False)[0]

    assert "failed to pull" in proof
    assert "the very end" not in proof


def test_a_long_sentence_in_a_proof_keeps_its_beginning() -> None:
    long = "the registry said no and then " + "the proxy said no and then " * 30 + "the very end"
    told = judged("a", Verdict.CONFIRMED, replace(SUPPORTS, says=Text.same(f"“{long}”"), subject=None))

    proof = glance.proofs(told, Diagnosis(focus=Focus(), hypotheses=(told,)), Language.EN, of_text=False)[0]

    assert "the registry said no" in proof
    assert "the very end" not in proof


@given(st.text(), st.integers(2, 60))
def test_a_shortened_text_is_its_beginning(text: str, most: int) -> None:
    short = shortened(text, most=most)

    assert len(short) <= most or short == text
    assert text.startswith(short.removesuffix("…"))
