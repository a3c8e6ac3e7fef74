"""From a press to a durable job. A press is a claim, no fact: who pressed, on which message of ours, is checked first.

Slack's signature says that Slack sent it. It does not say that the button is one we offered there: a payload may be
replayed, stem from a message that another app forged, or from another workspace. Such presses are refused and audited.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.jobs import Jobs
from bot.portable import Portable
from bot.remedies.contract import Plan, Preview
from bot.slack.client import Identity
from bot.store import Answer, AuditEntry, Store
from bot.store import Plan as StoredPlan
from bot.workflows.desk import Desk
from intents.asking import complaints
from intents.domain import Custodian, Text
from responses import failures, words
from responses.safety import safe_line
from responses.slack.cluster_picker import cluster_of_token
from responses.slack.presses import Press, parse_choice, parse_dialog_metadata, parse_press

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """One press: on message `ts` of `channel`, or in dialog `view` (then `ts` is empty), and what was `typed` there."""

    press: Press
    value: str
    team: str
    app: str
    user: str
    channel: str = ""
    ts: str = ""
    thread_ts: str = ""
    trigger: str = ""
    at: str = ""
    view: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


class Mistyped(Exception):
    """What was typed into a dialog cannot be taken: input's block id → what is wrong with it."""

    def __init__(self, wrong: Mapping[str, Text]) -> None:
        self.wrong = wrong
        super().__init__(", ".join(wrong))


class AskedAgain(Exception):
    """It is to be confirmed once more, knowing that somebody else will take the change back."""

    def __init__(self, carried: str, custodian: Custodian) -> None:
        self.carried = carried
        self.custodian = custodian
        super().__init__(custodian.name)


class Refused(Exception):
    """Nothing is started; `why` goes into the audit, `says` to the presser: of what is none of ours no more."""

    def __init__(self, why: str, says: Text = failures.UNKNOWN_BUTTON) -> None:
        self.why = why
        self.says = says
        super().__init__(why)


def read_press(body: Mapping[str, Any]) -> Pressed | None:
    """The press in a block_actions or view_submission payload; None for an element of nobody here."""
    common: dict[str, Any] = {
        "team": str((body.get("team") or {}).get("id") or ""),
        "app": str(body.get("api_app_id") or ""),
        "user": str((body.get("user") or {}).get("id") or ""),
        "trigger": str(body.get("trigger_id") or ""),
    }
    view = body.get("view") or {}
    if body.get("type") == "view_submission":
        press = parse_press(str(view.get("callback_id") or ""))
        if press is None:
            return None
        return Pressed(
            press=press,
            value=str(view.get("private_metadata") or ""),
            view=str(view.get("id") or ""),
            typed=_typed(view),
            **common,
        )
    action: Mapping[str, Any] = next(iter(body.get("actions") or ()), {})
    press, value = parse_press(str(action.get("action_id") or "")), str(action.get("value") or "")
    if press is Press.MORE:
        picked = parse_choice(str((action.get("selected_option") or {}).get("value") or ""))
        if picked is None:
            return None
        press, value = picked
    if press is Press.CLUSTER and "selected_option" in action:
        value = str((action.get("selected_option") or {}).get("value") or "")
    if press is None:
        return None
    container, message = body.get("container") or {}, body.get("message") or {}
    return Pressed(
        press=press,
        value=value,
        channel=str(container.get("channel_id") or (body.get("channel") or {}).get("id") or ""),
        ts=str(container.get("message_ts") or message.get("ts") or ""),
        thread_ts=str(container.get("thread_ts") or message.get("thread_ts") or ""),
        at=str(action.get("action_ts") or ""),
        **common,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Presses:
    desk: Desk
    jobs: Jobs
    identity: Identity

    @property
    def _store(self) -> Store:
        return self.desk.store

    async def take(self, pressed: Pressed) -> None:
        """Start what was pressed.

        Raises Refused (audited already), Mistyped, AskedAgain, StoreUnavailable or JobsUnavailable.
        """
        try:
            await self._start(pressed)
        except Refused as refused:
            await self._audit(pressed, refused.why)
            raise

    async def answer_of(self, pressed: Pressed) -> Answer:
        """The answer whose message was pressed. Raises Refused (audited already) or StoreUnavailable."""
        try:
            return await self._answer_of(pressed)
        except Refused as refused:
            await self._audit(pressed, refused.why)
            raise

    async def _answer_of(self, pressed: Pressed) -> Answer:
        self._check_sender(pressed)
        answer = await self._store.answers.by_message(pressed.channel, pressed.ts)
        if answer is None:
            raise Refused("the message is no answer of ours")
        return answer

    async def _start(self, pressed: Pressed) -> None:
        if pressed.press in (Press.CONFIRM, Press.CONFIRM_AGAIN):
            await self._confirm(pressed)
            return
        if pressed.press is Press.ANSWER:
            await self._answer(pressed)
            return
        answer = await self._answer_of(pressed)
        payload = {
            "request": answer.request_id,
            "team": pressed.team,
            "channel": pressed.channel,
            "ts": pressed.ts,
            "user": pressed.user,
        }
        if pressed.press is Press.REMEDY:
            plan = await self._store.plans.get(pressed.value)
            if plan is None or plan.request_id != answer.request_id:
                raise Refused("the plan is none of this message")
            job = f"{plan.id}.preview.{pressed.user}.{pressed.at}"
            await self.jobs.start("preview", job, {**payload, "plan": plan.id, "trigger": pressed.trigger})
        elif pressed.press in (Press.NOT_IT, Press.MUTE, Press.UNMUTE):
            what = str(pressed.press)
            job = f"{answer.request_id}.{what}.{pressed.user}.{pressed.at}"
            await self.jobs.start("opinion", job, {**payload, "what": what})

        elif pressed.press is Press.CLUSTER:
            cluster = cluster_of_token(answer.request_id, pressed.value, self.desk.clusters.names)
            if not cluster:
                raise Refused("the cluster is none of this message")
            job = f"{answer.request_id}.pick.{pressed.user}.{pressed.at}"
            await self.jobs.start("pick", job, {**payload, "cluster": cluster})

    async def _confirm(self, pressed: Pressed) -> None:
        plan = await self._shown_to(pressed)
        view = filling(pressed.view, parse_dialog_metadata(pressed.value)[1])
        seen = shown_in(plan, view)
        if seen is None:
            raise Refused("the dialog does not show what would be done")
        if pressed.press is Press.CONFIRM:
            _check_name(Plan.from_json(plan.document["plan"]), pressed.typed.get(Press.TYPED_NAME, ""))
            if custodian := seen.preview.outlook.custodian:
                raise AskedAgain(pressed.value, custodian)
        # One job for each dialog: a submission that comes twice is one, and the claim decides between two dialogs.
        job = f"{plan.id}.remedy.{pressed.view}"
        payload = {"plan": plan.id, "team": pressed.team, "user": pressed.user, "view": view}
        await self.jobs.start("remedy", job, payload)

    async def _answer(self, pressed: Pressed) -> None:
        """The values that were asked for: they are kept, and the dialog goes on to the preview."""
        plan = await self._shown_to(pressed)
        answer = await self._store.answers.get(plan.request_id)
        if answer is None:
            raise Refused("there is no such plan")
        asked = Plan.from_json(plan.document["plan"]).asks
        if wrong := complaints(asked, pressed.typed):
            raise Mistyped(wrong)
        answers = {each.id: pressed.typed.get(each.id, "").strip() for each in asked}
        payload = {
            "plan": plan.id, "team": pressed.team, "user": pressed.user, "channel": answer.channel,
            "view": pressed.view, "answers": answers,
        }  # fmt: skip
        await self.jobs.start("preview", f"{plan.id}.preview.{pressed.view}.{_digest(answers)}", payload)

    async def _shown_to(self, pressed: Pressed) -> StoredPlan:
        """The plan of the dialog that was sent off, which this user was shown. Raises Refused."""
        self._check_sender(pressed)
        plan = await self._store.plans.get(parse_dialog_metadata(pressed.value)[0])
        if plan is None:
            raise Refused("there is no such plan")
        if plan.document.get(dialog_key(pressed.user)) != pressed.view:
            raise Refused("the dialog is none that this user was shown for the plan")
        if await self._store.answers.get(plan.request_id) is None:
            raise Refused("the answer was taken back while the dialog was open", failures.ANSWER_DELETED)
        return plan

    def _check_sender(self, pressed: Pressed) -> None:
        if pressed.team != self.identity.team:
            raise Refused("it comes from another workspace")
        if self.identity.app_id and pressed.app and pressed.app != self.identity.app_id:
            raise Refused("it is meant for another app")

    async def _audit(self, pressed: Pressed, why: str) -> None:
        _log.warning("a press was refused", press=str(pressed.press), user=pressed.user, why=why)
        await self._store.audit.append(
            AuditEntry(
                at=self.desk.clock(),
                actor=pressed.user,
                team=pressed.team,
                channel=pressed.channel,
                action=str(pressed.press),
                plan_id=safe_line(parse_dialog_metadata(pressed.value)[0])[:64],
                outcome="refused",
                detail={"why": why},
            )
        )


def dialog_key(user: str) -> str:
    """Where a plan keeps which dialog it was last shown in to that user."""
    return f"dialog:{user}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIn(Portable):
    """What a dialog was filled with: what guards the write, the values given for what the plan asks, and whose
    confirmation it approves, "" for nobody's.
    """

    preview: Preview
    answers: dict[str, str] = field(default_factory=dict)
    approves: str = ""

    @property
    def fill(self) -> str:
        """Names this filling among those of one dialog."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]


def filling(view: str, fill: str) -> str:
    """Names one filling of a dialog."""
    return f"{view}.{fill}"


def shown_key(view: str) -> str:
    """Where a plan keeps what a dialog was filled with. Of its own for each filling: while one is sent off the next is
    filled, and whoever confirms has seen this one.
    """
    return f"shown:{view}"


def shown_in(plan: StoredPlan, view: str) -> ShownIn | None:
    """None for a dialog that was never filled."""
    kept = plan.document.get(shown_key(view))
    return ShownIn.from_json(kept) if kept else None


def _check_name(plan: Plan, typed: str) -> None:
    if plan.name_to_type and typed.strip() != plan.name_to_type:
        name = safe_line(plan.name_to_type)
        wrong = Text(en=words.NAME_DIFFERS.en.format(name), zh=words.NAME_DIFFERS.zh.format(name))
        raise Mistyped({str(Press.TYPED_NAME): wrong})


def _typed(view: Mapping[str, Any]) -> dict[str, str]:
    """What was typed into the dialog's inputs, by their blocks."""
    values = (view.get("state") or {}).get("values") or {}
    return {
        str(block): str(element["value"])
        for block, elements in values.items()
        for element in elements.values()
        if isinstance(element, Mapping) and element.get("value")
    }


def _digest(answers: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:12]
