"""Send SIGTERM during work: the process ends in time, loses nothing and accepts nothing it might lose."""

from __future__ import annotations

import asyncio
import signal
import time

import aiohttp
import pytest

from bot.cli.errors import TERMINATED
from bot.playground.kubernetes import RecordedRequest
from bot.playground.slack import Delivery
from responses import failures
from responses.slack.presses import Press
from tests.end_to_end.corners import (
    corner_in_errors,
    make_corner,
    press_in_all,
    wait_for_results,
    write_not_answered,
    write_not_handled,
)
from tests.end_to_end.own_entries import FIXED, SERVING, asleep_deployment, open_premises
from tests.end_to_end.process import Premises, Serving, handles, premises
from tests.end_to_end.workplace import pressable, words_of
from tests.waiting import until

pytestmark = pytest.mark.timeout(60)

# Part of it passes while no process serves.
PATIENT = {**SERVING, "verify_within": 30}
BUSY = failures.BUSY.en[1:]
STOPPING = {"process": "shutting down; running jobs are being drained"}
# What the chart gives a pod beyond its drain.
TO_CLOSE_S = 15


async def test_shutdown_finishes_work_in_flight_and_accepts_nothing_new(tmp_path):
    own = asleep_deployment()
    async with open_premises(tmp_path) as at:
        answered, remedied, late, commanding = (
            make_corner(at, own.broken, name=name, names=own.names)
            for name in ("under way", "carried out", "said meanwhile", "commanded meanwhile")
        )
        serving = await at.start(**PATIENT)
        await press_in_all([remedied])
        await commanding.ask()

        arrived = collect_requests(at)
        at.cluster.latency = 0.6
        await remedied.confirm()
        await until(lambda: any(one.writes and remedied.is_here(one.path) for one in arrived))
        ts = await answered.paste()
        await until(lambda: any(answered.is_here(one.path) for one in arrived))
        stopped = await send_sigterm(serving)

        assert await serving.readiness() == (503, STOPPING)
        assert await status_of(f"{serving.url}/healthz") == 200
        said = await late.paste()
        assert [one.status for one in delivery_attempts(at, said)] == [503]
        asked = await at.slack.slash(commanding.user, commanding.channel, "pod shop/api-0")
        assert (asked.status, BUSY in words_of(asked.body["blocks"])) == (200, True)
        button = pressable(commanding.message, Press.REMEDY)["action_id"]
        assert (
            await at.slack.click(commanding.user, commanding.channel, commanding.answer["ts"], button)
        ).status == 200
        assert BUSY in words_of(at.slack.ephemerals(commanding.user))
        at.cluster.latency = 0
        assert await stopped == 0

        assert "CONFIRMED" in words_of(await at.answer(ts, channel=answered.channel, within=0.1))
        assert remedied.sent == list(own.steps)
        assert late.ours == []

        serving = await at.start(**PATIENT)
        assert (await at.slack.redeliver(delivery_attempts(at, said)[0].event_id)).status == 200
        await at.answer(said, channel=late.channel)
        await wait_for_results([remedied], FIXED)
        assert await serving.stop() == 0
        assert [len(each.ours) for each in (answered, late, commanding)] == [1, 1, 1]
        assert remedied.sent == list(own.steps)
        assert [entry.outcome for entry in await remedied.audited()] == ["claimed", "applied", "fixed"]


async def test_work_longer_than_the_drain_is_finished_once_by_the_next_start(tmp_path):
    own = asleep_deployment()
    async with open_premises(tmp_path, CASEBOOK_DRAIN="0.2") as at:
        diagnosed = make_corner(at, own.broken, name="its cluster does not answer", names=own.names)
        posted = make_corner(at, own.broken, name="posted and not acknowledged", names=own.names)
        remedies = {
            make_corner(at, own.broken, name="write sent and not done", names=own.names): write_not_handled(
                own.steps[0]
            ),
            make_corner(at, own.broken, name="write done and not answered", names=own.names): write_not_answered(
                own.steps[0]
            ),
        }
        serving = await at.start(**PATIENT)
        await press_in_all(remedies)
        reached = {each: moment(each) for each, moment in remedies.items()}
        await asyncio.gather(*(each.confirm() for each in remedies))
        await until(lambda: all(so_far() for so_far in reached.values()))
        at.slack.fail("chat.postMessage", hang=True, after_execution=True, given={"channel": posted.channel})
        told = await posted.paste()
        await until(lambda: posted.unanswered("chat.postMessage"))
        arrived = collect_requests(at)
        at.cluster.latency = 2.0
        ts = await diagnosed.paste()
        await until(lambda: any(diagnosed.is_here(one.path) for one in arrived))
        began = time.monotonic()
        assert await serving.stop() == 0
        assert time.monotonic() - began < TO_CLOSE_S
        at.cluster.latency = 0

        serving = await at.start(**PATIENT)
        for each, asked in ((diagnosed, ts), (posted, told)):
            assert "CONFIRMED" in words_of(await at.answer(asked, channel=each.channel)), each.name
        await wait_for_results(remedies, FIXED)
        assert await serving.stop() == 0
        assert [len(each.ours) for each in (diagnosed, posted)] == [1, 1]
        for each in remedies:
            with corner_in_errors(each):
                assert len(each.sent) == (2 if "not done" in each.name else 1)
                assert [entry.outcome for entry in await each.audited()] == ["claimed", "applied", "fixed"]


async def test_sigterm_before_serving_exits_at_once(tmp_path):
    """Check that the process handles SIGTERM: process 1 of a container ignores unhandled signals."""
    async with premises(tmp_path) as at:
        at.slack.fail("auth.test", hang=True)
        importing, asking = await asyncio.gather(at.begin(), at.begin())
        await until(lambda: handles(importing, signal.SIGTERM))
        assert await importing.stop() == TERMINATED
        await at.slack.wait_for(lambda: at.slack.calls, timeout=40)
        began = time.monotonic()
        assert await asking.stop() == TERMINATED
        assert time.monotonic() - began < 4
        assert importing.said == asking.said == []


async def send_sigterm(serving: Serving) -> asyncio.Task[int]:
    """Send SIGTERM, wait until the process has noticed, and return a task with its exit code."""
    stopped = asyncio.create_task(serving.stop())
    async with asyncio.timeout(5):
        while (await serving.readiness())[0] != 503:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return stopped


def collect_requests(at: Premises) -> list[RecordedRequest]:
    """Collect the requests that reach the API server from now on."""
    arrived: list[RecordedRequest] = []
    at.cluster.meanwhile = arrived.append
    return arrived


def delivery_attempts(at: Premises, ts: str) -> list[Delivery]:
    """Return every delivery attempt of a message."""
    return [one for one in at.slack.deliveries if one.payload.get("event", {}).get("ts") == ts]


async def status_of(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status
