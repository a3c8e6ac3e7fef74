"""Decide who may apply which remedy: buttons of an answer, permission for a press, limits.

Limits: a remedy that failed three times will not help the fourth time, and one that is still being verified has not
failed yet. An undo is never limited and does not count.

A button shows one target in one namespace, but the plan's steps may reach further: a drain evicts pods in every
namespace. A user who may not act there must not do so through this plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.common.portable import Portable
from bot.kube.access import Access, ActsAs
from bot.policy import Decision, Limit, Limits, ObjectLabels, PolicyScope
from bot.remedies.action import words_of
from bot.remedies.contract import Outlook, Plan, Reason, Refusal, Step
from bot.remedies.offers import plan_remedies
from bot.remedies.records import Denied
from bot.remedies.session import Session
from bot.store import CLAIMED, EarlierClaim
from bot.workflows.services import Exchange, Requester, Services
from intents.domain import Diagnosis, JudgedHypothesis, ObjectRef, Text
from intents.request import Request as Question
from responses import failures
from responses.safety import safe_value
from responses.sentences import leading_hypotheses, open_hypotheses
from responses.sentences import offers as offered
from responses.slack.blocks import Style
from responses.slack.controls import LABEL, RemedyButton, labelled
from responses.words import COLON, COMMA

APPLIED: Final = "applied"
PARTLY_DONE: Final = "partly done"
# Nothing was written, so these do not count.
_UNWRITTEN: Final = frozenset(map(str, Reason)) - {str(Reason.OUTCOME_UNKNOWN)}
# Longer than any verification: an older unfinished claim was lost and blocks nobody.
_UNDER_WAY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A remedy that is about to be applied. Remedies on a workload's pods have the workload as `subject`."""

    action: str
    subject: str
    user: str
    at: datetime

    @classmethod
    def of(cls, plan: Plan, outlook: Outlook, *, user: str, at: datetime) -> Attempt:
        if plan.undoes:
            return cls(action=plan.action, subject="", user=user, at=at)
        subject = outlook.counts_as or outlook.owner or plan.target
        return cls(action=plan.action, subject=f"{plan.cluster} {subject}", user=user, at=at)

    def since(self, limits: Limits) -> datetime:
        """Return the time from which earlier attempts count."""
        return self.at - max(timedelta(minutes=each.minutes) for each in (limits.target, limits.user))

    def held_back(self, former: Sequence[EarlierClaim], limits: Limits) -> Text | None:
        """Return why the remedy is blocked now; `former` are the claims `since` then, newest first."""
        if not self.subject:
            return None
        written = [each for each in former if each.subject and each.state not in _UNWRITTEN]
        same = [each for each in written if each.subject == self.subject]
        for each in same:
            if self.at - each.when < _UNDER_WAY and self._waits_for(each):
                ago = round((self.at - each.when).total_seconds())
                return _under_way(each, seconds=ago, by_you=each.by == self.user)
        if too_many := self._within(same, limits.target):
            return _often(too_many, limits.target, self._until(too_many, limits.target))
        mine = [each for each in written if each.by == self.user]
        if too_many := self._within(mine, limits.user):
            return _by_you(too_many, limits.user, self._until(too_many, limits.user))
        return None

    def _waits_for(self, former: EarlierClaim) -> bool:
        return former.state == CLAIMED or (former.state == APPLIED and former.action == self.action)

    def _within(self, former: Sequence[EarlierClaim], limit: Limit) -> Sequence[EarlierClaim]:
        """Return the attempts within the limit's time if the limit is reached."""
        recent = [each for each in former if self.at - each.when < timedelta(minutes=limit.minutes)]
        return recent if len(recent) >= limit.writes else ()

    def _until(self, former: Sequence[EarlierClaim], limit: Limit) -> int:
        """Return in how many minutes the limit allows another attempt."""
        free = former[limit.writes - 1].when + timedelta(minutes=limit.minutes)
        return max(1, -int((self.at - free).total_seconds() // 60))


def _under_way(former: EarlierClaim, *, seconds: int, by_you: bool) -> Text:
    who = Text(en="you", zh="您") if by_you else Text(en="another user", zh="其他用户")
    doing = (
        Text(en="its verification is still running", zh="仍在验证是否有效")
        if former.state == APPLIED
        else Text(en="it is still being applied", zh="仍在执行中")
    )
    verb = words_of(former.action).verb
    return Text(
        en=f"{who.en} confirmed “{verb.en}” for the same object {seconds} s ago, and {doing.en}: wait for it",
        zh=f"{who.zh}在 {seconds} 秒前已对同一对象确认“{verb.zh}”，{doing.zh}：请等待其结果",
    )


def _often(former: Sequence[EarlierClaim], limit: Limit, minutes: int) -> Text:
    tried = (Text.joined((words_of(each.action).verb, Text.same(each.state)), COLON) for each in former[: limit.writes])
    done = Text.joined(tried, COMMA)
    return Text(
        en=f"{len(former)} remedies were tried on the same object within {limit.minutes} minutes ({done.en}). One more "
        f"will hardly help. Find the cause, or try again in {minutes} min",
        zh=f"{limit.minutes} 分钟内已对同一对象执行 {len(former)} 次操作（{done.zh}）：再次执行很可能无济于事。"
        f"请先查找根因，或在 {minutes} 分钟后再试",
    )


def _by_you(former: Sequence[EarlierClaim], limit: Limit, minutes: int) -> Text:
    return Text(
        en=f"you applied {len(former)} remedies within {limit.minutes} minutes, the policy's limit per person: "
        f"try again in {minutes} min, or ask another person",
        zh=f"您在 {limit.minutes} 分钟内已执行 {len(former)} 次操作，达到策略对单人的上限："
        f"请在 {minutes} 分钟后再试，或请他人执行",
    )


_log: Final = structlog.get_logger(__name__)
_LOOK_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority(Portable):
    """Rights of a press: what it may read, the identity of its writes, and the rule that requires a second approver.

    The claim stores them: rights that are revoked later do not stop a started remedy.
    """

    access: Access
    acting_as: ActsAs | None = None
    approval: str = ""

    def session(self, connection: Connection) -> Session:
        """Return a session on the plan's cluster that reads and writes no more than this."""
        return Session(connection=connection, access=self.access, acting_as=self.acting_as)


async def authorise(
    services: Services, plan: Plan, requester: Requester, *, steps: Sequence[Step] = (), asked_by: str = ""
) -> Authority | Denied | Refusal:
    """Return what this user may do with a plan; its `steps` are known after the preview.

    `asked_by` is the user who confirmed first: then check whether this user may approve, and whether the first one
    still has the right to act.
    """
    if asked_by and (refusal := await _void_confirmation(services, plan, requester, steps, asked_by=asked_by)):
        return refusal
    scope = requester.scope
    near = await _in_namespace(services, plan, scope, steps, asked_by=asked_by)
    if not isinstance(near, list):
        return near
    far = _in_other_namespaces(plan, scope, steps, asked_by=asked_by)
    if isinstance(far, Denied):
        return far
    acting = scope.acts_as(plan.cluster)
    if isinstance(acting, Text):
        return Denied(says=acting)
    approval = "" if asked_by else next(filter(None, [*near, *far]), "")
    return Authority(access=scope.access(plan.cluster), acting_as=acting, approval=approval)


async def _in_namespace(
    services: Services, plan: Plan, scope: PolicyScope, steps: Sequence[Step], *, asked_by: str
) -> list[str] | Denied | Refusal:
    """Return the approvals that are needed for writes in the target's own namespace."""
    namespace, near = plan.target.namespace, [plan.target]
    # Labels are read only if the policy depends on them: then those of every written object count.
    by_labels = scope.goes_by_labels(plan.action, plan.cluster, namespace)
    if by_labels:
        written = dict.fromkeys(step.target for step in steps if step.target.namespace == namespace)
        near += [each for each in written if not each.is_named_as(plan.target)]
    found = await _labels(services, plan, near, scope.access(plan.cluster)) if by_labels else [{}]
    if isinstance(found, Refusal):
        return found
    approvals: list[str] = []
    for target, labels in zip(near, found, strict=True):
        decision = _decided(plan, scope, namespace, labels, asked_by=asked_by)
        if not decision.allowed:
            return Denied(says=decision.says if target is plan.target else _reaches(decision.says, target))
        approvals.append(scope.approval(plan.action, plan.cluster, namespace, labels, plan.risk))
    return approvals


async def _void_confirmation(
    services: Services, plan: Plan, requester: Requester, steps: Sequence[Step], *, asked_by: str
) -> Denied | Refusal | None:
    """Return why a first confirmation is void: its user lost the right to act."""
    here = requester.scope.who
    first = await services.requester(team=here.team, channel=here.channel, user=asked_by, fresh=True)
    theirs = await authorise(services, plan, first, steps=steps)
    if not isinstance(theirs, Denied):
        return theirs if isinstance(theirs, Refusal) else None
    return Denied(says=failures.REQUESTER_NOT_ALLOWED)


async def _labels(
    services: Services, plan: Plan, targets: Sequence[ObjectRef], access: Access
) -> list[dict[str, str]] | Refusal:
    """Return the current labels of each object; none for an object that will be created."""
    found: list[dict[str, str]] = []
    target = plan.target
    try:
        connection = await services.clusters.get(plan.cluster)
        async with Snapshot(connection, deadline=_LOOK_S, access=access) as snapshot:
            for target in targets:
                obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
                labels = ((obj or {}).get("metadata") or {}).get("labels") or {}
                found.append({str(key): str(value) for key, value in labels.items()})
    except ClusterError as error:
        _log.warning("labels_read_failed", plan=plan.id, error=str(error))
        why = failures.cluster_unreachable(plan.cluster, error.reason)
        says = Text(
            en=f"the policy needs the labels of {target}, but they could not be read: {why.en}",
            zh=f"策略取决于 {target} 的标签，但无法读取：{why.zh}",
        )
        return Refusal(reason=Reason.NOT_CHECKED, says=says)
    return found


def _in_other_namespaces(plan: Plan, scope: PolicyScope, steps: Sequence[Step], *, asked_by: str) -> list[str] | Denied:
    """Return the approvals that are needed for what is written outside the target's namespace."""
    approvals: list[str] = []
    for other in sorted({step.target.namespace for step in steps} - {plan.target.namespace}):
        # Objects there were not read: they may have any labels, or none.
        any_or_none: tuple[ObjectLabels, ObjectLabels] = (None, {})
        some, none = (_decided(plan, scope, other, each, asked_by=asked_by) for each in any_or_none)
        if not (some.allowed and none.allowed):
            return Denied(says=_reaches((none if some.allowed else some).says))
        approvals.append(scope.approval(plan.action, plan.cluster, other, None, plan.risk))
    return approvals


def _decided(plan: Plan, scope: PolicyScope, namespace: str, labels: ObjectLabels, *, asked_by: str) -> Decision:
    if asked_by:
        return scope.may_approve(plan.action, plan.cluster, namespace, labels, plan.risk)
    return scope.may(plan.action, plan.cluster, namespace, labels)


def _reaches(says: Text, target: ObjectRef | None = None) -> Text:
    which = f" ({target})" if target else ""
    return Text(
        en=f"this also affects objects other than its target{which}: {says.en}",
        zh=f"此操作还会影响目标以外的对象{which}：{says.zh}",
    )


_STYLES: Final[dict[str, Style]] = {"low": "primary", "disruptive": "", "data-loss": "danger"}


def session_of(scope: PolicyScope, connection: Connection) -> Session:
    """Return the session in which a remedy is planned for a requester."""
    acting = scope.acts_as(connection.name)
    acting_as = acting if isinstance(acting, ActsAs) else None
    return Session(connection=connection, access=scope.access(connection.name), acting_as=acting_as)


def acts(scope: PolicyScope, connection: Connection) -> bool:
    """Tell whether a requester can act there. One without an identity may still ask; others can press."""
    return not isinstance(scope.acts_as(connection.name), Text)


async def offered_buttons(
    services: Services, exchange: Exchange, question: Question, diagnosis: Diagnosis, connection: Connection
) -> tuple[RemedyButton, ...]:
    """Return a button for each applicable remedy: of the leading hypothesis, the first cause, the general actions.

    `question` is the interpretation of the request.
    """
    offers = (*leading_hypotheses(diagnosis)[:1], *open_hypotheses(diagnosis)[:1], *offered(diagnosis))
    shown = [one for one in {one.key: one for one in offers}.values() if one.remedies]
    planned = [await _offer_of(services, one, exchange, question, diagnosis, connection) for one in shown]
    buttons, names = zip(*(each for some in planned for each in some), strict=True) if any(planned) else ((), ())
    return labelled(buttons, names)


async def _offer_of(
    services: Services,
    judged: JudgedHypothesis,
    exchange: Exchange,
    question: Question,
    diagnosis: Diagnosis,
    connection: Connection,
) -> tuple[tuple[RemedyButton, str], ...]:
    """Return the buttons of one hypothesis, each with the name of its object; their plans are stored first."""

    def allowed(action: str, target: ObjectRef) -> bool:
        return exchange.scope.offers(action, connection.name, target.namespace)

    planned = await plan_remedies(
        diagnosis,
        judged,
        request=question,
        request_id=exchange.id,
        engine=services.engine(exchange.scope.who.channel),
        session=session_of(exchange.scope, connection),
        allowed=allowed,
        now=services.clock(),
        reviewed=acts(exchange.scope, connection),
    )
    for plan in planned.plans:
        await services.store.plans.save(plan.id, exchange.id, {"plan": plan.as_json()}, plan.expires)
    own = {remedy.id: remedy.button or _short(remedy.title) for remedy in judged.remedies}
    return tuple(
        (
            RemedyButton(
                plan_id=plan.id,
                label=safe_value(own.get(plan.remedy) or words_of(plan.action).verb),
                risk=plan.risk,
                # A remedy that does not fix the cause is labelled so.
                style="" if judged.capability else _STYLES.get(plan.risk, ""),
            ),
            plan.target.name,
        )
        for plan in planned.plans
    )


def _short(title: Text) -> Text | None:
    """Return the title of a remedy if it fits on a button in both languages."""
    return title if max(len(title.en), len(title.zh)) <= LABEL else None
