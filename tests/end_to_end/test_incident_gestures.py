"""Tell by reactions, a shortcut and corrections what messages are: signed requests in, what Slack shows out.

All tests share one workplace; each has its own channel. The messages alone state nothing, or something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.diagnosing import Engine
from responses.slack.presses import Press
from responses.slack.validation import validate_view
from tests.end_to_end.workplace import Workplace, lines_of, words_of, workplace

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARK_AS = "casebook.mark_as"
NOISE = "the coffee machine blinked at noon"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> AsyncIterator[Workplace]:
    async with workplace(tmp_path_factory.mktemp("gestures"), engine, summary_slot_s=0.1) as there:
        yield there


async def incident(at: Workplace, name: str, *said: str) -> tuple[str, list[str]]:
    channel = at.slack.add_channel(name)
    sent = [await at.slack.say(at.alex, channel, each) for each in ("impact: nobody can pay", *said)]
    await at.slack.wait_for(lambda: pinned(at, channel))
    return channel, sent[1:]


def pinned(at: Workplace, channel: str) -> dict[str, Any] | None:
    return next((one for one in at.ours(channel) if one.get("pinned_to")), None)


def page(at: Workplace, channel: str) -> str:
    shown = pinned(at, channel)
    return "\n".join(lines_of(shown)) if shown else ""


async def shows(at: Workplace, channel: str, line: str, *, missing: str = "") -> str:
    """Wait until a line of the summary contains these words, and until it lacks others; return the line."""

    def found() -> str:
        says = page(at, channel)
        return "" if missing and missing in says else next((each for each in says.splitlines() if line in each), "")

    return await at.slack.wait_for(found)


async def lacks(at: Workplace, channel: str, words: str) -> None:
    await at.slack.wait_for(lambda: words not in page(at, channel))


async def timeline(at: Workplace, channel: str) -> list[str]:
    await at.settled()
    return lines_of((await at.slack.slash(at.bo, channel, "incident timeline")).body)


async def dialog_of(at: Workplace, user: str, channel: str, ts: str) -> dict[str, Any]:
    before = {view["id"] for view in at.slack.views(user)}
    await at.slack.shortcut(user, channel, ts, callback_id=MARK_AS)
    return await at.opened(user, before)


async def mark(at: Workplace, user: str, channel: str, ts: str, kind: str, says: str = "") -> None:
    view = await dialog_of(at, user, channel, ts)
    await at.submit(user, view["id"], filled({Press.MARK_AS: kind, Press.MARK_TEXT: says}))
    await at.settled()


async def correct(at: Workplace, channel: str, fact: str, how: str, says: str = "") -> Any:
    """Press the button below the summary and submit the correction of the fact with these words."""
    before = {view["id"] for view in at.slack.views(at.bo)}
    shown = pinned(at, channel)
    assert shown is not None
    await at.slack.click(at.bo, channel, shown["ts"], Press.CORRECT_FACT)
    view = await at.opened(at.bo, before)
    assert validate_view({key: view[key] for key in ("type", "title", "blocks", "submit", "close")}) == ()
    key = next(value for label, value in options_of(view, Press.FACT).items() if fact in label)
    answer = await at.submit(at.bo, view["id"], filled({Press.FACT: key, Press.FACT_IS: how, Press.FACT_TEXT: says}))
    await at.settled()
    return answer.body


def filled(values: dict[Press, str]) -> dict[str, dict[str, str]]:
    return {str(block): {str(block): value} for block, value in values.items() if value}


def options_of(view: Any, block: Press) -> dict[str, str]:
    element = next(one["element"] for one in view["blocks"] if one.get("block_id") == block)
    return {option["text"]["text"]: option["value"] for option in element["options"]}


async def test_reactions_set_and_unset_what_a_message_is(at):
    channel, (cause, decision, later, noise) = await incident(
        at, "inc-1", "the report job held 90 connections", "we stay on the blue pool", "alerts for the disk", NOISE
    )
    given = ((cause, "dart::skin-tone-3"), (decision, "scales"), (later, "clipboard"), (noise, "round_pushpin"))
    for ts, emoji in given:
        await at.slack.marks.react(at.bo, channel, ts, emoji)

    assert "stated as the cause" in await shows(at, channel, "the report job held")
    await shows(at, channel, NOISE)
    told = await timeline(at, channel)
    for sign, words in (("⚖️", "blue pool"), ("🧾", "alerts for the disk"), ("📌", NOISE)):
        assert [sign in line for line in told if words in line] == [True]

    for ts, emoji in (given[0], given[3]):
        await at.slack.marks.unreact(at.bo, channel, ts, emoji)
    await lacks(at, channel, "stated as the cause")
    await lacks(at, channel, NOISE)
    # Another emoji, and reactions of people who may not change the record, set nothing.
    await at.slack.marks.react(at.bo, channel, noise, "tada")
    await at.slack.marks.react(at.guest, channel, noise, "boom")
    await at.slack.wait_for(lambda: at.slack.ephemerals(at.guest))
    assert not any(NOISE in line for line in await timeline(at, channel))


async def test_shortcut_sets_every_kind_whatever_is_read(at):
    channel, (ts,) = await incident(at, "inc-2", NOISE)
    view = await dialog_of(at, at.bo, channel, ts)
    kinds = options_of(view, Press.MARK_AS)

    assert validate_view({key: view[key] for key in ("type", "title", "blocks", "submit", "close")}) == ()
    assert NOISE in words_of(view["blocks"])
    assert len(kinds) >= 18
    told = {}
    for label, kind in kinds.items():
        await mark(at, at.bo, channel, ts, kind)
        told[label] = [line for line in await timeline(at, channel) if NOISE in line]

    # Each choice replaces the one before: one line each, which differs, and none for "nothing".
    assert {label: len(lines) for label, lines in told.items()} == {
        label: int(kind != "wrong") for label, kind in kinds.items()
    }
    assert len({lines[0].replace(NOISE, "") for lines in told.values() if lines}) >= len(kinds) - 3


async def test_typed_words_replace_those_of_the_message_and_unchanged_ones_follow_its_edits(at):
    channel, (first, second) = await incident(at, "inc-3", NOISE, "we look at the mirror")
    await mark(at, at.bo, channel, first, "cause", "the <!channel> pool & its limit, token ghp_" + "a1B2" * 9)
    await mark(at, at.bo, channel, second, "decision", "we look at the mirror")
    shown = await shows(at, channel, "the <!channel> pool & its limit")
    await at.slack.edit(at.alex, channel, first, "resolved, all good")
    await at.slack.edit(at.alex, channel, second, "we look at both mirrors")

    assert "a1B2" not in shown
    await shows(at, channel, "we look at both mirrors", missing="all good")
    assert "the <!channel> pool" in page(at, channel)
    assert "Resolved" not in page(at, channel)
    for ts in (first, second):
        await at.slack.remove(at.alex, channel, ts)
    await lacks(at, channel, "pool")
    await lacks(at, channel, "mirrors")


async def test_apps_messages_and_files_can_be_marked(at):
    channel, _ = await incident(at, "inc-4")
    posted = await at.slack.say(at.alex, channel, "", files=(("pool.png", b"\x89PNG"),))
    by_app = await at.slack.say(at.bo, channel, "pool at 90 of 90", bot=True)
    await at.slack.marks.react(at.bo, channel, posted, "pushpin")
    await at.slack.marks.react(at.bo, channel, by_app, "dart")
    await shows(at, channel, "pool.png")
    assert "stated as the cause" in await shows(at, channel, "pool at 90")


async def test_corrections_by_the_button_below_the_summary(at):
    channel, _ = await incident(
        at,
        "inc-5",
        "suspected: the CDN drops requests",
        "decision: we freeze deploys",
        "action: restart the gateway",
        "impact: cart is slow\ndecision: we stay in region A",
    )
    assert "errors" in str(await correct(at, channel, "freeze deploys", "done"))

    await correct(at, channel, "restart the gateway", "done")
    await correct(at, channel, "the CDN drops", "not the cause")
    await correct(at, channel, "freeze deploys", "edited", "we freeze deploys until 18:00")
    await correct(at, channel, "cart is slow", "wrong")

    assert "☑️" in await shows(at, channel, "restart the gateway")
    told = await timeline(at, channel)
    assert any("the CDN drops" in line and "not to be the cause" in line for line in told)
    await shows(at, channel, "we freeze deploys until 18:00", missing="cart is slow")
    # What else the corrected message states stays.
    await shows(at, channel, "we stay in region A")


async def test_who_may_not_change_the_record_gets_no_dialog(at):
    channel, (ts,) = await incident(at, "inc-6", NOISE)
    elsewhere = at.slack.add_channel("general")
    said = await at.slack.say(at.alex, elsewhere, NOISE)
    refused = await asyncio.gather(dialog_of(at, at.guest, channel, ts), dialog_of(at, at.alex, elsewhere, said))

    assert ["cannot change the record" in words_of(view["blocks"]) for view in refused] == [True, False]
    assert [view.get("submit") for view in refused] == [None, None]
