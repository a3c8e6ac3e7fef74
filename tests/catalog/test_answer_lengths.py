"""Hold the answer to each case to the length that a tired reader takes in."""

from __future__ import annotations

from intents.catalog.schema import Incident
from tests.catalog.rehearsed import Rehearsed
from tests.responses_slack.word_counts import counts_of

MOST_WORDS = 180
LONGEST_LABEL = 30
RAW = ("ok false", "ok true", "{found", "{row", "{rows", "{named")


def test_answer_is_short_and_readable(incident: Incident, rehearsals: tuple[Rehearsed, ...]) -> None:
    for rehearsed in rehearsals:
        for one in counts_of(incident, rehearsed.case, rehearsed.diagnosis):
            about = (one.case, one.language)
            assert one.words <= MOST_WORDS, about
            assert one.shown.splitlines()[0].rstrip(".。") != one.title, about
            assert all(len(label) <= LONGEST_LABEL for label in one.buttons), (*about, one.buttons)
            assert [raw for raw in RAW if raw in one.shown] == [], about
