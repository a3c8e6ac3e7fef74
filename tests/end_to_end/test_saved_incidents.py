"""Saved incidents: what people found out in a thread answers the next paste."""

from __future__ import annotations

from typing import Any

from bot.surfaces.slack.entry_points import SAVE_AS_INCIDENT
from responses.slack import learned as fields
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.workplace import Workplace, lines_of, words_of, workplace

ERROR = "2026-11-23T12:00:01Z ERROR payment-gateway: ledger checksum mismatch for batch 4711: expected 0xdeadbeef got 0xcafe"
AGAIN = "payment-gateway: ledger checksum mismatch for batch 9000: expected 0x1 got 0x2"
CAUSE = "The nightly import ran twice and wrote a batch of the day before."
DONE = "Stopped the second import.\nDeleted batch 4711 and started the import again."


def typed(**changed: str) -> dict[str, dict[str, str]]:
    """Return the values of the dialog: those of this file, or others."""
    values = {
        fields.NAME: changed.get("title", "Ledger was written twice"),
        fields.LINE: changed.get("line", ERROR),
        fields.ROOT_CAUSE: changed.get("cause", CAUSE),
        fields.DONE: changed.get("done", DONE),
        fields.BY: changed.get("by", "Bo"),
    }
    return {name: {name: value} for name, value in values.items()}


async def open_dialog(at: Workplace, ts: str, *, user: str = "", channel: str = "") -> dict[str, Any]:
    """Use "Save as incident" on a message and return the filled dialog."""
    user = user or at.alex
    before = {view["id"] for view in at.slack.views(user)}
    await at.slack.shortcut(user, channel or at.channel, ts, callback_id=SAVE_AS_INCIDENT)
    return await at.opened(user, before)


async def thread(at: Workplace) -> str:
    """Post an error that is not known, and two replies."""
    ts = await at.slack.say(at.alex, at.channel, ERROR)
    await at.slack.say(at.alex, at.channel, CAUSE, thread_ts=ts)
    await at.slack.say(at.bo, at.channel, "Deleted batch 4711 and started the import again.", thread_ts=ts)
    await at.settled()
    assert not at.answers(ts)
    return ts


async def save(at: Workplace, ts: str, **changed: str) -> dict[str, Any]:
    """Save an incident by the dialog, with its check, and return the confirmation."""
    view = await open_dialog(at, ts)
    await at.submit(at.alex, view["id"], typed(**changed))
    await at.submit(at.alex, view["id"], typed(**changed))
    found = await at.slack.wait_for(lambda: [one for one in at.answers(ts) if "💾" in words_of(one["blocks"])])
    return found[0]


def saved_ids(at: Workplace) -> list[str]:
    return [one.entry.id for one in at.app.learned.listed("", everything=True)]


async def test_saved_incident_answers_the_next_paste_as_possible(tmp_path, engine):
    async with workplace(tmp_path, engine) as at:
        ts = await thread(at)
        confirmed = await save(at, ts)
        assert "status: sandbox" in words_of(confirmed["blocks"])

        again = await at.slack.say(at.bo, at.channel, AGAIN)
        lines = lines_of(await at.answer(again))

        assert lines[0] == CAUSE
        assert lines[1] == "🔵 POSSIBLE · Learned from #general, by Bo, version 1."
        assert lines[2] == "Next: Stopped the second import."
        page = await scraped(at)
        assert page.of("casebook_learned_entries") == 1
        assert page.of("casebook_learned_answers_total") == 1
