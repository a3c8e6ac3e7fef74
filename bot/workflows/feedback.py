"""Take what people say of answers: not it and what it was instead, mute and unmute.

"Not it" stands by itself: a person who closes the dialog has said all they wanted to. The dialog carries its request,
so any process may take what was submitted, also after a restart.
"""

from __future__ import annotations

from typing import Final

import structlog

from bot.jobs import JobRun
from bot.policy import ReadLevel
from bot.slack.errors import SlackError
from bot.store import HELPFUL, NOT_IT, Mute, StoredAnswer, StoreUnavailable
from bot.workflows.dialogs import ButtonPress, DialogOutcome, DialogRefused, InvalidInput, submitter
from bot.workflows.job_payloads import By, CorrectionJob, OpinionJob
from bot.workflows.kept_answer import KeptAnswer, correction_note
from bot.workflows.message_poster import MessagePoster
from bot.workflows.services import Requester, Services, retry_step
from intents.domain import Json, Language, Text
from intents.feedback import LONGEST_REMARK, NONE_OF_THEM, Correction
from intents.mutes import MUTED_FOR, MuteCommand
from intents.slash import MutedQuery
from intents.spelling import Misuse, closest
from responses import failures
from responses.safety import safe_line
from responses.slack import feedback as feedback_words
from responses.slack.feedback import CorrectionChoices, correction_dialog
from responses.slack.help import misused
from responses.slack.message import Message, View
from responses.slack.notices import MuteShown, all_muted, muted, notice, unmuted
from responses.slack.presses import Press
from responses.words import DOT, ENUMERATION

_REASON: Final = 200


async def answer_mute_command(
    services: Services, command: MutedQuery | MuteCommand, by: By, *, language: Language
) -> Message:
    """Mute, unmute, or list the mutes of a channel. Raise StoreUnavailable.

    A person who may not see the answers here must neither mute nor unmute them for others.
    """
    channel = by["channel"]
    kept = await services.store.mutes.list(channel, services.clock())
    wanted = command.muted if isinstance(command, MuteCommand) else command.unmute
    chosen = [mute for mute in kept if wanted.lower() in ("all", mute.muted.lower())]
    if not wanted or (isinstance(command, MutedQuery) and not chosen):
        return all_muted([mute_shown(services, mute) for mute in kept], language=language)
    requester = await services.in_time(services.requester(**by))
    if requester is None or requester.scope.reading is not ReadLevel.FULL:
        refusal = failures.UNMUTE_NOT_ALLOWED if requester else failures.BUSY
        return notice(refusal, language=language)
    if isinstance(command, MuteCommand):
        return await _mute(services, command, channel=channel, user=by["user"], language=language)
    for mute in chosen:
        await services.store.mutes.remove(channel, mute.muted)
    titles = [services.title_of(mute.muted, channel) for mute in chosen]
    return unmuted(Text.joined(titles, ENUMERATION), language=language)


async def _mute(services: Services, command: MuteCommand, *, channel: str, user: str, language: Language) -> Message:
    incidents = services.engine(channel).catalog.incidents
    if " " not in command.muted and command.muted not in incidents:
        says = Text(en=f'there is no incident "{command.muted}"', zh=f"没有问题“{command.muted}”")
        meant = closest(command.muted, incidents, at_least=0)
        wrong = Misuse(says=says, closest=f"mute {meant}" if meant else "")
        return misused(wrong.says, wrong.closest, usage=wrong.usage, language=language)
    now = services.clock()
    mute = Mute(
        channel=channel,
        muted=command.muted,
        by=user,
        at=now,
        until=now + command.lasts,
        reason=safe_line(command.reason, limit=_REASON),
    )
    await services.store.mutes.add(mute)
    return muted(mute_shown(services, mute), language=language)


def mute_shown(services: Services, mute: Mute) -> MuteShown:
    """Return a mute as it is shown, with the title of an incident."""
    title = services.title_of(mute.muted, mute.channel)
    return MuteShown(muted=mute.muted, title=title, by=mute.by, until=mute.until, reason=mute.reason)


_log: Final = structlog.get_logger(__name__)


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


async def check_correction(services: Services, dialog: ButtonPress) -> DialogOutcome:
    """Check a submitted dialog: permission, the mark before it, the entry. Raise StoreUnavailable."""
    request_id, user = dialog.value, dialog.user
    answer = await services.store.answers.get(request_id)
    if answer is None:
        raise DialogRefused(feedback_words.ANSWER_GONE)
    requester = await submitter(services, dialog, answer.channel)
    marked = await services.store.feedback.has(request_id, user, NOT_IT)
    if requester.scope.reading is not ReadLevel.FULL or not marked:
        # The dialog opens only for those who may see the answer and marked it: this one was forged, or rights changed.
        raise DialogRefused(failures.OPINION_NOT_ALLOWED)
    entry = dialog.entered(Press.WAS)
    says = safe_line(dialog.entered(Press.WAS_TEXT), limit=LONGEST_REMARK)
    if entry and entry != NONE_OF_THEM and entry not in services.engine(answer.channel).catalog.incidents:
        raise InvalidInput({str(Press.WAS): feedback_words.ENTRY_GONE})
    if not entry and not says:
        raise InvalidInput({str(Press.WAS_TEXT): feedback_words.CHOOSE_OR_TYPE})
    job = CorrectionJob(
        request=request_id, channel=answer.channel, user=user, entry=entry, says=says, at=services.clock()
    )
    return f"{request_id}.correction.{dialog.view}", job


async def take_correction(services: Services, payload: CorrectionJob) -> None:
    """Store the correction and show it in the answer; an earlier one of this person is replaced."""
    store = services.store
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
    async with services.turn(request_id):
        if await store.answers.get(request_id) is None:
            return  # the paste was deleted meanwhile
        if await store.corrections.save(correction):
            services.metrics.corrected(answer.incident)
        elif (stored := await store.corrections.of(request_id, user)) and stored.at != correction.at:
            return  # a later one is stored
        await store.answers.note(request_id, correction_note(user, _was(services, correction)))
        await MessagePoster(services=services).show(request)


def _was(services: Services, correction: Correction) -> Text:
    """Return what it was, as the answer shows it: the entry's title, then what was typed."""
    parts = [Text.same(f"“{correction.says}”")] if correction.says else []
    if correction.entry == NONE_OF_THEM:
        parts.insert(0, feedback_words.NOT_KNOWN)
    elif correction.entry:
        parts.insert(0, services.title_of(correction.entry, correction.channel))
    return Text.joined(parts, DOT)


async def take_opinion(services: Services, run: JobRun, payload: OpinionJob) -> Json | None:
    """Run the job `opinion`."""
    taken = await retry_step(run, "take", _take, services, payload)
    if not (taken and taken["taken"]):
        return None
    if payload.what is Press.NOT_IT:
        # Before the answer is updated: the trigger expires after three seconds.
        await run.step("ask", _ask, services, payload)
    await retry_step(run, "show", _show, services, payload.request)
    return None


async def _take(services: Services, payload: OpinionJob) -> Json:
    """Record the opinion. Return whether it was `taken`."""
    store = services.store
    request_id, user, channel = payload.request, payload.user, payload.channel
    answer, request = await store.answers.get(request_id), await store.requests.get(request_id)
    if answer is None or request is None:
        return {"taken": False}
    requester = await services.presser(payload)
    if requester.scope.reading is not ReadLevel.FULL:
        # A user who may not see the answer must not hide it from others.
        message = notice(failures.OPINION_NOT_ALLOWED, language=requester.language)
        await services.tell(payload.sender, message, thread_ts=request.original.thread_ts)
        return {"taken": False}
    now = services.clock()
    match payload.what:
        case Press.NOT_IT:
            await store.feedback.add(request_id, user, NOT_IT, now)
            users = [*dict.fromkeys([*answer.shown.get("not_it", ()), user])]
            await store.answers.note(request_id, {"not_it": users})
        case Press.HELPFUL:
            await store.feedback.add(request_id, user, HELPFUL, now)
            marked = answer.shown.get("not_it", ())
            if user not in marked:
                # Slack's button shows itself that it was pressed.
                return {"taken": False}
            await store.answers.note(request_id, {"not_it": [each for each in marked if each != user]})
        case Press.MUTE:
            await store.mutes.add(Mute(channel=channel, muted=answer.incident, by=user, at=now, until=now + MUTED_FOR))
            await store.answers.note(request_id, {"muted": user})
        case Press.UNMUTE:
            for muted in filter(None, (answer.incident, KeptAnswer.from_json(answer.message).muted)):
                await store.mutes.remove(channel, muted)
            await store.answers.note(request_id, {"muted": ""})
        case _:
            return {"taken": False}
    return {"taken": True}


async def _ask(services: Services, payload: OpinionJob) -> None:
    """Open the dialog that asks what it was. The opinion stands without it."""
    try:
        answer = await services.store.answers.get(payload.request)
        if answer is None:
            return
        requester = await services.presser(payload)
        view = await correction_view(services, answer, requester)
        if view is not None:
            await services.slack.open_view(payload.trigger, view)
    except (SlackError, StoreUnavailable) as error:
        _log.info("correction_dialog_open_failed", channel=payload.channel, error=str(error))


async def _show(services: Services, request_id: str) -> None:
    """Update the answer."""
    if request := await services.store.requests.get(request_id):
        await MessagePoster(services=services).show(request)
