"""Save an incident once, put it in force, and confirm it in the thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackError, SlackUnavailable
from bot.store import AuditEntry, LearnedEntry
from bot.workflows.chronicle.resolve_dialog import tell_user
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from bot.workflows.single_posts import post_once
from intents.domain import Language
from responses import learned_words
from responses.slack.learned import learned_notice, saved_message

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveWorkflow:
    """The job `save_incident`. Its payload is that of a `CheckedSave`."""

    services: Services

    async def run(self, run: JobRun, payload: Json) -> Json | None:
        kept = await retry_step(run, "keep", self.keep, payload)
        if kept and kept["kept"]:
            await retry_step(run, "confirm", self.confirm, payload, run.id)
        return None

    async def keep(self, payload: Json) -> Json:
        """Store the version and put it in force here. A version of somebody else that came first stays."""
        services, at = self.services, self.services.clock()
        entry = LearnedEntry(
            id=str(payload["id"]),
            version=int(payload["version"]),
            yaml=str(payload["yaml"]),
            channel=str(payload["home"]),
            channel_name=str(payload["channel_name"]),
            author=str(payload["author"]),
            by=str(payload["by"]),
            at=at,
            shared=bool(payload["shared"]),
        )
        saved = await services.store.learned.save(entry)
        if not saved:
            stored = await services.store.learned.versions(entry.id)
            # This step may have run before: then the stored version is this one.
            if not any((one.version, one.yaml) == (entry.version, entry.yaml) for one in stored):
                says = learned_words.CHANGED_MEANWHILE
                await tell_user(services, str(payload["channel"]), str(payload["user"]), says)
                return {"kept": False}
        if services.learned is not None:
            await services.learned.refresh()
        if saved:
            await audit_learned(services, payload, "save", {"version": entry.version})
        return {"kept": True}

    async def confirm(self, payload: Json, job: str) -> None:
        """Post the entry in the thread it came from; an edit by command is confirmed to its user."""
        services, channel, title = self.services, str(payload["channel"]), str(payload["title"])
        id, version, language = str(payload["id"]), int(payload["version"]), Language(str(payload["language"]))
        shared, unshared = bool(payload["shared"]), bool(payload["unshared"])
        thread_ts = str(payload["thread_ts"])
        if not thread_ts:
            form = learned_words.SAVED_SHARED if shared else learned_words.SAVED
            form = learned_words.SAVED_UNSHARED if unshared else form
            says = learned_notice(form, title, id, str(version))
            await tell_user(services, channel, str(payload["user"]), says)
            return
        message = saved_message(title, id, version, str(payload["yaml"]), language=language)
        try:
            await post_once(services, message, to=channel, key=job, thread_ts=thread_ts)
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.error("saved_incident_not_confirmed", channel=channel, job=job, error=str(error))


async def audit_learned(services: Services, payload: Json, outcome: str, detail: Json) -> None:
    """Add an audit entry about a saved incident. The payload names who, where, and the entry's id."""
    await services.store.audit.append(
        AuditEntry(
            at=services.clock(),
            actor=str(payload["user"]),
            team=str(payload["team"]),
            channel=str(payload["channel"]),
            action="learned",
            target=str(payload["id"]),
            outcome=outcome,
            detail=detail,
        )
    )
