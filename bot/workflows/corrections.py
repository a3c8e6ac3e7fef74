"""Ask what it was instead after "Mark as wrong", check what was submitted, and store it.

The mark stands by itself: a person who closes the dialog has said all they wanted to. The dialog carries its request,
so any process may take what was submitted, also after a restart.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from bot.policy import ReadLevel
from bot.slack.errors import SlackError
from bot.store import NOT_IT, StoredAnswer
from bot.workflows.filled_dialogs import CheckedDialog, SubmittedDialog
from bot.workflows.job_payloads import CorrectionJob
from bot.workflows.kept_answer import KeptAnswer, correction_note
from bot.workflows.message_poster import MessagePoster
from bot.workflows.services import Requester, Services
from intents.domain import Text
from intents.feedback import LONGEST_REMARK, NONE_OF_THEM, Correction
from responses import failures
from responses.safety import safe_line
from responses.slack import feedback
from responses.slack.feedback import CorrectionChoices, correction_dialog
from responses.slack.message import View
from responses.slack.presses import Press

_log: Final = structlog.get_logger(__name__)

# Slack waits three seconds for the response to a submission.
_CHECKED_S: Final = 1.5


async def correction_view(services: Services, answer: StoredAnswer, requester: Requester) -> View | None:
    """Return the dialog for this person; None for an answer that names no incident."""
    first = KeptAnswer.from_json(answer.message).first if answer.message else None
    if first is None:
        return None
    before = await services.store.corrections.of(answer.request_id, requester.scope.who.user)
    return correction_dialog(
        _choices(services, answer),
        request_id=answer.request_id,
        said=first.title,
        entry=before.entry if before else "",
        remark=before.says if before else "",
        language=requester.language,
    )


def _choices(services: Services, answer: StoredAnswer) -> CorrectionChoices:
    """Return the entries that the answer's channel may see, but for the one that was wrong."""
    catalog = services.engine(answer.channel).catalog
    areas: dict[str, dict[str, Text]] = {}
    saved: dict[str, Text] = {}
    for incident in catalog:
        if incident.id == answer.incident:
            continue
        source = catalog.sources.get(incident.id)
        titles = areas.setdefault(source.path.parent.name, {}) if source else saved
        titles[incident.id] = incident.title
    return CorrectionChoices(areas=dict(sorted(areas.items())), saved=saved)


async def check_correction(services: Services, dialog: SubmittedDialog) -> CheckedDialog:
    """Check a submitted dialog: permission, the mark before it, the entry. Raise StoreUnavailable."""
    request_id, user = dialog.about, dialog.user
    answer = await services.store.answers.get(request_id)
    if answer is None:
        return CheckedDialog(refused=feedback.ANSWER_GONE)
    try:
        async with asyncio.timeout(_CHECKED_S):
            requester = await services.requester(team=dialog.team, channel=answer.channel, user=user)
    except (SlackError, TimeoutError) as error:
        _log.warning("requester_lookup_failed", error=str(error))
        return CheckedDialog(refused=failures.BUSY)
    marked = await services.store.feedback.has(request_id, user, NOT_IT)
    if requester.scope.reading is not ReadLevel.FULL or not marked:
        # The dialog opens only for those who may see the answer and marked it: this one was forged, or rights changed.
        return CheckedDialog(refused=failures.OPINION_NOT_ALLOWED)
    entry = dialog.entered(Press.WAS)
    says = safe_line(dialog.entered(Press.WAS_TEXT), limit=LONGEST_REMARK)
    if entry and entry != NONE_OF_THEM and entry not in services.engine(answer.channel).catalog.incidents:
        return CheckedDialog(wrong={str(Press.WAS): feedback.ENTRY_GONE})
    if not entry and not says:
        return CheckedDialog(wrong={str(Press.WAS_TEXT): feedback.CHOOSE_OR_TYPE})
    job = CorrectionJob(
        request=request_id, channel=answer.channel, user=user, entry=entry, says=says, at=services.clock()
    )
    return CheckedDialog(job=job, id=f"{request_id}.correction.{dialog.view}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionWorkflow:
    """The job `correction`."""

    services: Services
    poster: MessagePoster

    async def take(self, payload: CorrectionJob) -> None:
        """Store the correction and show it in the answer; an earlier one of this person is replaced."""
        store = self.services.store
        request_id, user = payload.request, payload.user
        answer, request = await store.answers.get(request_id), await store.requests.get(request_id)
        if answer is None or request is None:
            return
        correction = Correction(
            request=request_id,
            user=user,
            channel=answer.channel,
            incident=answer.incident,
            verdict=answer.verdict,
            entry=payload.entry,
            says=payload.says,
            at=payload.at,
        )
        async with self.services.turn(request_id):
            if await store.answers.get(request_id) is None:
                return  # the paste was deleted meanwhile
            if await store.corrections.save(correction):
                self.services.metrics.corrected(answer.incident)
            elif (stored := await store.corrections.of(request_id, user)) and stored.at != correction.at:
                return  # a later one is stored
            await store.answers.note(request_id, correction_note(user, self._was(correction)))
            await self.poster.show(request)

    def _was(self, correction: Correction) -> Text:
        """Return what it was, as the answer shows it: the entry's title, then what was typed."""
        entry = Text.same(correction.entry)
        if correction.entry == NONE_OF_THEM:
            entry = feedback.NOT_KNOWN
        elif incident := self.services.engine(correction.channel).catalog.incidents.get(correction.entry):
            entry = incident.title
        says = correction.says
        return Text(en=_both(entry.en, says), zh=_both(entry.zh, says))


def _both(entry: str, says: str) -> str:
    return " · ".join(filter(None, (entry, f"“{says}”" if says else "")))
