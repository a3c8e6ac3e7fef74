"""Turns a diagnosis into buttons: which of its remedies can be applied, by whom, to which object exactly.

A remedy that cannot be applied gets no button; the answer says what is missing instead.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.cluster.errors import ClusterError, NotFound
from bot.cluster.resources import well_known
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.diagnosing import Engine
from bot.remedies.action import Action, actions
from bot.remedies.contract import LIFETIME, About, Plan
from bot.remedies.session import Session, without_secrets
from bot.remedies.shared.refusal import is_absent
from bot.remedies.undo import steps_of
from intents.domain import (
    Diagnosis,
    FindingOutcome,
    Gap,
    GapReason,
    JudgedHypothesis,
    ObjectRef,
    Permission,
    Text,
)
from intents.focus import focus_of
from intents.request import ExplainText, Request
from intents.verdicts import supported
from responses import failures
from responses.safety import safe_value

Allowed = Callable[[str, ObjectRef], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A remedy without a button, and why."""

    remedy: str
    title: Text
    gap: Gap

    @property
    def says(self) -> Text:
        if self.gap.permission is None:
            return self.gap.says
        return Text(
            en=f"No button for this: Casebook needs {self.gap.permission}",
            zh=f"没有对应的按钮：Casebook 缺少权限 {self.gap.permission}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The buttons of an answer in the order of the incident's remedies, and the remedies without one."""

    plans: tuple[Plan, ...] = ()
    withheld: tuple[Withheld, ...] = ()


async def plan_remedies(
    diagnosis: Diagnosis,
    judged: JudgedHypothesis,
    *,
    request: Request,
    request_id: str,
    engine: Engine,
    session: Session,
    allowed: Allowed,
    now: datetime | None = None,
    reviewed: bool = True,
) -> Offers:
    """Return plans for the remedies of one judged incident; none where the cluster does not support it.

    `allowed` is the policy's decision on an action (its name) and a target. Plans expire by `now`, our own clock. The
    API server is asked what the session may write; unless `reviewed`, only at the press. Never raises for a refused
    read: a remedy whose object cannot be read is withheld.
    """
    if not supported(judged):
        return Offers()
    now = now or datetime.now(UTC)
    plans: list[Plan] = []
    withheld: list[Withheld] = []
    async with session.snapshot() as snapshot:
        writer = session.writer() if reviewed else None
        for remedy in judged.remedies:
            action = actions().get(remedy.action)
            if action is None or remedy.target is None or not allowed(remedy.action, remedy.target):
                continue
            found = await _target(snapshot, writer, action, remedy.target, remedy.args)
            if isinstance(found, tuple):
                target, basis = found
                declared = engine.catalog.incidents[judged.incident].remediations
                plan = Plan(
                    id=secrets.token_hex(16),
                    request_id=request_id,
                    incident=judged.incident,
                    remedy=remedy.id,
                    action=remedy.action,
                    cluster=diagnosis.cluster,
                    target=target,
                    args=dict(remedy.args),
                    only_if=next((each.only_if for each in declared if each.id == remedy.id), ()),
                    basis=basis,
                    about=_about(diagnosis, judged, target, request=request, engine=engine),
                    title=safe_value(remedy.title),
                    warning=safe_value(remedy.warning),
                    risk=remedy.risk,
                    until=remedy.until,
                    done=safe_value(remedy.done),
                    later=safe_value(remedy.later),
                    asks=remedy.asks,
                    created=now,
                    expires=now + LIFETIME,
                )
                if storable := without_secrets(plan):
                    plans.append(storable)
                    continue
                says = failures.CHANGE_HOLDS_SECRET
                found = Gap(what=str(target), reason=GapReason.FORBIDDEN, detail=says.en, detail_zh=says.zh)
            if found is not None:
                withheld.append(Withheld(remedy=remedy.id, title=remedy.title, gap=found))
    return Offers(plans=tuple(plans), withheld=tuple(withheld))


async def missing(writer: Writer, permissions: Iterable[Permission], target: ObjectRef) -> Gap | None:
    """Return the first permission to change an object that is missing, or that the API server could not check."""
    for permission in permissions:
        namespace, name = _scope(permission, target)
        may = await writer.may(permission, namespace=namespace, name=name)
        if isinstance(may, Gap):
            return may
        if not may:
            return Gap(what=str(target), reason=GapReason.FORBIDDEN, permission=permission)
    return None


async def missing_to_undo(undo: Plan, *, session: Session) -> Gap | None:
    """Return what is missing to undo a remedy, None for nothing. Permissions of unknown kinds are not checked."""
    writer = session.writer()
    for step in steps_of(undo):
        resource = well_known(step.target.kind)
        if resource and (gap := await missing(writer, [resource.permission(str(step.verb))], step.target)):
            return gap
    return None


def _scope(permission: Permission, target: ObjectRef) -> tuple[str, str]:
    """Return the namespace and name to check: the object's own, or "" for all that goes along with it."""
    resource, own = well_known(permission.resource.partition("/")[0]), well_known(target.kind)
    if resource == own:
        # No role can limit a create to a name.
        return target.namespace, "" if permission.verb == "create" else target.name
    if resource is not None and not resource.namespaced:
        return "", ""
    # A Namespace as a target stands for the objects in it.
    return (target.name, "") if target.kind == "Namespace" else (target.namespace, "")


async def _target(
    snapshot: Snapshot, writer: Writer | None, action: Action, target: ObjectRef, args: Mapping[str, Any]
) -> tuple[ObjectRef, dict[str, str]] | Gap | None:
    """Return the object as it is now and what a plan for it rests on, or what is missing to write to it.

    None if it is gone or not for this action.
    """
    needed = action.needs(target, args)
    if writer is not None and (gap := await missing(writer, needed, target)):
        return gap
    if not needed:
        return None
    try:
        basis = await action.basis(snapshot, target)
        if not await action.may_help(snapshot, target):
            return None
    except NotFound:
        return None
    except ClusterError as error:
        return error.gap(str(target))
    uid = basis.get("uid", "")
    # An object to be created has no uid: the plan is bound to its absence.
    return (replace(target, uid=uid), basis) if uid or is_absent(basis) else None


def _about(
    diagnosis: Diagnosis, judged: JudgedHypothesis, target: ObjectRef, *, request: Request, engine: Engine
) -> About:
    focus = judged.behind or diagnosis.focus
    if isinstance(request, ExplainText):
        incident = engine.catalog.incidents[judged.incident]
        focus = focus_of(incident, judged.hypothesis, namespace=request.namespace)
    # Where several objects show the incident, the one written to matters after the write.
    supporting = (each for each in judged.findings if each.outcome is FindingOutcome.SUPPORTS)
    is_evidence = any(row.subject.is_named_as(target) for each in supporting for row in each.rows)
    return About(
        focus=focus,
        named=dict(judged.hypothesis.named),
        score=judged.hypothesis.score,
        when=judged.hypothesis.when,
        subject=target if is_evidence else judged.subject,
    )
