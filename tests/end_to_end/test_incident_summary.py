"""Talk in an incident channel: one pinned message shows the current state."""

from __future__ import annotations

import pytest

from bot.diagnosing import Engine
from tests.end_to_end.workplace import Broken, Workplace, broken_case, lines_of, workplace


@pytest.fixture
def pulls_again(engine: Engine) -> Broken:
    return broken_case(
        engine, "image-pull-failed", "the registry did not answer, and does again; a restart skips the back-off"
    )


def summary(at: Workplace, channel: str) -> str:
    pinned = [one for one in at.ours(channel) if one.get("pinned_to")]
    return "\n".join(lines_of(pinned[0])) if pinned else ""


async def wait_for_summary(at: Workplace, channel: str, *words: str) -> str:
    """Wait until the summary contains all these texts and return it."""

    def said() -> str:
        says = summary(at, channel)
        return says if all(each in says for each in words) else ""

    return await at.slack.wait_for(said, timeout=30)


async def test_pinned_summary_holds_statements_findings_and_actions(tmp_path, engine, pulls_again):
    # With the rate limits of Slack on both sides.
    async with workplace(tmp_path, engine, pulls_again.world, summary_slot_s=1.0, slack_limits=None) as at:
        cy, channel = at.slack.add_user("cy"), at.slack.add_channel("inc-142-checkout")
        first = await at.slack.say(at.alex, channel, "checkout is down, customers cannot pay")
        await wait_for_summary(at, channel, "checkout is down, customers cannot pay")
        answer = await at.answer(await at.slack.say(cy, channel, pulls_again.text), channel)
        await at.slack.say(at.alex, channel, "lol, not again")
        await at.slack.say(at.alex, channel, "I'll take IC")
        await at.submit(at.bo, (await at.dialog(at.bo, answer, channel))["id"])
        await at.settled()
        await at.slack.say(at.bo, channel, "status: mitigated, error rate is back to normal")

        says = await wait_for_summary(at, channel, "Mitigated", "fixed it", "Commander")

        assert says.startswith("# 🟡 Mitigated · #inc-142-checkout")
        assert "CONFIRMED · An image cannot be pulled · Pod front/checkout" in says
        assert f"Commander: @{at.alex}" in says
        assert "lol" not in says
        assert "Next: (not stated yet)" in says  # the offered action is done
        # Each line links to its evidence.
        assert f"/archives/{channel}/p{first.replace('.', '')}" in says
        assert len([one for one in at.ours(channel) if one.get("pinned_to")]) == 1
        assert all(call.status != 429 for call in at.slack.calls), "we keep Slack's rate limits"


async def test_same_problem_elsewhere_links_the_incident_unless_private(tmp_path, engine, pulls_again):
    async with workplace(tmp_path, engine, pulls_again.world, summary_slot_s=1.0) as at:
        hidden = at.slack.add_channel("inc-7-secret", private=True, members=[at.alex])
        await at.answer(await at.slack.say(at.alex, hidden, pulls_again.text), hidden)
        first = await at.answer(await at.slack.say(at.bo, at.channel, pulls_again.text))
        await at.settled()
        assert len(at.answers(first["thread_ts"])) == 1

        known = at.slack.add_channel("inc-42-pulls")
        await at.answer(await at.slack.say(at.alex, known, pulls_again.text), known)
        other = at.slack.add_channel("random")
        again = await at.answer(await at.slack.say(at.bo, other, pulls_again.text), other)
        await at.settled()

        _, like = at.answers(again["thread_ts"], other)
        assert "#inc-42-pulls" in "\n".join(lines_of(like))
        assert "secret" not in "\n".join(lines_of(like))


async def test_channel_name_without_the_pattern_is_not_an_incident(tmp_path, engine, pulls_again):
    async with workplace(tmp_path, engine, pulls_again.world) as at:
        await at.slack.say(at.alex, at.channel, "checkout is down, customers cannot pay")
        await at.settled()

        assert await at.app.store.chronicles.get(at.channel) is None
