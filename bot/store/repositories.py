"""Open the store: migrate the database, then provide its repositories."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Table, delete, exists

from bot.store.alert_groups import AlertGroups
from bot.store.answers import Answers, Mutes, StandingAlerts, Topics
from bot.store.audit_log import Audit
from bot.store.channel_answers import ChannelAnswers
from bot.store.chronicles import Chronicles
from bot.store.database import Database, opened, parse_url
from bot.store.feedback import Corrections, Feedback, FeedbackReader, UnknownPastes
from bot.store.installations import Installations
from bot.store.learned import Learned
from bot.store.migration import migrate
from bot.store.outbox import AcceptedJobs, Heartbeats, Notices, Outbox, Reports, StoredDirectory
from bot.store.plans import Plans
from bot.store.requests import Requests
from bot.store.tables import (
    alert_posts,
    alerts,
    answers,
    corrections,
    directory,
    feedback,
    incident_channels,
    mutes,
    notices,
    outbox,
    plans,
    replicas,
    requests,
    standing_alerts,
    topics,
    unknown_pastes,
    watch_posts,
    watch_thresholds,
)
from bot.store.watch_posts import WatchLeases, WatchPosts, WatchThresholds

# The column that dates each table's rows for purging. The audit is never purged.
_AGES: Final[tuple[tuple[Table, Column[object]], ...]] = (
    (requests, requests.c.touched),
    (outbox, outbox.c.began),
    (answers, answers.c.saved),
    (topics, topics.c.last),
    (mutes, mutes.c.until),
    (feedback, feedback.c.at),
    (corrections, corrections.c.at),
    (unknown_pastes, unknown_pastes.c.at),
    (plans, plans.c.expires),
    (notices, notices.c.at),
    (directory, directory.c.read),
    (replicas, replicas.c.beat),
    (alerts, alerts.c.at),
    (standing_alerts, standing_alerts.c.at),
    (alert_posts, alert_posts.c.at),
    (watch_posts, watch_posts.c.opened),
    (watch_thresholds, watch_thresholds.c.at),
)


class Store:
    """The repositories of one database. Each method is one transaction, safe with other processes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.requests = Requests(database)
        self.outbox = Outbox(database)
        self.answers = Answers(database)
        self.topics = Topics(database)
        self.mutes = Mutes(database)
        self.channel_answers = ChannelAnswers(database)
        self.reports = Reports(database)
        self.feedback = Feedback(database)
        self.corrections = Corrections(database)
        self.unknown_pastes = UnknownPastes(database)
        self.feedback_reader = FeedbackReader(database)
        self.plans = Plans(database)
        self.audit = Audit(database)
        self.notices = Notices(database)
        self.replicas = Heartbeats(database)
        self.chronicles = Chronicles(database)
        self.directory = StoredDirectory(database)
        self.accepted_jobs = AcceptedJobs(database)
        self.alert_groups = AlertGroups(database)
        self.standing_alerts = StandingAlerts(database)
        self.watch_leases = WatchLeases(database)
        self.watch_posts = WatchPosts(database)
        self.watch_thresholds = WatchThresholds(database)
        self.learned = Learned(database)
        self.installations = Installations(database)

    async def ping(self) -> None:
        """Raise `StoreUnavailable` unless a write could begin now. Only a real write detects a full disk."""
        await self.database.ping()

    async def purge(self, before: datetime, *, chronicles_before: datetime) -> int:
        """Delete rows last used before a time. Return their number. The audit is never purged.

        Chronicles have their own time: an incident is looked up for longer than a question.
        """
        gone = await self.chronicles.purge(chronicles_before, dismissed_before=before)
        # A summary is edited as long as its channel is recorded, so its posting must be known.
        shows = incident_channels.c
        shown = exists().where(shows.channel == outbox.c.channel, shows.summary_ts == outbox.c.ts)
        for table, age in _AGES:
            expired = delete(table).where(age < before)
            # One short transaction each, so that nobody waits for all of them.
            async with self.database.write() as connection:
                gone += (await connection.execute(expired.where(~shown) if table is outbox else expired)).rowcount
        return gone


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """Open and migrate the store at `url`: sqlite:///path or postgresql://host/name. Raise `StoreUnavailable`."""
    parsed = parse_url(url)
    # In a thread: migrating reads files and waits for other migrating processes.
    await asyncio.to_thread(migrate, parsed)
    async with opened(parsed) as database:
        yield Store(database)
