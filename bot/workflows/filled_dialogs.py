"""Open a dialog at once, because its trigger expires, and fill it afterwards; a person is waiting at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.jobs import JobRun, JobsUnavailable, Json
from bot.slack.errors import MessageGone, SlackError, TriggerExpired
from bot.workflows.job_payloads import DialogJob, Payload
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from intents.domain import Text
from responses.slack.message import View
from responses.slack.notices import notice
from responses.slack.remedy_dialogs import loading_dialog, refusal_dialog

_log: Final = structlog.get_logger(__name__)

# A trigger expires after three seconds.
_TELL_S: Final = 0.8
_PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledDialog:
    """A dialog: `late` says that its trigger expired, `failed` that it could not be filled."""

    services: Services
    late: Text
    failed: Text

    async def run(self, run: JobRun, job: DialogJob, fill: Callable[[str], Awaitable[View]]) -> None:
        """Open the dialog, unless the job goes on in an open one, and show what `fill` returns for its id."""
        view = job.view
        if not view:
            opened = await run.step("open", self._open, job)
            view = str(opened["view"]) if opened else ""
        if not view:
            return
        try:
            await retry_step(run, "fill", self._fill, job, view, fill, pauses=_PAUSES_S)
        except JobsUnavailable:
            # The process stops; the job continues after the restart.
            raise
        except Exception:
            await run.step("give up", self._give_up, job, view)
            raise

    async def _open(self, job: DialogJob) -> Json:
        """Open the dialog. After a restart it is too late: tell the person."""
        language = await self.services.language_of(job.user, within=_TELL_S)
        try:
            return {"view": await self.services.slack.open_view(job.trigger, loading_dialog(language))}
        except SlackError as error:
            _log.warning("dialog_open_failed", dialog=job.kind, channel=job.channel, error=str(error))
            says = self.late if isinstance(error, TriggerExpired) else error.says
            await tell_user(self.services, job.channel, job.user, says, thread_ts=job.thread_ts)
            return {"view": ""}

    async def _fill(self, job: DialogJob, view: str, fill: Callable[[str], Awaitable[View]]) -> None:
        shown = await fill(view)
        try:
            await self.services.slack.update_view(view, shown)
        except MessageGone:
            _log.info("dialog_closed_before_update", dialog=job.kind, channel=job.channel)

    async def _give_up(self, job: DialogJob, view: str) -> None:
        language = await self.services.language_of(job.user, within=_TELL_S)
        try:
            await self.services.slack.update_view(view, refusal_dialog(self.failed, language=language))
        except SlackError as error:
            _log.warning("dialog_update_failed", dialog=job.kind, channel=job.channel, error=str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedDialog:
    """A dialog as it was submitted: by whom, what it is about, and its inputs by block."""

    team: str
    user: str
    view: str
    about: str
    typed: Mapping[str, str]

    def entered(self, block: str) -> str:
        """Return an input without spaces around it; "" without one."""
        return self.typed.get(block, "").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDialog:
    """A checked submission: the job to start and its id, or what else happens.

    It is refused, or the inputs in these blocks are `wrong`, or the dialog goes on with another `view`.
    """

    job: Payload | None = None
    id: str = ""
    refused: Text | None = None
    wrong: Mapping[str, Text] = field(default_factory=dict)
    view: View | None = None


async def tell_user(services: Services, channel: str, user: str, says: Text, *, thread_ts: str = "") -> None:
    """Tell one person something in a channel or a thread, or directly if that fails."""
    message = notice(says, language=await services.language_of(user, within=_TELL_S))
    try:
        await services.slack.post_ephemeral(channel=channel, user=user, message=message, thread_ts=thread_ts)
    except SlackError as error:
        _log.info("ephemeral_reply_failed", channel=channel, error=str(error))
        try:
            await services.slack.post(channel=user, message=message)
        except SlackError as second:
            _log.warning("command_reply_failed", error=str(second))
