"""Save an incident once, put it in force, and confirm it in the thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackRefusal
from bot.store import LearnedEntry
from bot.workflows.filled_dialogs import tell_user
from bot.workflows.job_payloads import SaveDialogJob, SaveJob
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from bot.workflows.single_posts import post_once
from responses import learned_words
from responses.slack.learned import learned_notice, saved_message

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveWorkflow:
    """The job `save_incident`."""

    services: Services

    async def run(self, run: JobRun, payload: SaveJob) -> Json | None:
        kept = await retry_step(run, "keep", self.keep, payload)
        if kept and kept["kept"]:
            await retry_step(run, "confirm", self.confirm, payload, run.id)
        return None

    async def keep(self, payload: SaveJob) -> Json:
        """Store the version and put it in force here. A version of somebody else that came first stays."""
        services, at = self.services, self.services.clock()
        entry = LearnedEntry(
            id=payload.id,
            version=payload.version,
            yaml=payload.yaml,
            channel=payload.home,
            channel_name=payload.channel_name,
            author=payload.author,
            by=payload.by,
            at=at,
            shared=payload.shared,
        )
        saved = await services.store.learned.save(entry)
        if not saved:
            stored = await services.store.learned.versions(entry.id)
            # This step may have run before: then the stored version is this one.
            if not any((one.version, one.yaml) == (entry.version, entry.yaml) for one in stored):
                says = learned_words.CHANGED_MEANWHILE
                await tell_user(services, payload.channel, payload.user, says)
                return {"kept": False}
        if services.learned is not None:
            await services.learned.refresh()
        if saved:
            await audit_learned(services, payload, "save", {"version": entry.version})
        return {"kept": True}

    async def confirm(self, payload: SaveJob, job: str) -> None:
        """Post the entry in the thread it came from; an edit by command is confirmed to its user."""
        services, channel = self.services, payload.channel
        if not payload.thread_ts:
            form = learned_words.SAVED_SHARED if payload.shared else learned_words.SAVED
            form = learned_words.SAVED_UNSHARED if payload.unshared else form
            says = learned_notice(form, payload.title, payload.id, str(payload.version))
            await tell_user(services, channel, payload.user, says)
            return
        message = saved_message(payload.title, payload.id, payload.version, payload.yaml, language=payload.language)
        try:
            await post_once(services, message, to=channel, key=job, thread_ts=payload.thread_ts)
        except SlackRefusal as error:
            _log.error("saved_incident_not_confirmed", channel=channel, job=job, error=str(error))


async def audit_learned(services: Services, payload: SaveJob | SaveDialogJob, outcome: str, detail: Json) -> None:
    """Add an audit entry about a saved incident. The payload names who, where, and the entry's id."""
    await services.audit(payload, action="learned", target=payload.id, outcome=outcome, detail=detail)
