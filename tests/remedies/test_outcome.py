"""Test what a remedy's result is called, over every combination of what was seen after it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from bot.remedies.contract import EffectState, State
from bot.remedies.recheck import Seen, SymptomState, final_state, good_state

WELL = Seen(effect=EffectState.HEALTHY, present=False, unread=False, symptom=SymptomState.GONE)
EVERY = [
    Seen(effect=effect, present=present, unread=unread, symptom=symptom, later=later, worse=worse)
    for effect, present, unread, symptom, later, worse in product(
        EffectState, (False, True), (False, True), SymptomState, (False, True), (False, True)
    )
]


def test_only_cause_and_symptom_gone_together_are_a_fix() -> None:
    fixed = [seen for seen in EVERY if good_state(seen) is State.FIXED]

    assert fixed == [replace(WELL, later=later, worse=worse) for later, worse in product((False, True), repeat=2)]


def test_the_deadline_alone_makes_no_fix() -> None:
    assert State.FIXED not in {final_state(seen) for seen in EVERY}


def test_a_cause_that_is_present_or_unread_is_never_called_gone() -> None:
    gone = {State.FIXED, State.LATER, State.CHANGED}

    for seen in EVERY:
        if seen.present or seen.unread:
            assert good_state(seen) is None
            assert final_state(seen) not in gone


@pytest.mark.parametrize(
    ("seen", "good", "final"),
    [
        pytest.param(
            replace(WELL, symptom=SymptomState.REMAINS), None, State.CHANGED, id="the flag is set, the pod waits"
        ),
        pytest.param(
            replace(WELL, symptom=SymptomState.REMAINS, later=True), None, State.LATER, id="the next drain moves it"
        ),
        pytest.param(replace(WELL, symptom=SymptomState.UNSEEN), State.LATER, State.LATER, id="nothing shows it"),
        pytest.param(replace(WELL, symptom=SymptomState.UNREAD), None, State.WAITING, id="it may not be read"),
        pytest.param(WELL, State.FIXED, State.WAITING, id="well, for too short a time"),
        pytest.param(replace(WELL, present=True), None, State.NOT_FIXED, id="the cause is there, the pod is ready"),
        pytest.param(replace(WELL, unread=True), None, State.WAITING, id="the cause may not be read"),
        pytest.param(replace(WELL, effect=EffectState.PENDING), None, State.WAITING, id="new pods are starting"),
        pytest.param(replace(WELL, effect=EffectState.FAILING), None, State.NOT_FIXED, id="new pods fail"),
        pytest.param(
            replace(WELL, effect=EffectState.FAILING, worse=True), None, State.WORSE, id="fewer pods are ready"
        ),
    ],
)
def test_what_was_seen_gives_the_state(seen: Seen, good: State | None, final: State) -> None:
    assert good_state(seen) is good
    assert final_state(seen) is final
