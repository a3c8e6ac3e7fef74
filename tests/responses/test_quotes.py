"""A quote keeps its beginning: it is cut at its end, after a word."""

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
def test_a_quote_in_a_proof_keeps_its_beginning(language: Language) -> None:
    told = judged("a", Verdict.CONFIRMED, replace(SUPPORTS, says=Text.same(f"“{LONG}”"), subject=None))
    match = SignatureMatch(signature="", line=1, quote=LONG, score=1.0)
    text = replace(judged("a", Verdict.POSSIBLE), hypothesis=Hypothesis(incident="a", score=1.0, matches=(match,)))

    for one in (told, text):
        proof = glance.proofs(one, Diagnosis(focus=Focus(), hypotheses=(one,)), language, of_text=False)[0]
        assert "failed to pull the image" in proof
        assert "…" in proof
        assert "the very end" not in proof


@given(st.text(), st.integers(2, 60))
def test_a_shortened_text_is_its_beginning(text: str, most: int) -> None:
    short = shortened(text, most=most)

    assert len(short) <= most or short == text
    assert text.startswith(short.removesuffix("…"))
