"""Store what the watch keeps: its posts, who watches, and how long trouble must last in a channel.

A post has one row for each cause and channel while its trouble lasts, and afterwards. A cause beyond the budget of its
channel belongs to a digest: one message shows all rows of the same digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.statements import Repository, insert_once, read_as, row_of, upsert
from bot.store.tables import watch_leases, watch_posts, watch_thresholds

# The budget counts posts within this time, and a digest collects causes for as long.
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPost:
    """A cause in a channel. `key` names it in the outbox; `digest` is that of the digest which shows it, "" for none.

    `objects` are kind, namespace and name of the owners in trouble, `document` is what it shows, `notes` what people
    did to it. It is `over` since a time, and `shown` once Slack has it.
    """

    key: str
    cause: str
    channel: str
    cluster: str
    document: Mapping[str, Any]
    objects: Sequence[Sequence[str]]
    since: datetime
    opened: datetime
    digest: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    shown: bool = False
    over: datetime | None = None

    @property
    def message(self) -> str:
        """Return the key of the message that shows it."""
        return self.digest or self.key


class WatchPosts(Repository):
    """Repository of the posts. All methods raise `StoreUnavailable`."""

    async def open(self, post: WatchPost, *, budget: int, looked: datetime | None = None) -> WatchPost:
        """Record a cause, in a digest if the channel has had `budget` posts within an hour.

        A cause that is not over keeps its row, and gets the further objects. So does one that became over after the
        cluster was `looked` at: what was seen there is the trouble that has ended.
        """
        over = watch_posts.c.over
        lasts = over.is_(None) if looked is None else over.is_(None) | (over > looked)
        open_rows = (watch_posts.c.cause == post.cause) & lasts

        async def body(connection: AsyncConnection) -> WatchPost:
            row = (await connection.execute(select(watch_posts).where(open_rows))).first()
            if row is not None:
                return await _joined(connection, read_as(WatchPost, row), post)
            new = replace(post, digest=await _digest(connection, post, budget))
            await insert_once(connection, watch_posts, row_of(new))
            return new

        return await self._database.transact(body, "watch", post.channel)

    async def get(self, key: str) -> WatchPost | None:
        """Return a post, or None."""
        return next(iter(await self._of(watch_posts.c.key == key)), None)

    async def lasting(self, cluster: str) -> tuple[WatchPost, ...]:
        """Return the posts of a cluster that are not over."""
        return await self._of((watch_posts.c.cluster == cluster) & watch_posts.c.over.is_(None))

    async def newest_lasting(self, limit: int) -> tuple[WatchPost, ...]:
        """Return the newest posts of all clusters that are not over."""
        open_posts = (watch_posts.c.over.is_(None)) & watch_posts.c.shown
        query = select(watch_posts).where(open_posts).order_by(watch_posts.c.opened.desc()).limit(limit)
        return tuple(read_as(WatchPost, row) for row in await self._rows(query))

    async def of_digest(self, digest: str) -> tuple[WatchPost, ...]:
        """Return the causes of a digest, the oldest first."""
        return await self._of(watch_posts.c.digest == digest)

    async def shown(self, key: str) -> None:
        """Note that Slack shows the post."""
        await self._set(key, shown=True)

    async def close(self, key: str, at: datetime) -> None:
        """Note that the trouble is over: the same cause gets a new post."""
        await self._set(key, over=at)

    async def note(self, key: str, notes: Mapping[str, Any]) -> None:
        """Add notes to a post."""
        which = watch_posts.c.key == key

        async def body(connection: AsyncConnection) -> None:
            known = (await connection.execute(select(watch_posts.c.notes).where(which))).scalar_one_or_none()
            if known is not None:
                await connection.execute(update(watch_posts).where(which).values(notes={**known, **notes}))

        await self._database.transact(body, "watch", key)

    async def _of(self, which: Any) -> tuple[WatchPost, ...]:
        query = select(watch_posts).where(which).order_by(watch_posts.c.opened, watch_posts.c.key)
        return tuple(read_as(WatchPost, row) for row in await self._rows(query))

    async def _set(self, key: str, **values: object) -> None:
        await self._change(update(watch_posts).where(watch_posts.c.key == key).values(**values), "watch", key)


async def _joined(connection: AsyncConnection, known: WatchPost, post: WatchPost) -> WatchPost:
    """Add the objects of a later look to a post that is not over."""
    objects = sorted({*map(tuple, known.objects), *map(tuple, post.objects)})
    if len(objects) == len(known.objects):
        return known
    listed = [list(each) for each in objects]
    await connection.execute(update(watch_posts).where(watch_posts.c.key == known.key).values(objects=listed))
    return replace(known, objects=listed)


async def _digest(connection: AsyncConnection, post: WatchPost, budget: int) -> str:
    """Return the digest of a new post, "" within the budget. A digest takes causes for an hour after its first one."""
    recent = (watch_posts.c.channel == post.channel) & (watch_posts.c.opened > post.opened - _HOUR)
    alone = select(func.count()).select_from(watch_posts).where(recent & (watch_posts.c.digest == ""))
    if (await connection.execute(alone)).scalar_one() < budget:
        return ""
    begun = (
        select(watch_posts.c.digest)
        .where((watch_posts.c.channel == post.channel) & (watch_posts.c.digest != ""))
        .group_by(watch_posts.c.digest)
        .having(func.min(watch_posts.c.opened) > post.opened - _HOUR)
    )
    found = (await connection.execute(begun)).scalars().first()
    return found or f"watch.digest/{post.channel}/{int(post.opened.timestamp() * 1000)}"


# Renewed every few seconds, so another process takes over well within a minute.
LEASE: Final = timedelta(seconds=45)


class WatchLeases(Repository):
    """Repository of the leases. All methods raise `StoreUnavailable`."""

    async def take(self, cluster: str, holder: str, now: datetime, *, lasts: timedelta = LEASE) -> bool:
        """Take or renew the lease of a cluster. Return False while another process holds it.

        A lease that was not renewed for as long as it `lasts` is free.
        """

        async def body(connection: AsyncConnection) -> bool:
            query = select(watch_leases).where(watch_leases.c.cluster == cluster)
            lease = (await connection.execute(query)).one_or_none()
            if lease is not None and lease.holder != holder and now - lease.renewed < lasts:
                return False
            await upsert(connection, watch_leases, {"cluster": cluster, "holder": holder, "renewed": now})
            return True

        return await self._database.transact(body, "watch", cluster)

    async def release(self, cluster: str, holder: str) -> None:
        """Give the lease up, so that another process need not wait until it expires."""
        held = (watch_leases.c.cluster == cluster) & (watch_leases.c.holder == holder)
        await self._change(delete(watch_leases).where(held), "watch", cluster)


class WatchThresholds(Repository):
    """Repository of the thresholds. All methods raise `StoreUnavailable`."""

    async def set(self, channel: str, incident: str, lasts: timedelta, *, by: str, at: datetime) -> None:
        """Post an incident in a channel only after it has lasted for a time, in whole minutes."""
        values = {
            "channel": channel,
            "incident": incident,
            "minutes": lasts // timedelta(minutes=1),
            "by": by,
            "at": at,
        }
        await self._upsert(watch_thresholds, [values], "watch", channel)

    async def remove(self, channel: str, incident: str) -> None:
        """Post an incident after the usual time again."""
        which = (watch_thresholds.c.channel == channel) & (watch_thresholds.c.incident == incident)
        await self._change(delete(watch_thresholds).where(which), "watch", channel)

    async def of(self, channel: str) -> Mapping[str, timedelta]:
        """Return the thresholds of a channel by incident."""
        query = select(watch_thresholds).where(watch_thresholds.c.channel == channel)
        return {row.incident: timedelta(minutes=row.minutes) for row in await self._rows(query)}
