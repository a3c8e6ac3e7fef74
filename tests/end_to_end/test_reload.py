"""Reload the policy and the catalog without a restart; a broken file keeps the last valid version."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.catalog.own_entry import OWN_ENTRY
from tests.end_to_end import own_entries
from tests.end_to_end.corners import Corner, make_corner
from tests.end_to_end.process import Premises, Serving, ignores, premises
from tests.end_to_end.workplace import Broken, words_of
from tests.waiting import until

pytestmark = pytest.mark.timeout(75)

EVERYONE = 'reading: [{channels: ["*"], clusters: ["*"], namespaces: ["*"]}]\n'
NOBODY = 'reading: [{channels: ["#elsewhere"], clusters: ["*"], namespaces: ["*"]}]\n'
BROKEN_FILE = "reading: [{channels: 7}]\n"
NAMES = ("ledger",)


async def test_changed_policy_applies_at_once_and_a_broken_one_never(tmp_path: Path, broken: Broken) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(NOBODY)
    async with premises(tmp_path, pace=False, CASEBOOK_POLICY=str(policy), CASEBOOK_LOG_LEVEL="info") as at:
        refused, allowed, still_allowed = (make_corner(at, broken, names=NAMES) for _ in range(3))
        serving = await at.start(reload_s=0.05)
        refused.text = f"<@{at.slack.bot_user_id}> {refused.text}"  # a mention is answered even without read access
        assert "CONFIRMED" not in await answer_in(refused)

        _replace(policy, EVERYONE)
        await _logged(serving, "configuration_reloaded")
        assert "CONFIRMED" in await answer_in(allowed)

        _replace(policy, BROKEN_FILE)
        notes = await _notes(serving, lambda found: "policy" in found)
        assert "policy.yaml:1" in notes["policy"]
        assert "channels" in notes["policy"]
        assert "CONFIRMED" in await answer_in(still_allowed)

        _replace(policy, EVERYONE)
        await _notes(serving, lambda found: "policy" not in found)
        assert await serving.stop() == 0


async def test_sighup_is_followed_from_the_start_of_the_command_to_its_end(tmp_path: Path) -> None:
    entries = tmp_path / "catalog"
    entries.mkdir()
    all_entries = own_entries.catalog(tmp_path / "all")
    asleep = own_entries.asleep_deployment().broken
    async with premises(tmp_path, pace=False, CASEBOOK_CATALOG=str(entries), CASEBOOK_LOG_LEVEL="info") as at:
        after, again, ending = (make_corner(at, asleep, names=("bed",)) for _ in range(3))
        at.slack.fail("auth.test", retry_after=1)
        serving = await at.begin()
        # While modules are imported it does not end the process.
        await until(lambda: ignores(serving, signal.SIGHUP))
        os.kill(serving.process.pid or 0, signal.SIGHUP)

        # The files have been read, and nothing is served yet: the new entry is in force once it serves.
        await at.slack.wait_for(lambda: at.slack.calls, timeout=40)
        (entries / "asleep.yaml").write_text((all_entries / "asleep.yaml").read_text())
        os.kill(serving.process.pid or 0, signal.SIGHUP)
        await serves(at, serving)
        await _logged(serving, "configuration_reloaded")
        assert "asleep" in (await answer_in(after)).lower()

        # An entry with an unknown probe is reported, and an invalid one: the last valid version stays.
        breaks = OWN_ENTRY.replace("gate-restarts", "gate-breaks").replace("probe: containers", "probe: reboots")
        (entries / "gate-breaks.yaml").write_text(breaks)
        os.kill(serving.process.pid or 0, signal.SIGHUP)
        notes = await _notes(serving, lambda found: "catalog" in found)
        assert "gate-breaks.yaml:8: reads.runs.probe: there is no probe 'reboots'" in notes["catalog"]
        (entries / "asleep.yaml").write_text("id: asleep\nseverity: 7\n")
        os.kill(serving.process.pid or 0, signal.SIGHUP)
        await _notes(serving, lambda found: "asleep.yaml" in found.get("catalog", ""))
        assert "asleep" in (await answer_in(again)).lower()

        # SIGTERM ends it once the work in flight is done.
        at.slack.latency = 0.3
        await ending.paste()
        assert await serving.stop() == 0
        (answer,) = ending.ours
        assert "asleep" in words_of(answer["blocks"]).lower()


async def serves(at: Premises, serving: Serving) -> None:
    """Wait until a process that was only begun serves, and let Slack deliver to it."""
    await _logged(serving, "serving simulated over HTTP")
    said = "".join(serving.said)
    serving.url = re.findall(r"http://[\d.]+:\d+", said)[-1]
    at.slack.deliver_to(f"{serving.url}/slack/events")


async def answer_in(here: Corner) -> str:
    await here.ask()
    return here.shown


def _replace(file: Path, text: str) -> None:
    """Replace a file atomically, like an editor or a ConfigMap volume."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


async def _logged(serving: Serving, event: str) -> None:
    async def logged() -> bool:
        return any(event in line for line in serving.said)

    await _eventually(logged)


async def _notes(serving: Serving, fit: Callable[[dict[str, str]], bool]) -> dict[str, str]:
    """Wait until the notes of /readyz fulfil a condition; the bot must stay ready."""
    found: dict[str, str] = {}

    async def fits() -> bool:
        nonlocal found
        async with aiohttp.ClientSession() as session, session.get(f"{serving.url}/readyz") as response:
            body: dict[str, Any] = await response.json()
        assert response.status == 200, body
        found = body["notes"]
        return fit(found)

    await _eventually(fits)
    return found


async def _eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - a file, a log and an HTTP answer notify nobody
            await asyncio.sleep(0.05)
