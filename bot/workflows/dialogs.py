"""Open dialogs at once and fill them afterwards; store the content of a plan's dialog: it guards the write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self, TypeVar

import structlog

from bot.common.portable import Portable
from bot.jobs import JobRun, JobsUnavailable
from bot.remedies.contract import Plan, Preview
from bot.slack.errors import MessageGone, SlackError, TriggerExpired, log_refusal
from bot.store import StoredPlan
from bot.workflows.job_payloads import By, DialogJob, Payload
from bot.workflows.services import Requester, Services, retry_step
from intents.domain import Json, Question, Text
from intents.typed_values import complaints
from responses import failures
from responses.slack.message import View
from responses.slack.notices import notice
from responses.slack.presses import Press
from responses.slack.remedy_dialogs import loading_dialog, refusal_dialog

_log: Final = structlog.get_logger(__name__)

# A trigger expires after three seconds, and so long Slack waits for an acknowledgement, even if its own API is slow.
TELL_S: Final = 0.8
_PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0)
D = TypeVar("D", bound=DialogJob)


async def fill_dialog(
    services: Services, fill: Callable[[D, str], Awaitable[View]], run: JobRun, job: D
) -> Json | None:
    """Open a dialog, unless the job goes on in an open one, and show what `fill` returns for the job and its id."""
    view = job.view
    if not view:
        opened = await run.step("open", _open, services, job)
        view = str(opened["view"]) if opened else ""
    if not view:
        return None
    try:
        return await retry_step(run, "fill", _fill, services, job, view, fill, pauses=_PAUSES_S)
    except JobsUnavailable:
        # The process stops; the job continues after the restart.
        raise
    except Exception:
        await run.step("give up", _give_up, services, job, view)
        raise


async def _open(services: Services, job: DialogJob) -> Json:
    """Open the dialog. After a restart it is too late: tell the person."""
    language = await services.language_of(job.user, within=TELL_S)
    try:
        return {"view": await services.slack.open_view(job.trigger, loading_dialog(language))}
    except SlackError as error:
        _log.warning("dialog_open_failed", dialog=job.kind, channel=job.channel, error=str(error))
        says = job.late if isinstance(error, TriggerExpired) else error.says
        await tell_user(services, job.channel, job.user, says, thread_ts=job.thread_ts)
        return {"view": ""}


async def _fill(services: Services, job: D, view: str, fill: Callable[[D, str], Awaitable[View]]) -> None:
    shown = await fill(job, view)
    try:
        await services.slack.update_view(view, shown)
    except MessageGone:
        _log.info("dialog_closed_before_update", dialog=job.kind, channel=job.channel)


async def _give_up(services: Services, job: DialogJob, view: str) -> None:
    language = await services.language_of(job.user, within=TELL_S)
    with log_refusal(_log.warning, "dialog_update_failed", dialog=job.kind, channel=job.channel, of=SlackError):
        await services.slack.update_view(view, refusal_dialog(job.failed, language=language))


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """A press on message `ts` of `channel`, or a submission of dialog `view`, with the `typed` inputs.

    A choice in a dialog is `inside` it; `metadata` is that of the dialog. `home`: it was in a Home tab; then `channel`
    is the direct message of its person.
    """

    press: Press
    value: str
    team: str
    app: str
    user: str
    channel: str = ""
    ts: str = ""
    thread_ts: str = ""
    trigger: str = ""
    at: str = ""
    view: str = ""
    home: bool = False
    inside: str = ""
    metadata: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def by(self) -> By:
        return self.by_in(self.channel)

    def by_in(self, channel: str) -> By:
        """Return who pressed it, and the channel that it is about: a dialog belongs to none."""
        return {"team": self.team, "channel": channel, "user": self.user}

    def entered(self, block: str) -> str:
        """Return an input without spaces around it; "" without one."""
        return self.typed.get(block, "").strip()


class DialogPlace(Portable):
    """Base of what a dialog is about, which its metadata carries."""

    __slots__ = ()

    @property
    def metadata(self) -> str:
        return json.dumps(self.as_json(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, metadata: str) -> Self | None:
        """Return the place of a dialog; None for what Casebook did not write."""
        try:
            return cls.from_json(json.loads(metadata))
        except ValueError:
            return None


# The id of the job that a submitted dialog starts, and its payload.
DialogOutcome = tuple[str, Payload]


class PressRefused(Exception):
    """Error: the press starts nothing. `why` goes into the audit, `says` to the user who pressed."""

    def __init__(self, why: str, says: Text = failures.UNKNOWN_BUTTON) -> None:
        self.why = why
        self.says = says
        super().__init__(why)


class DialogRefused(PressRefused):
    """Error: a dialog is refused for a reason that both the audit and the user get."""

    def __init__(self, says: Text) -> None:
        super().__init__(says.en, says)


class InvalidInput(Exception):
    """Error: input of a dialog is invalid. Maps the input's block id to the message."""

    def __init__(self, wrong: Mapping[str, Text]) -> None:
        self.wrong = wrong
        super().__init__(", ".join(wrong))


class NextDialog(Exception):
    """Error: the dialog goes on with this view."""

    def __init__(self, view: View) -> None:
        self.view = view
        super().__init__(str(view.get("callback_id", "")))


async def submitter(services: Services, dialog: ButtonPress, channel: str) -> Requester:
    """Identify who submitted a dialog about a channel. Raise DialogRefused if that takes too long."""
    requester = await services.in_time(services.requester(**dialog.by_in(channel)))
    if requester is None:
        raise DialogRefused(failures.BUSY)
    return requester


async def tell_user(services: Services, channel: str, user: str, says: Text, *, thread_ts: str = "") -> None:
    """Tell one person something in a channel or a thread, or directly if that fails."""
    message = notice(says, language=await services.language_of(user, within=TELL_S))
    try:
        await services.slack.post_ephemeral(channel=channel, user=user, message=message, thread_ts=thread_ts)
    except SlackError as error:
        _log.info("ephemeral_reply_failed", channel=channel, error=str(error))
        with log_refusal(_log.warning, "command_reply_failed", of=SlackError):
            await services.slack.post(channel=user, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogContent(Portable):
    """Content of a dialog: the guards of the write, the entered values, and the user who confirmed before.

    That user is set when a second person approves, else "".
    """

    preview: Preview
    answers: dict[str, str] = field(default_factory=dict)
    approves: str = ""

    @property
    def fill(self) -> str:
        """Return the id of this content among the contents of one dialog."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]


def dialog_key(user: str) -> str:
    """Return the key under which a plan stores the dialog that it last showed to that user."""
    return f"dialog:{user}"


def filling_id(view: str, fill: str) -> str:
    """Return the id of one content of a dialog."""
    return f"{view}.{fill}"


def content_key(view: str) -> str:
    """Return the key under which a plan stores one content of a dialog.

    Each content has its own key: while one is submitted the next is prepared, and the user confirms the one they saw.
    """
    return f"shown:{view}"


def dialog_content(plan: StoredPlan, view: str) -> DialogContent | None:
    """Return the content with this id; None if it was never stored."""
    kept = plan.document.get(content_key(view))
    return DialogContent.from_json(kept) if kept else None


def was_shown_to(plan: StoredPlan, user: str, view: str) -> bool:
    """Tell whether this is the dialog in which the user last saw the plan."""
    return bool(plan.document.get(dialog_key(user)) == view)


def name_to_type(plan: StoredPlan) -> str:
    """Return the object's name that must be typed before the plan is applied; "" for none."""
    return _plan(plan).name_to_type


def typed_answers(plan: StoredPlan, typed: Mapping[str, str]) -> tuple[dict[str, str], Mapping[str, Text]]:
    """Return the answers to a plan's questions, and the input errors by question."""
    questions: Sequence[Question] = _plan(plan).asks
    return {each.id: typed.get(each.id, "").strip() for each in questions}, complaints(questions, typed)


def _plan(plan: StoredPlan) -> Plan:
    return Plan.from_json(plan.document["plan"])
