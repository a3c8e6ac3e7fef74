"""The app's own places in Slack: prompts and threads of the agent view, the Home tab, feedback buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.policy import Policy
from bot.policy.model import Rules
from intents.feedback import summary_of
from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, buttons_of, lines_of, pressable, words_of, workplace

OPERATOR: dict[str, Any] = {"reading": [{"clusters": ["*"], "namespaces": ["*"], "cluster_scoped": True}]}


def home_of(at: Workplace, user: str) -> str:
    view = at.slack.home(user)
    return "\n".join(lines_of(view)) if view else ""


async def opened_home(at: Workplace, user: str) -> str:
    await at.slack.open_app(user)
    await at.settled()
    return home_of(at, user)


async def asked(at: Workplace, user: str, text: str, thread_ts: str = "") -> dict[str, Any]:
    """Ask in the agent view and return the answer."""
    direct = at.slack.open_im(user)
    before = {each["ts"] for each in at.ours(direct)}
    ts = await at.slack.say(user, direct, text, thread_ts=thread_ts)
    await at.slack.wait_for(
        lambda: [each for each in at.answers(thread_ts or ts, direct) if each["ts"] not in before]
    )
    await at.settled()
    return at.answers(thread_ts or ts, direct)[-1]


async def test_the_agent_view_suggests_what_is_unhealthy_and_its_threads_keep_their_subject(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        direct = at.slack.open_im(at.alex)
        await at.slack.open_app(at.alex, "messages")
        await at.settled()
        shown = at.slack.prompts(direct)
        assert shown is not None
        assert shown["title"] == "Unhealthy now"
        first = shown["prompts"][0]["message"]
        print(shown)

        answer = await asked(at, at.alex, first)
        print(words_of(answer["blocks"]))
        (session,) = at.slack.sessions(direct)
        assert session["status"] == "active"
        assert session["title"] == first
        follow = await asked(at, at.alex, "and its events?", thread_ts=session["thread_ts"])
        print(words_of(follow["blocks"]))
        print(await opened_home(at, at.alex))
        print(buttons_of(at.slack.home(at.alex)["blocks"]))
