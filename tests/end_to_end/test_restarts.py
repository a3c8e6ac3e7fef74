"""A restart is no attempt: a request survives any number of them, and one that fails for good is told about it."""

from __future__ import annotations

import contextlib
import sqlite3

from tests.end_to_end.corners import corner_in_errors, make_corner
from tests.end_to_end.process import premises
from tests.end_to_end.workplace import is_final, words_of
from tests.waiting import until

NAMES = ("ledger",)
RESTARTS = 11
TOO_OLD_MS = 3 * 60 * 60 * 1000


async def test_requests_are_answered_after_more_than_ten_process_ends_while_slack_hung(tmp_path, broken):
    async with premises(tmp_path, pace=False) as at:
        corners = [make_corner(at, broken, name=f"paste {number}", names=NAMES) for number in range(2)]
        at.slack.fail("chat.postMessage", hang=True, times=10_000)
        serving = await at.start()
        pasted = {corner: await corner.paste() for corner in corners}
        for number in range(RESTARTS):
            tried = number + 1
            await until(lambda: all(len(corner.calls("chat.postMessage")) >= tried for corner in corners))  # noqa: B023
            await serving.kill()
            if number == RESTARTS - 1:
                at.slack.clear_faults()
            serving = await at.start()
        for corner, ts in pasted.items():
            with corner_in_errors(corner):
                assert "CONFIRMED" in words_of((await at.answer(ts, channel=corner.channel))["blocks"])
        assert await serving.stop() == 0
        assert [len(corner.ours) for corner in corners] == [1, 1]


async def test_request_given_up_while_slack_hung_is_told_later_and_its_topic_is_released(tmp_path, broken):
    async with premises(tmp_path, pace=False) as at:
        corner = make_corner(at, broken, name="given up", names=NAMES)
        at.slack.fail("chat.postMessage", hang=True, times=10_000)
        serving = await at.start()
        ts = await corner.paste()
        await until(lambda: corner.unanswered("chat.postMessage"))
        await serving.kill()
        # It was in flight at many process ends, for hours.
        with contextlib.closing(sqlite3.connect(at.data / "jobs.db")) as jobs, jobs:
            aged = (
                "UPDATE workflow_status SET recovery_attempts = 50, created_at = created_at - ? WHERE name = 'answer'"
            )
            assert jobs.execute(aged, (TOO_OLD_MS,)).rowcount == 1
        serving = await at.start()
        await until(lambda: any("job_failed" in line for line in serving.said))
        await serving.kill()
        at.slack.clear_faults()

        serving = await at.start()
        said = await at.answer(ts, channel=corner.channel)
        assert "ask again" in words_of(said["blocks"])
        again = await at.slack.say(at.bo, corner.channel, corner.text)
        assert "CONFIRMED" in words_of((await at.answer(again, channel=corner.channel))["blocks"])
        assert await serving.stop() == 0
        assert len([one for one in corner.ours if is_final(one)]) == 2
