"""Record the state that this version leaves behind, for the upgrade tests of later versions: see `left_behind`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from bot.diagnosing import build_engine
from tests.end_to_end.corners import Corner, kill_and_clear, write_not_handled
from tests.end_to_end.process import premises
from tests.end_to_end.workplace import broken_case
from tests.upgrade.left_behind import POLICY, SETTINGS, LeftBehind, make_corners
from tests.waiting import until

_CASE = "the registry did not answer, and does again; a restart skips the back-off"
_RESTART = ("DELETE", "/api/v1/namespaces/front/pods/checkout-6f4d8b7c5-kz9wp")


async def record(file: Path) -> None:
    engine, _ = build_engine()
    broken = broken_case(engine, "image-pull-failed", _CASE)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        policy = directory / "policy.yaml"
        policy.write_text(POLICY)
        async with premises(directory, pace=False, CASEBOOK_POLICY=str(policy), **SETTINGS) as at:
            corners = make_corners(at, broken)
            serving = await at.start()
            for each in ("answered", "dialog open", "remedy under way"):
                await corners[each].ask()
            for each in ("dialog open", "remedy under way"):
                await corners[each].press()
            incident = corners["incident"]
            await _talk(incident)
            await at.slack.wait_for(lambda: any("pinned_to" in one for one in incident.ours), timeout=60)

            moment = write_not_handled(_RESTART)(corners["remedy under way"])
            await corners["remedy under way"].confirm()
            at.slack.fail("users.info", hang=True, given={"user": corners["pasted"].user})
            at.slack.fail(
                "chat.postMessage", hang=True, after_execution=True, given={"channel": corners["posted"].channel}
            )
            await corners["pasted"].paste()
            await corners["posted"].paste()
            await until(
                lambda: (
                    moment()
                    and corners["pasted"].unanswered("users.info")
                    and corners["posted"].unanswered("chat.postMessage")
                )
            )
            await kill_and_clear(at, serving)
            LeftBehind.of(at, broken, corners).write(file)


async def _talk(corner: Corner) -> None:
    slack, channel = corner.at.slack, corner.channel
    await slack.say(corner.at.alex, channel, "checkout is down, customers cannot pay")
    await slack.say(corner.at.bo, channel, "I'll take IC")
    await slack.say(corner.at.alex, channel, "we decided to fail over to eu-west")


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))
