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
from typing import Any, Final, TypeVar

import structlog

from bot.common.redaction import holds_secret
from bot.jobs import StartJob
from bot.slack.client import Identity
from bot.store import (
    AuditEntry,
    NewRequest,
    ReplyAddress,
    Store,
    StoredAnswer,
    StoredPlan,
    StoreUnavailable,
    Surface,
)
from bot.surfaces.slack.press_payload import ButtonPress
from bot.workflows.admission import TooManyRequests
from bot.workflows.chronicle.resolve_dialog import check_resolution
from bot.workflows.corrections import check_correction
from bot.workflows.dialogs import dialog_content, filling_id, name_to_type, typed_answers, was_shown_to
from bot.workflows.fair_turns import ASKED
from bot.workflows.save_dialog import check_save
from bot.workflows.services import ANSWER, Services
from bot.workflows.silences import check_silence
from bot.workflows.submissions import Submissions
from intents.domain import ExternalManager, Text
from responses import failures, words
from responses.safety import safe_line
from responses.slack.cluster_picker import cluster_of_token
from responses.slack.diagnose_buttons import parse_diagnose_value
from responses.slack.message import View
from responses.slack.presses import Press, parse_dialog_metadata

T = TypeVar("T")

_log: Final = structlog.get_logger(__name__)

_STORED_WITHIN_S: Final = (0.1, 0.2, 0.4, 0.8)
# An outage of the database may delay it by minutes.
_STORED_LATER: Final = timedelta(minutes=15)
_DIALOGS: Final = frozenset({Press.CONFIRM, Press.CONFIRM_AGAIN, Press.ANSWER})
_SAVES: Final = frozenset({Press.SAVE, Press.SAVE_CHECKED})
_OPINIONS: Final = frozenset({Press.NOT_IT, Press.MUTE, Press.UNMUTE})

_WATCH: Final = frozenset({Press.WATCH_MUTE, Press.WATCH_UNMUTE, Press.WATCH_LATER, Press.WATCH_USUAL})


class InvalidInput(Exception):
    """Error: input of a dialog is invalid. Maps the input's block id to the message."""

    def __init__(self, wrong: Mapping[str, Text]) -> None:
        self.wrong = wrong
        super().__init__(", ".join(wrong))


class ConfirmationNeeded(Exception):
    """Error: the change needs a second confirmation, because another controller will revert it."""

    def __init__(self, carried: str, custodian: ExternalManager) -> None:
        self.carried = carried
        self.custodian = custodian
        super().__init__(custodian.name)


class NextDialog(Exception):
    """Error: the dialog goes on with this view."""

    def __init__(self, view: View) -> None:
        self.view = view
        super().__init__(str(view.get("callback_id", "")))


class PressRefused(Exception):
    """Error: the press starts nothing. `why` goes into the audit, `says` to the user who pressed."""

    def __init__(self, why: str, says: Text = failures.UNKNOWN_BUTTON) -> None:
        self.why = why
        self.says = says
        super().__init__(why)


class AnswerNotStored(StoreUnavailable):
    """Error: the pressed message is ours, and its answer is not stored yet: the user may press again in a moment."""

    usual = "the answer is not stored yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class PressIntake:
    """Checks presses and starts their jobs.

    Methods raise PressRefused (already audited), StoreUnavailable or JobsUnavailable.
    """

    services: Services
    start: StartJob
    identity: Identity
    submissions: Submissions

    @property
    def _store(self) -> Store:
        return self.services.store

    async def take(self, press: ButtonPress) -> None:
        """Start the job of a press. Raise InvalidInput, ConfirmationNeeded and NextDialog too."""
        try:
            if press.press is Press.RESOLVE:
                await self._open_resolution(press)
            elif press.press is Press.RESOLVED:
                await self._resolve(press)
            elif press.press is Press.CORRECT:
                await self._correct(press)
            elif press.press in _SAVES:
                await self._save(press)
            elif press.press in _DIALOGS:
                await self._take_dialog(press)
            elif press.press is Press.ANYWAY:
                await self._answer_anyway(press)
            elif press.press is Press.DIAGNOSE:
                await self._diagnose(press)
            elif press.press is Press.SILENCE and press.view:
                await self._silence(press)
            elif press.press in (Press.SILENCE, Press.SILENCE_END):
                await self._take_silence(press)
            elif press.press in _WATCH:
                await self._take_watch(press)
            else:
                await self._take_button(press)
        except PressRefused as refused:
            await self._audit(press, refused.why)
            raise

    async def answer_of(self, press: ButtonPress) -> StoredAnswer:
        """Return the answer of the pressed message."""
        try:
            return await self._answer_of(press)
        except PressRefused as refused:
            await self._audit(press, refused.why)
            raise

    # --- buttons below an answer ---

    async def _take_button(self, press: ButtonPress) -> None:
        answer = await self._answer_of(press)
        payload = {
            "request": answer.request_id,
            "team": press.team,
            "channel": press.channel,
            "ts": press.ts,
            "thread_ts": press.thread_ts,
            "user": press.user,
        }
        if press.press is Press.REMEDY:
            await self._preview(press, answer, payload)
        elif press.press in _OPINIONS:
            what = str(press.press)
            job = f"{answer.request_id}.{what}.{press.user}.{press.at}"
            await self.start("opinion", job, {**payload, "what": what, "trigger": press.trigger})
        elif press.press is Press.CLUSTER:
            cluster = cluster_of_token(answer.request_id, press.value, self.services.clusters.names)
            if not cluster:
                raise PressRefused("the cluster is not offered by this message")
            job = f"{answer.request_id}.pick.{press.user}.{press.at}"
            await self.start("pick", job, {**payload, "cluster": cluster})

    async def _answer_anyway(self, press: ButtonPress) -> None:
        """Start the answer to a repeated request. Only its requester has the button."""
        self._check_sender(press)
        request = await self._store.requests.get(press.value)
        if request is None:
            raise PressRefused("there is no such request")
        asked = request.original
        if (asked.team, asked.channel, asked.user) != (press.team, press.channel, press.user):
            raise PressRefused("the request is not offered to this user")
        payload = {"request": press.value, "user": press.user, "revision": request.revision, "anyway": True}
        await self.start("answer", f"{press.value}.anyway", payload | {ASKED: True})

    async def _diagnose(self, press: ButtonPress) -> None:
        """Ask about an object of an overview, in its thread. The rights are those of the person who pressed."""
        self._check_sender(press)
        if await _soon(lambda: self._store.outbox.by_message(press.channel, press.ts)) is None:
            raise PressRefused("the message is not one of ours")
        parsed = parse_diagnose_value(press.value)
        if parsed is None:
            raise PressRefused("the button does not name an object")
        about, cluster = parsed
        named = f"{about.namespace}/{about.name}" if about.namespace else about.name
        request = NewRequest(
            id=f"{press.team}.{press.channel}.d{press.at}",
            origin=Surface.BUTTON,
            reply_to=ReplyAddress(team=press.team, channel=press.channel, thread_ts=press.thread_ts or press.ts),
            user=press.user,
            text=f"{about.kind} {named} --context {cluster}" if cluster else "",
            kind=about.kind,
            namespace=about.namespace,
            name=about.name,
            created=self.services.clock(),
        )
        try:
            await self.submissions.submit(request)
        except TooManyRequests as refused:
            raise PressRefused("too many unanswered requests", failures.too_many_requests(refused.limit)) from refused

    async def _take_watch(self, press: ButtonPress) -> None:
        """Start the job of a press below a post of the watch. The message tells which post it is."""
        self._check_sender(press)
        post = await _soon(lambda: self._store.outbox.by_message(press.channel, press.ts))
        if post is None or await self._store.watch_posts.get(post) is None:
            raise PressRefused("the message is not a post of the watch")
        payload = {
            "post": post, "what": str(press.press), "value": press.value,
            "user": press.user, "team": press.team, "channel": press.channel,
        }  # fmt: skip
        await self.start("watch_press", f"{post}.{press.press}.{press.user}.{press.at}", payload)

    # --- silence alerts ---

    async def _take_silence(self, press: ButtonPress) -> None:
        """Start the job of a button below a post about alerts."""
        self._check_sender(press)
        posted = await _soon(lambda: self._store.outbox.by_message(press.channel, press.ts))
        if posted != f"{press.value}/{ANSWER}":
            raise PressRefused("the message is not the post that the button names")
        payload = {
            "post": press.value, "channel": press.channel, "team": press.team, "user": press.user,
            "trigger": press.trigger,
        }  # fmt: skip
        kind = "silence_dialog" if press.press is Press.SILENCE else "silence_end"
        await self.start(kind, f"{press.value}.{kind}.{press.user}.{press.at}", payload)

    async def _silence(self, press: ButtonPress) -> None:
        """Start the job that silences alerts. A dialog that is submitted twice is one job."""
        self._check_sender(press)
        checked = await check_silence(
            self.services,
            team=press.team,
            user=press.user,
            metadata=press.value,
            typed=press.typed,
            view=press.view,
        )
        if checked.refused:
            raise PressRefused(checked.refused.en, checked.refused)
        if checked.wrong:
            raise InvalidInput(checked.wrong)
        await self.start("silence", f"{checked.payload['post']}.silence.{press.view}", checked.payload)

    async def _preview(self, press: ButtonPress, answer: StoredAnswer, payload: dict[str, Any]) -> None:
        plan = await self._store.plans.get(press.value)
        if plan is None or plan.request_id != answer.request_id:
            raise PressRefused("the plan is not offered by this message")
        job = f"{plan.id}.preview.{press.user}.{press.at}"
        await self.start("preview", job, {**payload, "plan": plan.id, "trigger": press.trigger})

    async def _answer_of(self, press: ButtonPress) -> StoredAnswer:
        self._check_sender(press)
        answer = await _soon(lambda: self._store.answers.by_message(press.channel, press.ts))
        if answer is not None:
            return answer
        since = self.services.clock() - _STORED_LATER
        posted = await self._store.outbox.by_message(press.channel, press.ts, since=since)
        if posted and posted.endswith(f"/{ANSWER}"):
            raise AnswerNotStored
        raise PressRefused("the message is not one of our answers")

    # --- resolve an incident ---

    async def _open_resolution(self, press: ButtonPress) -> None:
        """Start the job that opens the dialog, if the button is below a message of ours."""
        self._check_sender(press)
        if await _soon(lambda: self._store.outbox.by_message(press.channel, press.ts)) is None:
            raise PressRefused("the message is not one of ours")
        payload = {
            "channel": press.channel,
            "team": press.team,
            "user": press.user,
            "trigger": press.trigger,
            "thread_ts": press.thread_ts,
        }
        await self.start("resolve", f"{press.channel}.resolve.{press.user}.{press.at}", payload)

    async def _resolve(self, press: ButtonPress) -> None:
        """Start the job that resolves the incident. A dialog that is submitted twice is one job."""
        self._check_sender(press)
        checked = await check_resolution(
            self.services, team=press.team, channel=press.value, user=press.user, typed=press.typed
        )
        if checked.refused:
            raise PressRefused("the incident may not be resolved by this user now", checked.refused)
        if checked.wrong:
            raise InvalidInput(checked.wrong)
        await self.start("command", f"{press.value}.resolved.{press.view}", checked.payload)

    # --- say what it was ---

    async def _correct(self, press: ButtonPress) -> None:
        """Start the job that stores a correction. A dialog that is submitted twice is one job."""
        self._check_sender(press)
        checked = await check_correction(
            self.services, team=press.team, user=press.user, request_id=press.value, typed=press.typed
        )
        if checked.refused:
            raise PressRefused("the answer may not be corrected by this user now", checked.refused)
        if checked.wrong:
            raise InvalidInput(checked.wrong)
        await self.start("correction", f"{press.value}.correction.{press.view}", checked.payload)

    # --- save an incident ---

    async def _save(self, press: ButtonPress) -> None:
        """Start the job that saves an incident, once the dialog showed the check. Two submissions are one job."""
        self._check_sender(press)
        checked = await check_save(
            self.services, team=press.team, user=press.user, metadata=press.value, typed=press.typed, view=press.view
        )
        if checked.wrong:
            raise InvalidInput(checked.wrong)
        if checked.view is not None:
            raise NextDialog(checked.view)
        await self.start("save_incident", f"{checked.payload['id']}.v{checked.payload['version']}", checked.payload)

    # --- dialogs ---

    async def _take_dialog(self, press: ButtonPress) -> None:
        plan = await self._shown_to(press)
        if press.press is Press.ANSWER:
            await self._answer(press, plan)
        else:
            await self._confirm(press, plan)

    async def _confirm(self, press: ButtonPress, plan: StoredPlan) -> None:
        view = filling_id(press.view, parse_dialog_metadata(press.value)[1])
        seen = dialog_content(plan, view)
        if seen is None:
            raise PressRefused("the dialog does not show the change")
        if press.press is Press.CONFIRM:
            _check_name(name_to_type(plan), press.typed.get(Press.TYPED_NAME, ""))
            if custodian := seen.preview.outlook.custodian:
                raise ConfirmationNeeded(press.value, custodian)
        # One job per dialog: a duplicate submission is the same job, and the claim decides between two dialogs.
        job = f"{plan.id}.remedy.{press.view}"
        payload = {"plan": plan.id, "team": press.team, "user": press.user, "view": view}
        await self.start("remedy", job, payload)

    async def _answer(self, press: ButtonPress, plan: StoredPlan) -> None:
        """Store the entered values and move the dialog on to the preview."""
        answer = await self._store.answers.get(plan.request_id)
        if answer is None:
            raise PressRefused("there is no such plan")
        answers, wrong = typed_answers(plan, press.typed)
        # A plan writes what was typed, and what looks like a credential would be stored as something else.
        wrong = wrong or {
            name: failures.CHANGE_HOLDS_SECRET for name, typed in answers.items() if holds_secret({name: typed})
        }
        if wrong:
            raise InvalidInput(wrong)
        payload = {
            "plan": plan.id, "team": press.team, "user": press.user, "channel": answer.channel,
            "view": press.view, "answers": answers,
        }  # fmt: skip
        await self.start("preview", f"{plan.id}.preview.{press.view}.{_digest(answers)}", payload)

    async def _shown_to(self, press: ButtonPress) -> StoredPlan:
        """Return the plan of the submitted dialog if it was shown to this user. Raise PressRefused."""
        self._check_sender(press)
        plan = await self._store.plans.get(parse_dialog_metadata(press.value)[0])
        if plan is None:
            raise PressRefused("there is no such plan")
        if not was_shown_to(plan, press.user, press.view):
            raise PressRefused("the dialog was not shown to this user for the plan")
        if await self._store.answers.get(plan.request_id) is None:
            raise PressRefused("the answer was deleted while the dialog was open", failures.ANSWER_DELETED)
        return plan

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


async def _soon(look_up: Callable[[], Awaitable[T | None]]) -> T | None:
    """Return what is stored about a message; it is stored just after its post, and a quick press may come first."""
    found = await look_up()
    for pause in _STORED_WITHIN_S:
        if found is not None:
            break
        await asyncio.sleep(pause)
        found = await look_up()
    return found


def _check_name(name: str, typed: str) -> None:
    if name and typed.strip() != name:
        name = safe_line(name)
        wrong = Text(en=words.NAME_DIFFERS.en.format(name), zh=words.NAME_DIFFERS.zh.format(name))
        raise InvalidInput({str(Press.TYPED_NAME): wrong})


def _digest(answers: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:12]
