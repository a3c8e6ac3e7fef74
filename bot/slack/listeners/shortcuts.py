"""The menu of a message, whoever wrote it: "Diagnose this", answered in its thread; onto the timeline and off it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs import JobsUnavailable
from bot.slack.client import Identity, Slack
from bot.slack.errors import SlackError
from bot.slack.intake import Intake
from bot.slack.listeners import TELL_S
from bot.slack.pinning import ByHand
from bot.slack.said import files_of, text_of
from bot.slack.surfaces import DIAGNOSE_THIS, PIN, UNPIN
from bot.store import LONGEST_TEXT, Asked, StoreUnavailable, Surface
from bot.workflows.chronicle.pinning import Hand
from intents.domain import Language
from responses.failures import BUSY
from responses.language import choose
from responses.safety import safe
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

_HANDS: Final = {PIN: Hand.PIN, UNPIN: Hand.REMOVE}


def register(
    app: AsyncApp,
    intake: Intake,
    by_hand: ByHand,
    identity: Identity,
    *,
    slack: Slack,
    language: Language | None,
) -> None:
    @app.shortcut(DIAGNOSE_THIS)
    async def diagnose_this(ack: AsyncAck, body: dict[str, Any]) -> None:
        message = body["message"]
        team = str((body.get("team") or {}).get("id") or identity.team)
        channel, ts = str(body["channel"]["id"]), str(message["ts"])
        asked = Asked(
            # Whoever asks again about the same message asks anew: it is no event that Slack repeats.
            id=f"{team}.{channel}.s{body['trigger_id']}",
            team=team,
            channel=channel,
            thread_ts=str(message.get("thread_ts") or ts),
            source_ts=ts,
            user=str(body["user"]["id"]),
            surface=Surface.SHORTCUT,
            text=safe(text_of(message), limit=LONGEST_TEXT),
            files=files_of(message),
            response_url=str(body.get("response_url") or ""),
            created=intake.clock(),
        )
        try:
            await intake.ask(asked)
        except (StoreUnavailable, JobsUnavailable) as error:
            # Slack does not send a shortcut again, so its user is told to.
            _log.error("a shortcut could not be recorded", error=str(error))
            await _try_again(asked.response_url, slack, choose(told=language, text=asked.text))
        await ack()

    async def marked(ack: AsyncAck, body: dict[str, Any]) -> None:
        try:
            await by_hand.chosen(_HANDS[str(body["callback_id"])], body)
        except (StoreUnavailable, JobsUnavailable) as error:
            _log.error("a shortcut could not be recorded", error=str(error))
            await _try_again(str(body.get("response_url") or ""), slack, choose(told=language))
        await ack()

    for callback_id in _HANDS:
        app.shortcut(callback_id)(marked)


async def _try_again(response_url: str, slack: Slack, language: Language) -> None:
    try:
        async with asyncio.timeout(TELL_S):
            await slack.respond(response_url, notice(BUSY, language=language))
    except (SlackError, TimeoutError) as error:
        _log.warning("whoever used the shortcut could not be told", error=str(error))
