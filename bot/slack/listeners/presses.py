"""Buttons, menus and dialogs."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs import JobsUnavailable
from bot.policy import Reading
from bot.slack.errors import SlackError
from bot.slack.listeners import TELL_S
from bot.slack.pressing import AskedAgain, Mistyped, Pressed, Presses, Refused, read_press
from bot.store import StoreUnavailable
from bot.workflows.told import Told
from intents.domain import Language, Text
from responses import failures
from responses.slack.message import View
from responses.slack.notices import not_done
from responses.slack.presses import Press
from responses.slack.remedy_dialogs import loading_dialog, refusal_dialog, source_warning_dialog

_log: Final = structlog.get_logger(__name__)
_ANY: Final = re.compile(".*")
_OPEN_S: Final = 2.0


def register(app: AsyncApp, presses: Presses) -> None:
    @app.action(_ANY)
    async def pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = read_press(body)
        if press is not None:
            try:
                await _take(press, presses)
            except Refused as refused:
                await _whisper(press, presses, refused.says)
            except (StoreUnavailable, JobsUnavailable) as error:
                # A press is not sent again by Slack: whoever pressed is told to.
                _log.error("a press could not be recorded", error=str(error))
                await _whisper(press, presses, failures.BUSY)
        await ack()

    @app.view(_ANY)
    async def submitted(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = read_press(body)
        if press is None:
            await ack()
            return
        try:
            await presses.take(press)
        except Mistyped as mistyped:
            language = await _language(press, presses)
            await ack({
                "response_action": "errors",
                "errors": {block: says.in_(language) for block, says in mistyped.wrong.items()},
            })  # fmt: skip
            return
        except AskedAgain as asked:
            shown = source_warning_dialog(asked.carried, asked.custodian, language=await _language(press, presses))
            await ack({"response_action": "update", "view": shown})
            return
        except (Refused, StoreUnavailable, JobsUnavailable) as error:
            reason = error.says if isinstance(error, Refused) else failures.BUSY
            await ack({"response_action": "update", "view": await _refusing(press, presses, reason)})
            return
        if press.press is Press.ANSWER:
            await ack({"response_action": "update", "view": loading_dialog(await _language(press, presses))})
            return
        await ack({"response_action": "clear"})

    @app.view_closed(_ANY)
    async def closed(ack: AsyncAck) -> None:
        await ack()


async def _take(press: Pressed, presses: Presses) -> None:
    if press.press is Press.DETAILS:
        await _details(press, presses)
    else:
        await presses.take(press)


async def _details(press: Pressed, presses: Presses) -> None:
    """Opened here and now: what it shows is written down already, and its trigger lasts three seconds."""
    answer = await presses.answer_of(press)
    try:
        async with asyncio.timeout(_OPEN_S):
            asker = await presses.desk.asker(team=press.team, channel=press.channel, user=press.user)
            view: View = Told.from_json(answer.message).details(asker.language)
            if asker.scope.reading is not Reading.FULL:
                view = refusal_dialog(failures.NOT_ALLOWED_HERE, language=asker.language)
            await presses.desk.slack.open_view(press.trigger, view)
    except TimeoutError:
        _log.warning("the details could not be opened: Slack does not answer")
    except SlackError as error:
        _log.warning("the details could not be opened", error=str(error))
        await _whisper(press, presses, error.says)


async def _refusing(press: Pressed, presses: Presses, reason: Text) -> View:
    return refusal_dialog(reason, language=await _language(press, presses))


async def _language(press: Pressed, presses: Presses) -> Language:
    """The presser's own: a dialog stands in no channel."""
    return await presses.desk.language_of(press.user, within=TELL_S)


async def _whisper(press: Pressed, presses: Presses, reason: Text) -> None:
    if not press.channel:
        return
    try:
        async with asyncio.timeout(TELL_S):
            asker = await presses.desk.asker(team=press.team, channel=press.channel, user=press.user)
            await presses.desk.slack.whisper(
                channel=press.channel,
                user=press.user,
                thread_ts=press.thread_ts,
                message=not_done(reason, language=asker.language),
            )
    except (SlackError, TimeoutError) as error:
        _log.warning("whoever pressed could not be told", error=str(error))
