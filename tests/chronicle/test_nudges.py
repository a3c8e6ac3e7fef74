"""What an incident channel is reminded of: only what is open for too long, once, and nothing after a mitigation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intents.chronicle.facts import ActionState, Fact, FactKind, IncidentStatus, QuestionState, Role
from intents.chronicle.nudges import Nudge, nudge_of
from intents.chronicle.summary import summary_of
from tests.chronicle.fact_builders import OPENED, at, fact

K = FactKind
REPORT = fact(1, K.REPORT, "checkout is down")
STATUS = fact(5, K.STATUS, "still looking", state=IncidentStatus.INVESTIGATING)
QUESTION = fact(6, K.QUESTION, "did search deploy?", state=QuestionState.OPEN)
ACTION = fact(7, K.ACTION, "somebody should restart search", state=ActionState.PLANNED)


def nudge(*facts: Fact, now: float, active: float = 0.0, nudged: tuple[str, ...] = ()) -> Nudge | None:
    """Return the reminder; somebody wrote `active` minutes before now."""
    summary = summary_of(facts, name="inc-42", opened=OPENED, now=at(now))
    return nudge_of(summary, active=at(now - active), nudged=nudged)


def named(found: Nudge | None) -> list[str]:
    return [str(thing.kind) for thing in found.things] if found else []


@pytest.mark.parametrize(
    ("facts", "now", "expected"),
    [
        ((), 19, []),
        ((), 20, ["status"]),
        ((REPORT,), 20, []),
        ((REPORT,), 21, ["status"]),
        ((REPORT, STATUS), 24, []),
        ((REPORT, STATUS), 25, ["status"]),
        ((STATUS, QUESTION), 15, []),
        ((STATUS, QUESTION), 16, ["question"]),
        ((STATUS, ACTION), 16, []),
        ((STATUS, ACTION), 17, ["action"]),
        ((STATUS, ACTION, QUESTION), 60, ["status", "question", "action"]),
        # Overtaken, even if nobody said so.
        ((STATUS, ACTION, QUESTION), 130, ["status"]),
    ],
)
def test_things_are_named_once_they_are_open_for_too_long(
    facts: tuple[Fact, ...], now: float, expected: list[str]
) -> None:
    assert named(nudge(*facts, now=now)) == expected


@pytest.mark.parametrize(
    "facts",
    [
        (replace(QUESTION, state=QuestionState.ANSWERED),),
        (ACTION, fact(8, K.ACTION, "me", key="m:2", about=ACTION.key, state=ActionState.PLANNED, of="U0BO")),
        (ACTION, fact(8, K.ACTION, "done", key="m:2", about=ACTION.key, state=ActionState.DONE, of="U0BO")),
    ],
    ids=["answered", "taken", "done"],
)
def test_what_was_closed_is_not_named(facts: tuple[Fact, ...]) -> None:
    assert nudge(STATUS, *facts, now=20) is None


def test_nothing_is_named_twice_until_a_new_status_is_old_again() -> None:
    facts = (REPORT, STATUS, QUESTION)
    first = nudge(*facts, now=30)
    assert first is not None
    told = tuple(thing.key for thing in first.things)

    assert nudge(*facts, now=100, nudged=told) is None
    later = fact(90, K.STATUS, "still nothing", state=IncidentStatus.INVESTIGATING)
    assert nudge(*facts, later, now=100, nudged=told) is None
    assert named(nudge(*facts, later, now=110, nudged=told)) == ["status"]


@pytest.mark.parametrize("over", [IncidentStatus.MITIGATED, IncidentStatus.MONITORING, IncidentStatus.RESOLVED])
def test_a_mitigation_ends_the_reminders_and_a_reopening_does_not(over: IncidentStatus) -> None:
    ended = fact(10, K.STATUS, "all good", state=over)
    again = fact(20, K.STATUS, "it is back", state=IncidentStatus.REOPENED)

    assert nudge(REPORT, QUESTION, ACTION, ended, now=60) is None
    assert named(nudge(REPORT, QUESTION, ended, again, now=60)) == ["status", "question"]


def test_a_channel_where_nobody_writes_gets_none() -> None:
    assert nudge(REPORT, now=90, active=60) is not None
    assert nudge(REPORT, now=90, active=61) is None


def test_the_commander_is_named_after_the_last_handover() -> None:
    taken = fact(2, K.ROLE, "I'll take IC", role=Role.COMMANDER, of="U0AN")
    handed = fact(3, K.HANDOVER, "handing IC to bo", role=Role.COMMANDER, of="U0BO")

    found = [nudge(REPORT, now=30), nudge(REPORT, taken, now=30), nudge(REPORT, taken, handed, now=30)]

    assert [each and each.commander for each in found] == ["", "U0AN", "U0BO"]


def test_one_reminder_names_a_few_things() -> None:
    asked = [fact(number, K.QUESTION, f"what of shard {number}?", state=QuestionState.OPEN) for number in range(9)]

    found = nudge(*asked, now=30)

    assert found is not None
    assert len(found.things) == 4
