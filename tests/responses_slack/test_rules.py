"""Test that the rules find violations; `test_every_message.py` tests that all messages keep them."""

from typing import Any

import pytest

from responses.slack import blocks
from tests.responses_slack.rules import broken_rules, is_announced, structure

BUTTON = blocks.button("Restart pod", action_id="remedy:0", value="p-1")
MENU = blocks.overflow([("Not it", "not_it:r-1"), ("Mute", "mute:r-1")], action_id="more")
CHOICE = blocks.select([("prod", "c1"), ("staging", "c2")], action_id="cluster", placeholder="Which?")
INPUT = blocks.text_input("Name", id="typed_name")
DIALOG = blocks.modal(
    "Restart", [INPUT], close="Cancel", submit="Restart", callback_id="confirm", private_metadata="p-1"
)


def message(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"text": "in short", "blocks": [blocks.actions(*elements)]}


def told_at(*, form: str = "{date_short_pretty} {time}", fallback: str = "2026-03-02 12:00 UTC") -> dict[str, Any]:
    leaf = {"type": "date", "timestamp": 1_772_452_807, "format": form, "fallback": fallback}
    return {"text": "in short", "blocks": [blocks.rich(blocks.line(leaf))]}


def without(piece: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in piece.items() if name != key}


def test_valid_message_breaks_no_rule() -> None:
    assert broken_rules(message(BUTTON, MENU, CHOICE)) == ()
    assert broken_rules(message({**BUTTON, "accessibility_label": "Restart pod, low risk"})) == ()
    assert broken_rules(told_at()) == ()
    assert broken_rules(DIALOG) == ()
    assert broken_rules(blocks.modal("Refused", [], close="Close")) == ()


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({"text": "x", "blocks": [{"type": "markdown", "text": "*x*"}]}, "markup"),
        ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*x*"}}]}, "markup"),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": ":x:"}}]}, "pictures"),
        (message({**BUTTON, "text": {**BUTTON["text"], "text": "Run `it`"}}), "shows the marks of its markup"),
        (message({**BUTTON, "text": {**BUTTON["text"], "text": "Restart *now*"}}), "shows the marks of its markup"),
        (message(without(BUTTON, "action_id")), "a button that nobody listens to"),
        (message({**BUTTON, "action_id": "confirm"}), "a button that nobody listens to"),
        (message(without(BUTTON, "value")), "a button without a value"),
        (message({**BUTTON, "accessibility_label": "Roll back, disruptive"}), "read aloud as another"),
        (told_at(form="{hour}"), "a time that Slack cannot write"),
        (told_at(form="noon"), "a time that Slack cannot write"),
        (told_at(fallback="2026-03-02 13:00 UTC"), "a time that is told as another one"),
        (message({**MENU, "action_id": "remedy"}), "a menu that nobody listens to"),
        (message({**MENU, "options": [blocks.option("Not it", "not_it")]}), "a choice that nobody reads"),
        (message({**CHOICE, "action_id": "more"}), "a list that nobody listens to"),
        ({**DIALOG, "blocks": [{**INPUT, "block_id": "other"}]}, "an input whose value nobody finds"),
        (without(DIALOG, "close"), "without a button to close it"),
        (without(DIALOG, "submit"), "carries something"),
        ({**DIALOG, "callback_id": "remedy"}, "a dialog that nobody listens to"),
        (without(DIALOG, "private_metadata"), "carries no plan"),
    ],
)
def test_broken_rule_is_found(payload: dict[str, Any], says: str) -> None:
    problems = broken_rules(payload)

    assert len(problems) == 1
    assert says in problems[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("its `acting` section", "its acting section"),
        ("*Restart* **now**", "Restart now"),
        ("*", "*"),
        ("`", "–"),
        ("schedule */5 * * * * of *.example.com", "schedule */5 * * * * of *.example.com"),
    ],
)
def test_plain_text_shows_no_marks_of_markup(text: str, shown: str) -> None:
    assert blocks.plain(text)["text"] == shown


def test_notification_that_differs_from_its_message_is_found() -> None:
    shown = [blocks.rich(blocks.line(blocks.text("Fixed & done")))]

    assert is_announced({"text": "Fixed &amp; done\nPod shop/api-0", "blocks": shown})
    assert not is_announced({"text": "Failed", "blocks": shown})
    assert not is_announced({"text": "\nFixed", "blocks": shown})


def test_only_words_may_differ_between_two_languages() -> None:
    assert structure(message(BUTTON)) == structure(message({**BUTTON, "text": blocks.plain("重启")}))
    assert structure(message(BUTTON)) != structure(message({**BUTTON, "value": "p-2"}))
    assert structure(message(BUTTON)) != structure(message({**BUTTON, "style": "danger"}))
    assert structure(message(BUTTON)) != structure(message(BUTTON, MENU))
    since = [blocks.text("since "), blocks.code("12:20")]
    assert structure(blocks.line(*since)) == structure(blocks.line(*since, blocks.text(" on")))
    assert structure(blocks.line(*since)) != structure(blocks.line(*since, blocks.bold(" on")))
