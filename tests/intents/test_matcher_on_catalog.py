"""Test the built-in catalog: examples match first in any paste format, near misses and ordinary lines do not."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.diagnosing import build_engine
from intents.alerts.labels import is_labelled_cleared
from intents.background import ordinary_lines
from intents.catalog.checks import filled_signatures
from intents.catalog.schema import Incident
from intents.matcher import Matcher, MatchResult
from intents.prose import Exclusions
from intents.signature_finder import MOST_ALIGNMENTS
from intents.symptoms import MAX_SYMPTOMS, read_symptoms

ENGINE, _ = build_engine()
CATALOG = tuple(ENGINE.catalog)
MATCHER = ENGINE.matcher
CHAT = (
    "hi all",
    "anyone seen this before?",
    "since the deploy this morning",
    "thanks!",
    "prod, not staging",
    "大家帮忙看一下",
    "$ kubectl get pods -n shop",
)


@cache
def signed() -> tuple[tuple[Incident, str], ...]:
    """Return the examples that match by signature: descriptions are searched only at the ends of a text."""
    signatures = {str(signature) for incident in CATALOG for signature in incident.signatures}
    examples = ((incident, text) for incident in CATALOG for text in incident.examples.match)
    return tuple((incident, text) for incident, text in examples if signature_of(text) in signatures)


@cache
def matched(text: str) -> MatchResult:
    """Return the result for a text of the catalog."""
    return MATCHER.match(read_symptoms(text))


def signature_of(text: str) -> str:
    return matched(text).hypotheses[0].matches[0].signature


def first(text: str) -> str | None:
    hypotheses = MATCHER.match(read_symptoms(text)).hypotheses
    return hypotheses[0].incident if hypotheses else None


@pytest.mark.parametrize("incident", CATALOG)
def test_chat_around_an_example_and_escapes_keep_the_first_match(incident: Incident) -> None:
    for text in incident.examples.match:
        chance = random.Random(text)
        before, after = chance.sample(CHAT, 3), chance.sample(CHAT, 2)
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', '\\"')

        assert first("\n".join([*before, text, *after])) == incident.id
        assert first("\r\n".join(f"&gt; \x1b[33m{line}\x1b[0m" for line in escaped.split("\n"))) == incident.id


def test_filled_signature_matches_its_own_entry_first_or_in_few_cases_a_sibling() -> None:
    texts = [(incident, text) for incident in CATALOG for text in filled_signatures(incident)]
    others = [(incident, text, found) for incident, text in texts if (found := first(text)) != incident.id]

    assert [text for incident, text, found in others if found not in incident.yields_to] == []
    assert len(others) <= 0.01 * len(texts), others
    assert sum(len(incident.yields_to) for incident in CATALOG) <= 10


def test_near_miss_is_never_matched_by_its_own_entry() -> None:
    texts = [(incident.id, text) for incident in CATALOG for text in incident.examples.other]

    assert [(entry, text) for entry, text in texts if first(text) == entry] == []


def test_ordinary_line_never_matches() -> None:
    answered = {line: said for line in ordinary_lines() if (said := first(line))}

    assert answered == {}


@pytest.mark.parametrize(("lines", "most"), [(4, 0.12), (8, 0.25), (30, 0.12)])
def test_ordinary_lines_together_rarely_match(lines: int, most: float) -> None:
    """Join ordinary lines in any order as a terminal might; many mention the topics of entries."""
    chance = random.Random(lines)
    texts = ["\n".join(chance.sample(ordinary_lines(), lines)) for _ in range(150)]

    assert sum(first(text) is not None for text in texts) <= most * len(texts)


def test_catalog_order_does_not_matter() -> None:
    turned = Matcher(reversed(CATALOG))

    for incident in CATALOG:
        for text in incident.examples.match:
            assert turned.match(read_symptoms(text)) == matched(text)


WORDS = st.sampled_from(sorted({word for item in CATALOG for text in item.examples.match for word in text.split()}))
TEXTS = st.one_of(
    st.text(max_size=400),
    st.binary(max_size=400),
    st.lists(WORDS, max_size=120).map(" ".join),
    st.lists(st.one_of(WORDS, st.just("\n"), st.text(max_size=6)), max_size=120).map(" ".join),
    st.tuples(WORDS, st.integers(1, 3000)).map(lambda pair: (pair[0] + " ") * pair[1]),
)


@given(TEXTS)
def test_any_text_matches_deterministically_within_the_bounds(text: str | bytes) -> None:
    symptoms = read_symptoms(text)
    matching = MATCHER.match(symptoms)

    assert len(symptoms) <= MAX_SYMPTOMS
    assert matching.alignments <= MOST_ALIGNMENTS
    assert len(matching.hypotheses) <= 5
    assert len(matching.nearest) <= 2
    for hypothesis in (*matching.hypotheses, *matching.nearest):
        assert 0 <= hypothesis.score <= 1
        assert all(len(match.quote) <= 400 for match in hypothesis.matches)
    assert MATCHER.match(read_symptoms(text)) == matching


@given(st.lists(st.sampled_from(ordinary_lines()), max_size=40), st.data())
def test_ordinary_lines_around_an_example_keep_its_incident(lines: list[str], data: st.DataObject) -> None:
    """Check that added lines never hide the incident, unless they exclude it or say that an alert is over."""
    # By number: Hypothesis would hash every whole entry at each draw.
    incident, text = signed()[data.draw(st.integers(0, len(signed()) - 1))]
    exclusions = Exclusions((incident,))
    lines = [line for line in lines if not exclusions.apply(0, read_symptoms(line), near=0)]
    lines = [line for line in lines if not is_labelled_cleared(line)]

    matching = MATCHER.match(read_symptoms("\n".join([*lines, text, *lines])))

    assert incident.id in [hypothesis.incident for hypothesis in matching.hypotheses]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_048_576,
        "failed to " * 100_000,
        "\n".join(f"failed to renew lease a{n:x}/b: {'abc'[n % 3] * (n % 50)}" for n in range(100_000)),
        b"\x00\xff\x1b[31m" * 200_000,
        "\\" * 300_000,
        "&lt;" * 250_000,
        "<http:" * 150_000,
        "[1;" * 300_000,
        "> " * 300_000,
        "0123456789abcdef" * 60_000,
    ],
    ids=[
        "one-line",
        "one-word",
        "many-lines",
        "binary",
        "backslashes",
        "entities",
        "links",
        "colours",
        "quotes",
        "digits",
    ],
)
def test_one_mebibyte_of_text_stays_within_the_bounds(text: str | bytes) -> None:
    symptoms = read_symptoms(text)

    assert len(symptoms) <= MAX_SYMPTOMS
    assert MATCHER.match(symptoms).alignments <= MOST_ALIGNMENTS
