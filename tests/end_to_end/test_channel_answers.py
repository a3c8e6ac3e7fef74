"""A channel says how much it wants answered, by the file, by a command and by the menu below an unasked answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.policy import Policy
from bot.policy.model import Rules
from responses.slack.presses import Press, choice_value
from tests.end_to_end.test_alert_posts import BROKEN, post
from tests.end_to_end.test_clusters import defaults
from tests.end_to_end.workplace import Workplace, buttons_of, lines_of, pressable, words_of, workplace

REPORT = "deployment web in shop is broken, its pods keep crashing with CrashLoopBackOff again"
EVIDENCE = "Warning  BackOff  2m  kubelet  Back-off restarting failed container app in pod web-0_shop(0f1e)"


async def private(at: Workplace, user: str, command: str) -> dict[str, Any]:
    """Give a command and return its private reply."""
    before = len(at.slack.ephemerals(user))
    await at.slack.slash(user, at.channel, command)
    shown = await at.slack.wait_for(lambda: at.slack.ephemerals(user)[before:])
    return dict(shown[-1])


async def answered(at: Workplace, text: str, *, author: str = "", bot: bool = False) -> bool:
    """Return whether a message is answered; the same again is answered by itself after the window of repeats."""
    at.clock.advance(timedelta(hours=1))
    ts = await at.slack.say(author or at.bo, at.channel, text, bot=bot)
    await at.settled()
    return bool(at.answers(ts))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("all", (True, True, True)), ("errors", (False, True, True)), ("addressed", (False, False, False))],
)
async def test_the_file_says_what_is_answered_unasked(
    tmp_path: Path, engine: Engine, wanted: str, expected: tuple[bool, ...]
) -> None:
    home = defaults(tmp_path, f'- {{channels: ["*"], answers: {wanted}}}')
    async with workplace(tmp_path, engine, BROKEN, channel_defaults=home) as at:
        monitor = at.slack.add_user("alertmanager")

        got = (
            await answered(at, REPORT),
            await answered(at, EVIDENCE, author=at.alex),
            await answered(at, post("FIRING:1"), author=monitor, bot=True),
        )

        assert got == expected
        asked = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> pod shop/web-0")
        assert await at.answer(asked)
        assert "as in the channels file" in words_of((await private(at, at.alex, "channel"))["blocks"])


async def test_a_command_counts_before_the_file_and_is_audited(tmp_path: Path, engine: Engine) -> None:
    home = defaults(tmp_path, '- {channels: ["*"], answers: all}')
    async with workplace(tmp_path, engine, BROKEN, channel_defaults=home) as at:
        shown = await private(at, at.alex, "channel answers errors")
        assert "errors: pasted errors and alerts only" in words_of(shown["blocks"])
        assert at.alex in str(shown["blocks"])
        assert not await answered(at, REPORT)

        refused = await private(at, at.guest, "channel answers all")
        assert "only people who may see the answers" in words_of(refused["blocks"]).lower()
        assert not await answered(at, REPORT)

        assert "Usage: /diagnose channel answers" in words_of(
            (await private(at, at.alex, "channel answers loudly"))["blocks"]
        ).replace("\n", "")
        assert "依据频道配置文件" in words_of((await private(at, at.bo, "频道 答复 默认"))["blocks"])
        assert await answered(at, REPORT)

        audited = [
            (one.actor, one.outcome, one.target) for one in await at.audited() if one.action == "channel answers"
        ]
        assert audited == [(at.alex, "set", "errors"), (at.guest, "refused", "all"), (at.bo, "set", "default")]


async def test_not_helpful_here_stops_that_kind_of_text_until_it_is_undone(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, BROKEN) as at:
        ts = await at.slack.say(at.bo, at.channel, EVIDENCE)
        answer = await at.answer(ts)
        menu = pressable(answer, Press.MORE)
        chosen = next(each["value"] for each in menu["options"] if each["value"].startswith(str(Press.NOT_HELPFUL)))

        await at.slack.click(at.guest, at.channel, answer["ts"], menu["action_id"], value=chosen)
        await at.settled()
        assert "No longer answered" not in words_of(at.answers(ts)[0]["blocks"])

        await at.slack.click(at.alex, at.channel, answer["ts"], menu["action_id"], value=chosen)
        await at.settled()
        said = "\n".join(lines_of(at.answers(ts)[0]))
        assert "No longer answered in this channel unless asked: pasted errors and alerts that suggest" in said
        assert not await answered(at, EVIDENCE)
        assert await answered(at, "0/3 nodes are available: 3 Insufficient cpu. pod web-0 in shop stays Pending")

        listed = await private(at, at.bo, "channel")
        assert "pasted errors and alerts that suggest" in words_of(listed["blocks"])
        again = pressable(at.answers(ts)[0], Press.ANSWER_AGAIN)
        await at.slack.click(at.bo, at.channel, answer["ts"], again["action_id"], value=again["value"])
        await at.settled()
        assert "No longer answered" not in words_of(at.answers(ts)[0]["blocks"])
        assert await answered(at, EVIDENCE)

        # The private list has the same button.
        await at.slack.click(at.alex, at.channel, answer["ts"], menu["action_id"], value=chosen)
        await at.settled()
        listed = await private(at, at.bo, "channel")
        button = pressable(listed, Press.ANSWER_AGAIN)
        await at.slack.click(at.bo, at.channel, listed["ts"], button["action_id"], value=button["value"])
        await at.settled()
        assert await answered(at, EVIDENCE)
        outcomes = [one.outcome for one in await at.audited() if one.action == "channel answers"]
        assert outcomes == ["refused", "not answered", "answered again", "not answered", "answered again"]


async def test_an_answer_that_was_asked_for_has_no_such_choice(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, BROKEN) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {EVIDENCE}"))
        assert str(Press.NOT_HELPFUL) not in str(buttons_of(answer["blocks"]))

        # A replayed value of another message starts nothing.
        menu = pressable(answer, Press.MORE)
        payload = {
            "type": "block_actions", "team": {"id": at.app.identity.team}, "user": {"id": at.alex},
            "api_app_id": at.app.identity.app_id, "trigger_id": "1.2.3",
            "container": {"type": "message", "channel_id": at.channel, "message_ts": answer["ts"]},
            "actions": [{
                "type": "overflow", "action_id": menu["action_id"], "action_ts": "1.1",
                "selected_option": {"value": choice_value(Press.NOT_HELPFUL, "T1.C1.1")},
            }],
        }  # fmt: skip
        await at.send(payload)
        await at.settled()
        assert await at.app.store.channel_answers.of(at.channel) == ()


async def test_those_who_may_not_see_answers_change_nothing(tmp_path: Path, engine: Engine) -> None:
    nobody = Policy(rules=Rules.model_validate({"reading": [], "others": "text-only"}))
    async with workplace(tmp_path, engine, BROKEN, policy=nobody) as at:
        refused = await private(at, at.alex, "channel answers addressed")
        assert "only people who may see" in words_of(refused["blocks"]).lower()
        assert await at.app.store.channel_answers.of(at.channel) == ()
