"""Opening the store: migrate, then hand out the repositories over one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Table, delete

from bot.store.answers import Answers
from bot.store.audit import Audit
from bot.store.chronicles import Chronicles
from bot.store.database import Database, parse_url
from bot.store.feedback import Feedback
from bot.store.migrating import migrate
from bot.store.mutes import Mutes
from bot.store.notices import Notices
from bot.store.outbox import Outbox
from bot.store.plans import Plans
from bot.store.replicas import Replicas
from bot.store.requests import Requests
from bot.store.tables import answers, feedback, mutes, notices, outbox, plans, replicas, requests, topics
from bot.store.topics import Topics

# What grows old, by which time. Never the audit.
_AGES: Final[tuple[tuple[Table, Column[object]], ...]] = (
    (requests, requests.c.touched),
    (outbox, outbox.c.began),
    (answers, answers.c.saved),
    (topics, topics.c.last),
    (mutes, mutes.c.until),
    (feedback, feedback.c.at),
    (plans, plans.c.expires),
    (notices, notices.c.at),
    (replicas, replicas.c.beat),
)


class Store:
    """The repositories. Every method of theirs is one transaction, safe beside other processes on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.requests = Requests(database)
        self.outbox = Outbox(database)
        self.answers = Answers(database)
        self.topics = Topics(database)
        self.mutes = Mutes(database)
        self.feedback = Feedback(database)
        self.plans = Plans(database)
        self.audit = Audit(database)
        self.notices = Notices(database)
        self.replicas = Replicas(database)
        self.chronicles = Chronicles(database)

    async def ping(self) -> None:
        """Raises `StoreUnavailable` unless a write could begin now. That the disk is full only a write can tell."""
        await self._database.ping()

    async def purge(self, before: datetime, *, chronicles_before: datetime) -> int:
        """Delete what was last touched before then, and say how many rows. The audit stays whole.

        Chronicles have a time of their own: an incident is looked back at for longer than a question is.
        """
        gone = await self.chronicles.purge(chronicles_before, dismissed_before=before)
        for table, age in _AGES:
            # One transaction each: nobody waits for all of it.
            async with self._database.write() as connection:
                gone += (await connection.execute(delete(table).where(age < before))).rowcount
        return gone


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """The store at `url`, migrated: sqlite:///path or postgresql://host/name. Raises `StoreUnavailable`."""
    parsed = parse_url(url)
    # In a thread: migrating reads files, and waits for others who migrate.
    await asyncio.to_thread(migrate, parsed)
    database = Database(parsed)
    try:
        yield Store(database)
    finally:
        await database.close()
