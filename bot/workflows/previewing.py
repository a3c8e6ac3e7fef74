"""A remedy's button was pressed: is it allowed, is the cause still there, what would happen? The dialog tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.cluster.errors import ClusterError
from bot.jobs import Json, Run
from bot.remedies.carrying_out import check, preview
from bot.remedies.contract import Plan, Preview, Reason, Refusal
from bot.slack.errors import MessageGone, SlackError, TriggerExpired
from bot.slack.pressing import answers_key, dialog_key, preview_key
from bot.store import AuditEntry
from bot.workflows.desk import Asker, Desk
from intents.domain import Text
from responses import failures
from responses.action_words import words_of
from responses.safety import safe
from responses.slack.message import View
from responses.slack.notes import told
from responses.slack.remediation import Asking, Dialog, asking, dialog, loading, refusal

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewing:
    """The workflow `preview`. Payload: {"plan", "trigger", "user", "team", "channel", "ts", "request"}.

    Once what a plan asks has been answered it comes again: {"plan", "user", "team", "channel", "view", "answers"}.
    """

    desk: Desk

    async def run(self, run: Run, payload: Json) -> Json | None:
        view = payload.get("view")
        if not view:
            opened = await run.step("open", self.open, payload)
            view = opened and opened.get("view")
        if view:
            await run.step("preview", self.preview, payload, str(view))
        return None

    async def open(self, payload: Json) -> Json:
        """At once, since a trigger lasts three seconds. After a restart it is too late: the presser is told so."""
        asker = await self._asker(payload)
        try:
            return {"view": await self.desk.slack.open_view(str(payload["trigger"]), loading(asker.language))}
        except SlackError as error:
            _log.warning("a dialog could not be opened", plan=payload["plan"], error=str(error))
            says = failures.PRESS_AGAIN if isinstance(error, TriggerExpired) else error.says
            await self.desk.slack.whisper(
                channel=str(payload["channel"]), user=str(payload["user"]), message=told(says, language=asker.language)
            )
            return {}

    async def preview(self, payload: Json, view_id: str) -> None:
        asker = await self._asker(payload)
        shown = await self._view(payload, asker, view_id)
        try:
            await self.desk.slack.update_view(view_id, shown)
        except MessageGone:
            _log.info("the dialog was closed before it was filled", plan=payload["plan"])

    async def _view(self, payload: Json, asker: Asker, view_id: str) -> View:
        store = self.desk.store
        stored = await store.plans.get(str(payload["plan"]))
        if stored is None:
            return refusal(failures.PLAN_EXPIRED, language=asker.language)
        plan = Plan.from_json(stored.document["plan"])
        decision = asker.scope.may(plan.action, plan.cluster, plan.target.namespace)
        if not decision.allowed:
            await self._audit(plan, payload, "not allowed", decision.says)
            return refusal(decision.says, language=asker.language)
        if stored.claimed_by:
            return refusal(failures.PRESS_REPEATED, language=asker.language)
        user, answers = str(payload["user"]), payload.get("answers")
        seen = await self._previewed(plan, asker, answers)
        if isinstance(seen, Refusal):
            await self._audit(plan, payload, str(seen.reason), seen.says)
            return refusal(quoting(seen), language=asker.language)
        if seen is None:
            await store.plans.note(plan.id, {dialog_key(user): view_id})
            return asking(_asking(plan), language=asker.language)
        # The diff may hold what nobody should keep: only what guards the write is written down.
        kept = replace(seen, diff="", outlook=replace(seen.outlook, effects=(), warnings=()))
        given = {answers_key(user): answers} if answers else {}
        await store.plans.note(plan.id, {preview_key(user): kept.as_json(), dialog_key(user): view_id, **given})
        return dialog(_dialog(plan, seen), language=asker.language)

    async def _previewed(self, plan: Plan, asker: Asker, answers: Json | None) -> Preview | Refusal | None:
        """None where it is to be asked for values first: which nobody types for what is no more to be done."""
        try:
            connection = await self.desk.clusters.get(plan.cluster)
        except ClusterError as error:
            return Refusal(reason=Reason.NOT_CHECKED, says=Text.same(safe(str(error))))
        access, now = asker.scope.access(plan.cluster), self.desk.clock()
        refused = await check(plan, engine=self.desk.engine(), connection=connection, now=now, access=access)
        if refused is not None or (plan.asks and answers is None):
            return refused
        return await preview(plan.answered(answers or {}), connection=connection, access=access)

    async def _asker(self, payload: Json) -> Asker:
        return await self.desk.asker(
            team=str(payload["team"]), channel=str(payload["channel"]), user=str(payload["user"])
        )

    async def _audit(self, plan: Plan, payload: Json, outcome: str, says: Text) -> None:
        await self.desk.store.audit.append(
            AuditEntry(
                at=self.desk.clock(),
                actor=str(payload["user"]),
                team=str(payload["team"]),
                channel=str(payload["channel"]),
                action=plan.action,
                cluster=plan.cluster,
                target=str(plan.target),
                plan_id=plan.id,
                outcome=outcome,
                detail={"stage": "preview", "why": safe(says.en)},
            )
        )


def quoting(refused: Refusal) -> Text:
    """Why nothing was done, with what the API server or a webhook said."""
    if not refused.quote:
        return refused.says
    return Text(en=f"{refused.says.en}: {refused.quote}", zh=f"{refused.says.zh}：{refused.quote}")


def _asking(plan: Plan) -> Asking:
    said = words_of(plan.action)
    return Asking(
        plan_id=plan.id, title=said.verb, cluster=plan.cluster, target=plan.target, what=said.does,
        questions=plan.asks,
    )  # fmt: skip


def _dialog(plan: Plan, seen: Preview) -> Dialog:
    said = words_of(plan.action)
    return Dialog(
        plan_id=plan.id,
        title=said.verb,
        submit=said.verb,
        cluster=plan.cluster,
        target=plan.target,
        what=said.does,
        diff=seen.diff,
        effects=seen.outlook.effects,
        warnings=seen.outlook.warnings,
        custodian=seen.outlook.custodian,
        warning=plan.warning,
        risk=plan.risk,
        typed_name_required=plan.name_to_type,
    )
