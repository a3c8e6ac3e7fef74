"""Ask in Chinese, also around an English error: both are matched and answered in Chinese."""

from __future__ import annotations

import asyncio
import re
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
# The entries are divided among a few apps, each of which answers some questions at once.
_APPS, _AT_ONCE = 4, 6
_HAN = re.compile(r"[\u4e00-\u9fff]")


def in_chinese(incident: Incident) -> str:
    """Return the entry's first example with Chinese text."""
    return next((text for text in incident.examples.match if language_of(text) is Language.ZH), "")


def test_every_entry_has_a_chinese_example() -> None:
    assert [one.id for one in ENTRIES if not in_chinese(one)] == []


@pytest.mark.parametrize("begin", range(_APPS))
async def test_chinese_question_is_answered_in_chinese(tmp_path: Path, engine: Engine, begin: int) -> None:
    async with workplace(tmp_path, engine, person_requests=len(ENTRIES)) as at:
        for at_once in range(begin, len(ENTRIES), _APPS * _AT_ONCE):
            some = ENTRIES[at_once : at_once + _APPS * _AT_ONCE : _APPS]
            places = [at.slack.add_channel(one.id) for one in some]
            asked = (answered(at, in_chinese(one), channel=place) for one, place in zip(some, places, strict=True))

            for incident, answer in zip(some, await asyncio.gather(*asked), strict=True):
                said = "\n".join(lines_of(answer))
                assert _HAN.search(said.splitlines()[0]), incident.id
                assert incident.title.en not in said or incident.title.en == incident.title.zh
                assert len(_HAN.findall(said)) > 20, incident.id


async def answered(at: Workplace, text: str, *, channel: str) -> dict[str, Any]:
    return await at.answer(await at.slack.say(at.alex, channel, f"<@{at.slack.bot_user_id}> explain {text}"), channel)
