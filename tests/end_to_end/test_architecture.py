"""docs/architecture.md tells which functions a paste, a press and an alert pass: they are called, in that order."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from tests.end_to_end.test_alerts_webhook import TILL, TO_CHANNEL, TOKEN, alert, deliver, group, posts
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.test_remedies import pulls_again, wait_for_result
from tests.end_to_end.workplace import workplace

__all__ = ["pulls_again"]
ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/architecture.md").read_text("utf-8")
STEP: Final = re.compile(r"^\d+\. `([\w/]+\.py)` `([\w.]+)`", re.MULTILINE)


def journey(name: str) -> list[tuple[str, str]]:
    """Return the functions of a journey as (file, qualified name)."""
    _, _, after = PAGE.partition(f"<!-- journey: {name} -->")
    return STEP.findall(after.partition("\n## ")[0])


@contextmanager
def called() -> Iterator[dict[tuple[str, str], None]]:
    """Record the product's functions that are called, in the order of their first calls."""
    seen: dict[tuple[str, str], None] = {}
    rooms = tuple(f"{ROOT}/{room}/" for room in ("bot", "intents", "responses"))

    def record(frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(rooms):
            seen.setdefault((code.co_filename.removeprefix(f"{ROOT}/"), code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(record)
    try:
        yield seen
    finally:
        sys.setprofile(before)


def in_order(told: Sequence[tuple[str, str]], seen: dict[tuple[str, str], None]) -> list[tuple[str, str]]:
    """Return the functions that are told, as they were called."""
    return [each for each in seen if each in told]


async def test_a_paste_and_a_press_pass_the_functions_that_the_page_names(tmp_path, engine, pulls_again):
    async with workplace(tmp_path, engine, pulls_again.world) as at:
        with called() as seen:
            answer = await at.answer(await at.slack.say(at.alex, at.channel, pulls_again.text))
            await at.settled()
        assert in_order(journey("paste"), seen) == journey("paste")

        with called() as seen:
            dialog = await at.dialog(at.bo, answer)
            await at.submit(at.bo, dialog["id"])
            await wait_for_result(at, answer)
            await at.settled()
        assert in_order(journey("press"), seen) == journey("press")


async def test_an_alert_passes_the_functions_that_the_page_names(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        with called() as seen:
            await deliver(at, group(alert(TILL[0])))
            await posts(at, 1)
    assert in_order(journey("alert"), seen) == journey("alert")
