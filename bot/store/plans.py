"""Plans: what a button would do. A button carries only the plan's id; a plan is claimed once, by one press."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.rows import insert_once
from bot.store.tables import plans

Json = dict[str, Any]

OPEN: Final = "open"
CLAIMED: Final = "claimed"
# All claims take turns: whether one is one too many depends on the others.
_TURN: Final = "claims"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """`state` is "open", then "claimed", then what whoever carried it out set. `token` names the press that claimed."""

    id: str
    request_id: str
    document: Json
    state: str
    expires: datetime
    claimed_by: str
    claimed_at: datetime | None
    token: str = ""


class Claim(StrEnum):
    """How an attempt to claim a plan ended."""

    OK = "ok"
    ALREADY = "already"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    HELD_BACK = "held back"  # by `unless`: the plan stays open


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """`by` and `when` say who has claimed the plan, `state` how far it has come; empty where nobody has."""

    outcome: Claim
    by: str = ""
    when: datetime | None = None
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A claim that was made before: which plan does which action to what subject, by whom, when, and how far it is."""

    plan_id: str
    action: str
    subject: str
    by: str
    when: datetime
    state: str


# Whether what was claimed before keeps a plan from being claimed now.
Unless = Callable[[Sequence[Former]], bool]


class Plans:
    """All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, plan_id: str, request_id: str, document: Json, expires: datetime) -> bool:
        """Keep a plan. False: there is one with this id, which stands."""
        async with self._database.write("plan", plan_id) as connection:
            values = {
                "id": plan_id,
                "request_id": request_id,
                "document": document,
                "state": OPEN,
                "expires": expires,
            }
            return await insert_once(connection, plans, values)

    async def get(self, plan_id: str) -> StoredPlan | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(plans).where(plans.c.id == plan_id))).one_or_none()
            return None if row is None else _plan(row)

    async def claim(
        self,
        plan_id: str,
        by: str,
        token: str,
        now: datetime,
        *,
        action: str = "",
        subject: str = "",
        since: datetime | None = None,
        unless: Unless | None = None,
    ) -> Claimed:
        """Claim a plan for good. The same `token` may again: it is the same press, carried out by a re-run job.

        `unless` is asked once the plan could be claimed, with all other claims from `since` on, the newest first;
        between its word and the claim there is no other claim.
        """
        async with self._database.write(_TURN) as connection:
            row = (await connection.execute(select(plans).where(plans.c.id == plan_id))).one_or_none()
            if row is None:
                return Claimed(outcome=Claim.UNKNOWN)
            if row.token:
                outcome = Claim.OK if row.token == token else Claim.ALREADY
                return Claimed(outcome=outcome, by=row.claimed_by, when=row.claimed_at, state=row.state)
            if now >= row.expires:
                return Claimed(outcome=Claim.EXPIRED, state=row.state)
            if unless is not None and since is not None and unless(await _former(connection, since)):
                return Claimed(outcome=Claim.HELD_BACK, state=row.state)
            await connection.execute(
                update(plans)
                .where(plans.c.id == plan_id)
                .values(claimed_by=by, claimed_at=now, token=token, state=CLAIMED, action=action, subject=subject)
            )
            return Claimed(outcome=Claim.OK, by=by, when=now, state=CLAIMED)

    async def claimed_since(self, since: datetime) -> tuple[Former, ...]:
        """The claims from `since` on, the newest first."""
        async with self._database.read() as connection:
            return await _former(connection, since)

    async def note_once(self, plan_id: str, key: str, value: Json) -> Json | None:
        """Put `value` under `key` into the document unless something stands there; what stands then.

        None: no such plan.
        """
        async with self._database.write("plan", plan_id) as connection:
            document = await _document(connection, plan_id)
            if document is None:
                return None
            if key not in document:
                document = {**document, key: value}
                await connection.execute(update(plans).where(plans.c.id == plan_id).values(document=document))
            kept: Json = document[key]
            return kept

    async def set_state(self, plan_id: str, state: str, patch: Json | None = None) -> bool:
        """Set the state and merge `patch`, key by key, into the document. False: no such plan."""
        return await self._change(plan_id, patch or {}, state=state)

    async def note(self, plan_id: str, patch: Json) -> bool:
        """Merge `patch`, key by key, into the document, whatever the plan's state is. False: no such plan."""
        return await self._change(plan_id, patch)

    async def _change(self, plan_id: str, patch: Json, **values: str) -> bool:
        async with self._database.write("plan", plan_id) as connection:
            document = await _document(connection, plan_id)
            if document is None:
                return False
            changed = update(plans).where(plans.c.id == plan_id).values(document={**document, **patch}, **values)
            await connection.execute(changed)
            return True


async def _document(connection: AsyncConnection, plan_id: str) -> Json | None:
    found = await connection.execute(select(plans.c.document).where(plans.c.id == plan_id))
    return found.scalar_one_or_none()


async def _former(connection: AsyncConnection, since: datetime) -> tuple[Former, ...]:
    query = select(plans).where(plans.c.claimed_at >= since).order_by(plans.c.claimed_at.desc(), plans.c.id)
    return tuple(
        Former(
            plan_id=row.id,
            action=row.action,
            subject=row.subject,
            by=row.claimed_by,
            when=row.claimed_at,
            state=row.state,
        )
        for row in await connection.execute(query)
    )


def _plan(row: Row[Any]) -> StoredPlan:
    return StoredPlan(
        id=row.id,
        request_id=row.request_id,
        document=row.document,
        state=row.state,
        expires=row.expires,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        token=row.token,
    )
