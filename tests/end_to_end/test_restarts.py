"""A restart is no attempt: a request survives any number of them, and one that fails for good is told about it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from tests.end_to_end.corners import corner_in_errors, make_corner
from tests.end_to_end.process import premises
from tests.end_to_end.workplace import is_final, words_of
from tests.waiting import until

NAMES = ("ledger",)
MANY = 10
TOO_OLD_MS = 3 * 60 * 60 * 1000


async def test_only_an_old_request_is_given_up_after_many_process_ends_and_is_told(tmp_path, broken):
    async with premises(tmp_path, pace=False) as at:
        fresh, old = (make_corner(at, broken, name=name, names=NAMES) for name in ("asked just now", "asked hours ago"))
        at.slack.fail("chat.postMessage", hang=True, times=10_000)
        serving = await at.start()
        pasted = {corner: await corner.paste() for corner in (fresh, old)}
        await until(lambda: all(corner.unanswered("chat.postMessage") for corner in pasted))
        await serving.kill()
        _age(at.data, old.channel, ends=50, by_ms=TOO_OLD_MS)
        _age(at.data, fresh.channel, ends=MANY, by_ms=0)

        serving = await at.start()
        await until(lambda: any("job_failed" in line for line in serving.said))
        # This one is delayed, and in flight once more at a process end.
        await until(lambda: len(fresh.unanswered("chat.postMessage")) == 2)
        await serving.kill()
        at.slack.clear_faults()

        serving = await at.start()
        with corner_in_errors(old):
            said = await at.answer(pasted[old], channel=old.channel)
            assert "ask again" in words_of(said["blocks"])
            again = await at.slack.say(at.bo, old.channel, old.text)
            assert "CONFIRMED" in words_of((await at.answer(again, channel=old.channel))["blocks"])
        with corner_in_errors(fresh):
            answer = await at.answer(pasted[fresh], channel=fresh.channel)
            assert "CONFIRMED" in words_of(answer["blocks"])
        assert await serving.stop() == 0
        assert len([one for one in old.ours if is_final(one)]) == 2
        assert len(fresh.ours) == 1


def _age(data: Path, channel: str, *, ends: int, by_ms: int) -> None:
    """Make an answer's job one that was in flight at so many process ends, and that began so much earlier."""
    with contextlib.closing(sqlite3.connect(data / "jobs.db")) as jobs, jobs:
        aged = (
            "UPDATE workflow_status SET recovery_attempts = ?, created_at = created_at - ?"
            " WHERE name = 'answer' AND workflow_uuid LIKE '%' || ? || '%'"
        )
        assert jobs.execute(aged, (ends, by_ms, channel)).rowcount == 1
