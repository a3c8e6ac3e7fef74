"""Check that a paste is matched once and rendered once, whatever modules handle it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.workflows import kept_answer
from intents.matcher import Matcher
from responses.slack.diagnosis import answer_message
from tests.end_to_end.workplace import Broken, workplace


class CountingMatcher(Matcher):
    """A matcher that counts the texts it matches."""

    matched = 0

    def match(self, *given: Any, **options: Any) -> Any:
        """Match as the original does."""
        self.matched += 1
        return super().match(*given, **options)


@pytest.mark.parametrize("pieces", [1, 2])
async def test_paste_is_matched_once_and_rendered_once(
    tmp_path: Path, engine: Engine, broken: Broken, monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    assert isinstance(engine.matcher, Matcher)
    matcher = CountingMatcher(engine.catalog, learned=engine.matcher.learned)
    rendered: list[object] = []
    render = answer_message

    def counted(*given: Any, **options: Any) -> Any:
        rendered.append(given)
        return render(*given, **options)

    monkeypatch.setattr(kept_answer, "answer_message", counted)
    async with workplace(tmp_path, replace(engine, matcher=matcher, recent=OrderedDict()), broken.world) as at:
        # Texts of several lines and of one line behave alike.
        ts = await at.slack.say(at.alex, at.channel, "\n".join(["it is broken again:", broken.text][-pieces:]))
        answer = await at.answer(ts)
        await at.settled()

    assert "CONFIRMED" in answer["text"]
    assert matcher.matched == 1
    assert len(rendered) == 1
