"""Store accepted jobs: what an acknowledged event starts, until the job engine has recorded it.

The engine has its own database and takes several transactions per job. An event is therefore acknowledged once its
request and its job are committed here, together; the job is handed to the engine afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import accepted_jobs
from bot.store.types import insert_once

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJob:
    """A job to start: its kind, its id and its payload. `urgent`: somebody asked; started before the others."""

    id: str
    kind: str
    payload: Json
    at: datetime
    urgent: bool = False


class AcceptedJobs:
    """Repository of accepted jobs. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, job: AcceptedJob) -> None:
        """Store a job. The same id again changes nothing."""
        await self._database.transact(lambda connection: add_job(connection, job), "job", job.id)

    async def list(self, *, before: datetime, limit: int) -> tuple[AcceptedJob, ...]:
        """Return jobs accepted before a time, urgent ones first, then oldest first."""
        async with self._database.read() as connection:
            columns = accepted_jobs.c
            query = select(accepted_jobs).where(columns.at < before)
            rows = await connection.execute(query.order_by(columns.urgent.desc(), columns.at).limit(limit))
            return tuple(AcceptedJob(**row._mapping) for row in rows)

    async def has(self, id: str) -> bool:
        """Tell whether a job still waits for its start."""

        async def body(connection: AsyncConnection) -> bool:
            found = await connection.execute(select(accepted_jobs.c.id).where(accepted_jobs.c.id == id))
            return found.first() is not None

        return await self._database.query(body)

    async def has_jobs_of(self, request: str, *, besides: str) -> bool:
        """Tell whether a job of a request still waits for its start; those of the kind `besides` do not count.

        The id of such a job is that of the request, or begins with it and a dot.
        """
        columns = accepted_jobs.c
        same = or_(columns.id == request, columns.id.startswith(f"{request}.", autoescape=True))
        async with self._database.read() as connection:
            found = await connection.execute(select(columns.id).where(same, columns.kind != besides).limit(1))
            return found.first() is not None

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete jobs that the engine has recorded."""

        async def body(connection: AsyncConnection) -> None:
            await connection.execute(delete(accepted_jobs).where(accepted_jobs.c.id.in_(ids)))

        await self._database.transact(body, "jobs")


async def add_job(connection: AsyncConnection, job: AcceptedJob) -> None:
    """Store a job in the caller's transaction."""
    values = {"id": job.id, "kind": job.kind, "payload": job.payload, "at": job.at, "urgent": job.urgent}
    await insert_once(connection, accepted_jobs, values)
