"""A remedy's button was pressed: is it allowed, is the cause still there, what would happen? The dialog tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.cluster.errors import ClusterError
from bot.jobs import JobsUnavailable, Json, Run
from bot.portable import Portable
from bot.remedies.audit_entry import Denied, audit_entry
from bot.remedies.contract import LIFETIME, Plan, Preview, Reason, Refusal, Verb
from bot.remedies.execution import check, preview
from bot.remedies.undo import action_of, words_for
from bot.slack.errors import MessageGone, SlackError, TriggerExpired
from bot.slack.pressing import ShownIn, dialog_key, filling, shown_in, shown_key
from bot.store import AuditEntry
from bot.workflows.authorising import Authorising, Authority
from bot.workflows.desk import Asker, Desk
from bot.workflows.pacing import Try
from bot.workflows.patience import patiently
from bot.workflows.recording import APPROVAL
from intents.domain import Text
from responses import failures
from responses.safety import safe_value
from responses.slack.message import View
from responses.slack.notes import told
from responses.slack.remediation import Asking, Dialog, asking, dialog, loading, refusal

_log: Final = structlog.get_logger(__name__)
# A trigger lasts three seconds.
_TELL_S: Final = 1.0
# Somebody sits before the dialog: many who press at once wait for each other a moment, and no longer than they look.
_PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What would happen, and by which rule of the policy a second person has to approve it, "" for none."""

    preview: Preview
    approval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewing:
    """The workflow `preview`. Payload: {"plan", "trigger", "user", "team", "channel", "ts", "request"}.

    Once what a plan asks has been answered it comes again: {"plan", "user", "team", "channel", "view", "answers"}.
    """

    desk: Desk
    authorising: Authorising

    async def run(self, run: Run, payload: Json) -> Json | None:
        view = payload.get("view")
        if not view:
            opened = await run.step("open", self.open, payload)
            view = opened and opened.get("view")
        if view:
            try:
                await patiently(run, "preview", self.preview, payload, str(view), pauses=_PAUSES_S)
            except JobsUnavailable:
                # The process ends, not the job.
                raise
            except Exception:
                await run.step("give up", self.give_up, payload, str(view))
                raise
        return None

    async def open(self, payload: Json) -> Json:
        """At once, since a trigger lasts three seconds. After a restart it is too late: the presser is told so."""
        language = await self.desk.language_of(str(payload["user"]), within=_TELL_S)
        try:
            return {"view": await self.desk.slack.open_view(str(payload["trigger"]), loading(language))}
        except SlackError as error:
            _log.warning("a dialog could not be opened", plan=payload["plan"], error=str(error))
            says = failures.PRESS_AGAIN if isinstance(error, TriggerExpired) else error.says
            await self.desk.slack.whisper(
                channel=str(payload["channel"]), user=str(payload["user"]), message=told(says, language=language)
            )
            return {}

    async def preview(self, payload: Json, view_id: str) -> Json | None:
        asker = await self._asker(payload)
        shown = await self._view(payload, asker, view_id)
        try:
            await self.desk.slack.update_view(view_id, shown)
        except MessageGone:
            _log.info("the dialog was closed before it was filled", plan=payload["plan"])
        return None

    async def give_up(self, payload: Json, view_id: str) -> None:
        """Whoever waits before the dialog is told that nothing more comes."""
        language = await self.desk.language_of(str(payload["user"]), within=_TELL_S)
        try:
            await self.desk.slack.update_view(view_id, refusal(failures.NOT_PREVIEWED, language=language))
        except SlackError as error:
            _log.warning("a dialog stays as it is", plan=payload["plan"], error=str(error))

    async def _view(self, payload: Json, asker: Asker, view_id: str) -> View:
        """The dialog, or why there is none; what guards the write is kept with the plan."""
        store, user = self.desk.store, str(payload["user"])
        stored = await store.plans.get(str(payload["plan"]))
        if stored is None:
            return refusal(failures.PLAN_EXPIRED, language=asker.language)
        if stored.claimed_by:
            return refusal(failures.PRESS_REPEATED, language=asker.language)
        asked = stored.document.get(APPROVAL) or {}
        asked_by = str(asked.get("by", ""))
        if asked_by == user:
            return refusal(failures.ASKED_ALREADY, language=asker.language)
        plan, answers = Plan.from_json(stored.document["plan"]), payload.get("answers")
        if asked_by and plan.asks:
            # Whoever approves something approves the values that were asked for.
            theirs = shown_in(stored, str(asked.get("view", "")))
            answers = theirs.answers if theirs else None
        seen = await self._previewed(plan, asker, answers, asked_by=asked_by)
        shown: ShownIn | None = None
        if isinstance(seen, Seen):
            shown = ShownIn(preview=_guards(seen.preview), answers=answers or {}, approves=asked_by)
            if _holds_secrets(shown):
                seen = Refusal(reason=Reason.UNSAFE, says=failures.BESIDE_A_SECRET)
        if isinstance(seen, Refusal | Denied):
            await self._audit(plan, payload, seen)
            says = quoting(seen) if isinstance(seen, Refusal) else seen.says
            return refusal(says, language=asker.language)
        kept: Json = {dialog_key(user): view_id}
        if seen is None or shown is None:
            await store.plans.note(plan.id, kept)
            return asking(_asking(plan), language=asker.language)
        kept[shown_key(filling(view_id, shown.fill))] = shown.as_json()
        await store.plans.note(plan.id, kept)
        return dialog(_dialog(plan, seen, fill=shown.fill, asked_by=asked_by), language=asker.language)

    async def _previewed(
        self, plan: Plan, asker: Asker, answers: Json | None, *, asked_by: str
    ) -> Seen | Refusal | Denied | None:
        """None where it is to be asked for values first: which nobody types for what is no more to be done."""
        authority = await self.authorising.of(plan, asker, asked_by=asked_by)
        if not isinstance(authority, Authority):
            return authority
        try:
            connection = await self.desk.clusters.get(plan.cluster)
        except ClusterError as error:
            _log.warning("a cluster could not be asked", plan=plan.id, error=str(error))
            return Refusal(reason=Reason.NOT_CHECKED, says=failures.cluster_unreachable(plan.cluster, error.reason))
        access, now = authority.access, self.desk.clock()
        refused = await check(plan, engine=self.desk.engine(), connection=connection, now=now, access=access)
        if refused is not None or (plan.asks and answers is None):
            return refused
        seen = await preview(
            plan.answered(answers or {}), connection=connection, access=access, acting_as=authority.acting_as
        )
        if isinstance(seen, Refusal):
            return seen
        if held := await self._held_back(plan, seen, asker, user=asked_by or asker.scope.who.user):
            return Denied(says=held)
        # Only now it is known how far it reaches.
        reaching = await self.authorising.of(plan, asker, steps=seen.steps, asked_by=asked_by)
        return Seen(preview=seen, approval=reaching.approval) if isinstance(reaching, Authority) else reaching

    async def _held_back(self, plan: Plan, seen: Preview, asker: Asker, *, user: str) -> Text | None:
        """Why it would be one too many now: nobody reads a diff and types a name in vain."""
        one = Try.of(plan, seen.outlook, user=user, at=self.desk.clock())
        limits = asker.scope.limits
        return one.held_back(await self.desk.store.plans.claimed_since(one.since(limits)), limits)

    async def _asker(self, payload: Json) -> Asker:
        return await self.desk.asker(
            team=str(payload["team"]), channel=str(payload["channel"]), user=str(payload["user"])
        )

    async def _audit(self, plan: Plan, payload: Json, why: Refusal | Denied) -> None:
        fields = audit_entry(
            plan, step="preview", actor=str(payload["user"]), at=self.desk.clock(), team=str(payload["team"]),
            channel=str(payload["channel"]), result=why,
        )  # fmt: skip
        await self.desk.store.audit.append(AuditEntry(**fields))
        self.desk.metrics.remedied(plan.action, "preview", str(fields["outcome"]), denied=isinstance(why, Denied))


def quoting(refused: Refusal) -> Text:
    """Why nothing was done, with what the API server or a webhook said."""
    if not refused.quote:
        return refused.says
    en, zh = refused.says.en.rstrip("."), refused.says.zh.rstrip("。")
    return Text(en=f"{en}. Details: {refused.quote}", zh=f"{zh}。详情：{refused.quote}")


def _guards(seen: Preview) -> Preview:
    """What guards the write, and nothing else, is written down: the diff may hold what nobody should keep.

    Nor is kept what would create again what looks like a secret: it cannot be put back then.
    """
    steps = tuple(
        replace(each, body=None) if each.verb is Verb.DELETE and _holds_secrets(each) else each for each in seen.steps
    )
    return replace(seen, steps=steps, diff="", outlook=replace(seen.outlook, effects=(), warnings=()))


def _holds_secrets(value: Portable) -> bool:
    document = value.as_json()
    return bool(safe_value(document) != document)


def _asking(plan: Plan) -> Asking:
    said = words_for(plan)
    return Asking(
        plan_id=plan.id, title=said.verb, cluster=plan.cluster, target=plan.target, purpose=plan.title,
        what=said.does, questions=plan.asks,
    )  # fmt: skip


def _dialog(plan: Plan, shown: Seen, *, fill: str, asked_by: str) -> Dialog:
    said, seen = words_for(plan), shown.preview
    return Dialog(
        plan_id=plan.id,
        fill=fill,
        title=said.verb,
        submit=said.verb,
        cluster=plan.cluster,
        target=plan.target,
        purpose=plan.title,
        what=said.does,
        diff=seen.diff,
        effects=seen.outlook.effects,
        warnings=seen.outlook.warnings,
        custodian=seen.outlook.custodian,
        warning=plan.warning,
        risk=plan.risk,
        undoable_minutes=_undoable_minutes(plan),
        undoes=bool(plan.undoes),
        typed_name_required=plan.name_to_type,
        needs_approval=bool(shown.approval),
        asked_by=asked_by,
    )


def _undoable_minutes(plan: Plan) -> int:
    """How long an undo will be offered, 0 where there will be none."""
    action = action_of(plan)
    return int(LIFETIME.total_seconds() // 60) if action and action.undoable else 0
