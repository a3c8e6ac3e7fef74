"""Kill the process at the worst moments: after restart one answer is posted, one remedy applied."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.remedies.verification import Pace
from responses.slack.presses import Press
from tests.end_to_end.corners import Corner, corner_in_errors, kill_and_clear, make_corner
from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import Broken, pressable, submitted, words_of
from tests.waiting import until

# Long enough to kill the process in, short enough to wait for.
PACE = Pace(every=0.1, well=0.5, failing=0.5)
FIXED = "FIXED: the cause is gone"
# The names that each copy of `broken` renames.
NAMES = ("ledger",)
POLICY = """
remediation: [{clusters: ["*"], namespaces: ["*"]}]
acting: [{users: ["*"], clusters: ["*"], namespaces: ["*"], actions: ["*"]}]
"""


pytestmark = pytest.mark.timeout(75)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The moment at which a process has called `method` and waits for an answer that never comes."""

    method: str
    after_execution: bool = False


ACKED = Moment(method="users.info")
# Each user is then looked up, so that a lookup can hang.
UNLISTED: Mapping[str, Any] = {"error": "fatal_error", "times": 100}
SENT = Moment(method="chat.postMessage")
ACCEPTED = Moment(method="chat.postMessage", after_execution=True)
# Only a slow answer has a placeholder, which is updated.
UNTOLD = Moment(method="chat.update")
TOLD = Moment(method="chat.update", after_execution=True)
SLOW_S = 1.6


async def test_killed_at_any_moment_answers_once_after_restart(tmp_path, broken):
    moments = {
        "after the ack": ACKED,
        "with a post sent and unanswered": SENT,
        "after Slack accepted the post, before that was recorded": ACCEPTED,
        "before the final update": UNTOLD,
        "after the final update, before that was recorded": TOLD,
    }
    async with premises(tmp_path, pace=False) as at:
        tried = {make_corner(at, broken, name=name, names=NAMES): moment for name, moment in moments.items()}
        repeated = make_corner(at, broken, name="and Slack repeats the event", names=NAMES)
        directly = make_corner(at, broken, name="in a direct message", names=NAMES)
        directly.channel = at.slack.open_im(directly.user)
        deleted = make_corner(at, broken, name="while it takes an answer back", names=NAMES)

        at.slack.fail("users.list", **UNLISTED)
        serving = await at.start()
        await deleted.ask()
        at.slack.fail("chat.delete", hang=True, given={"channel": deleted.channel})
        await at.slack.remove(deleted.user, deleted.channel, deleted.answer["thread_ts"])
        pasted = await paste_until({**tried, repeated: SENT, directly: ACCEPTED})
        await at.slack.wait_for(lambda: deleted.unanswered("chat.delete"))
        await kill_and_clear(at, serving)

        serving = await at.start()
        again = await at.slack.redeliver(event_of(at, pasted[repeated]).event_id)
        assert again.status == 200
        for each, ts in pasted.items():
            await at.answer("" if each is directly else ts, channel=each.channel)
        await at.slack.wait_for(lambda: not deleted.ours)
        assert await serving.stop() == 0
        assert deleted.ours == []
        for each, ts in pasted.items():
            with corner_in_errors(each):
                assert_answered_once(each, ts, deliveries=2 if each is repeated else 1)


async def test_killed_before_an_upgrade_answers_once_after_it(tmp_path, broken):
    moments = {
        "after the ack": ACKED,
        "after Slack accepted the post, before that was recorded": ACCEPTED,
        "before the final update": UNTOLD,
    }
    async with premises(tmp_path, pace=False) as at:
        tried = {make_corner(at, broken, name=name, names=NAMES): moment for name, moment in moments.items()}
        at.slack.fail("users.list", **UNLISTED)
        serving = await at.start()
        pasted = await paste_until(tried)
        await kill_and_clear(at, serving)

        serving = await at.start(jobs_version="the next")
        for each, ts in pasted.items():
            await at.answer(ts, channel=each.channel)
        assert await serving.stop() == 0
        assert finished_under(at) == ["the next"]
        for each, ts in pasted.items():
            with corner_in_errors(each):
                assert_answered_once(each, ts)


def finished_under(at: Premises) -> list[str]:
    """Return the job versions under which answers were finished."""
    with contextlib.closing(sqlite3.connect(at.data / "jobs.db")) as jobs:
        query = "SELECT DISTINCT application_version FROM workflow_status WHERE status = 'SUCCESS' AND name = 'answer'"
        return [version for (version,) in jobs.execute(query)]


async def paste_until(moments: Mapping[Corner, Moment]) -> dict[Corner, str]:
    """Paste in every corner, wait until each has reached its moment, and return the pastes' ts."""
    pasted: dict[Corner, str] = {}
    for slow in (True, False):
        reached = {each: moment for each, moment in moments.items() if (moment in (UNTOLD, TOLD)) is slow}
        for each, moment in reached.items():
            each.at.cluster.latency = SLOW_S if slow else 0.0
            given = {"user": each.user} if moment is ACKED else {"channel": each.channel}
            each.at.slack.fail(moment.method, hang=True, after_execution=moment.after_execution, given=given)
        pasted |= zip(reached, await asyncio.gather(*(each.paste() for each in reached)), strict=True)
        await until(lambda: all(each.unanswered(moment.method) for each, moment in reached.items()))  # noqa: B023
    return pasted


def event_of(at: Premises, ts: str) -> Any:
    return next(one for one in at.slack.deliveries if one.payload["event"]["ts"] == ts)


def assert_answered_once(here: Corner, ts: str, *, deliveries: int = 1) -> None:
    """Check for exactly one answer; the process must have ended, so that no other can follow."""
    (answer,) = here.ours
    assert answer.get("thread_ts", ts) == ts
    said = words_of(answer["blocks"])
    assert "CONFIRMED" in said
    assert "⏳" not in answer["text"] + said
    posted = [call for call in here.at.slack.calls if call.method == "chat.postMessage" and call.ok]
    assert len([call for call in posted if call.arguments["channel"] == here.channel]) == 1
    delivered = [one.status for one in here.at.slack.deliveries if one.event_id == event_of(here.at, ts).event_id]
    assert delivered == [200] * deliveries


# --- remedies: what is carried out when it is killed is in test_killed_plans.py ---


async def test_modal_open_during_a_kill_is_filled_and_can_be_confirmed(tmp_path, healing):
    async with acting_premises(tmp_path, healing) as at:
        serving = await at.start(verify_pace=PACE)
        at.slack.fail("views.update", hang=True)
        await press(at, healing.text)
        await at.slack.wait_for(lambda: unanswered(at, "views.update"))
        await serving.kill()

        serving = await at.start(verify_pace=PACE)
        await submitted(at.slack, at.alex, (await dialog(at))["id"])
        await at.slack.wait_for(lambda: FIXED in shown(at))
        assert await serving.stop() == 0
        assert len(writes(at)) == 1


def acting_premises(directory: Path, broken: Broken) -> AbstractAsyncContextManager[Premises]:
    """Open premises with a policy that allows everything."""
    policy = directory / "policy.yaml"
    policy.write_text(POLICY)
    return premises(directory, broken.world, CASEBOOK_POLICY=str(policy))


async def press(at: Premises, text: str) -> None:
    """Paste an error and press the answer's button."""
    answer = await at.answer(await at.slack.say(at.alex, at.channel, text))
    await at.slack.click(at.alex, at.channel, answer["ts"], pressable(answer, Press.REMEDY)["action_id"])


async def dialog(at: Premises) -> dict[str, Any]:
    views = await at.slack.wait_for(lambda: [view for view in at.slack.views(at.alex) if view["submit"]])
    return views[-1]


def shown(at: Premises) -> str:
    return words_of([message["blocks"] for message in at.ours()])


def unanswered(at: Premises, method: str) -> list[Any]:
    return [call for call in at.slack.calls if call.method == method and not call.status]


def writes(at: Premises) -> list[tuple[str, str]]:
    written = [sent for sent in at.cluster.requests if sent.writes and not sent.path.endswith("/events")]
    return [(sent.method, sent.path) for sent in written]
