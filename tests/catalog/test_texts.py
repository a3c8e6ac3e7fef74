"""No text that an answer shows has a slip: a template left open, a name with a capital, marks joined badly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from intents.catalog.schema import Incident
from intents.domain import Diagnosis, Focus, Language, ObjectRef, Row, Text, Verdict
from responses.safety import scrubbed
from responses.slack.details import details_view, full_text
from tests.catalog.conftest import CATALOG
from tests.catalog.rehearsed import Rehearsed
from tests.catalog.text_problems import first_words, problems_of
from tests.responses.by_hand import SUPPORTS, judged
from tests.responses_slack.real import answer_of
from tests.responses_slack.rules import is_announced
from tests.responses_slack.specimens import is_fit_to_send, payload_of

# Reworded in the entries; the words below are to go with it.
KNOWN: Final = ('API group "<group>"', 'API 组 "<group>"')


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.keys() == {"en", "zh"}:
            yield from value.values()
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


OWN_WORDS: Final = frozenset(
    word for each in CATALOG for text in _texts(each.model_dump(mode="json")) for word in first_words(text)
)


def _slips(shown: Iterable[Diagnosis]) -> set[str]:
    return {
        f"{found.kind}: {found.text}"
        for diagnosis in shown
        for found in problems_of(diagnosis, own_words=OWN_WORDS)
        if not any(words in found.text for words in KNOWN)
    }


def test_no_text_of_an_answer_has_a_slip(incident: Incident, rehearsals: tuple[Rehearsed, ...]) -> None:
    assert _slips(one.diagnosis for one in rehearsals) == set()
    blind = {id(one.blind): one.blind for one in rehearsals if one.blind is not None}
    assert _slips(blind.values()) == set()


def test_the_answer_of_the_first_case_is_fit_to_send(incident: Incident, rehearsals: tuple[Rehearsed, ...]) -> None:
    """It keeps Slack's limits as a message and as details, with every read allowed and with none."""
    seen, blind = rehearsals[0].diagnosis, rehearsals[0].blind
    for diagnosis in (seen, blind) if blind else (seen,):
        first, shown = diagnosis.hypotheses[0], scrubbed(diagnosis)
        for language in Language:
            said = answer_of(diagnosis, language)
            is_fit_to_send(said)
            is_fit_to_send(details_view(shown, language=language))
            assert is_announced(payload_of(said))
            assert said.overflow is None
            assert said.text.splitlines()[0].rstrip(".。") != first.title.in_(language)
            assert first.title.in_(language) in full_text(shown, language=language)


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        ("pod web is <reason>", "placeholder"),
        ("pod {row.pod} waits", "placeholder"),
        ("It waits.. and waits", "doubled punctuation"),
        ("It waits ; for a node", "doubled punctuation"),
        ("It waits: : for a node", "doubled punctuation"),
        ("它在等待。。", "doubled punctuation"),
        ("It waits () for a node", "empty parentheses"),
        ("它在等待（）", "empty parentheses"),
        ("It says “”", "empty quotes"),
        ("It waits for None", "no value"),
        ("It waits for []", "no value"),
        ("The threshold see message is exceeded", "says nothing"),
        ("Ad asks for more", "capitalised name"),
        ("It waits. Ad asks for more", "capitalised name"),
    ],
)
def test_a_slip_is_found(says: str, kind: str) -> None:
    about = ObjectRef(kind="Pod", namespace="shop", name="ad")
    told = replace(SUPPORTS, says=Text.same(says), subject=about, rows=(Row(values={}, subject=about),))
    one = replace(judged("a", Verdict.CONFIRMED, told), subject=about)

    found = problems_of(Diagnosis(focus=Focus(), cluster="prod", hypotheses=(one,)))

    assert kind in {each.kind for each in found}
