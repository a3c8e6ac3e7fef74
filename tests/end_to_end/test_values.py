"""What a remedy asks for: typed into a dialog, held to its shape there, previewed, written, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from bot.diagnosing import Engine
from responses.slack.presses import Press
from tests.end_to_end.workplace import Broken, Workplace, broken_case, buttons_of, lines_of, words_of, workplace


@pytest.fixture
def still_unreachable(engine: Engine) -> Broken:
    return broken_case(engine, "image-pull-failed", "the registry still does not answer; a restart changes nothing")


async def opened(at: Workplace, answer: dict[str, Any], label: str, *, user: str) -> dict[str, Any]:
    """Press the button with these words; the dialog once it says more than that it is looking."""
    button = next(one for one in buttons_of(answer["blocks"]) if label in one["text"]["text"])
    await at.slack.click(user, at.channel, answer["ts"], button["action_id"])
    return await filled(at, user)


async def filled(at: Workplace, user: str, *, having: str = "") -> dict[str, Any]:
    def ready() -> list[dict[str, Any]]:
        views = at.slack.views(user)
        return [one for one in views if "⏳" not in (said := "\n".join(lines_of(one))) and having in said]

    return (await at.slack.wait_for(ready))[-1]


def image_of(at: Workplace) -> str:
    (found,) = at.cluster.store.objects(table=("apps", "deployments"), namespace="front")
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


async def test_an_image_is_typed_previewed_set_and_taken_back(tmp_path, engine, still_unreachable):
    async with workplace(tmp_path, engine, still_unreachable.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, still_unreachable.text))
        before = image_of(at)
        asked = await opened(at, answer, "image", user=at.bo)
        assert asked["callback_id"] == Press.ANSWER
        assert at.writes() == []

        # What is no image is told beside the line where it was typed.
        await at.slack.submit(at.bo, asked["id"], {"image": {"image": "not an image"}})
        assert "expected an image" in str(at.slack.views(at.bo)[-1]["errors"])

        await at.slack.submit(at.bo, asked["id"], {"image": {"image": "registry.acme.io/front/checkout:9.9"}})
        shown = "\n".join(lines_of(await filled(at, at.bo, having="9.9")))
        assert "registry.acme.io/front/checkout:9.9" in shown
        assert at.writes() == []
        await at.submit(at.bo, asked["id"])
        await at.slack.wait_for(lambda: image_of(at).endswith(":9.9"))
        await at.settled()

        message = at.slack.message(at.channel, answer["ts"])
        undo = next(one for one in buttons_of(message["blocks"]) if "Undo" in one["text"]["text"])
        await at.slack.click(at.bo, at.channel, answer["ts"], undo["action_id"])
        dialog = await filled(at, at.bo, having="9.9")
        await at.submit(at.bo, dialog["id"])
        await at.slack.wait_for(lambda: image_of(at) == before)
        await at.settled()

        says = words_of(at.slack.message(at.channel, answer["ts"])["blocks"])
        assert "was restored" in says
        assert [entry.outcome for entry in await at.audited() if entry.outcome == "applied"] == ["applied", "applied"]
