"""The summaries of one incident for those who join late, for its commander and for the status page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.channel_changes import channels_of
from tests.end_to_end.workplace import Workplace, lines_of, workplace

IMPACT = "impact: card payments return 503 for 10% of customers, says @alex of api-7d9f-x2x4z"
TOLD = "communication: status page updated, next update 15:30"


@pytest.fixture
async def at(tmp_path, engine) -> AsyncIterator[Workplace]:
    async with workplace(tmp_path, engine, summary_slot_s=0.1) as there:
        yield there


async def incident(at: Workplace) -> str:
    """Open a channel in which much is stated."""
    channel = at.slack.add_channel("inc-7-payments")
    for says in (
        IMPACT,
        "I'll take IC",
        "cause: the certificate of the gateway expired",
        "action: restart the ledger workers",
        "decision: no deploys until 18:00",
        "question: who can renew the certificate?",
        TOLD,
    ):
        await at.slack.say(at.alex, channel, says)
    await at.settled()
    return channel


async def shown(at: Workplace, user: str, channel: str, command: str) -> list[str]:
    """Return the lines of the ephemeral answer."""
    body = (await at.slack.slash(user, channel, command)).body
    return [line for line in lines_of(body) if line]


async def test_each_reader_gets_the_summary_that_was_asked_for(at):
    channel, cy = await incident(at), at.slack.add_user("cy", utc_offset_s=28_800)

    late = await shown(at, at.bo, channel, "summary")
    outside = await shown(at, at.bo, channel, "summary for status page")
    commander = await shown(at, at.bo, channel, "总结 给指挥")
    ts = await at.slack.say(at.bo, channel, f"<@{at.slack.bot_user_id}> summary for status page")
    await at.settled()
    (aloud,) = at.answers(ts, channel)

    assert [line.split(":")[0] for line in late[:5]] == ["Impact", "Status", "Cause", "Who", "Next"]
    assert "card payments return 503" in late[0]
    assert "the certificate of the gateway expired" in late[2]
    assert f"Commander: @{at.alex}" in late[3]
    assert late[5] == "What happened so far"

    update = "\n".join(outside)
    for says in (update, "\n".join(lines_of(aloud))):
        assert "Impact: card payments return 503 for 10% of customers, says … of …" in says
    assert "Next update: next update 15:30" in update
    assert "Check it before you paste it" in update
    assert "certificate" not in update

    titles = ["待解答的问题", "无人负责的行动", "决定"]
    assert [line for line in commander if line in titles] == titles
    assert "who can renew the certificate?" in "\n".join(commander)
    assert all("/archives/" in line for line in commander if line.startswith("- "))

    # A time limits what happened and is not a reading; a time of day is one of the clock of who asks.
    began = at.clock() + timedelta(hours=8, minutes=-30)
    assert re.match(
        r"What happened in the last 3[01] min ", (await shown(at, cy, channel, f"summary since {began:%H:%M}"))[1]
    )
    at.clock.advance(timedelta(hours=1))
    quiet = await shown(at, cy, channel, "summary since 15m")
    hours = await shown(at, cy, channel, "incident summary since 2h")
    commander = await shown(at, cy, channel, "summary for commander")
    first = await shown(at, cy, channel, "summary")

    assert quiet[1].startswith("What happened in the last 15 min")
    assert quiet[2] == "Nothing new."
    assert hours[1].startswith("What happened in the last 2 h")
    assert any("no deploys until 18:00" in line for line in hours)
    assert "⏰ nothing heard for 1 h" in "\n".join(commander)
    assert "What happened so far" in first


async def test_who_joins_late_gets_five_lines_and_the_newest(at):
    dee = at.slack.add_user("dee")
    channel = await channels_of(at.slack).create(at.alex, "inc-8")
    await at.slack.say(at.alex, channel, IMPACT)
    for number in range(5):
        await at.slack.say(at.alex, channel, f"decision: rule {number}")
    await at.settled()
    await channels_of(at.slack).join(dee, channel)

    (welcome,) = await at.slack.wait_for(lambda: at.slack.ephemerals(dee))
    lines = [line for line in lines_of(welcome) if line]

    assert [line.split(":")[0] for line in lines[:5]] == ["Impact", "Status", "Cause", "Who", "Next"]
    assert lines[5] == "Newest"
    assert ["rule 2" in lines[6], "rule 3" in lines[7], "rule 4" in lines[8]] == [True] * 3
    assert "What happened so far" in "\n".join(await shown(at, dee, channel, "summary"))
