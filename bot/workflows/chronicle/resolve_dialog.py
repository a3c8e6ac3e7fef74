"""Ask before an incident is resolved: open the dialog, fill it, and check what was submitted.

The dialog keeps its state in Slack and in the chronicle: it carries its channel, and its choices name recorded facts.
So any process may take what was submitted, also after a restart.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackError
from bot.workflows.chronicle.documents import ChronicleDocuments
from bot.workflows.chronicle.incident_commands import refusal_of
from bot.workflows.chronicle.summary_page import page_of
from bot.workflows.filled_dialogs import CheckedDialog, FilledDialog, SubmittedDialog
from bot.workflows.job_payloads import CommandJob, GivenCause, ResolveDialogJob
from bot.workflows.services import Services
from intents.channel_commands import ChannelAction
from intents.chronicle.facts import LONGEST_SAYS, Fact
from intents.chronicle.resolution import UNKNOWN, choice_of, resolution_of
from responses import failures
from responses.chronicle import incident_replies, incident_words
from responses.safety import safe_line
from responses.slack.chronicle.resolve_dialog import resolve_dialog
from responses.slack.message import View
from responses.slack.presses import Press
from responses.slack.remedy_dialogs import refusal_dialog

_log: Final = structlog.get_logger(__name__)

# Slack waits three seconds for the response to a submission.
_CHECKED_S: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveDialogWorkflow:
    """The job `resolve`."""

    services: Services
    documents: ChronicleDocuments

    async def run(self, run: JobRun, job: ResolveDialogJob) -> Json | None:
        late, failed = incident_replies.TYPE_AGAIN, incident_replies.DIALOG_FAILED
        await FilledDialog(services=self.services, late=late, failed=failed).run(run, job, partial(self._view, job))
        return None

    async def _view(self, job: ResolveDialogJob, _view: str) -> View:
        """Return what is open and the causes to choose from, or the refusal."""
        channel, services = job.channel, self.services
        requester, place = await services.presser(job), await services.slack.place(channel)
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


async def check_resolution(services: Services, dialog: SubmittedDialog) -> CheckedDialog:
    """Check a submitted dialog: permission, state of the channel, root cause. Raise StoreUnavailable."""
    channel = dialog.about
    try:
        async with asyncio.timeout(_CHECKED_S):
            place = await services.slack.place(channel)
            requester = await services.requester(team=dialog.team, channel=channel, user=dialog.user)
    except (SlackError, TimeoutError) as error:
        _log.warning("requester_lookup_failed", error=str(error))
        return CheckedDialog(refused=failures.BUSY)
    chronicle = await services.store.chronicles.read(channel)
    known = chronicle.channel if chronicle else None
    refused = refusal_of(ChannelAction.RESOLVE, known, place, requester)
    if refused or chronicle is None:
        return CheckedDialog(refused=refused or incident_replies.NO_INCIDENT)
    text = safe_line(dialog.entered(Press.ROOT_CAUSE_TEXT), limit=LONGEST_SAYS)
    choice = dialog.entered(Press.ROOT_CAUSE)
    if text:
        cause = GivenCause(says=text)
    elif choice == UNKNOWN:
        cause = GivenCause(says=incident_words.NOT_KNOWN_YET.in_(services.usual_language), state=UNKNOWN)
    elif not choice:
        return CheckedDialog(wrong={str(Press.ROOT_CAUSE): incident_replies.CHOOSE_OR_TYPE})
    else:
        page = await page_of(services, chronicle)
        chosen = next((fact for fact in page.facts if choice_of(fact) == choice and not fact.removed), None)
        if chosen is None:
            return CheckedDialog(wrong={str(Press.ROOT_CAUSE): incident_replies.CHOICE_GONE})
        cause = GivenCause(says=_says(chosen, services), template=chosen.key)
    job = CommandJob(
        doing=ChannelAction.RESOLVE,
        team=dialog.team,
        channel=channel,
        user=dialog.user,
        at=services.clock(),
        language=requester.language,
        cause=cause,
    )
    return CheckedDialog(job=job, id=f"{channel}.resolved.{dialog.view}")


def _says(fact: Fact, services: Services) -> str:
    says = fact.title.in_(services.usual_language) if fact.title else fact.says
    return safe_line(says, limit=LONGEST_SAYS)
