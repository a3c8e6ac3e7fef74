"""Run a small version of the Slack bench: `casebook serve` acknowledges a storm; answers are told from edits."""

from dataclasses import replace

from tests.bench import slack
from tests.bench.serve_process import serving
from tests.bench.slack_traces import Step, reasons


async def test_a_serving_process_acknowledges_in_time_and_answers_every_paste() -> None:
    async with slack.far_ends() as ends, serving(ends.slack, ends.cluster) as url:
        # The third repeats the first in its channel, so that it is counted in that answer.
        three = replace(ends, pastes=(*ends.pastes[:2], ends.pastes[0]))
        traces = await slack.measure_waits(three, url, rounds=1, apart=1.0, quiet=2.0, within=5.0)
        acks = await slack.measure_acks(ends, url, rate=30, seconds=1)

    assert [trace.answer is not None for trace in traces] == [True, True, False]
    assert [call.step for call in traces[0].calls if call.step is not Step.PROGRESS][-2:] == [Step.ANSWER, Step.EDIT]
    assert reasons(traces) == {"repeat count": 1}
    assert traces[0].first is not None
    assert traces[0].answer is not None
    assert traces[0].first <= traces[0].answer < traces[0].edits[0].at - traces[0].asked
    assert (len(acks.chat) + len(acks.pastes), acks.refused) == (30, {})
    assert max([*acks.chat, *acks.pastes]) < 3
