"""The usual failures, from the paste to the fix that is seen in the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.diagnosing import Engine
from tests.end_to_end.test_symptoms import remedied
from tests.end_to_end.workplace import broken_of, lines_of, workplace


@pytest.mark.parametrize(
    ("incident", "button"),
    [("container-oom-killed", "Raise"), ("rollout-stuck", "Roll back")],
)
async def test_the_usual_remedy_is_verified(tmp_path: Path, engine: Engine, incident: str, button: str) -> None:
    broken = broken_of(engine, incident)
    async with workplace(tmp_path, engine, broken.world) as at:
        says = await remedied(at, broken.text, button)

    assert says.startswith("✅ FIXED\nWas: "), says


async def test_the_closest_name_of_a_missing_key_is_told(tmp_path: Path, engine: Engine) -> None:
    broken = broken_of(engine, "config-reference-missing")
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))

    assert any("The closest that exists: " in line for line in lines_of(answer))
