"""What somebody asks to be done, in their own words, and for how long something is to be muted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.remedies.action import actions
from intents.spoken_mutes import asks_what_is_muted, means_everything, means_unmute, spoken_duration
from intents.talk.doings import asked_actions, number_in

KNOWN = {name: action.words.asked_by for name, action in actions().items()}


@pytest.mark.parametrize(
    ("text", "action", "number"),
    [
        ("restart deployment thumbs/web", "rollout-restart", None),
        ("resatrt web", "rollout-restart", None),
        ("roll back cart in shop", "rollout-undo", None),
        ("rollback cart to revision 3", "rollout-undo", 3),
        ("回滚 cart 到版本 3", "rollout-undo", 3),
        ("scale web to 5.", "scale", 5),
        ("scale web from 3 to zero", "scale", 0),
        ("scale api-1 by 2", "scale", None),
        ("web 扩容到五个", "scale", 5),
        ("drain worker-c", "drain", None),
        ("uncordon worker-2", "uncordon", None),
        ("把 digest 停了", "suspend", None),
    ],
)
def test_an_action_is_read_with_its_number(text, action, number):
    assert action in asked_actions(text, KNOWN)
    assert number_in(text) == number


@pytest.mark.parametrize("text", ["web-restart-7 is slow", "what about cart"])
def test_names_and_other_words_ask_for_nothing(text):
    assert asked_actions(text, KNOWN) == ()


@pytest.mark.parametrize(
    ("text", "lasts"),
    [
        ("mute web for an hour", timedelta(hours=1)),
        ("analytics 先屏蔽一个小时", timedelta(hours=1)),
        ("静音 web 半小时", timedelta(minutes=30)),
        ("silence web for the next 2 days", timedelta(days=2)),
        ("mute web until tomorrow", timedelta(days=1)),
        ("mute web-2 please", None),
    ],
)
def test_a_duration_is_read_in_words(text, lasts):
    assert spoken_duration(text) == lasts


def test_a_mute_is_told_from_its_end_and_from_a_question():
    assert means_unmute("取消屏蔽 analytics")
    assert means_unmute("please unmute web")
    assert not means_unmute("mute web")
    assert means_everything("全部静音")
    assert asks_what_is_muted("what's muted here?")
    assert not asks_what_is_muted("mute web")
