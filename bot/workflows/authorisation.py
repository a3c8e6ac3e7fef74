"""Authorise a press by the policy: for the dialog, and again when the plan is claimed.

A button shows one target in one namespace, but the plan's steps may reach further: a drain evicts pods in every
namespace. A user who may not act there must not do so through this plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.jobs import Json
from bot.kube.access import Access, ActsAs
from bot.policy import Decision, ObjectLabels, PolicyScope
from bot.remedies.audit_entry import Denied
from bot.remedies.contract import Plan, Reason, Refusal, Step
from bot.remedies.session import Session
from bot.workflows.services import Requester, Services
from intents.domain import ObjectRef, Text
from responses import failures

_log: Final = structlog.get_logger(__name__)
_LOOK_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Rights of a press: what it may read, the identity of its writes, and the rule that requires a second approver."""

    access: Access
    acting_as: ActsAs | None = None
    approval: str = ""

    def session(self, connection: Connection) -> Session:
        """Return a session on the plan's cluster that reads and writes no more than this."""
        return Session(connection=connection, access=self.access, acting_as=self.acting_as)

    def as_json(self) -> Json:
        acting = {"user": self.acting_as.user, "groups": [*self.acting_as.groups]} if self.acting_as else None
        return {
            "namespaces": sorted(self.access.namespaces),
            "cluster_scoped": self.access.cluster_scoped,
            "acting_as": acting,
        }

    @classmethod
    def from_json(cls, kept: Json) -> Authority:
        """Read the rights stored by the claim: rights that are revoked later do not stop a started remedy."""
        acting = kept.get("acting_as")
        return cls(
            access=Access(namespaces=frozenset(kept["namespaces"]), cluster_scoped=bool(kept["cluster_scoped"])),
            acting_as=ActsAs(user=acting["user"], groups=tuple(acting["groups"])) if acting else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Authoriser:
    """Decides by the policy what a press may do."""

    services: Services

    async def of(
        self, plan: Plan, requester: Requester, *, steps: Sequence[Step] = (), asked_by: str = ""
    ) -> Authority | Denied | Refusal:
        """Return what this user may do with a plan; its `steps` are known after the preview.

        `asked_by` is the user who confirmed first: then check whether this user may approve, and whether the first one
        still has the right to act.
        """
        if asked_by and (refusal := await self._void_confirmation(plan, requester, steps, asked_by=asked_by)):
            return refusal
        scope = requester.scope
        near = await self._in_namespace(plan, scope, steps, asked_by=asked_by)
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
        self, plan: Plan, scope: PolicyScope, steps: Sequence[Step], *, asked_by: str
    ) -> list[str] | Denied | Refusal:
        """Return the approvals that are needed for writes in the target's own namespace."""
        namespace, near = plan.target.namespace, [plan.target]
        # Labels are read only if the policy depends on them: then those of every written object count.
        by_labels = scope.goes_by_labels(plan.action, plan.cluster, namespace)
        if by_labels:
            near += [each for each in _targets(steps, namespace) if not each.is_named_as(plan.target)]
        found = await self._labels(plan, near, scope.access(plan.cluster)) if by_labels else [{}]
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
        self, plan: Plan, requester: Requester, steps: Sequence[Step], *, asked_by: str
    ) -> Denied | Refusal | None:
        """Return why a first confirmation is void: its user lost the right to act."""
        here = requester.scope.who
        first = await self.services.requester(team=here.team, channel=here.channel, user=asked_by, fresh=True)
        theirs = await self.of(plan, first, steps=steps)
        if not isinstance(theirs, Denied):
            return theirs if isinstance(theirs, Refusal) else None
        return Denied(says=failures.REQUESTER_NOT_ALLOWED)

    async def _labels(self, plan: Plan, targets: Sequence[ObjectRef], access: Access) -> list[dict[str, str]] | Refusal:
        """Return the current labels of each object; none for an object that will be created."""
        found: list[dict[str, str]] = []
        target = plan.target
        try:
            connection = await self.services.clusters.get(plan.cluster)
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


def _targets(steps: Sequence[Step], namespace: str) -> list[ObjectRef]:
    """Return the objects that are written in one namespace, each once."""
    return list(dict.fromkeys(step.target for step in steps if step.target.namespace == namespace))


def _reaches(says: Text, target: ObjectRef | None = None) -> Text:
    which = f" ({target})" if target else ""
    return Text(
        en=f"this also affects objects other than its target{which}: {says.en}",
        zh=f"此操作还会影响目标以外的对象{which}：{says.zh}",
    )
