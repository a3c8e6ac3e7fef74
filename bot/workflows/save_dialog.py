"""Open the dialog that saves an incident, prefilled from its thread, and check what was submitted.

The dialog keeps its state in Slack: its metadata names the channel, the thread and the version that is edited. So any
process may take what was submitted, also after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final

import structlog

from bot.diagnosing import match_text
from bot.policy import ReadLevel
from bot.slack.errors import log_refusal
from bot.slack.message_events import text_of
from bot.workflows.dialogs import ButtonPress, DialogOutcome, DialogPlace, InvalidInput, NextDialog
from bot.workflows.job_payloads import SaveDialogJob, SaveJob
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.learned_entries import InForce
from bot.workflows.services import Requester, Services
from intents.catalog.learned import (
    LONGEST_LINE,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_STEPS,
    SavedIncident,
    UnusableLine,
    collisions,
    entry_id,
    entry_yaml,
    read_entry,
    saved_in,
)
from intents.catalog.schema import Incident
from intents.domain import Text, Verdict
from intents.matcher import signature_matcher
from intents.symptoms import PROBLEM, read_symptoms
from responses import failures, learned_words
from responses.safety import redacted_text, safe, safe_line
from responses.slack import learned as shown
from responses.slack.learned import SavedCheck, save_dialog
from responses.slack.message import View
from responses.slack.remedy_dialogs import refusal_dialog

_log: Final = structlog.get_logger(__name__)

_READ: Final = 50
_PROVEN: Final = (Verdict.CONFIRMED, Verdict.LIKELY)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePlace(DialogPlace):
    """Target of a dialog: a new entry of the channel, or the next version of entry `id`.

    `seen` is the digest of the check that the dialog shows, "" for none.
    """

    channel: str
    thread_ts: str = ""
    id: str = ""
    version: int = 0
    seen: str = ""


def may_change(found: InForce, requester: Requester) -> bool:
    """Tell whether this person may edit or delete a saved incident: its author in its channel, or a curator."""
    who, scope = requester.scope.who, requester.scope
    return scope.curates or (scope.reading is ReadLevel.FULL and who.user == found.entry.author)


async def save_view(services: Services, job: SaveDialogJob, _view: str) -> View:
    """Return the fields, prefilled, or the refusal."""
    channel = job.channel
    requester = await services.presser(job)
    language = requester.language
    if job.id:
        found = await _in_force(services, job.id)
        if found is None or not may_change(found, requester):
            return refusal_dialog(learned_words.NOT_YOURS, language=language)
        entry = found.entry
        saved = saved_in(found.incident, channel=entry.channel_name, by=entry.by, version=entry.version)
        place = SavePlace(channel=channel, id=entry.id, version=entry.version)
        return save_dialog(saved, metadata=place.metadata, language=language, edits=True)
    if requester.scope.reading is not ReadLevel.FULL:
        return refusal_dialog(learned_words.NOT_ALLOWED, language=language)
    saved = await _from_thread(services, channel, job.thread_ts, job.ts, job.text)
    place = SavePlace(channel=channel, thread_ts=job.thread_ts)
    return save_dialog(saved, metadata=place.metadata, language=language)


async def _from_thread(services: Services, channel: str, thread_ts: str, ts: str, text: str) -> SavedIncident:
    """Return what a thread tells: the line of its first message, the proven cause, what people did, and who.

    Without permission to read the thread, the chosen message's `text` is all there is.
    """
    messages: tuple[Mapping[str, Any], ...] = ()
    with log_refusal(_log.warning, "thread_read_failed", channel=channel):
        messages = (await services.slack.history.thread(channel, thread_ts, limit=_READ)).messages
    people = [one for one in messages if one.get("user") and not one.get("bot_id")]
    chosen = next((one for one in messages if one.get("ts") == ts), None)
    first = next(iter(messages), chosen)
    # "Save as incident" on a reply is about the thread; on a message with an error it is about that one.
    symptom = chosen if chosen is not None and PROBLEM.search(text_of(chosen)) and chosen is not first else first
    replies = [one for one in people if one is not symptom and one is not first]
    names = {str(one["user"]): (await services.slack.person(str(one["user"]))).name for one in replies[-1:]}
    title, cause = await _found(services, channel, thread_ts)
    line = telling_line(safe(text_of(symptom) if symptom else text, limit=LONGEST_TEXT * 4))
    done = "\n".join(safe_line(text_of(one), limit=LONGEST_LINE) for one in replies[-MOST_STEPS:])
    return SavedIncident(
        title=title or line[:LONGEST_TITLE],
        line=line,
        root_cause=cause or (safe_line(text_of(replies[0]), limit=LONGEST_TEXT) if replies else ""),
        done=done,
        by=next(iter(names.values()), ""),
    )


async def _found(services: Services, channel: str, thread_ts: str) -> tuple[str, str]:
    """Return title and cause of the thread's last answer, if the cluster supports it."""
    store, language = services.store, services.usual_language
    for request in reversed(await store.requests.in_thread(channel, thread_ts)):
        answer = await store.answers.get(request.id)
        first = KeptAnswer.from_json(answer.message).first if answer and answer.message else None
        if first is not None and first.verdict in _PROVEN:
            return first.title.in_(language), first.root_cause.in_(language)
    return "", ""


def telling_line(text: str) -> str:
    """Return the line of a text that tells most of a problem: the first that names one, else the first."""
    lines = [symptom.text for symptom in read_symptoms(text)]
    problem = next((line for line in lines if PROBLEM.search(line)), "")
    return (problem or next(iter(lines), ""))[:LONGEST_LINE]


async def check_save(services: Services, dialog: ButtonPress) -> DialogOutcome:
    """Check a submitted dialog: permission, texts, collisions with other entries. Raise StoreUnavailable."""
    place, user = SavePlace.read(dialog.value), dialog.user
    if place is None or services.learned is None:
        raise NextDialog(refusal_dialog(failures.UNKNOWN_BUTTON, language=services.usual_language))
    asked_by = services.requester(**dialog.by_in(place.channel))
    look_up = asyncio.gather(asked_by, services.slack.place(place.channel), services.slack.person(user))
    if (known := await services.in_time(look_up)) is None:
        raise NextDialog(refusal_dialog(failures.BUSY, language=services.usual_language))
    requester, where, person = known
    found = await _in_force(services, place.id) if place.id else None
    if refused := _refusal(place, found, requester):
        raise NextDialog(refusal_dialog(refused, language=requester.language))
    saved, wrong = _typed(dialog.entered)
    if wrong:
        raise InvalidInput(wrong)
    saved = replace(
        saved,
        channel=found.entry.channel_name if found else where.name or place.channel,
        by=saved.by or person.name or user,
        version=place.version + 1,
    )
    id = place.id or entry_id(saved.title, dialog.view)
    return await _checked(services, place, found, requester, saved, id=id)


async def _checked(
    services: Services, place: SavePlace, found: InForce | None, requester: Requester, saved: SavedIncident, *, id: str
) -> DialogOutcome:
    """Check the entry that would be written; it is saved if the dialog already shows this check."""
    try:
        yaml = redacted_text(entry_yaml(saved, id=id))
    except UnusableLine:
        raise InvalidInput({shown.LINE: learned_words.UNUSABLE}) from None
    incident = read_entry(yaml)
    if incident is None:
        raise InvalidInput({shown.LINE: learned_words.HOLDS_SECRET})
    check = await _check(services, incident, place.channel)
    if check is None:
        raise InvalidInput({shown.LINE: learned_words.NOT_FOUND_AGAIN})
    seen = _digest(check)
    if place.seen != seen:
        check = replace(check, changed=bool(place.seen))
        metadata, language = replace(place, seen=seen).metadata, requester.language
        raise NextDialog(save_dialog(saved, metadata=metadata, language=language, edits=bool(place.id), check=check))
    who, entry = requester.scope.who, found.entry if found else None
    was_shared = bool(entry and entry.shared)
    job = SaveJob(
        team=who.team,
        channel=place.channel,
        thread_ts=place.thread_ts,
        user=who.user,
        language=requester.language,
        id=id,
        version=saved.version,
        title=saved.title,
        yaml=yaml,
        home=entry.channel if entry else place.channel,
        channel_name=saved.channel,
        author=entry.author if entry else who.user,
        by=saved.by,
        # A curator decided to share that version; another one counts only for the source channel until decided again.
        shared=was_shared and requester.scope.curates,
        unshared=was_shared and not requester.scope.curates,
    )
    return f"{id}.v{saved.version}", job


async def _in_force(services: Services, id: str) -> InForce | None:
    """Return a saved incident as it is now: another replica may have saved it a moment ago."""
    if services.learned is None:
        return None
    await services.learned.refresh()
    return services.learned.get(id)


def _refusal(place: SavePlace, found: InForce | None, requester: Requester) -> Text | None:
    if not place.id:
        return None if requester.scope.reading is ReadLevel.FULL else learned_words.NOT_ALLOWED
    if found is None or found.entry.version != place.version:
        return learned_words.CHANGED_MEANWHILE
    return None if may_change(found, requester) else learned_words.NOT_YOURS


def _typed(entered: Callable[[str], str]) -> tuple[SavedIncident, dict[str, Text]]:
    """Return the typed texts without credentials, and what is missing by block."""
    saved = SavedIncident(
        title=safe_line(entered(shown.NAME), limit=LONGEST_TITLE),
        line=safe_line(entered(shown.LINE), limit=LONGEST_LINE),
        root_cause=safe(entered(shown.ROOT_CAUSE), limit=LONGEST_TEXT),
        done=safe(entered(shown.DONE), limit=LONGEST_TEXT),
        by=safe_line(entered(shown.BY), limit=shown.LONGEST_NAME),
    )
    needed = {shown.NAME: saved.title, shown.LINE: saved.line, shown.ROOT_CAUSE: saved.root_cause}
    return saved, {block: learned_words.NEEDED for block, text in needed.items() if not text}


async def _check(services: Services, incident: Incident, channel: str) -> SavedCheck | None:
    """Return the signature and what else it matches; None if the entry would not be recognised by its own line."""
    engine = services.engine(channel)
    line = incident.examples.match[0]

    if not (await asyncio.to_thread(lambda: signature_matcher([incident]).match(read_symptoms(line)))).hypotheses:
        return None
    known = [one.incident for one in (await match_text(line, engine=engine)).hypotheses if one.incident != incident.id]
    others: Sequence[Incident] = tuple(engine.catalog)
    found = await asyncio.to_thread(lambda: collisions(incident, others, known=known))
    titles = {
        id: engine.catalog.incidents[id].title
        for id in (*found.known, *(id for id, _ in found.examples))
        if id in engine.catalog.incidents
    }
    return SavedCheck(signature=str(incident.signatures[0]), collisions=found, titles=titles)


def _digest(check: SavedCheck) -> str:
    found: Any = (check.signature, check.collisions.examples, check.collisions.ordinary, check.collisions.known)
    return blake2b(repr(found).encode(), digest_size=8).hexdigest()
