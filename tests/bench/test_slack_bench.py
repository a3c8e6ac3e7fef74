"""Run a small version of the Slack bench: `casebook serve` acknowledges a storm and answers every paste."""

from dataclasses import replace

from tests.bench import slack
from tests.bench.serve_process import serving


async def test_a_serving_process_acknowledges_in_time_and_answers_every_paste() -> None:
    async with slack.far_ends() as ends, serving(ends.slack, ends.cluster) as url:
        two = replace(ends, pastes=ends.pastes[:2])
        waits = await slack.measure_waits(two, url, rounds=1, apart=0.1, quiet=1.0)
        acks = await slack.measure_acks(ends, url, rate=30, seconds=1)

    assert (len(waits.first), len(waits.answer), waits.unanswered) == (2, 2, 0)
    assert (len(acks.chat) + len(acks.pastes), acks.refused) == (30, {})
    assert max([*acks.chat, *acks.pastes]) < 3
