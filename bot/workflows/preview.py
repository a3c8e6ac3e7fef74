"""Preview a remedy in a dialog: check permission and cause, and show the changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog

from bot.cluster.errors import ClusterError
from bot.common.redaction import holds_secret
from bot.jobs import JobRun, Json
from bot.remedies.audit_entry import Denied, audit_entry
from bot.remedies.contract import LIFETIME, Plan, Preview, Reason, Refusal, Verb
from bot.remedies.execution import check, preview
from bot.remedies.session import writes_redacted
from bot.remedies.undo import action_of, words_for
from bot.store import AuditEntry
from bot.workflows.authorisation import Authoriser, Authority
from bot.workflows.dialogs import DialogContent, content_key, dialog_content, dialog_key, filling_id
from bot.workflows.filled_dialogs import FilledDialog
from bot.workflows.job_payloads import PreviewJob
from bot.workflows.press_records import APPROVAL
from bot.workflows.remedy_limits import Attempt
from bot.workflows.services import Requester, Services
from intents.cluster_text import quoted
from intents.domain import Text
from responses import failures
from responses.slack.message import View
from responses.slack.remedy_dialogs import (
    Confirmation,
    ValuesForm,
    confirmation_dialog,
    refusal_dialog,
    values_dialog,
)

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPreview:
    """A preview, and the policy rule that requires a second approver, "" for none."""

    preview: Preview
    approval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewWorkflow:
    """The job `preview`. After the plan's questions are answered it runs again in the same dialog."""

    services: Services
    authoriser: Authoriser

    async def run(self, run: JobRun, job: PreviewJob) -> Json | None:
        dialog = FilledDialog(services=self.services, late=failures.PRESS_AGAIN, failed=failures.PREVIEW_FAILED)
        await dialog.run(run, job, partial(self._view, job))
        return None

    async def _view(self, job: PreviewJob, view_id: str) -> View:
        """Return the dialog, with the preview or the refusal; store the guards of the write with the plan."""
        store, user = self.services.store, job.user
        requester = await self.services.presser(job)
        stored = await store.plans.get(job.plan)
        if stored is None or "plan" not in stored.document:
            return refusal_dialog(failures.PLAN_EXPIRED, language=requester.language)
        if stored.claimed_by:
            return refusal_dialog(failures.ALREADY_PRESSED, language=requester.language)
        approval = stored.document.get(APPROVAL) or {}
        asked_by = str(approval.get("by", ""))
        if asked_by == user:
            return refusal_dialog(failures.WAITING_FOR_APPROVER, language=requester.language)
        plan, answers = Plan.from_json(stored.document["plan"]), job.answers
        if asked_by and plan.asks:
            # An approver approves the values that the first user entered.
            theirs = dialog_content(stored, str(approval.get("view", "")))
            answers = theirs.answers if theirs else None
        seen = await self._previewed(plan, requester, answers, asked_by=asked_by)
        shown: DialogContent | None = None
        if isinstance(seen, CheckedPreview):
            shown = DialogContent(preview=_guards(seen.preview), answers=answers or {}, approves=asked_by)
            if holds_secret(shown.as_json()) or writes_redacted(shown.preview.steps):
                seen = Refusal(reason=Reason.UNSAFE, says=failures.CHANGE_HOLDS_SECRET)
        if isinstance(seen, Refusal | Denied):
            await self._audit(plan, job, seen)
            says = refusal_text(seen) if isinstance(seen, Refusal) else seen.says
            return refusal_dialog(says, language=requester.language)
        kept: Json = {dialog_key(user): view_id}
        if seen is None or shown is None:
            await store.plans.note(plan.id, kept)
            return values_dialog(_asking(plan), language=requester.language)
        kept[content_key(filling_id(view_id, shown.fill))] = shown.as_json()
        await store.plans.note(plan.id, kept)
        return confirmation_dialog(_dialog(plan, seen, fill=shown.fill, asked_by=asked_by), language=requester.language)

    async def _previewed(
        self, plan: Plan, requester: Requester, answers: Json | None, *, asked_by: str
    ) -> CheckedPreview | Refusal | Denied | None:
        """Return the preview; None if values must be entered first. A remedy that no longer applies asks for none."""
        authority = await self.authoriser.of(plan, requester, asked_by=asked_by)
        if not isinstance(authority, Authority):
            return authority
        try:
            connection = await self.services.clusters.get(plan.cluster)
        except ClusterError as error:
            _log.warning("cluster_unreachable", plan=plan.id, error=str(error))
            return Refusal(reason=Reason.NOT_CHECKED, says=failures.cluster_unreachable(plan.cluster, error.reason))
        session = authority.session(connection)
        refused = await check(plan, engine=self.services.engine(), session=session, now=self.services.clock())
        if refused is not None or (plan.asks and answers is None):
            return refused
        seen = await preview(plan.answered(answers or {}), session=session)
        if isinstance(seen, Refusal):
            return seen
        if held := await self._held_back(plan, seen, requester, user=asked_by or requester.scope.who.user):
            return Denied(says=held)
        # Only the preview shows which objects are affected.
        reaching = await self.authoriser.of(plan, requester, steps=seen.steps, asked_by=asked_by)
        return CheckedPreview(preview=seen, approval=reaching.approval) if isinstance(reaching, Authority) else reaching

    async def _held_back(self, plan: Plan, seen: Preview, requester: Requester, *, user: str) -> Text | None:
        """Return why a limit blocks the remedy now, before the user reads the diff."""
        one = Attempt.of(plan, seen.outlook, user=user, at=self.services.clock())
        limits = requester.scope.limits
        return one.held_back(await self.services.store.plans.claimed_since(one.since(limits)), limits)

    async def _audit(self, plan: Plan, job: PreviewJob, why: Refusal | Denied) -> None:
        fields = audit_entry(
            plan, step="preview", actor=job.user, at=self.services.clock(), team=job.team,
            channel=job.channel, result=why,
        )  # fmt: skip
        await self.services.store.audit.append(AuditEntry(**fields))
        self.services.metrics.remedied(plan.action, "preview", str(fields["outcome"]), denied=isinstance(why, Denied))


def refusal_text(refused: Refusal) -> Text:
    """Return why nothing was done, with the message of the API server or a webhook."""
    if not refused.quote:
        return refused.says
    en, zh = refused.says.en.rstrip("."), refused.says.zh.rstrip("。")
    details = quoted(refused.quote)
    return Text(en=f"{en}. Details: {details}", zh=f"{zh}。详情：{details}")


def _guards(seen: Preview) -> Preview:
    """Return only the guards of the write for storage: the diff may contain confidential data.

    Undo data that looks like a secret is not stored either: that change cannot be undone.
    """
    steps = tuple(
        replace(each, body=None) if each.verb is Verb.DELETE and holds_secret(each.as_json()) else each
        for each in seen.steps
    )
    return replace(seen, steps=steps, diff="", outlook=replace(seen.outlook, effects=(), warnings=()))


def _asking(plan: Plan) -> ValuesForm:
    words = words_for(plan)
    return ValuesForm(
        plan_id=plan.id, title=words.verb, cluster=plan.cluster, target=plan.target, purpose=plan.title,
        what=words.does, questions=plan.asks,
    )  # fmt: skip


def _dialog(plan: Plan, shown: CheckedPreview, *, fill: str, asked_by: str) -> Confirmation:
    words, seen = words_for(plan), shown.preview
    return Confirmation(
        plan_id=plan.id,
        fill=fill,
        title=words.verb,
        submit=words.verb,
        cluster=plan.cluster,
        target=plan.target,
        purpose=plan.title,
        what=words.does,
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
    """Return for how many minutes an undo will be offered, 0 for none."""
    action = action_of(plan)
    return int(LIFETIME.total_seconds() // 60) if action and action.undoable else 0
