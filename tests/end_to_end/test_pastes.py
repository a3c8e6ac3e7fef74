"""A paste in a channel: matched, answered in its thread, from the cluster, once."""

from __future__ import annotations

from tests.end_to_end.workplace import words_of, workplace


async def test_a_pasted_error_is_answered_in_its_thread_with_verdict_cause_and_evidence(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        answer = await at.answer(ts)

        said = words_of(answer)
        assert "CONFIRMED" in said.splitlines()[0]
        print(said)
