"""Ask before an incident is resolved: open the dialog, fill it, and check what was submitted.

The dialog keeps its state in Slack and in the chronicle: it carries its channel, and its choices name recorded facts.
So any process may take what was submitted, also after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.jobs import JobRun, JobsUnavailable, Json
from bot.slack.errors import MessageGone, SlackError, TriggerExpired
from bot.workflows.chronicle.documents import ChronicleDocuments
from bot.workflows.chronicle.incident_commands import refusal_of
from bot.workflows.chronicle.summary_page import page_of
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from intents.channel_commands import ChannelAction
from intents.chronicle.facts import LONGEST_SAYS, Fact
from intents.chronicle.resolution import UNKNOWN, choice_of, resolution_of
from intents.domain import Text
from responses import failures, incident_replies
from responses.chronicle import incident_words, resolve_words
from responses.safety import safe_line
from responses.slack.chronicle.resolve_dialog import resolve_dialog
from responses.slack.message import View
from responses.slack.notices import notice
from responses.slack.presses import Press
from responses.slack.remedy_dialogs import loading_dialog, refusal_dialog

_log: Final = structlog.get_logger(__name__)

# Slack waits three seconds for the response to a submission.
_CHECKED_S: Final = 1.5
_TELL_S: Final = 0.8
# A person is waiting at the dialog.
_PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveDialogWorkflow:
    """The job `resolve`. Payload: {"channel", "team", "user", "trigger"}, for a button also its "thread_ts"."""

    services: Services
    documents: ChronicleDocuments

    async def run(self, run: JobRun, payload: Json) -> Json | None:
        opened = await run.step("open", self.open, payload)
        view = str(opened["view"]) if opened and opened.get("view") else ""
        if not view:
            return None
        try:
            await retry_step(run, "fill", self.fill, payload, view, pauses=_PAUSES_S)
        except JobsUnavailable:
            # The process stops; the job continues after the restart.
            raise
        except Exception:
            await run.step("give up", self.give_up, payload, view)
            raise
        return None

    async def open(self, payload: Json) -> Json:
        """Open the dialog at once, because its trigger expires. After a restart it is too late: tell the user."""
        user = str(payload["user"])
        language = await self.services.language_of(user, within=_TELL_S)
        try:
            return {"view": await self.services.slack.open_view(str(payload["trigger"]), loading_dialog(language))}
        except SlackError as error:
            _log.warning("resolve_dialog_open_failed", channel=payload["channel"], error=str(error))
            says = resolve_words.TYPE_AGAIN if isinstance(error, TriggerExpired) else error.says
            thread = str(payload.get("thread_ts") or "")
            await tell_user(self.services, str(payload["channel"]), user, says, thread_ts=thread)
            return {}

    async def fill(self, payload: Json, view: str) -> None:
        """Show what is open and the causes to choose from, or the refusal."""
        shown = await self._view(payload)
        try:
            await self.services.slack.update_view(view, shown)
        except MessageGone:
            _log.info("resolve_dialog_closed_before_update", channel=payload["channel"])

    async def give_up(self, payload: Json, view: str) -> None:
        """Tell the user at the dialog that it could not be filled."""
        language = await self.services.language_of(str(payload["user"]), within=_TELL_S)
        try:
            await self.services.slack.update_view(view, refusal_dialog(resolve_words.DIALOG_FAILED, language=language))
        except SlackError as error:
            _log.warning("resolve_dialog_update_failed", error=str(error))

    async def _view(self, payload: Json) -> View:
        channel, services = str(payload["channel"]), self.services
        requester = await services.requester(team=str(payload["team"]), channel=channel, user=str(payload["user"]))
        place = await services.slack.place(channel)
        chronicle = await services.store.chronicles.read(channel)
        known = chronicle.channel if chronicle else None
        refused = refusal_of(ChannelAction.RESOLVE, known, place, requester)
        if refused or chronicle is None:
            return refusal_dialog(refused or incident_replies.NO_INCIDENT, language=requester.language)
        page = await page_of(services, chronicle)
        return resolve_dialog(
            page.summary,
            resolution_of(page.summary),
            names=await self.documents.names(page.summary.people),
            channel=channel,
            language=requester.language,
            permalink=page.permalink,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedResolution:
    """A checked submission: the payload of its job, or why it is refused, or the input errors by block."""

    payload: Json = field(default_factory=dict)
    refused: Text | None = None
    wrong: Mapping[str, Text] = field(default_factory=dict)


async def check_resolution(
    services: Services, *, team: str, channel: str, user: str, typed: Mapping[str, str]
) -> CheckedResolution:
    """Check a submitted dialog: permission, state of the channel, root cause. Raise StoreUnavailable."""
    try:
        async with asyncio.timeout(_CHECKED_S):
            place = await services.slack.place(channel)
            requester = await services.requester(team=team, channel=channel, user=user)
    except (SlackError, TimeoutError) as error:
        _log.warning("requester_lookup_failed", error=str(error))
        return CheckedResolution(refused=failures.BUSY)
    chronicle = await services.store.chronicles.read(channel)
    known = chronicle.channel if chronicle else None
    refused = refusal_of(ChannelAction.RESOLVE, known, place, requester)
    if refused or chronicle is None:
        return CheckedResolution(refused=refused or incident_replies.NO_INCIDENT)
    text = safe_line(typed.get(Press.ROOT_CAUSE_TEXT, "").strip(), limit=LONGEST_SAYS)
    choice = typed.get(Press.ROOT_CAUSE, "")
    if text:
        cause: Json = {"says": text}
    elif choice == UNKNOWN:
        cause = {"says": incident_words.NOT_KNOWN_YET.in_(services.usual_language), "state": UNKNOWN}
    elif not choice:
        return CheckedResolution(wrong={str(Press.ROOT_CAUSE): resolve_words.CHOOSE_OR_TYPE})
    else:
        page = await page_of(services, chronicle)
        chosen = next((fact for fact in page.facts if choice_of(fact) == choice and not fact.removed), None)
        if chosen is None:
            return CheckedResolution(wrong={str(Press.ROOT_CAUSE): resolve_words.CHOICE_GONE})
        cause = {"says": _says(chosen, services), "template": chosen.key}
    return CheckedResolution(
        payload={
            "doing": ChannelAction.RESOLVE.value,
            "channel": channel,
            "team": team,
            "user": user,
            "at": services.clock().isoformat(),
            "language": requester.language.value,
            "response_url": "",
            "here": False,
            "anew": False,
            "cause": cause,
        }
    )


async def tell_user(services: Services, channel: str, user: str, says: Text, *, thread_ts: str = "") -> None:
    """Tell one person something about the incident of a channel: there or in its thread, else directly."""
    message = notice(says, language=await services.language_of(user, within=_TELL_S))
    try:
        await services.slack.post_ephemeral(channel=channel, user=user, message=message, thread_ts=thread_ts)
    except SlackError as error:
        _log.info("ephemeral_reply_failed", channel=channel, error=str(error))
        try:
            await services.slack.post(channel=user, message=message)
        except SlackError as second:
            _log.warning("command_reply_failed", error=str(second))


def _says(fact: Fact, services: Services) -> str:
    says = fact.title.in_(services.usual_language) if fact.title else fact.says
    return safe_line(says, limit=LONGEST_SAYS)
