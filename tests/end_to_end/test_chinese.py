"""Ask in Chinese, also around an English error: both are matched and answered in Chinese."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Incident
from intents.domain import Language
from responses.language import language_of
from tests.end_to_end.workplace import Workplace, lines_of, workplace

ENTRIES = list(load((builtin_directory(),)).catalog)
# The number of answers an app may give at once before Slack's rate limits slow it down.
_AT_ONCE = 6
_HAN = re.compile(r"[\u4e00-\u9fff]")


def in_chinese(incident: Incident) -> str:
    """Return the entry's first example with Chinese text."""
    return next((text for text in incident.examples.match if language_of(text) is Language.ZH), "")


@pytest.mark.parametrize("incident", ENTRIES, ids=lambda incident: incident.id)
def test_every_entry_has_a_chinese_example(incident: Incident) -> None:
    assert in_chinese(incident)


@pytest.mark.parametrize(
    "incidents",
    [ENTRIES[begin : begin + _AT_ONCE] for begin in range(0, len(ENTRIES), _AT_ONCE)],
    ids=lambda some: " ".join(one.id for one in some),
)
async def test_chinese_question_is_answered_in_chinese(
    tmp_path: Path, engine: Engine, incidents: Sequence[Incident]
) -> None:
    async with workplace(tmp_path, engine) as at:
        places = [f"C0ZH{number}" for number in range(len(incidents))]
        for place in places:
            at.slack.add_channel(place.lower(), id=place)

        asked = (answered(at, in_chinese(one), channel=place) for place, one in zip(places, incidents, strict=True))
        answers = await asyncio.gather(*asked)

        for incident, answer in zip(incidents, answers, strict=True):
            said = "\n".join(lines_of(answer))
            assert _HAN.search(said.splitlines()[0])
            assert incident.title.en not in said or incident.title.en == incident.title.zh
            assert len(_HAN.findall(said)) > 20


async def answered(at: Workplace, text: str, *, channel: str) -> dict[str, Any]:
    return await at.answer(await at.slack.say(at.alex, channel, text), channel)
