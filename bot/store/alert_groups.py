"""Store alerts of Alertmanager's webhook, one post per cause, and its silence.

A scope is a channel and a cluster. Its open round collects alerts; the job of the round places them into posts. A post
is open while one of its alerts fires; a scope has at most one open post per cause.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.common.portable import Portable
from bot.store.outbox import AcceptedJob, add_job
from bot.store.statements import Repository, insert_once, portions, read_as, upsert
from bot.store.tables import alert_posts, alert_rounds, alerts
from intents.alerts.alert import Alert, AlertStatus
from intents.domain import Json

# Alertmanager answers within seconds; a job that was given up holds nothing back.
_ASKED_LASTS: Final = timedelta(minutes=2)


class SilenceState(StrEnum):
    """How far a silence is: claimed by a person before Alertmanager is asked, in force, ended by a person."""

    ASKED = "asked"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSilence(Portable):
    """A silence of a post's alerts. `dialog` is the one that asked for it, `id` is Alertmanager's."""

    state: SilenceState
    dialog: str
    by: str
    reason: str
    until: datetime
    at: datetime
    matchers: tuple[str, ...] = ()
    id: str = ""
    ended_by: str = ""

    def stands(self, now: datetime) -> bool:
        """Tell whether it is in force, or about to be."""
        if self.state is SilenceState.ASKED:
            return now - self.at < _ASKED_LASTS
        return self.state is SilenceState.ACTIVE and now < self.until


# Placed together; the round places further ones afterwards.
MOST_PLACED: Final = 400
_CHUNK: Final = 400
# An alert that only repeats is written again after this time, so that it is not purged.
_TOUCH: Final = timedelta(hours=6)
# Clocks of a monitoring system and ours differ by less, unless one is wrong.
_CLOCKS_APART: Final = timedelta(hours=1)
# A round collects for seconds; the job of an older one was lost.
_ROUND_LASTS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertScope:
    """The channel that gets alerts, and the context of their cluster ("" if unknown)."""

    channel: str
    cluster: str = ""

    @property
    def key(self) -> str:
        return f"{self.channel}/{self.cluster}"

    @classmethod
    def of(cls, key: str) -> AlertScope:
        channel, _, cluster = key.partition("/")
        return cls(channel=channel, cluster=cluster)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedAlert:
    """An alert with its scope, the mode of its route and the address of its Alertmanager."""

    scope: AlertScope
    alert: Alert
    mode: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAlert:
    """An alert whose cause was not looked for yet."""

    fingerprint: str
    labels: Mapping[str, str]
    summary: str
    mode: str
    runbook: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlertPost:
    """A post with the state of its alerts: `names` counts them by name, `firing` those that stand.

    `labels` are those of the firing alerts, or of all once none fires.
    """

    id: str
    scope: AlertScope
    ts: str
    revision: int
    shown: int
    edits: int
    document: Json
    opened: datetime
    at: datetime
    names: Mapping[str, int] = field(default_factory=dict)
    firing: int = 0
    link: str = ""
    since: datetime | None = None
    ended: datetime | None = None
    silence: StoredSilence | None = None
    labels: Sequence[Mapping[str, str]] = ()


class AlertGroups(Repository):
    """Repository of alerts and their posts. All methods raise `StoreUnavailable`."""

    async def record(
        self, arrived: Sequence[ArrivedAlert], now: datetime, job: Callable[[AlertScope, int], AcceptedJob]
    ) -> tuple[AcceptedJob, ...]:
        """Record all alerts of a request, with the `job` of each round that has something new. Return these jobs."""
        by_scope: dict[AlertScope, list[ArrivedAlert]] = {}
        for each in arrived:
            by_scope.setdefault(each.scope, []).append(each)

        async def body(connection: AsyncConnection) -> tuple[AcceptedJob, ...]:
            jobs = []
            for scope, own in by_scope.items():
                if await _record(connection, scope, own, now):
                    jobs.append(job(scope, await _round(connection, scope, now)))
                    await add_job(connection, jobs[-1])
            return tuple(jobs)

        return await self._database.transact(body, "alerts")

    async def close_round(self, scope: AlertScope, number: int) -> None:
        """End a round: later alerts open the next one."""
        which = (alert_rounds.c.scope == scope.key) & (alert_rounds.c.round == number)
        await self._change(update(alert_rounds).where(which).values(open=False), "alerts")

    async def pending(self, scope: AlertScope) -> tuple[PendingAlert, ...]:
        """Return firing alerts whose cause was not looked for yet, at most `MOST_PLACED`."""
        which = (alerts.c.scope == scope.key) & ~alerts.c.placed & alerts.c.firing
        query = select(alerts).where(which).order_by(alerts.c.fingerprint).limit(MOST_PLACED)
        return tuple(read_as(PendingAlert, row) for row in await self._rows(query))

    async def place(
        self,
        scope: AlertScope,
        choose: Callable[[Mapping[str, Json]], str],
        fingerprints: Collection[str],
        document: Json,
        now: datetime,
        *,
        grown: Callable[[Json, Json], Json],
    ) -> bool:
        """Add pending alerts to the post of a cause. Return whether the post is new.

        `choose` takes the documents of the open posts by their cause and returns that of the alerts; `grown` returns
        the document of an open post with that of the alerts.
        """

        async def body(connection: AsyncConnection) -> bool:
            which = (alert_posts.c.scope == scope.key) & alert_posts.c.open
            query = select(alert_posts.c.id, alert_posts.c.cause, alert_posts.c.document).where(which)
            posts = {row.cause: row for row in await connection.execute(query.order_by(alert_posts.c.opened))}
            cause = choose({each: row.document for each, row in posts.items()})
            found = posts.get(cause)
            id = found.id if found else _id(scope, cause, now)
            if not await _assign(connection, scope, fingerprints, id):
                return False
            if found:
                more = {"revision": alert_posts.c.revision + 1, "document": grown(found.document, document)}
                await connection.execute(update(alert_posts).where(alert_posts.c.id == id).values(more))
                return False
            values = {
                "id": id,
                "scope": scope.key,
                "cause": cause,
                "open": True,
                "ts": "",
                "revision": 1,
                "shown": 0,
                "edits": 0,
                "document": document,
                "opened": now,
                "at": now,
            }
            return await insert_once(connection, alert_posts, values)

        return await self._database.transact(body, "alerts")

    async def leave_out(self, scope: AlertScope, fingerprints: Collection[str]) -> None:
        """Mark pending alerts as not to be posted."""
        await self._database.transact(lambda connection: _assign(connection, scope, fingerprints, ""), "alerts")

    async def behind(self, scope: AlertScope) -> tuple[tuple[str, int], ...]:
        """Return id and number of edits of the posts whose message is out of date."""
        which = (alert_posts.c.scope == scope.key) & (alert_posts.c.revision > alert_posts.c.shown)
        rows = await self._rows(select(alert_posts.c.id, alert_posts.c.edits).where(which))
        return tuple((row.id, row.edits) for row in rows)

    async def post(self, id: str) -> StoredAlertPost | None:
        """Return a post with its alerts; one whose alerts are all resolved is closed for further ones."""

        async def body(connection: AsyncConnection) -> StoredAlertPost | None:
            row = (await connection.execute(select(alert_posts).where(alert_posts.c.id == id))).one_or_none()
            if row is None:
                return None
            post = _post(row, (await connection.execute(select(alerts).where(alerts.c.post == id))).all())
            if not post.firing:
                await connection.execute(update(alert_posts).where(alert_posts.c.id == id).values(open=False))
            return post

        return await self._database.transact(body, "alerts")

    async def newest_firing(self, limit: int) -> tuple[StoredAlertPost, ...]:
        """Return the newest posts of all scopes with alerts that fire."""
        query = select(alert_posts.c.id).where(alert_posts.c.open & (alert_posts.c.ts != ""))
        rows = await self._rows(query.order_by(alert_posts.c.opened.desc()).limit(limit))
        found = [await self.post(row.id) for row in rows]
        return tuple(post for post in found if post is not None and post.firing)

    async def silence(self, id: str, silence: StoredSilence) -> StoredSilence | None:
        """Record a silence of a post, unless another one stands. Return the one that stands then; None without a post.

        The same `dialog` records the further states of its silence. The message of the post is out of date then.
        """

        async def body(connection: AsyncConnection) -> StoredSilence | None:
            query = select(alert_posts.c.silence).where(alert_posts.c.id == id).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            before = StoredSilence.from_json(row.silence) if row.silence else None
            if before is not None and before.dialog != silence.dialog and before.stands(silence.at):
                return before
            values = {"silence": silence.as_json(), "revision": alert_posts.c.revision + 1}
            await connection.execute(update(alert_posts).where(alert_posts.c.id == id).values(values))
            return silence

        return await self._database.transact(body, "alerts")

    async def shown(self, post: StoredAlertPost, *, ts: str, now: datetime) -> StoredAlertPost | None:
        """Record that a message shows the post as it was read. Return it anew if it changed since."""

        async def body(connection: AsyncConnection) -> bool:
            values = {"ts": ts, "shown": post.revision, "edits": post.edits + 1, "at": now}
            which = (alert_posts.c.id == post.id) & (alert_posts.c.edits == post.edits)
            await connection.execute(update(alert_posts).where(which).values(values))
            left = select(func.count()).where(
                (alert_posts.c.id == post.id) & (alert_posts.c.revision > alert_posts.c.shown)
            )
            return bool((await connection.execute(left)).scalar_one())

        return await self.post(post.id) if await self._database.transact(body, "alerts") else None


async def _record(connection: AsyncConnection, scope: AlertScope, own: Sequence[ArrivedAlert], now: datetime) -> bool:
    """Write the alerts of one scope. Return whether one began or ended."""
    latest = {each.alert.fingerprint: each for each in own}
    news, ended = [], Counter[str]()
    for part in portions(tuple(latest), _CHUNK):
        which = (alerts.c.scope == scope.key) & alerts.c.fingerprint.in_(part)
        known = {row.fingerprint: row for row in await connection.execute(select(alerts).where(which))}
        rows = [_row(latest[each], known.get(each), now) for each in part]
        news += [row for row in rows if row is not None]
        ended.update(
            known[each].post
            for each, row in zip(part, rows, strict=True)
            if row and not row["firing"] and each in known
        )
    await upsert(connection, alerts, *news)
    for id in ended:
        changed = {"revision": alert_posts.c.revision + 1}
        await connection.execute(update(alert_posts).where(alert_posts.c.id == id).values(changed))
    return any(not row["placed"] for row in news) or any(ended)


def _row(arrived: ArrivedAlert, known: Row[Any] | None, now: datetime) -> Json | None:
    """Return the row to write for an alert, None if nothing changes. Compares only the monitoring system's times."""
    alert, firing = arrived.alert, arrived.alert.status is AlertStatus.FIRING
    row = {
        "scope": arrived.scope.key,
        "fingerprint": alert.fingerprint,
        "firing": firing,
        "placed": not firing,
        "post": "",
        "mode": arrived.mode,
        "link": arrived.link,
        "labels": dict(alert.labels),
        "summary": alert.summary,
        "runbook": alert.runbook,
        "starts": alert.starts,
        "ends": alert.ends,
        "at": now,
    }
    if known is None:
        return row
    same = {"placed": known.placed, "post": known.post}
    if firing and known.firing:
        return {**row, **same, "starts": known.starts} if now - known.at > _TOUCH else None
    if firing:
        return row if _fires_again(alert, known) else None
    return {**row, **same} if known.firing and not _ended_before(alert, known) else None


def _fires_again(alert: Alert, known: Row[Any]) -> bool:
    """Tell whether a firing alert began after its known end; without a time it did: a second post loses nothing."""
    if alert.starts is None or known.starts is None:
        return True
    # A copy of the same time may seem to begin after its end if two clocks are apart.
    return alert.starts != known.starts and alert.starts > (_plausible(known.ends, known.at) or known.starts)


def _ended_before(alert: Alert, known: Row[Any]) -> bool:
    """Tell whether a resolved alert was over before the known one began.

    An earlier start alone does not prove it: of two Prometheus, the one that reports later may have seen it first.
    """
    began = _plausible(known.starts, known.at)
    if began is None or alert.starts is None or alert.starts >= began:
        return False
    return alert.ends is None or alert.ends < began


def _plausible(time: datetime | None, at: datetime) -> datetime | None:
    """Return a time unless it is far in the future of its arrival: the sender's clock was wrong."""
    return time if time and time <= at + _CLOCKS_APART else None


async def _round(connection: AsyncConnection, scope: AlertScope, now: datetime) -> int:
    """Return the number of the scope's open round, and open one if there is none."""
    row = (await connection.execute(select(alert_rounds).where(alert_rounds.c.scope == scope.key))).one_or_none()
    if row is not None and row.open and now - row.at < _ROUND_LASTS:
        return int(row.round)
    number = 1 if row is None else row.round + 1
    await upsert(connection, alert_rounds, {"scope": scope.key, "round": number, "open": True, "at": now})
    return int(number)


async def _assign(connection: AsyncConnection, scope: AlertScope, fingerprints: Collection[str], post: str) -> int:
    assigned = 0
    for part in portions(tuple(fingerprints), _CHUNK):
        which = (alerts.c.scope == scope.key) & alerts.c.fingerprint.in_(part) & ~alerts.c.placed & alerts.c.firing
        assigned += (await connection.execute(update(alerts).where(which).values(placed=True, post=post))).rowcount
    return assigned


def _post(row: Row[Any], own: Sequence[Row[Any]]) -> StoredAlertPost:
    firing = [each for each in own if each.firing]
    names = Counter(str(each.labels.get("alertname", "")) for each in firing or own)
    return read_as(
        StoredAlertPost,
        row,
        scope=AlertScope.of(row.scope),
        names=dict(names.most_common()),
        firing=len(firing),
        link=next((each.link for each in own if each.link), ""),
        since=min((each.starts for each in own if each.starts), default=None),
        ended=max((each.ends for each in own if each.ends), default=None),
        silence=StoredSilence.from_json(row.silence) if row.silence else None,
        labels=tuple(each.labels for each in firing or own),
    )


def _id(scope: AlertScope, cause: str, now: datetime) -> str:
    text = "\0".join((scope.key, cause, now.isoformat()))
    return "alerts-" + hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
