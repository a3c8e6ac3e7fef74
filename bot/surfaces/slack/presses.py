"""Handle button presses, menu choices and submitted dialogs."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs import JobsUnavailable
from bot.policy import ReadLevel
from bot.slack.errors import SlackError
from bot.slack.web_client import outgoing
from bot.store import StoreUnavailable
from bot.surfaces.slack.press_intake import PressIntake
from bot.surfaces.slack.press_payload import read_press, read_typed
from bot.workflows.ask_dialog import REPORTED, SUGGESTED
from bot.workflows.dialogs import TELL_S, ButtonPress, InvalidInput, NextDialog, PressRefused
from bot.workflows.kept_answer import KeptAnswer
from intents.domain import Language, Text
from responses import failures
from responses.slack.message import View
from responses.slack.notices import not_done
from responses.slack.presses import Press
from responses.slack.remedy_dialogs import loading_dialog, refusal_dialog

_log: Final = structlog.get_logger(__name__)
_ANY: Final = re.compile(".*")
_OPEN_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class PressListener:
    """Responds to each press after `presses` has recorded it."""

    presses: PressIntake

    def register(self, app: AsyncApp) -> None:
        """Listen to every button, menu and dialog: in Socket Mode others are never acknowledged."""
        app.action(_ANY)(self.pressed)
        app.view(_ANY)(self.submitted)
        app.view_closed(_ANY)(_closed)
        app.options(_ANY)(self.suggested)

    async def pressed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Handle a button press or a menu choice of a message."""
        press = read_press(body)
        if press is not None:
            try:
                await self._take(press)
            except PressRefused as refused:
                await self._post_ephemeral(press, refused.says)
            except (StoreUnavailable, JobsUnavailable) as error:
                # Slack does not resend presses, so ask the user to.
                _log.error("press_recording_failed", error=str(error))
                await self._post_ephemeral(press, failures.BUSY)
        await ack()

    async def suggested(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Return the options of a menu for what a person has typed so far."""
        typed = read_typed(body)
        options: list[dict[str, Any]] = []
        if typed is not None and typed.press in SUGGESTED and self.presses.is_ours(typed):
            options = [
                *await self.presses.form.suggest(typed.press, typed.value, metadata=typed.metadata, user=typed.user)
            ]
        await ack(outgoing({"options": options}))

    async def submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Handle a submitted dialog; input errors are shown in the dialog."""
        press = read_press(body)
        if press is None:
            await ack()
        else:
            await ack(outgoing(await self._shown_next(press)))

    async def _shown_next(self, press: ButtonPress) -> dict[str, Any]:
        """Return Slack's next action on the dialog."""
        try:
            await self.presses.take(press)
        except InvalidInput as invalid:
            language = await self._language(press)
            errors = {block: says.in_(language) for block, says in invalid.wrong.items()}
            return {"response_action": "errors", "errors": errors}
        except NextDialog as following:
            return _update(following.view)
        except (PressRefused, StoreUnavailable, JobsUnavailable) as error:
            reason = error.says if isinstance(error, PressRefused) else failures.BUSY
            return _update(refusal_dialog(reason, language=await self._language(press)))
        if press.press is Press.ANSWER:
            return _update(loading_dialog(await self._language(press)))
        return {"response_action": "clear"}

    async def _take(self, press: ButtonPress) -> None:
        if press.press is Press.DETAILS:
            await self._open_details(press)
        elif press.press in REPORTED:
            await self.presses.choose(press)
        else:
            await self.presses.take(press)

    async def _open_details(self, press: ButtonPress) -> None:
        """Open the details dialog right here: its content is stored, and the trigger expires in three seconds."""
        answer, services = await self.presses.answer_of(press), self.presses.services
        try:
            async with asyncio.timeout(_OPEN_S):
                requester = await services.requester(**press.by)
                view: View = KeptAnswer.from_json(answer.message).details(requester.language)
                if requester.scope.reading is not ReadLevel.FULL:
                    says = requester.scope.text_only_reason or failures.NOT_ALLOWED_HERE
                    view = refusal_dialog(says, language=requester.language)
                await services.slack.open_view(press.trigger, view)
        except TimeoutError:
            _log.warning("details_open_timed_out")
        except SlackError as error:
            _log.warning("details_open_failed", error=str(error))
            await self._post_ephemeral(press, error.says)

    async def _language(self, press: ButtonPress) -> Language:
        """Return the user's own language, because a dialog belongs to no channel."""
        return await self.presses.services.language_of(press.user, within=TELL_S)

    async def _post_ephemeral(self, press: ButtonPress, reason: Text) -> None:
        if not press.channel:
            return
        services = self.presses.services
        try:
            async with asyncio.timeout(TELL_S):
                requester = await services.requester(**press.by)
                await services.slack.post_ephemeral(
                    channel=press.channel,
                    user=press.user,
                    thread_ts=press.thread_ts,
                    message=not_done(reason, language=requester.language),
                )
        except (SlackError, TimeoutError) as error:
            _log.warning("press_reply_failed", error=str(error))


def _update(view: View) -> dict[str, Any]:
    return {"response_action": "update", "view": view}


async def _closed(ack: AsyncAck) -> None:
    await ack()
