"""A repeated error is answered once per audience, and only while the first answer stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.diagnosing import Engine
from tests.end_to_end.workplace import Workplace, Worlds, broken_of, is_final, words_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def worlds(engine: Engine) -> Worlds:
    return [broken_of(engine, each).world for each in ("run-as-nonroot-root-image", "autoscaler-node-not-removed")]


def final_answers(at: Workplace) -> list[dict[str, Any]]:
    return [one for one in at.ours() if is_final(one)]


async def paste(at: Workplace, user: str, text: str) -> str:
    ts = await at.slack.say(user, at.channel, text)
    await at.settled()
    return ts


async def test_edited_paste_does_not_answer_for_its_former_error(at, broken, vague):
    ts = await paste(at, at.alex, broken.text)
    await at.slack.edit(at.alex, at.channel, ts, vague.text)
    await at.settled()
    again = await paste(at, at.bo, broken.text)
    assert "CONFIRMED" in words_of(at.answers(again)[0]["blocks"])
    # The edited paste answers for its new error.
    await paste(at, at.slack.add_user("carol"), vague.text)
    assert len(final_answers(at)) == 2


async def test_answer_whose_posting_was_refused_does_not_count(at, broken):
    at.slack.fail("chat.postMessage", error="not_in_channel", times=2, given={"channel": at.channel})
    await paste(at, at.alex, broken.text)
    assert at.ours() == []
    at.slack.clear_faults()
    again = await paste(at, at.bo, broken.text)
    assert "CONFIRMED" in words_of(at.answers(again)[0]["blocks"])


async def test_deleted_answer_does_not_count(at, broken):
    ts = await paste(at, at.alex, broken.text)
    await at.slack.remove(at.alex, at.channel, at.answers(ts)[0]["ts"], admin=True)
    again = await paste(at, at.bo, broken.text)
    assert "CONFIRMED" in words_of(at.answers(again)[0]["blocks"])


async def test_repeats_do_not_extend_the_window(at, broken):
    await paste(at, at.alex, broken.text)
    for number in range(2):
        at.clock.advance(timedelta(minutes=20))
        await paste(at, at.slack.add_user(f"person-{number}"), broken.text)
    assert len(final_answers(at)) == 2


async def test_concurrent_pastes_of_many_people_are_answered_once(at, broken):
    people = [at.slack.add_user(f"person-{number}") for number in range(8)]
    for user in people:
        await at.slack.say(user, at.channel, broken.text)
    await at.slack.wait_for(lambda: sum(bool(at.slack.ephemerals(user)) for user in people) == len(people) - 1)
    await at.settled()
    (answer,) = final_answers(at)
    assert "8×" in words_of(answer["blocks"])


async def test_next_message_of_a_person_whose_paste_was_repeated_is_a_new_request(at, broken, vague):
    await paste(at, at.alex, broken.text)
    await paste(at, at.bo, broken.text)
    ts = await paste(at, at.bo, vague.text)
    assert len(at.answers(ts)) == 1


async def test_guest_cannot_unmute(at, broken):
    await at.slack.slash(at.alex, at.channel, f"mute {broken.incident}")
    said = await at.slack.slash(at.guest, at.channel, f"unmute {broken.incident}")
    assert "may not mute or unmute" in str(said.body)
    muted = await at.slack.slash(at.alex, at.channel, "muted")
    assert broken.incident in str(muted.body)

    await at.slack.slash(at.alex, at.channel, f"unmute {broken.incident}")
    muted = await at.slack.slash(at.alex, at.channel, "muted")
    assert broken.incident not in str(muted.body)
