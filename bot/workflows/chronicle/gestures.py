"""Record what people set for messages of an incident channel: by reactions, a message shortcut, and corrections.

What a person set is never overwritten by what is read. Who may set it is checked like every change of the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

import structlog
import yaml

from bot.slack.channel_messages import edited_at, thread_of, words_of
from bot.slack.errors import log_refusal
from bot.store import Mark
from bot.workflows.chronicle.documents import forbidden
from bot.workflows.chronicle.facts import SETTABLE, facts_of_chronicle, recorded_message
from bot.workflows.dialogs import ButtonPress, DialogOutcome, DialogRefused, InvalidInput, submitter, tell_user
from bot.workflows.incident_payloads import FactCorrectionJob, MarkDialogJob, MarkJob
from bot.workflows.services import Requester, Services
from intents.chronicle.channel_reader import WRONG
from intents.chronicle.facts import LONGEST_SAYS, Fact, FactKind, in_order, kind_of
from intents.domain import Text
from responses.chronicle import incident_replies
from responses.safety import safe_line
from responses.slack.chronicle import mark_dialog as shown
from responses.slack.chronicle.mark_dialog import Correction, correction_dialog, kind_of_choice, mark_dialog
from responses.slack.message import View
from responses.slack.presses import Press
from responses.slack.remedy_dialogs import refusal_dialog

_log: Final = structlog.get_logger(__name__)

_TICK: Final = timedelta(microseconds=1)
_OF_MESSAGES: Final = "m:"
_CORRECTED: Final[Mapping[str, str]] = {Correction.DONE: "action.done", Correction.NOT_CAUSE: "ruled_out"}


def kind_of_reaction(reaction: object) -> str:
    """Return the kind that a reaction sets, in any skin tone; "" for one that sets none."""
    return _kinds().get(str(reaction or "").partition("::")[0], "")


def reactions_of(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each kind that reactions set for a message, with the user; Slack names only some of many."""
    seen = set()
    for reaction in message.get("reactions") or ():
        what = kind_of_reaction(reaction.get("name")) if isinstance(reaction, Mapping) else ""
        for user in (reaction.get("users") or ()) if what else ():
            if (what, str(user)) not in seen:
                seen.add((what, str(user)))
                yield what, str(user)


@cache
def _kinds() -> Mapping[str, str]:
    table = yaml.safe_load((files("intents.chronicle") / "reactions.yaml").read_text(encoding="utf-8"))
    return {emoji: kind for kind, emoji_of_kind in table.items() for emoji in emoji_of_kind}


async def refusal_of_mark(services: Services, requester: Requester, channel: str, ts: str) -> Text | None:
    """Return why this person may not set anything for this message of the channel; None if they may."""
    known = await services.store.chronicles.get(channel)
    if known is None or not known.is_recorded:
        return incident_replies.NO_INCIDENT if known is None else incident_replies.DISMISSED_HERE
    if refused := forbidden(requester, changes=True):
        return refused
    # The summary would quote itself, and its content changes all the time.
    return incident_replies.SUMMARY_ITSELF if ts == known.summary_ts else None


# --- set what a message is ---


async def mark_message(services: Services, payload: MarkJob) -> None:
    """Run the job `mark`. Only a refusal is answered, once a day."""
    channel, ts = payload.channel, payload.ts
    message: Mapping[str, Any] | None = None
    with log_refusal(_log.warning, "marked_message_read_failed", channel=channel):
        message = await services.slack.message(channel=channel, ts=ts)
    requester = await services.presser(payload)
    if refused := await refusal_of_mark(services, requester, channel, ts):
        if await services.once(f"mark/{channel}/{payload.user}"):
            await tell_user(services, channel, payload.user, refused, thread_ts=thread_of(message or {}))
        return
    says = payload.says
    changed = False
    if message and payload.stands:
        # It may be one that is not recorded: of an app, or older than what was read so far.
        recorded = recorded_message({**message, "channel": channel}, version=edited_at(message))
        changed = await services.store.chronicles.record(channel, recorded)
        # Unchanged words follow the edits of their author.
        says = "" if says == words_of(message) else says
    kinds = {WRONG: "", payload.what: says} if payload.alone else {payload.what: says}
    marks = _marks(ts, payload.user, payload.at, kinds, stands=payload.stands)
    if await services.store.chronicles.mark(channel, *marks) or changed:
        await services.changed(channel)


def _marks(ts: str, user: str, at: datetime, kinds: Mapping[str, str], *, stands: bool = True) -> list[Mark]:
    """Return the marks that set these kinds with their words, one after the other."""
    return [
        Mark(ts=ts, user=user, what=what, at=at + number * _TICK, says=says, stands=stands)
        for number, (what, says) in enumerate(kinds.items())
    ]


# --- correct a fact ---


async def correct_fact(services: Services, payload: FactCorrectionJob) -> None:
    """Run the job `fact_correction`. Whatever else the message of the fact states is kept."""
    channel = payload.channel
    requester = await services.presser(payload)
    refused = await refusal_of_mark(services, requester, channel, "")
    chronicle = await services.store.chronicles.read(channel)
    ordered = in_order(await facts_of_chronicle(chronicle)) if chronicle else []
    fact = next((fact for fact in ordered if fact.key == payload.key), None)
    if refused or fact is None:
        await tell_user(services, channel, payload.user, refused or shown.FACT_GONE)
        return
    if payload.what == Correction.DONE:
        # What was said last of an action tells its state.
        fact = next(one for one in reversed(ordered) if one.kind is FactKind.ACTION and one.about == fact.about)
    others = [one for one in ordered if one.ts == fact.ts and one.key.startswith(_OF_MESSAGES) and one is not fact]
    kinds = {WRONG: "", **{_settable(one): one.says for one in others if _settable(one) in SETTABLE}}
    if payload.what != Correction.WRONG:
        # Words that stand for the whole message follow its edits.
        kinds[_CORRECTED.get(payload.what) or _settable(fact)] = payload.says or (fact.says if others else "")
    if await services.store.chronicles.mark(channel, *_marks(fact.ts, payload.user, payload.at, kinds)):
        await services.changed(channel)


def _settable(fact: Fact) -> str:
    kind = kind_of(fact)
    return kind if kind in SETTABLE else kind.partition(".")[0]


# --- their dialogs ---


async def mark_view(services: Services, job: MarkDialogJob, _view: str) -> View:
    """Return what a message may be, or the facts that may be corrected, or the refusal."""
    requester = await services.presser(job)
    language = requester.language
    if refused := await refusal_of_mark(services, requester, job.channel, job.ts):
        return refusal_dialog(refused, language=language)
    if job.ts:
        return mark_dialog(job.text, metadata=f"{job.channel}|{job.ts}", language=language)
    chronicle = await services.store.chronicles.read(job.channel)
    stated = reversed(in_order(await facts_of_chronicle(chronicle))) if chronicle else ()
    facts = [fact for fact in stated if fact.key.startswith(_OF_MESSAGES) and shown.label_of(fact)]
    if not facts:
        return refusal_dialog(shown.NOTHING_TO_CORRECT, language=language)
    return correction_dialog(facts, channel=job.channel, language=language)


async def check_mark(services: Services, dialog: ButtonPress) -> DialogOutcome:
    """Check the submitted dialog of a message. Raise StoreUnavailable."""
    channel, _, ts = dialog.value.partition("|")
    await _permit(services, dialog, channel, ts)
    what = dialog.entered(Press.MARK_AS)
    if what not in SETTABLE:
        raise InvalidInput({str(Press.MARK_AS): shown.CHOOSE_ONE})
    job = MarkJob(
        ts=ts,
        what=what,
        at=services.clock(),
        says=_typed(dialog, Press.MARK_TEXT),
        alone=True,
        **dialog.by_in(channel),
    )
    return f"{channel}.mark.{dialog.view}", job


async def check_fact_correction(services: Services, dialog: ButtonPress) -> DialogOutcome:
    """Check the submitted dialog of corrections. Raise StoreUnavailable."""
    channel = dialog.value
    await _permit(services, dialog, channel, "")
    key, what = dialog.entered(Press.FACT), dialog.entered(Press.FACT_IS)
    kind, says = kind_of_choice(key), _typed(dialog, Press.FACT_TEXT)
    if kind is None:
        raise InvalidInput({str(Press.FACT): shown.CHOOSE_ONE})
    if wrong := shown.unfit(what, kind, says):
        raise InvalidInput(wrong)
    job = FactCorrectionJob(
        key=key,
        what=what,
        at=services.clock(),
        says=says if what == Correction.EDITED else "",
        **dialog.by_in(channel),
    )
    return f"{channel}.correct.{dialog.view}", job


async def _permit(services: Services, dialog: ButtonPress, channel: str, ts: str) -> None:
    requester = await submitter(services, dialog, channel)
    if refused := await refusal_of_mark(services, requester, channel, ts):
        raise DialogRefused(refused)


def _typed(dialog: ButtonPress, press: Press) -> str:
    return safe_line(dialog.entered(press), limit=LONGEST_SAYS)
