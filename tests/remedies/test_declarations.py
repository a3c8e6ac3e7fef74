"""Test the declaration of every action: words that fit into a dialog, and a risk that no built-in entry plays down."""

from __future__ import annotations

import re

import pytest

from bot.diagnosing import Engine
from bot.remedies.action import actions, declarations, words_of
from bot.remedies.actions import action_names
from intents.catalog.schema import Risk
from responses.words import LONGEST_VERB

RISKS = tuple(Risk)


@pytest.mark.parametrize("name", sorted(actions()))
def test_the_button_of_a_dialog_is_a_verb_and_its_object(name: str) -> None:
    words = actions()[name].words

    assert re.fullmatch(r"[A-Z][a-z]+( [A-Za-z,]+)+", words.verb.en)
    assert len(words.verb.en) <= LONGEST_VERB
    assert re.search(r"[\u4e00-\u9fff]", words.verb.zh)
    assert words.does.en.endswith(".")
    assert words.does.zh.endswith("。")


def test_no_two_buttons_say_the_same() -> None:
    for verbs in (
        [each.words.verb.en for each in actions().values()],
        [each.words.verb.zh for each in actions().values()],
    ):
        assert len(set(verbs)) == len(verbs)


def test_an_action_that_no_longer_exists_is_told_by_its_name() -> None:
    assert words_of("reboot-everything-in-the-cluster").verb.en == "reboot-everything-in-the"


def test_every_action_is_declared_under_the_name_of_its_module() -> None:
    assert set(action_names()) == set(actions())


def test_no_built_in_entry_declares_less_risk_than_its_action(engine: Engine) -> None:
    played_down = [
        (incident.id, remediation.id)
        for incident in engine.catalog
        for remediation in incident.remediations
        if RISKS.index(remediation.risk) < RISKS.index(declarations()[remediation.action].least_risk)
    ]

    assert played_down == []
