"""Store plans: what a button would do. A button carries only the plan's id, and one press claims the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.statements import Repository, read_as
from bot.store.tables import plans
from intents.domain import Json

OPEN: Final = "open"
CLAIMED: Final = "claimed"
# All claims share one lock, because limits depend on the other claims.
_TURN: Final = "claims"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """One stored plan. `state` is "open", "claimed", then set on execution; `token` identifies the claiming press."""

    id: str
    request_id: str
    document: Json
    state: str
    expires: datetime
    claimed_by: str
    claimed_at: datetime | None
    token: str = ""


class ClaimOutcome(StrEnum):
    """The result of an attempt to claim a plan."""

    OK = "ok"
    ALREADY = "already"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    HELD_BACK = "held back"  # refused by `unless`; the plan stays open


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierClaim:
    """An earlier claim: its plan, action, subject, claimant, time and progress."""

    plan_id: str
    action: str
    subject: str
    by: str
    when: datetime
    state: str


# Decides, from the earlier claims, whether a plan may not be claimed now.
ClaimVeto = Callable[[Sequence[EarlierClaim]], bool]


class Plans(Repository):
    """Repository of plans. All methods raise `StoreUnavailable`."""

    async def save(self, plan_id: str, request_id: str, document: Json, expires: datetime) -> bool:
        """Save a plan. Return False if a plan with this id exists; that one is kept."""
        values = {"id": plan_id, "request_id": request_id, "document": document, "state": OPEN, "expires": expires}
        return await self._insert(plans, values, "plan", plan_id)

    async def get(self, plan_id: str) -> StoredPlan | None:
        """Return a plan, or None."""
        row = await self._row(select(plans).where(plans.c.id == plan_id))
        return read_as(StoredPlan, row) if row else None

    async def clear_open(self, request_id: str) -> None:
        """Clear the unclaimed plans of a request. Only ids stay, by which an open dialog is recognised."""
        async with self._database.write() as connection:
            those = (plans.c.request_id == request_id) & (plans.c.claimed_by == "")
            for row in (await connection.execute(select(plans.c.id, plans.c.document).where(those))).all():
                ids = {key: value for key, value in row.document.items() if isinstance(value, str)}
                await connection.execute(update(plans).where(plans.c.id == row.id).values(document=ids))

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
        unless: ClaimVeto | None = None,
    ) -> ClaimOutcome:
        """Claim a plan for good. The same `token`, a press repeated by a re-run job, may claim it again.

        `unless` is called if the plan can be claimed, with all other claims from `since` on, newest first. No other
        claim happens between its answer and the claim.
        """
        async with self._database.write(_TURN) as connection:
            row = (await connection.execute(select(plans).where(plans.c.id == plan_id))).one_or_none()
            if row is None:
                return ClaimOutcome.UNKNOWN
            if row.token:
                return ClaimOutcome.OK if row.token == token else ClaimOutcome.ALREADY
            if now >= row.expires:
                return ClaimOutcome.EXPIRED
            if unless is not None and since is not None and unless(await _former(connection, since)):
                return ClaimOutcome.HELD_BACK
            await connection.execute(
                update(plans)
                .where(plans.c.id == plan_id)
                .values(claimed_by=by, claimed_at=now, token=token, state=CLAIMED, action=action, subject=subject)
            )
            return ClaimOutcome.OK

    async def claimed_since(self, since: datetime) -> tuple[EarlierClaim, ...]:
        """Return the claims from `since` on, newest first."""
        async with self._database.read() as connection:
            return await _former(connection, since)

    async def note_once(self, plan_id: str, key: str, value: Json) -> Json | None:
        """Put `value` under `key` into the document unless the key exists. Return the stored value, or None for no
        plan.
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

    async def set_state(self, plan_id: str, state: str) -> bool:
        """Set the state. Return False for an unknown plan."""
        return await self._change(update(plans).where(plans.c.id == plan_id).values(state=state), "plan", plan_id) > 0

    async def note(self, plan_id: str, patch: Json) -> bool:
        """Merge `patch`, key by key, into the document in any state. Return False for an unknown plan."""
        async with self._database.write("plan", plan_id) as connection:
            document = await _document(connection, plan_id)
            if document is None:
                return False
            await connection.execute(update(plans).where(plans.c.id == plan_id).values(document={**document, **patch}))
            return True


async def _document(connection: AsyncConnection, plan_id: str) -> Json | None:
    found = await connection.execute(select(plans.c.document).where(plans.c.id == plan_id))
    return found.scalar_one_or_none()


async def _former(connection: AsyncConnection, since: datetime) -> tuple[EarlierClaim, ...]:
    query = select(plans).where(plans.c.claimed_at >= since).order_by(plans.c.claimed_at.desc(), plans.c.id)
    return tuple(
        read_as(EarlierClaim, row, plan_id=row.id, by=row.claimed_by, when=row.claimed_at)
        for row in await connection.execute(query)
    )
