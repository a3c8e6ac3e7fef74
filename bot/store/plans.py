"""Plans: what a button would do. A button carries only the plan's id; a plan is claimed once, by one press."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update

from bot.store.database import Database
from bot.store.rows import insert_once
from bot.store.tables import plans

Json = dict[str, Any]

OPEN = "open"
CLAIMED = "claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`state` is "open", then "claimed", then what whoever carried it out set."""

    id: str
    request_id: str
    document: Json
    state: str
    expires: datetime
    claimed_by: str
    claimed_at: datetime | None


class Claim(StrEnum):
    """How an attempt to claim a plan ended."""

    OK = "ok"
    ALREADY = "already"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """`by` and `when` say who has claimed the plan, `state` how far it has come; empty where nobody has."""

    outcome: Claim
    by: str = ""
    when: datetime | None = None
    state: str = ""


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

    async def get(self, plan_id: str) -> Plan | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(plans).where(plans.c.id == plan_id))).one_or_none()
            return None if row is None else _plan(row)

    async def claim(self, plan_id: str, by: str, token: str, now: datetime) -> Claimed:
        """Claim a plan for good. The same `token` may again: it is the same press, carried out by a re-run job."""
        async with self._database.write("plan", plan_id) as connection:
            row = (await connection.execute(select(plans).where(plans.c.id == plan_id))).one_or_none()
            if row is None:
                return Claimed(outcome=Claim.UNKNOWN)
            if row.token:
                outcome = Claim.OK if row.token == token else Claim.ALREADY
                return Claimed(outcome=outcome, by=row.claimed_by, when=row.claimed_at, state=row.state)
            if now >= row.expires:
                return Claimed(outcome=Claim.EXPIRED, state=row.state)
            await connection.execute(
                update(plans)
                .where(plans.c.id == plan_id)
                .values(claimed_by=by, claimed_at=now, token=token, state=CLAIMED)
            )
            return Claimed(outcome=Claim.OK, by=by, when=now, state=CLAIMED)

    async def set_state(self, plan_id: str, state: str, patch: Json | None = None) -> bool:
        """Set the state and merge `patch`, key by key, into the document. False: no such plan."""
        return await self._change(plan_id, patch or {}, state=state)

    async def note(self, plan_id: str, patch: Json) -> bool:
        """Merge `patch`, key by key, into the document, whatever the plan's state is. False: no such plan."""
        return await self._change(plan_id, patch)

    async def _change(self, plan_id: str, patch: Json, **values: str) -> bool:
        async with self._database.write("plan", plan_id) as connection:
            row = (await connection.execute(select(plans.c.document).where(plans.c.id == plan_id))).one_or_none()
            if row is None:
                return False
            document = {**row.document, **patch}
            await connection.execute(update(plans).where(plans.c.id == plan_id).values(document=document, **values))
            return True


def _plan(row: Row[Any]) -> Plan:
    return Plan(
        id=row.id,
        request_id=row.request_id,
        document=row.document,
        state=row.state,
        expires=row.expires,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
    )
