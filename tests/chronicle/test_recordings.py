"""Quality of reading recorded channels, message by message: the words alone, without the app.

The texts and the expectations were written before any code had read them; errors in the replayed ones are listed in
`snapshots`. What people do, decide and ask besides what is expected counts neither way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from bot.playground.slack.typed_text import stored_text
from bot.slack.message_events import markup_of
from intents.chronicle.channel_reader import ChannelMessage, facts_of_channel
from intents.chronicle.facts import Fact
from responses.safety import safe
from tests.chronicle.recorded import NAMES, Event, Reading, Recording, judge, load, mentioning

# Recall and precision over all of them. Raise the floors when the parser improves.
RECALL: Final = 0.74
PRECISION: Final = 0.94
# No cluster answers and no button is pressed here.
_OF_THE_APP: Final = frozenset({"remedy"})


def read(recording: Recording) -> Reading:
    """Return the facts of the messages in their final version."""
    ids = {person: f"U0{number:09d}" for number, person in enumerate(recording.people)}
    standing: dict[str, ChannelMessage] = {}
    for number, event in enumerate(recording.events):
        if event.act in ("say", "paste"):
            standing[event.label] = ChannelMessage(
                ts=f"{event.at.timestamp():.0f}.{number:06d}",
                at=event.at,
                text=_stored(event, ids),
                user="" if event.bot else ids[event.by],
                bot=event.bot,
                thread_ts=standing[event.thread].ts if event.thread else "",
            )
        elif event.act == "edit":
            standing[event.of] = replace(standing[event.of], text=_stored(event, ids))
        elif event.act == "delete":
            del standing[event.of]
    facts: list[Fact] = [*facts_of_channel(standing.values())]
    labels = {message.ts: label for label, message in standing.items()}
    return judge(recording, facts, labels=labels, ids=ids, without=_OF_THE_APP)


def _stored(event: Event, ids: dict[str, str]) -> str:
    """Return a message's text as received from Slack."""
    written = event.text if event.bot else stored_text(mentioning(event.text, ids))
    return safe(markup_of({"text": written, "attachments": [*event.attachments]}), limit=40_000)


@pytest.fixture(scope="module")
def readings() -> dict[str, Reading]:
    return {name: read(load(name)) for name in NAMES}


def test_recall_and_precision_on_recordings_stay_above_their_floors(readings):
    every = readings.values()

    assert sum(each.found for each in every) / sum(each.wanted for each in every) >= RECALL
    assert sum(each.right for each in every) / sum(each.shown for each in every) >= PRECISION


def test_recordings_are_as_long_and_noisy_as_real_channels():
    recordings = [load(name) for name in NAMES]

    assert all(60 <= each.messages <= 200 for each in recordings)
    assert {each.language for each in recordings} == {"en", "zh"}
    for each in recordings:
        acts = [event.act for event in each.events]
        assert {"edit", "delete", "join"} <= set(acts)
        assert any(event.thread for event in each.events)
        named = {*each.expected.timeline, *each.expected.may}
        assert named <= {event.label for event in each.events}
        # Most messages are noise.
        assert sum(event.label.startswith("#") for event in each.events) > each.messages / 4
