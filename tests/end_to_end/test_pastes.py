"""Paste errors into a channel: each is matched, diagnosed and answered once in its thread."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.diagnosing import Engine
from intents.symptoms import read_symptoms
from responses.slack.presses import Press
from tests.end_to_end.workplace import Worlds, broken_of, buttons_of, lines_of, words_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def worlds(engine: Engine) -> Worlds:
    return [broken_of(engine, "run-as-nonroot-root-image").world]


async def test_pasted_error_is_answered_in_its_thread_with_verdict_and_cause_first(at, broken):
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    answer = await at.answer(ts)

    first, second, *_ = lines_of(answer)
    assert first.startswith("Container tikv of ledger/db-tikv-0 cannot start: runAsNonRoot is true, and image ")
    assert second.startswith("🔴 CONFIRMED · The container never starts")
    assert len(at.answers(ts)) == 1


async def test_chat_is_not_answered(at):
    await at.slack.say(at.alex, at.channel, "has anyone seen the deploy? I think the pods look fine now")
    await at.settled()

    assert at.ours() == []


async def test_redelivered_event_is_answered_once(at, broken):
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    await at.answer(ts)
    for delivery in [one for one in at.deliveries if one.type == "event_callback"]:
        await at.slack.redeliver(delivery.event_id)
    await at.settled()

    assert len(at.ours()) == 1


async def test_mention_delivered_as_two_events_is_answered_once(at, broken):
    ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {broken.text}")
    await at.answer(ts)
    await at.settled()

    events = {one.event_id for one in at.deliveries if one.status == 200}
    assert len(events) >= 2
    assert len(at.ours()) == 1


async def test_paste_split_into_several_messages_is_one_request(at, broken):
    parts = ["$ kubectl -n ledger get events", broken.text, "and that is all there was"]
    stamps = [await at.slack.say(at.alex, at.channel, part) for part in parts]
    await at.slack.wait_for(lambda: [one for one in at.ours() if not one["text"].startswith("⏳")])
    await at.settled()

    assert len(at.ours()) == 1
    assert at.ours()[0]["thread_ts"] in stamps[:2]


@pytest.mark.parametrize("lines", [0, 200], ids=["inside a code block", "where Slack cuts"])
async def test_error_split_in_two_messages_gets_one_answer_from_both(at, engine, broken, lines):
    """Neither half is enough. Slack splits longer texts into messages of 4,000 characters."""
    within = broken.text.index("image will") + len("im")
    log = ("reconciled orders/checkout\n" * lines)[-(4_000 - within) :] or "```\n"
    paste, cut = log + broken.text, len(log) + within
    halves = paste[:cut], paste[cut:]
    assert cut == (4_000 if lines else within + len("```\n"))
    assert [half for half in halves if engine.matcher.match(read_symptoms(half)).hypotheses] == []

    stamps = []
    for half in halves:
        stamps.append(await at.slack.say(at.alex, at.channel, half))
        # The first half alone was read, and drew no answer.
        await at.settled()

    (answer,) = at.ours()
    assert answer["thread_ts"] in stamps
    assert "CONFIRMED" in lines_of(answer)[1]


async def test_same_error_twenty_times_gets_one_answer_with_a_count(at, broken):
    bots = [at.slack.add_user(f"alerts-{number}") for number in range(4)]
    await asyncio.gather(*(at.slack.say(bots[number % 4], at.channel, broken.text, bot=True) for number in range(20)))
    await at.slack.wait_for(lambda: [one for one in at.ours() if "20" in words_of(one["blocks"][-1])])
    await at.settled()

    assert len(at.ours()) == 1
    assert "20×" in words_of(at.ours()[0]["blocks"])


async def test_repeated_paste_links_the_earlier_answer(at, broken):
    first = await at.slack.say(at.alex, at.channel, broken.text)
    await at.answer(first)
    await at.slack.say(at.bo, at.channel, broken.text)
    whispers = await at.slack.wait_for(lambda: at.slack.ephemerals(at.bo))

    assert "http" in str(whispers[0]["blocks"])
    assert len(at.ours()) == 1


async def test_edited_paste_updates_its_answer_in_place(at, broken):
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    before = await at.answer(ts)
    await at.slack.edit(at.alex, at.channel, ts, broken.text.replace("tikv", "pd"))
    changed = await at.slack.wait_for(
        lambda: [one for one in at.answers(ts) if words_of(one["blocks"]) != words_of(before["blocks"])]
    )
    await at.settled()

    assert changed[0]["ts"] == before["ts"]
    assert len(at.ours()) == 1


async def test_answer_older_than_ten_minutes_ignores_edits(at, broken):
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    before = await at.answer(ts)
    at.clock.advance(timedelta(minutes=11))
    await at.slack.edit(at.alex, at.channel, ts, broken.text.replace("tikv", "pd"))
    await at.settled()

    assert words_of(at.answers(ts)[0]["blocks"]) == words_of(before["blocks"])


async def test_deleted_paste_deletes_its_answer(at, broken):
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    await at.answer(ts)
    await at.slack.remove(at.alex, at.channel, ts)
    await at.slack.wait_for(lambda: not at.ours())


async def test_answer_uses_the_language_of_the_text_or_the_user(at, broken):
    lin = at.slack.add_user("lin", locale="zh-CN")
    chinese = await at.slack.say(at.alex, at.channel, f"线上报错了，帮忙看一下：\n{broken.text}")
    assert "已证实" in words_of(await at.answer(chinese))
    await at.slack.remove(at.alex, at.channel, chinese)
    await at.slack.wait_for(lambda: not at.ours())
    by_locale = await at.slack.say(lin, at.channel, broken.text)
    assert "已证实" in words_of(await at.answer(by_locale))


@pytest.mark.parametrize("snippet", [True, False])
async def test_pasted_file_is_answered(at, broken, snippet):
    from bot.playground.slack import SharedFile  # noqa: PLC0415

    file = SharedFile(name="error.log", content=("noise\n" * 50 + broken.text).encode(), snippet=snippet)
    ts = await at.slack.say(at.alex, at.channel, "", files=[file])
    answer = await at.answer(ts)

    assert "CONFIRMED" in words_of(answer)


async def test_object_named_in_the_thread_is_read_with_the_paste(at):
    vague = "Error: container has runAsNonRoot and image will run as root"
    ts = await at.slack.say(at.alex, at.channel, vague)
    await at.answer(ts)
    await at.slack.say(at.bo, at.channel, "it is pod db-tikv-0 in namespace ledger", thread_ts=ts)
    answers = await at.slack.wait_for(
        lambda: [one for one in at.answers(ts) if "ledger/db-tikv-0" in words_of(one["blocks"])]
    )
    assert "CONFIRMED" in words_of(answers[0])


async def test_details_open_in_a_modal_and_not_it_is_noted_in_the_answer(at, broken):
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    answer = await at.answer(ts)
    await at.slack.click(at.bo, at.channel, answer["ts"], Press.DETAILS.value)
    views = await at.slack.wait_for(lambda: at.slack.views(at.bo))
    assert "kubectl" in words_of(views[-1]["blocks"])

    menu = next(button for button in buttons_of(answer["blocks"]) if button["type"] == "overflow")
    not_it = next(option for option in menu["options"] if option["value"].startswith("not_it"))
    await at.slack.click(at.bo, at.channel, answer["ts"], menu["action_id"], value=not_it["value"])
    await at.slack.wait_for(lambda: at.bo in str(at.answers(ts)[0]["blocks"]))


async def test_muted_incident_is_not_answered_until_unmuted(at, broken):
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    answer = await at.answer(ts)
    menu = next(button for button in buttons_of(answer["blocks"]) if button["type"] == "overflow")
    mute = next(option for option in menu["options"] if option["value"].startswith("mute"))
    await at.slack.click(at.alex, at.channel, answer["ts"], menu["action_id"], value=mute["value"])
    await at.settled()
    # The window of repetitions has passed.
    at.clock.advance(timedelta(minutes=31))
    await at.slack.say(at.bo, at.channel, broken.text)
    await at.settled()
    assert len(at.ours()) == 1

    await at.slack.slash(at.alex, at.channel, f"unmute {broken.incident}")
    again = await at.slack.say(at.bo, at.channel, broken.text)
    assert "CONFIRMED" in words_of(await at.answer(again))


async def test_member_gets_a_full_answer_after_a_guests_paste(at, broken):
    first = await at.answer(await at.slack.say(at.guest, at.channel, broken.text))
    assert "POSSIBLE" in words_of(first)

    own = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
    assert "CONFIRMED" in words_of(own)
