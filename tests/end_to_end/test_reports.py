"""Scheduled reports: a channel hears what is new or gone since the report before, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.settings.reports import parse_reports
from tests.end_to_end.test_overviews import SCENE, diagnose_buttons
from tests.end_to_end.workplace import Clock, Workplace, is_final, lines_of, workplace

DAILY = "0 8 * * * C0000000001 till,shed"
KEY = parse_reports(DAILY)[0].key
TOOL = "Pod/shed/tool-7d9f8b6c54-ddddd"
FAULTS: dict[str, Any] = SCENE["faults"]
SHED_FAILS = {**SCENE, "faults": {TOOL: FAULTS[TOOL]}}
TILL_FAILS = {**SCENE, "faults": {name: each for name, each in FAULTS.items() if name != TOOL}}


def at_four() -> Clock:
    """Return a clock far from eight in the morning."""
    now = datetime.now(UTC)
    return Clock(ahead=now.replace(hour=4, minute=0) - now)


async def next_morning(at: Workplace) -> None:
    """Let the clock pass the next eight in the morning, and wait until the report is done."""
    before = await at.app.store.reports.last(KEY)
    now = at.clock()
    at.clock.advance((now + timedelta(days=now.hour >= 8)).replace(hour=8, minute=1) - now)
    async with asyncio.timeout(30):
        while await at.app.store.reports.last(KEY) == before:
            await at.settled()
    await at.settled()


def reports_in(at: Workplace) -> list[dict[str, Any]]:
    return [one for one in at.ours() if is_final(one)]


async def test_report_says_what_is_new_and_what_is_gone(tmp_path, engine):
    async with workplace(tmp_path, engine, SHED_FAILS, clock=at_four(), beat_s=0.05, reports=DAILY) as at:
        await next_morning(at)
        (first,) = reports_in(at)
        assert "1 problem in namespaces till, shed" in lines_of(first)[0]
        assert "shed/tool-7d9f8b6c54-ddddd" in lines_of(first)[1]
        (button,) = diagnose_buttons(first)

        at.cluster.load(TILL_FAILS)
        await next_morning(at)
        _, second = reports_in(at)
        assert "1 new problem" in lines_of(second)[0]
        assert "1 gone" in lines_of(second)[0]
        assert "app-config" in lines_of(second)[1]
        assert any("Gone" in line and "tool-7d9f8b6c54-ddddd" in line for line in lines_of(second))

        await next_morning(at)
        assert len(reports_in(at)) == 2

        # The button of an old report still leads to the object, now well.
        await at.slack.click(at.bo, at.channel, first["ts"], button["action_id"])
        assert "shed/tool-7d9f8b6c54-ddddd" in " ".join(lines_of(await at.answer(first["ts"]))[:2])


async def test_what_cannot_be_read_is_not_said_to_be_gone(tmp_path, engine):
    async with workplace(tmp_path, engine, SHED_FAILS, clock=at_four(), beat_s=0.05, reports=DAILY) as at:
        await next_morning(at)
        at.cluster.load({"forbidden": ["list pods"]})
        await next_morning(at)

        assert not any("Gone" in line for each in reports_in(at)[1:] for line in lines_of(each))


async def test_report_that_cannot_be_made_says_so_once(tmp_path, engine):
    schedule = "0 8 * * * C0000000001 till,no-such-namespace"
    async with workplace(tmp_path, engine, SHED_FAILS, clock=at_four(), beat_s=0.05, reports=schedule) as at:
        at.clock.advance(timedelta(hours=4, minutes=1))
        failed = await at.slack.wait_for(lambda: reports_in(at))

        assert "no-such-namespace" in str(failed[0]["blocks"])
