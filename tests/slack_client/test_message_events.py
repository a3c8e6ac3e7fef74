"""Slack's events are read whatever values stand in their fields: a signed payload may hold any JSON."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import example, given
from hypothesis import strategies as st

from bot.slack.message_events import DeletedMessage, EditedMessage, read_event, text_of

_KEYS: Final = """
    type subtype text elements fields accessory url title title_link pretext fallback color from_url value name mode
    attachments blocks files bot_id user channel channel_type ts thread_ts message previous_message
""".split()  # noqa: SIM905
_WORDS: Final = ("section", "actions", "rich_text_section", "link", "message_changed", "me_message", "C1")
_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=8))
@example({"ts": "1.2", "blocks": [{"type": {"id": 1}, "text": "disk full"}]})
@example({"ts": "1.2", "blocks": [{"type": "rich_text", "elements": [{"type": [None]}]}]})
def test_any_value_is_read_as_text_or_ignored(event: dict[str, Any]) -> None:
    read = read_event({"ts": "1.2", **event}, team="T1", us="U1", our_bot="B1")

    if isinstance(read, EditedMessage):
        read = read.message
    if read is not None and not isinstance(read, DeletedMessage):
        assert all(isinstance(each, str) for each in (read.text, read.user, read.channel, read.ts, read.thread_ts))
        assert read.text == text_of(event if event.get("subtype") != "message_changed" else event["message"])
