"""From a diagnosis to buttons: which of its remedies can be carried out, by whom, on which object exactly.

A button that could not be carried out is not offered; what is missing for it is said instead.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, NotFound
from bot.cluster.resources import well_known
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.diagnosing import Engine
from bot.kube.access import EVERYTHING, Access
from bot.kube.impersonation import ActsAs
from bot.remedies.contract import LIFETIME, About, Action, Plan
from bot.remedies.registry import actions
from bot.remedies.shared.absence import is_absent
from bot.remedies.undoing import steps_of
from intents.domain import Diagnosis, Gap, GapReason, Judged, ObjectRef, Outcome, Permission, Remedy, Row, Text
from intents.focus import focus_of
from intents.judging import supported
from intents.request import ExplainText, Request
from responses.safety import safe_value

DEADLINE_S: Final = 8.0

Allowed = Callable[[str, ObjectRef], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A remedy that is not offered as a button, and why."""

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
class Planned:
    """The buttons of an answer, in the order of the incident's remedies, and those that could not be offered."""

    plans: tuple[Plan, ...] = ()
    withheld: tuple[Withheld, ...] = ()


async def plan_remedies(
    diagnosis: Diagnosis,
    judged: Judged,
    *,
    request: Request,
    request_id: str,
    engine: Engine,
    connection: Connection,
    allowed: Allowed,
    now: datetime | None = None,
    deadline: float = DEADLINE_S,
    access: Access = EVERYTHING,
    acting_as: ActsAs | None = None,
    reviewed: bool = True,
) -> Planned:
    """Plans for the remedies of one judged incident; none where the cluster does not support it.

    `allowed` is the policy's word on an action (its name) and a target, `access` on what may be read for it. `now` is
    our own clock, by which plans expire. The API server is asked what `acting_as` may do, or what we may; not
    `reviewed`, it is asked at the press alone.
    Never raises for what the cluster refuses: a remedy whose object cannot be read is not offered.
    """
    if not supported(judged):
        return Planned()
    known = actions()
    moment = now or datetime.now(UTC)
    plans: list[Plan] = []
    withheld: list[Withheld] = []
    async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
        writer = Writer(connection, deadline=deadline, acting_as=acting_as)
        for remedy in judged.remedies:
            action = known.get(remedy.action)
            if action is None or remedy.target is None or not allowed(remedy.action, remedy.target):
                continue
            if reviewed and (gap := await missing(writer, action.needs(remedy.target, remedy.args), remedy.target)):
                withheld.append(Withheld(remedy=remedy.id, title=remedy.title, gap=gap))
                continue
            target = await _identified(snapshot, action, remedy.target, remedy.args)
            if isinstance(target, Gap):
                withheld.append(Withheld(remedy=remedy.id, title=remedy.title, gap=target))
            elif target is not None:
                about = _about(diagnosis, judged, target.ref, request=request, engine=engine)
                plans.append(
                    _plan(remedy, target, about, judged, request_id, diagnosis.cluster, engine=engine, now=moment)
                )
    return Planned(plans=tuple(plans), withheld=tuple(withheld))


async def missing(writer: Writer, permissions: Iterable[Permission], target: ObjectRef) -> Gap | None:
    """The first permission that is lacking to change an object; also that the API server could not be asked."""
    for permission in permissions:
        namespace, name = _where(permission, target)
        may = await writer.may(permission, namespace=namespace, name=name)
        if isinstance(may, Gap):
            return may
        if not may:
            return Gap(what=str(target), reason=GapReason.FORBIDDEN, permission=permission)
    return None


async def missing_to_undo(undo: Plan, connection: Connection, *, acting_as: ActsAs | None = None) -> Gap | None:
    """What is lacking to take a remedy back; None for nothing. Of a kind that no table knows nothing is asked."""
    writer = Writer(connection, deadline=DEADLINE_S, acting_as=acting_as)
    for step in steps_of(undo):
        resource = well_known(step.target.kind)
        if resource and (gap := await missing(writer, [resource.permission(str(step.verb))], step.target)):
            return gap
    return None


def _where(permission: Permission, target: ObjectRef) -> tuple[str, str]:
    """Namespace and name that are asked about: the object's own, or all there may be of what goes along with it."""
    resource, own = well_known(permission.resource.partition("/")[0]), well_known(target.kind)
    if resource == own:
        # Nothing is created by a name that a role could be kept to.
        return target.namespace, "" if permission.verb == "create" else target.name
    if resource is not None and not resource.namespaced:
        return "", ""
    # A namespace is named for what lies in it.
    return (target.name, "") if target.kind == "Namespace" else (target.namespace, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The object as it is now, and what a plan for it rests on."""

    ref: ObjectRef
    basis: dict[str, str]


async def _identified(
    snapshot: Snapshot, action: Action, target: ObjectRef, args: Mapping[str, Any]
) -> _Target | Gap | None:
    """Which object it is exactly; None for one that is gone, or that this action is not for."""
    if not action.needs(target, args):
        return None
    try:
        basis = await action.basis(snapshot, target)
    except NotFound:
        return None
    except ClusterError as error:
        return error.gap(str(target))
    uid = basis.get("uid", "")
    ref = ObjectRef(kind=target.kind, namespace=target.namespace, name=target.name, uid=uid)
    # An object that is to be made has no uid: it is bound to there being none.
    return _Target(ref=ref, basis=basis) if uid or is_absent(basis) else None


def _about(diagnosis: Diagnosis, judged: Judged, target: ObjectRef, *, request: Request, engine: Engine) -> About:
    focus = diagnosis.focus
    if isinstance(request, ExplainText):
        incident = engine.catalog.incidents[judged.incident]
        focus = focus_of(incident, judged.hypothesis, namespace=request.namespace)
    return About(
        focus=focus,
        named=dict(judged.hypothesis.named),
        score=judged.hypothesis.score,
        when=judged.hypothesis.when,
        # Where several objects show it, what matters after the write is the one that was written to.
        subject=target if any(row.subject.is_named_as(target) for row in _supporting(judged)) else judged.subject,
    )


def _supporting(judged: Judged) -> Iterator[Row]:
    for finding in judged.findings:
        if finding.outcome is Outcome.SUPPORTS:
            yield from finding.rows


def _plan(
    remedy: Remedy,
    target: _Target,
    about: About,
    judged: Judged,
    request_id: str,
    cluster: str,
    *,
    engine: Engine,
    now: datetime,
) -> Plan:
    declared = engine.catalog.incidents[judged.incident].remediations
    only_if = next((each.only_if for each in declared if each.id == remedy.id), ())
    return Plan(
        id=secrets.token_hex(16),
        request_id=request_id,
        incident=judged.incident,
        remedy=remedy.id,
        action=remedy.action,
        cluster=cluster,
        target=target.ref,
        args=dict(remedy.args),
        only_if=only_if,
        basis=target.basis,
        about=about,
        title=safe_value(remedy.title),
        warning=safe_value(remedy.warning),
        risk=remedy.risk,
        until=remedy.until,
        done=safe_value(remedy.done),
        asks=remedy.asks,
        created=now,
        expires=now + LIFETIME,
    )
