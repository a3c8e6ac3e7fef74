"""Plan an action that a person asked for in words: what is to be done is theirs, that it is safe is ours to check.

No evidence is read. Everything else is as for a remedy: the policy, the permissions of the session, what the action
itself refuses, and at the press the preview, the approval and the audit.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.remedies.action import actions
from bot.remedies.contract import LIFETIME, About, Plan, Refused
from bot.remedies.offers import missing
from bot.remedies.session import Session, without_secrets
from bot.remedies.shared.refusal import gone
from intents.catalog.schema import Risk
from intents.domain import Focus, Gap, ObjectRef, Question, Text
from responses import failures
from responses.safety import safe_value
from responses.words import COLON

_RISKS: Final = tuple(Risk)


async def plan_requested(
    name: str,
    target: ObjectRef,
    *,
    args: Mapping[str, Any],
    asks: tuple[Question, ...],
    request_id: str,
    session: Session,
    now: datetime,
    reviewed: bool = True,
) -> Plan | Text:
    """Return the plan of an action on an object, or why it cannot be offered. The policy was asked before.

    The API server is asked what the session may write; unless `reviewed`, only at the press. What a person has yet to
    type is checked at the preview. Raise no ClusterError.
    """
    action = actions()[name]
    try:
        if reviewed and (gap := await missing(session.writer(), action.needs(target, args), target)):
            return _withheld(gap)
        async with session.snapshot() as snapshot:
            basis = await action.basis(snapshot, target)
            if not basis.get("uid"):
                return gone(target).says
            about = replace(target, uid=basis["uid"])
            plan = Plan(
                id=secrets.token_hex(16),
                request_id=request_id,
                incident="",
                remedy="",
                action=action.declaration.name,
                cluster=snapshot.cluster,
                target=about,
                args=dict(args),
                basis=basis,
                about=About(focus=Focus(kind=about.kind, namespace=about.namespace, name=about.name), subject=about),
                title=safe_value(Text.joined((action.words.verb, Text.same(str(about))), COLON)),
                # Nothing shows that what runs is broken: a change to it disturbs something at least.
                risk=max(action.declaration.least_risk, Risk.DISRUPTIVE, key=_RISKS.index),
                asks=asks,
                created=now,
                expires=now + LIFETIME,
            )
            if not asks:
                await action.propose(snapshot, plan)
        return without_secrets(plan) or failures.CHANGE_HOLDS_SECRET
    except Refused as refused:
        return refused.refusal.says
    except ClusterError as error:
        return error.gap(str(target)).says


def _withheld(gap: Gap) -> Text:
    if gap.permission is None:
        return gap.says
    return Text(en=f"Casebook needs {gap.permission}", zh=f"Casebook 缺少权限 {gap.permission}")
