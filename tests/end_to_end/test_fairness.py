"""One person's requests neither delay nor silence those of others."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from statistics import median

import pytest

from tests.bench.fairness import measure
from tests.end_to_end.corners import Corner, corner_in_errors, make_corner
from tests.end_to_end.process import premises
from tests.end_to_end.workplace import UNPACED, is_final, words_of, workplace
from tests.waiting import until

pytestmark = pytest.mark.timeout(150)

# Enough for a queue of minutes at Slack's rate limits, had everybody to wait for it.
QUEUED = 120
# Slack, the cluster and the storm share the cores with the app.
NOISE_S = 1.0
# So that the calls without a response end soon.
SHORT = replace(UNPACED, call=2.0)


async def test_answer_to_another_person_takes_at_most_twice_its_time_beside_a_long_queue(tmp_path, broken):
    # The harder case; `make bench` also measures other channels.
    waits = await measure(
        tmp_path, broken.world, text=broken.text, queued=QUEUED, people=3, same_channel=True, apart=0.5
    )
    assert median(waits.beside) <= 2 * median(waits.idle) + NOISE_S, waits
    assert 0 < waits.refused < QUEUED


async def test_commands_over_the_limit_are_refused_at_once(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, person_requests=5, slack_limits=SHORT) as at:
        at.slack.fail("chat.postMessage", hang=True, times=100)
        sent = [at.slack.slash(at.alex, at.channel, f"pod ledger/unheard-of-{number}") for number in range(20)]
        said = [str(each.body or "") for each in await asyncio.gather(*sent)]
        assert len([one for one in said if not one]) == 5
        assert len([one for one in said if "5 requests" in one]) == 15
        assert not (await at.slack.slash(at.bo, at.channel, "pod ledger/unheard-of")).body
        at.slack.clear_faults()


async def test_pastes_over_the_limit_are_refused_once_per_burst(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, person_requests=3, slack_limits=SHORT) as at:
        at.slack.fail("chat.postMessage", hang=True, times=100)
        channels = [at.slack.add_channel(f"channel-{number}") for number in range(12)]
        for channel in channels:
            await at.slack.say(at.alex, channel, broken.text)
        await at.slack.wait_for(lambda: at.slack.ephemerals(at.alex))
        await asyncio.sleep(0.5)
        (told,) = at.slack.ephemerals(at.alex)
        assert "3 requests" in words_of(told["blocks"])
        at.slack.clear_faults()


async def test_mentions_over_the_limit_are_acknowledged_and_refused_once(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, jobs_concurrency=1) as at:
        at.slack.fail("chat.postMessage", hang=True, times=100)
        await at.slack.say(at.bo, at.slack.add_channel("busy"), broken.text)
        await at.slack.wait_for(lambda: any(call.method == "chat.postMessage" for call in at.slack.calls))
        said = f"<@{at.slack.bot_user_id}> incident resolve"
        for _ in range(105):
            await at.slack.say(at.alex, at.channel, said)
        await at.slack.wait_for(lambda: at.slack.ephemerals(at.alex))
        (told,) = at.slack.ephemerals(at.alex)
        assert "100 requests" in words_of(told["blocks"])
        statuses = {each.status for each in at.slack.deliveries}
        assert statuses == {200}
        at.slack.clear_faults()


async def test_requests_queued_at_a_kill_are_answered_and_do_not_delay_others(tmp_path, broken):
    names = ("ledger",)
    async with premises(tmp_path, pace=False, CASEBOOK_JOBS_CONCURRENCY="4") as at:
        flooded = [make_corner(at, broken, name=f"flooded {number}", names=names) for number in range(8)]
        for each in flooded:
            each.user = at.alex
        other = make_corner(at, broken, name="of another person", names=names)
        serving = await at.start()
        at.slack.fail("chat.postMessage", hang=True, times=1_000)
        pasted = {each: await each.paste() for each in [*flooded, other]}
        await until(lambda: any(each.calls("chat.postMessage") for each in pasted))
        await serving.kill()
        at.slack.clear_faults()
        at.slack.latency = 0.1

        serving = await at.start()
        for each, ts in pasted.items():
            with corner_in_errors(each):
                assert "CONFIRMED" in words_of((await at.answer(ts, channel=each.channel))["blocks"])
        assert await serving.stop() == 0
        # By the order of the calls: a busy machine looks at the messages late.
        before = [each for each in flooded if answered_at(each) < answered_at(other)]
        assert len(before) <= 4, "one person's requests went first"


def answered_at(corner: Corner) -> float:
    """Return when the first final answer reached Slack."""
    calls = [*corner.calls("chat.postMessage"), *corner.calls("chat.update")]
    channel = corner.channel
    return min(
        call.at for call in calls if call.ok and call.arguments.get("channel") == channel and is_final(call.arguments)
    )


async def test_button_press_is_taken_before_queued_pastes(tmp_path, engine, healing):
    async with workplace(tmp_path, engine, healing.world, jobs_concurrency=4) as at:
        ts = await at.slack.say(at.alex, at.channel, healing.text)
        answer = await at.answer(ts)
        at.slack.latency = 0.3
        people = [at.slack.add_user(f"person-{number}") for number in range(12)]
        for number, user in enumerate(people):
            await at.slack.say(user, at.slack.add_channel(f"busy-{number}"), healing.text)
        began = time.monotonic()
        dialog = await at.dialog(at.alex, answer)
        assert dialog["submit"]
        assert time.monotonic() - began < 3 + NOISE_S, "the trigger of a dialog expires in three seconds"
