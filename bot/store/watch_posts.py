"""Store the posts of the watch: one for each cause and channel, while the trouble lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from bot.store.database import Database
from bot.store.row_writes import insert_once
from bot.store.tables import watch_posts


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPost:
    """A post about a cause that is not over. `objects` are kind, namespace and name of what it is about."""

    key: str
    channel: str
    cluster: str
    namespace: str
    says: str
    objects: Sequence[Sequence[str]]
    since: datetime


class WatchPosts:
    """Repository of the posts. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, post: WatchPost) -> bool:
        """Record a post. Return False if the cause has one that is not over."""
        values = {
            "key": post.key,
            "channel": post.channel,
            "cluster": post.cluster,
            "namespace": post.namespace,
            "says": post.says,
            "objects": [list(each) for each in post.objects],
            "since": post.since,
        }
        async with self._database.write("watch", post.key) as connection:
            return await insert_once(connection, watch_posts, values)

    async def get(self, key: str) -> WatchPost | None:
        """Return a post that is not over, or None."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(watch_posts).where(watch_posts.c.key == key))).one_or_none()
            return WatchPost(**row._mapping) if row else None

    async def of(self, cluster: str, namespace: str) -> tuple[WatchPost, ...]:
        """Return the posts of a watched namespace that are not over."""
        which = (watch_posts.c.cluster == cluster) & (watch_posts.c.namespace == namespace)
        async with self._database.read() as connection:
            rows = await connection.execute(select(watch_posts).where(which).order_by(watch_posts.c.key))
            return tuple(WatchPost(**row._mapping) for row in rows)

    async def close(self, key: str) -> None:
        """Forget a post whose trouble is over: the same cause gets a new one."""
        async with self._database.write("watch", key) as connection:
            await connection.execute(delete(watch_posts).where(watch_posts.c.key == key))
