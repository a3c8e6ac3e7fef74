"""Texts of payloads whose values need no check hold only values that the check accepts and keeps."""

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.slack import SimulatedSlack
from bot.surfaces.slack.payload_check import check_values, is_usual
from tests.mutated_inputs import People, encoded, mutated, payloads

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def assert_values_need_no_check(text: str) -> bool:
    """Check that a usual text passes the check unchanged. Return whether it is usual."""
    if not is_usual(text):
        return False
    body = json.loads(text)
    checked = copy.deepcopy(body)
    check_values(checked)
    assert json.dumps(checked) == json.dumps(body)
    return True


@settings(max_examples=15)
@given(st.dictionaries(st.text(), _VALUES), st.booleans())
def test_usual_texts_pass_the_check_unchanged(body: dict[str, object], ascii_only: bool) -> None:
    assert_values_need_no_check(json.dumps(body, ensure_ascii=ascii_only))


def test_ordinary_events_are_usual_and_mutated_ones_pass_unchanged() -> None:
    slack = SimulatedSlack()
    people = People.of(slack, slack.add_user("alex"), slack.add_channel("general"))
    ordinary = payloads(people, "who owns the billing dashboard?")["message"]
    assert assert_values_need_no_check(encoded("message", ordinary).body.decode())
    usual = 0
    for each in mutated(people, ("who owns this?",), count=2_000):
        text = each.body.decode("utf-8", "replace")
        if text.startswith("{"):
            try:
                usual += assert_values_need_no_check(text)
            except json.JSONDecodeError:
                # A cut text: it never reaches the check.
                continue
    assert usual > 100
