"""What was said last leads, and resolving asks first: signed requests in, what Slack shows out. One service for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.diagnosing import Engine
from bot.store import ChannelState
from intents.chronicle.news import UNKNOWN
from responses.slack.presses import Press
from responses.slack.validation import validate_view
from tests.end_to_end.workplace import Workplace, lines_of, root_cause, words_of, workplace
from tests.slack_administration import invite_bot, remove_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = "checkout is down, customers cannot pay"
CAUSE = "the expired certificate of the image mirror"
STEP = "priya checks the mirror by 11:00"
STILL = "still failing for ~5 % of orders"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> AsyncIterator[Workplace]:
    async with workplace(tmp_path_factory.mktemp("resolution"), engine, summary_slot_s=0.1) as there:
        yield there


async def incident(at: Workplace, name: str, *said: str) -> str:
    """Create an incident channel in which alex says each of these lines, bo the ones that begin with "bo:"."""
    channel = at.slack.add_channel(name)
    for each in said:
        user, text = (at.bo, each.removeprefix("bo: ")) if each.startswith("bo: ") else (at.alex, each)
        await at.slack.say(user, channel, text)
    await at.settled()
    return channel


def text_of(shown: Any) -> str:
    return "\n".join(lines_of(shown)) if shown.get("blocks") else ""


async def summary(at: Workplace, user: str, channel: str) -> list[str]:
    return lines_of((await at.slack.slash(user, channel, "summary")).body)


def finals(at: Workplace, channel: str) -> list[str]:
    """Return the final summaries in a channel."""
    return [says for one in at.ours(channel) if not one.get("pinned_to") and "✅ Resolved" in (says := text_of(one))]


def drafts(at: Workplace, channel: str) -> list[str]:
    return [at.slack.file_content(file["id"]).decode() for one in at.ours(channel) for file in one.get("files", [])]


async def final(at: Workplace, channel: str) -> tuple[str, str]:
    """Wait for the final summary with its draft."""
    await at.slack.wait_for(lambda: drafts(at, channel))
    await at.settled()
    (message,), (draft,) = finals(at, channel), drafts(at, channel)
    return message, draft


def options_of(view: Any) -> dict[str, str]:
    """Return the offered root causes: label to value."""
    element = next(block["element"] for block in view["blocks"] if block.get("block_id") == Press.ROOT_CAUSE)
    return {option["text"]["text"]: option["value"] for option in element["options"]}


async def test_late_joiner_reads_impact_status_cause_people_and_next_step_first(at):
    told = (REPORT, f"cause: {CAUSE}", "let's restart the gateway pods", f"next: {STEP}", f"bo: impact: {STILL}")
    channel = await incident(at, "inc-101", *told)

    impact, status, cause, _who, step, *rest = [line for line in await summary(at, at.bo, channel) if line]

    assert impact.startswith(f"Impact: “{STILL}” — @{at.bo} · since ")
    assert status.startswith("Status: 🔎 Investigating · since ")
    assert cause.startswith(f"Cause: 💬 stated as the cause · “{CAUSE}” — @{at.alex}, ")
    assert step.startswith(f"Next: “{STEP}” — @{at.alex}")
    assert rest[0] == "What happened so far"


async def test_late_joiner_of_a_quiet_channel_is_told_what_is_not_known(at):
    channel = await incident(at, "inc-102", "I'll take IC")

    impact, _status, cause, _who, step = (await summary(at, at.bo, channel))[:5]

    assert [impact, cause, step] == [
        "Impact: (not stated yet)", "Cause: The cause is not known yet.", "Next: (not stated yet)",
    ]  # fmt: skip


async def test_pinned_summary_shows_what_was_said_last(at):
    asked, answer = "is the mirror reachable from eu?", "the mirror is reachable from eu"
    decided, later = "next: roll back checkout to v41", "fail over to the other region"
    channel = await incident(
        at, "inc-103", REPORT, asked, f"bo: {answer}", decided, f"next: {later}", f"impact: {STILL}"
    )

    def pinned() -> str:
        return next(text_of(one) for one in at.ours(channel) if one.get("pinned_to"))

    page = await at.slack.wait_for(lambda: found if "~5 %" in (found := pinned()) else "")
    timeline = lines_of((await at.slack.slash(at.bo, channel, "incident timeline")).body)

    assert f"Impact: “{STILL}”" in page
    assert f"Next: “{later}”" in page
    assert "Open questions" not in page
    assert "answered" in next(line for line in timeline if asked in line)


async def test_resolving_shows_what_is_open_and_the_causes_to_choose_from(at):
    channel = await incident(
        at,
        "inc-104",
        REPORT,
        "looks like DNS?",
        f"cause: {CAUSE}",
        "rolling back checkout to v41",
        f"impact: {STILL}",
    )

    view = await at.resolution(at.bo, channel)
    shown = words_of(view["blocks"])

    assert validate_view({key: view[key] for key in ("type", "title", "blocks", "submit", "close")}) == ()
    assert STILL in shown
    assert "rolling back checkout to v41" in shown
    assert list(options_of(view)) == [
        f"“{CAUSE}”", "“looks like DNS?”", "Not known yet",
    ]  # fmt: skip
    chosen = next(block["element"] for block in view["blocks"] if block.get("block_id") == Press.ROOT_CAUSE)
    assert chosen["initial_option"]["text"]["text"] == f"“{CAUSE}”"
    # Nothing is resolved by opening it.
    assert (await at.app.store.chronicles.get(channel)).state is ChannelState.OPEN
    assert finals(at, channel) == []


async def test_resolution_states_only_what_people_said_and_where_it_was_said(at):
    channel = await incident(at, "inc-105", REPORT, f"cause: {CAUSE}", "error rate is dropping, monitoring")
    view = await at.resolution(at.bo, channel)
    await at.submit(at.bo, view["id"], root_cause(options_of(view)[f"“{CAUSE}”"]))

    message, draft = await final(at, channel)

    first = at.slack.messages(channel)[0]["ts"]
    assert "Mitigated: not reported in the channel" in message
    assert f"💬 stated as the cause · “{CAUSE}” — alex, " in message
    assert " · chosen as the root cause by bo, " in message
    times = {line.split("|")[1].strip(): line for line in draft.splitlines() if line.startswith("| ")}
    assert f"“{REPORT}” — alex" in times["First report"]
    assert first.replace(".", "") in times["First report"]
    assert "not reported" in times["Mitigated"]
    assert "— bo, " in times["Resolved"]
    cause = draft.split("## Root cause")[1].split("\n## ")[0]
    assert CAUSE in cause
    assert "— alex, " in cause
    body = draft.split("## Summary")[1].split("## Times")[0] + cause
    unsourced = [line for line in body.splitlines() if line.startswith(("- “", "- **")) and " — " not in line]
    assert unsourced == []


async def test_start_is_the_first_report_and_not_the_arrival_of_the_bot(at):
    channel = at.slack.add_channel("checkout-outage")
    remove_bot(at.slack, channel)
    reported = await at.slack.say(at.alex, channel, REPORT)
    await at.settled()
    at.clock.advance(timedelta(minutes=40))
    invite_bot(at.slack, channel)
    await at.slack.slash(at.bo, channel, "incident open")
    await at.slack.wait_for(lambda: [one for one in at.ours(channel) if REPORT in text_of(one)])
    await at.settled()

    await at.resolve(at.bo, channel, typed="the mirror's disk was full")
    message, draft = await final(at, channel)

    assert "First report: " in message
    assert "40 min after the first report" in message
    assert "“the mirror's disk was full” · entered by bo" in message
    assert reported.replace(".", "") in next(line for line in draft.splitlines() if line.startswith("| First report"))
    at.clock.advance(timedelta(minutes=-40))


async def test_neither_chosen_nor_typed_is_asked_again_and_unknown_is_said(at):
    channel = await incident(at, "inc-107", REPORT)
    view = await at.resolution(at.bo, channel)

    again = await at.submit(at.bo, view["id"], {})
    assert "choose “Not known yet”" in str(again.body)
    assert (await at.app.store.chronicles.get(channel)).state is ChannelState.OPEN
    await at.submit(at.bo, view["id"], root_cause(UNKNOWN))

    message, _ = await final(at, channel)
    assert "not known yet" in message


async def test_two_people_resolve_once_and_the_second_is_told(at):
    channel = await incident(at, "inc-108", REPORT)
    mine, theirs = await at.resolution(at.alex, channel), await at.resolution(at.bo, channel)

    both = await asyncio.gather(
        at.submit(at.alex, mine["id"], root_cause(typed="the mirror")),
        at.submit(at.bo, theirs["id"], root_cause(typed="the gateway")),
    )
    message, _ = await final(at, channel)

    shown = [text_of(one) for user in (at.alex, at.bo) for one in at.slack.ephemerals(user)]
    told = [*(str(each.body) for each in both), *shown]
    assert [("the mirror" in message), ("the gateway" in message)].count(True) == 1
    assert any("already resolved" in each or "at the same time" in each for each in told)


async def test_a_dialog_that_is_submitted_twice_resolves_once(at):
    channel = await incident(at, "inc-109", REPORT)
    view = await at.resolution(at.bo, channel)
    await at.submit(at.bo, view["id"], root_cause(typed="the mirror"))
    body = at.slack.deliveries[-1].payload
    await at.send(body)

    message, _ = await final(at, channel)
    assert "the mirror" in message


async def test_guest_cannot_resolve_by_another_persons_button(at):
    channel = await incident(at, "inc-110", REPORT)
    ts = await at.slack.say(at.alex, channel, f"<@{at.slack.bot_user_id}> incident resolve")
    await at.settled()
    (offer,) = at.answers(ts, channel)

    await at.slack.click(at.guest, channel, offer["ts"], Press.RESOLVE.value)
    view = await at.opened(at.guest)

    assert "guests" in words_of(view["blocks"]).lower()
    assert view.get("submit") is None
    assert (await at.app.store.chronicles.get(channel)).state is ChannelState.OPEN


async def test_chosen_message_that_was_deleted_meanwhile_is_not_the_cause(at):
    channel = await incident(at, "inc-111", REPORT)
    ts = await at.slack.say(at.alex, channel, f"cause: {CAUSE}")
    await at.settled()
    view = await at.resolution(at.bo, channel)
    await at.slack.remove(at.alex, channel, ts)
    await at.settled()

    answer = await at.submit(at.bo, view["id"], root_cause(options_of(view)[f"“{CAUSE}”"]))

    assert "was deleted or changed" in str(answer.body)
    assert (await at.app.store.chronicles.get(channel)).state is ChannelState.OPEN
