"""A step identifies the person and reads the request once, however many parts of the bot need them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bot.store.requests import Requests
from bot.workflows.services import Services
from tests.end_to_end.test_remedies import pulls_again, wait_for_result
from tests.end_to_end.workplace import workplace

__all__ = ["pulls_again"]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counts: Counter[str] = Counter()

    def count(of: type, name: str) -> None:
        method = getattr(of, name)

        def counting(self: Any, *args: Any, **named: Any) -> Any:
            counts[name] += 1
            return method(self, *args, **named)

        monkeypatch.setattr(of, name, counting)

    count(Services, "requester")
    count(Requests, "get")
    return counts


async def test_paste_and_press_identify_people_and_read_the_request_once_a_step(tmp_path, engine, pulls_again, counted):
    async with workplace(tmp_path, engine, pulls_again.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, pulls_again.text))
        await at.settled()
        pasted = Counter(counted)
        dialog = await at.dialog(at.bo, answer)
        await at.submit(at.bo, dialog["id"])
        await wait_for_result(at, answer)
        await at.settled()
        pressed = counted - pasted

    # A paste has five steps, and a sixth that posts a placeholder if the answer takes long; a press has five.
    assert pasted["requester"] <= 3, (pasted, pressed)
    assert pressed["requester"] <= 2, (pasted, pressed)
    assert pasted["get"] <= 7, (pasted, pressed)
    assert pressed["get"] <= 6, (pasted, pressed)
