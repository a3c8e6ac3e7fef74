"""Turn a press into a durable job after checking who pressed, and on which message of ours.

Slack's signature proves that Slack sent the payload. It does not prove that we offered the button there: a payload may
be replayed, come from a message that another app forged, or from another workspace. Such presses are refused and
audited.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

import structlog

from bot.common.redaction import holds_secret
from bot.jobs import StartJob
from bot.slack.client import Identity
from bot.store import AuditEntry, NewRequest, Store, StoredAnswer, StoredPlan, Surface
from bot.surfaces.slack.press_payload import AnswerNotStored
from bot.workflows.ask_dialog import AskDialog
from bot.workflows.chronicle.gestures import check_fact_correction, check_mark
from bot.workflows.chronicle.incident_changes import check_resolution
from bot.workflows.dialogs import (
    TELL_S,
    ButtonPress,
    DialogOutcome,
    InvalidInput,
    NextDialog,
    PressRefused,
    dialog_content,
    filling_id,
    name_to_type,
    typed_answers,
    was_shown_to,
)
from bot.workflows.feedback import check_correction
from bot.workflows.incident_payloads import MarkDialogJob, ResolveDialogJob
from bot.workflows.job_payloads import (
    AnswerJob,
    ChannelAnswersJob,
    OpinionJob,
    Payload,
    PickJob,
    PreviewJob,
    RemedyJob,
    SilenceDialogJob,
    SilenceEndJob,
    WatchPressJob,
)
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.save_dialog import check_save
from bot.workflows.services import ANSWER, Services, post_key
from bot.workflows.silences import check_silence
from bot.workflows.submissions import Submissions, TooManyRequests
from intents.domain import ObjectRef, Text
from responses import failures, words
from responses.safety import safe_line
from responses.slack.ask_dialog import TOO_LATE
from responses.slack.channel_answers import REMINDERS
from responses.slack.choices import cluster_of_token, parse_diagnose_value
from responses.slack.presses import Press, parse_dialog_metadata
from responses.slack.remedy_dialogs import source_warning_dialog

T = TypeVar("T")

_log: Final = structlog.get_logger(__name__)

_STORED_WITHIN_S: Final = (0.1, 0.2, 0.4, 0.8)
# An outage of the database may delay it by minutes.
_STORED_LATER: Final = timedelta(minutes=15)


_Check = Callable[[Services, ButtonPress], Awaitable[DialogOutcome]]
_Take = Callable[["PressIntake", ButtonPress], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PressIntake:
    """Checks presses and starts their jobs.

    Methods raise PressRefused (already audited), StoreUnavailable or JobsUnavailable.
    """

    services: Services
    start: StartJob
    identity: Identity
    submissions: Submissions
    form: AskDialog

    @property
    def _store(self) -> Store:
        return self.services.store

    async def take(self, press: ButtonPress) -> None:
        """Start the job of a press. Raise InvalidInput and NextDialog too."""
        try:
            self._check_sender(press)
            take = (_SUBMITTED if press.view else _PRESSED).get(press.press)
            if take is None:
                raise PressRefused("no message offers it")
            await take(self, press)
        except PressRefused as refused:
            await self._audit(press, refused.why)
            raise

    def is_ours(self, press: ButtonPress) -> bool:
        """Tell whether Slack sent it for this app in this workspace."""
        try:
            self._check_sender(press)
        except PressRefused:
            return False
        return True

    async def choose(self, press: ButtonPress) -> None:
        """Let a dialog follow a choice in it."""
        if press.inside and self.is_ours(press):
            await self.form.changed(
                press.press, press.value, metadata=press.metadata, view=press.inside, user=press.user
            )

    async def answer_of(self, press: ButtonPress) -> StoredAnswer:
        """Return the answer of the pressed message."""
        try:
            self._check_sender(press)
            return await self._answer_of(press)
        except PressRefused as refused:
            await self._audit(press, refused.why)
            raise

    # --- buttons below an answer ---

    async def _preview(self, press: ButtonPress) -> None:
        answer, plan = await self._answer_of(press), await self._store.plans.get(press.value)
        if plan is None or plan.request_id != answer.request_id:
            raise PressRefused("the plan is not offered by this message")
        payload = PreviewJob(
            request=answer.request_id, plan=plan.id, trigger=press.trigger, thread_ts=press.thread_ts, **press.by
        )
        await self.start(f"{plan.id}.preview.{press.user}.{press.at}", payload)

    async def _say_opinion(self, press: ButtonPress) -> None:
        request = (await self._answer_of(press)).request_id
        payload = OpinionJob(request=request, what=press.press, trigger=press.trigger, **press.by)
        await self.start(f"{request}.{press.press}.{press.user}.{press.at}", payload)

    async def _pick_cluster(self, press: ButtonPress) -> None:
        request = (await self._answer_of(press)).request_id
        cluster = cluster_of_token(request, press.value, self.services.clusters.names)
        if not cluster:
            raise PressRefused("the cluster is not offered by this message")
        payload = PickJob(request=request, cluster=cluster, **press.by)
        await self.start(f"{request}.pick.{press.user}.{press.at}", payload)

    async def _answer_anyway(self, press: ButtonPress) -> None:
        """Start the answer to a repeated request. Only its requester has the button."""
        request = await self._store.requests.get(press.value)
        if request is None:
            raise PressRefused("there is no such request")
        asked = request.original
        if (asked.team, asked.channel, asked.user) != (press.team, press.channel, press.user):
            raise PressRefused("the request is not offered to this user")
        payload = AnswerJob(request=press.value, user=press.user, revision=request.revision, anyway=True, asked=True)
        await self.start(f"{press.value}.anyway", payload)

    async def _diagnose(self, press: ButtonPress) -> None:
        """Ask about an object of an overview."""
        await self._offered(press)
        parsed = parse_diagnose_value(press.value)
        if parsed is None:
            raise PressRefused("the button does not name an object")
        about, cluster = parsed
        await self._request(press, f"{about} --context {cluster}" if cluster else "", about)

    async def _ask(self, press: ButtonPress) -> None:
        """Ask a question that a message offers."""
        await self._offered(press)
        if not press.value.strip():
            raise PressRefused("the button does not name a question")
        await self._request(press, press.value)

    async def _offered(self, press: ButtonPress) -> None:
        """Check that our message or our Home tab has the button."""
        if not press.home:
            await self._posted(press)

    async def _request(self, press: ButtonPress, text: str, about: ObjectRef | None = None) -> None:
        """Submit a request in the thread of the pressed message. The rights are those of the person who pressed.

        The Home tab has no thread: the answer is in the direct message.
        """
        await self.submit(
            NewRequest(
                id=f"{press.team}.{press.channel}.d{press.at}",
                origin=Surface.BUTTON,
                thread_ts=press.thread_ts or press.ts,
                text=text,
                kind=about.kind if about else "",
                namespace=about.namespace if about else "",
                name=about.name if about else "",
                created=self.services.clock(),
                **press.by,
            )
        )

    async def submit(self, request: NewRequest) -> None:
        """Submit a request that a press makes."""
        try:
            await self.submissions.submit(request)
        except TooManyRequests as refused:
            raise PressRefused("too many unanswered requests", failures.too_many_requests(refused.limit)) from refused

    async def _take_watch(self, press: ButtonPress) -> None:
        """Start the job of a press below a post of the watch. The message tells which post it is."""
        post = await self._posted(press)
        if await self._store.watch_posts.get(post) is None:
            raise PressRefused("the message is not a post of the watch")
        payload = WatchPressJob(post=post, what=press.press, value=press.value, **press.by)
        await self.start(f"{post}.{press.press}.{press.user}.{press.at}", payload)

    # --- silence alerts ---

    async def _take_silence(self, press: ButtonPress) -> None:
        """Start the job of a button below a post about alerts."""
        if await self._posted(press) != post_key(press.value, ANSWER):
            raise PressRefused("the message is not the post that the button names")
        if press.press is Press.SILENCE:
            payload: Payload = SilenceDialogJob(post=press.value, trigger=press.trigger, **press.by)
        else:
            payload = SilenceEndJob(post=press.value, **press.by)
        await self.start(f"{press.value}.{payload.kind}.{press.user}.{press.at}", payload)

    async def _posted(self, press: ButtonPress) -> str:
        """Return the key of the pressed message. Raise PressRefused if it is not ours."""
        posted = await _soon(lambda: self._store.outbox.by_message(press.channel, press.ts))
        if posted is None:
            raise PressRefused("the message is not one of ours")
        return posted

    async def _answer_of(self, press: ButtonPress) -> StoredAnswer:
        answer = await _soon(lambda: self._store.answers.by_message(press.channel, press.ts))
        if answer is not None:
            return answer
        since = self.services.clock() - _STORED_LATER
        posted = await self._store.outbox.by_message(press.channel, press.ts, since=since)
        if posted and posted.endswith(f"/{ANSWER}"):
            raise AnswerNotStored
        raise PressRefused("the message is not one of our answers")

    async def _of_channel(self, press: ButtonPress) -> None:
        """Start the job that opens a dialog or ends the reminders, if the button is below a message of ours."""
        await self._posted(press)
        if press.press is Press.NUDGES_OFF:
            payload: Payload = ChannelAnswersJob(about=REMINDERS, **press.by)
        else:
            opens = ResolveDialogJob if press.press is Press.RESOLVE else MarkDialogJob
            payload = opens(trigger=press.trigger, thread_ts=press.thread_ts, **press.by)
        await self.start(f"{press.channel}.{press.press}.{press.user}.{press.at}", payload)

    # --- dialogs ---

    async def _checked(self, press: ButtonPress, check: _Check) -> None:
        """Start the job of a submitted dialog if it passes a check. A dialog that is submitted twice is one job."""
        await self.start(*await check(self.services, press))

    async def _confirm(self, press: ButtonPress) -> None:
        plan = (await self._shown_to(press))[0]
        view = filling_id(press.view, parse_dialog_metadata(press.value)[1])
        seen = dialog_content(plan, view)
        if seen is None:
            raise PressRefused("the dialog does not show the change")
        if press.press is Press.CONFIRM:
            name = name_to_type(plan)
            if name and press.entered(Press.TYPED_NAME) != name:
                raise InvalidInput({str(Press.TYPED_NAME): words.NAME_DIFFERS.filled(safe_line(name))})
            if custodian := seen.preview.outlook.custodian:
                # Another controller will revert the change.
                language = await self.services.language_of(press.user, within=TELL_S)
                raise NextDialog(source_warning_dialog(press.value, custodian, language=language))
        # One job per dialog: a duplicate submission is the same job, and the claim decides between two dialogs.
        payload = RemedyJob(plan=plan.id, team=press.team, user=press.user, view=view)
        await self.start(f"{plan.id}.remedy.{press.view}", payload)

    async def _answer(self, press: ButtonPress) -> None:
        """Store the entered values and move the dialog on to the preview."""
        plan, answer = await self._shown_to(press)
        answers, wrong = typed_answers(plan, press.typed)
        # A plan writes what was typed, and what looks like a credential would be stored as something else.
        wrong = wrong or {
            name: failures.CHANGE_HOLDS_SECRET for name, typed in answers.items() if holds_secret({name: typed})
        }
        if wrong:
            raise InvalidInput(wrong)
        payload = PreviewJob(
            plan=plan.id, team=press.team, user=press.user, channel=answer.channel, view=press.view, answers=answers
        )
        digest = hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:12]
        await self.start(f"{plan.id}.preview.{press.view}.{digest}", payload)

    async def _shown_to(self, press: ButtonPress) -> tuple[StoredPlan, StoredAnswer]:
        """Return the plan of the submitted dialog and its answer, if it was shown to this user. Raise PressRefused."""
        plan = await self._store.plans.get(parse_dialog_metadata(press.value)[0])
        if plan is None:
            raise PressRefused("there is no such plan")
        if not was_shown_to(plan, press.user, press.view):
            raise PressRefused("the dialog was not shown to this user for the plan")
        answer = await self._store.answers.get(plan.request_id)
        if answer is None:
            raise PressRefused("the answer was deleted while the dialog was open", failures.ANSWER_DELETED)
        return plan, answer

    # --- both ---

    def _check_sender(self, press: ButtonPress) -> None:
        if press.team != self.identity.team:
            raise PressRefused("it comes from another workspace")
        if self.identity.app_id and press.app and press.app != self.identity.app_id:
            raise PressRefused("it is meant for another app")

    async def _audit(self, press: ButtonPress, why: str) -> None:
        _log.warning("press_refused", press=str(press.press), user=press.user, why=why)
        await self._store.audit.append(
            AuditEntry(
                at=self.services.clock(),
                actor=press.user,
                team=press.team,
                channel=press.channel,
                action=str(press.press),
                plan_id=safe_line(parse_dialog_metadata(press.value)[0])[:64],
                outcome="refused",
                detail={"why": why},
            )
        )


async def not_helpful(intake: PressIntake, press: ButtonPress) -> None:
    """Start the job that answers such texts no longer in the channel."""
    answer = await intake.answer_of(press)
    kind = KeptAnswer.from_json(answer.message).kind if answer.message else ""
    if not kind:
        raise PressRefused("the answer was asked for")
    payload = ChannelAnswersJob(request=answer.request_id, about=kind, **press.by)
    await intake.start(f"{answer.request_id}.{press.press}.{press.user}.{press.at}", payload)


async def answer_again(intake: PressIntake, press: ButtonPress) -> None:
    """Start the job that undoes it, below the answer or below the private reply to a command, which is not stored."""
    answer = await intake.services.store.answers.by_message(press.channel, press.ts)
    request = answer.request_id if answer else ""
    payload = ChannelAnswersJob(request=request, about=safe_line(press.value), again=True, **press.by)
    await intake.start(f"{press.channel}.{press.press}.{press.user}.{press.at}", payload)


async def ask_in_form(intake: PressIntake, press: ButtonPress) -> None:
    """Submit what was chosen in the dialog as a request of that person."""
    request = intake.form.submitted(press.typed, metadata=press.value, view=press.view, user=press.user)
    if request is TOO_LATE:
        raise PressRefused("the dialog does not name its channel", TOO_LATE)
    if isinstance(request, Text):
        raise InvalidInput({str(Press.ASK_TEXT): request})
    await intake.submit(request)


def _checked(check: _Check) -> _Take:
    return lambda intake, press: intake._checked(press, check)


_PRESSED: Final[Mapping[Press, _Take]] = {
    Press.REMEDY: PressIntake._preview,
    **dict.fromkeys((Press.NOT_IT, Press.HELPFUL, Press.MUTE, Press.UNMUTE), PressIntake._say_opinion),
    Press.NOT_HELPFUL: not_helpful,
    Press.ANSWER_AGAIN: answer_again,
    Press.NUDGES_OFF: PressIntake._of_channel,
    Press.CLUSTER: PressIntake._pick_cluster,
    Press.ANYWAY: PressIntake._answer_anyway,
    Press.DIAGNOSE: PressIntake._diagnose,
    Press.ASK: PressIntake._ask,
    Press.SILENCE: PressIntake._take_silence,
    Press.SILENCE_END: PressIntake._take_silence,
    Press.RESOLVE: PressIntake._of_channel,
    Press.CORRECT_FACT: PressIntake._of_channel,
    **dict.fromkeys(
        (Press.WATCH_MUTE, Press.WATCH_UNMUTE, Press.WATCH_LATER, Press.WATCH_USUAL), PressIntake._take_watch
    ),
}
_SUBMITTED: Final[Mapping[Press, _Take]] = {
    Press.CONFIRM: PressIntake._confirm,
    Press.CONFIRM_AGAIN: PressIntake._confirm,
    Press.ANSWER: PressIntake._answer,
    Press.RESOLVED: _checked(check_resolution),
    Press.CORRECT: _checked(check_correction),
    Press.MARK: _checked(check_mark),
    Press.CORRECT_FACT: _checked(check_fact_correction),
    Press.ASK_FORM: ask_in_form,
    Press.SAVE: _checked(check_save),
    Press.SAVE_CHECKED: _checked(check_save),
    Press.SILENCE: _checked(check_silence),
}


async def _soon(look_up: Callable[[], Awaitable[T | None]]) -> T | None:
    """Return what is stored about a message; it is stored just after its post, and a quick press may come first."""
    found = await look_up()
    for pause in _STORED_WITHIN_S:
        if found is not None:
            break
        await asyncio.sleep(pause)
        found = await look_up()
    return found
