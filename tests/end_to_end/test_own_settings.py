"""Test settings that a whole app has: the language of answers."""

from __future__ import annotations

from tests.end_to_end.test_surfaces import POD, answer_in_channel
from tests.end_to_end.workplace import workplace


async def test_command_and_answer_use_the_configured_language(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, lang="zh") as at:
        await at.slack.slash(at.alex, at.channel, f"pod {POD}")

        assert "\n🔴 已证实 · " in await answer_in_channel(at)
