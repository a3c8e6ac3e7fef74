"""Ask in Chinese, also around an English error: both are matched and answered in Chinese.

tests/catalog renders the answers to all Chinese examples (test_quiet).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bot.diagnosing import Engine
from intents.catalog.loader import builtin_directory, load
from tests.catalog.chinese import in_chinese, is_chinese
from tests.end_to_end.workplace import Workplace, lines_of, workplace

ENTRIES = list(load((builtin_directory(),)).catalog)
ASKED = ENTRIES[::8]
# So many questions at once.
_AT_ONCE = 6


def test_every_entry_has_a_chinese_example() -> None:
    assert [one.id for one in ENTRIES if not in_chinese(one)] == []


async def test_chinese_question_is_answered_in_chinese(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, person_requests=len(ASKED)) as at:
        for begin in range(0, len(ASKED), _AT_ONCE):
            some = ASKED[begin : begin + _AT_ONCE]
            places = [at.slack.add_channel(one.id) for one in some]
            asked = (answered(at, in_chinese(one), channel=place) for one, place in zip(some, places, strict=True))

            for incident, answer in zip(some, await asyncio.gather(*asked), strict=True):
                assert is_chinese("\n".join(lines_of(answer)), incident), incident.id


async def answered(at: Workplace, text: str, *, channel: str) -> dict[str, Any]:
    return await at.answer(await at.slack.say(at.alex, channel, f"<@{at.slack.bot_user_id}> explain {text}"), channel)
