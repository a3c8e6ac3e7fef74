"""Store the workspaces and organisations that installed the app, with encrypted tokens.

Each has data of its own in a place of its own (`bot.store.workspaces`), named after its id: that of the workspace
(T…), or of the organisation (E…) that installed the app for all of its workspaces.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.audit_log import AuditEntry, append_entry, opened_to_read
from bot.store.statements import Repository, read_as, row_of, upsert
from bot.store.tables import install_states, installations
from intents.domain import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An installed app. `tokens` are encrypted; `identity` are the properties of its bot, without secrets.

    `expires`: when the bot token ends, None for never. `removed`: when the app was uninstalled. `doomed`: from when on
    its data may be deleted.
    """

    id: str
    name: str
    is_org: bool
    identity: Json
    tokens: bytes
    installed: datetime
    changed: datetime
    by: str = ""
    expires: datetime | None = None
    removed: datetime | None = None
    doomed: datetime | None = None

    @property
    def serves(self) -> bool:
        """Return whether the app is installed."""
        return self.removed is None


def open_installations(url: str) -> AbstractAsyncContextManager[Installations]:
    """Open the installations of the database at `url` read-only. Raise `StoreUnavailable`."""
    return opened_to_read(url, installations, Installations)


class Installations(Repository):
    """Repository of installations. All methods raise `StoreUnavailable`."""

    async def all(self) -> tuple[Installation, ...]:
        """Return every installation, by id; removed ones too until their data is deleted."""
        rows = await self._rows(select(installations).order_by(installations.c.id))
        return tuple(read_as(Installation, row) for row in rows)

    async def get(self, id: str) -> Installation | None:
        """Return the installation in a workspace, or None."""
        row = await self._row(select(installations).where(installations.c.id == id))
        return read_as(Installation, row) if row else None

    async def save(self, installation: Installation) -> None:
        """Store an installation; one of the same workspace is replaced, and its data stays."""

        async def body(connection: AsyncConnection) -> None:
            first = select(installations.c.installed).where(installations.c.id == installation.id)
            since = (await connection.execute(first)).scalar_one_or_none()
            row = row_of(installation) | {"installed": since or installation.installed}
            await upsert(connection, installations, row)

        await self._database.transact(body, "installation", installation.id)

    async def renew(self, renewed: Installation, *, instead_of: bytes) -> bool:
        """Store new tokens. Return False, without a change, if the stored ones are not `instead_of` any more."""
        same = (installations.c.id == renewed.id) & (installations.c.tokens == instead_of)
        values = {"tokens": renewed.tokens, "expires": renewed.expires, "changed": renewed.changed}
        return await self._change(update(installations).where(same).values(values), "installation", renewed.id) > 0

    async def remove(self, id: str, *, at: datetime, doomed: datetime, holding: bytes | None = None) -> bool:
        """Mark an installation as removed; its data may be deleted from `doomed` on. Return whether there is one.

        With `holding`, one whose tokens are others by now was installed again, and stays.
        """
        values = {"removed": at, "doomed": doomed, "changed": at, "tokens": b"", "expires": None}
        change = update(installations).where(installations.c.id == id).values(values)
        if holding is not None:
            change = change.where(installations.c.tokens == holding)
        return await self._change(change, "installation", id) > 0

    async def forget(
        self, removed: Installation, delete_data: Callable[[], Awaitable[None]], record: AuditEntry
    ) -> bool:
        """Delete the data of a removed installation, record it, and delete its row. Return False if it changed since.

        A new installation waits meanwhile, so that it never loses what it has just stored.
        """
        same = (installations.c.id == removed.id) & (installations.c.removed == removed.removed)
        async with self._database.write("installation", removed.id) as connection:
            if await connection.scalar(select(installations.c.id).where(same)) is None:
                return False
            await delete_data()
            await append_entry(connection, record)
            await connection.execute(delete(installations).where(same))
        return True

    async def use(self, state: str, *, expires: datetime, now: datetime) -> bool:
        """Use up the state of an installation. Return False if it was used before."""
        await self._change(delete(install_states).where(install_states.c.expires < now))
        return await self._insert(install_states, {"state": state, "expires": expires})
