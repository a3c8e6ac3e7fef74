"""Store what each scheduled report found last, so that the next one says only what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from bot.store.database import Database
from bot.store.row_writes import upsert
from bot.store.tables import reports


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """The findings of a report: what each says in one sentence, by what identifies it in later reports."""

    at: datetime
    findings: Mapping[str, str] = field(default_factory=dict)


class Reports:
    """Repository of reports. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, key: str) -> StoredReport | None:
        """Return the last report, None if there was none."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(reports).where(reports.c.key == key))).one_or_none()
            return None if row is None else StoredReport(at=row.at, findings=row.findings)

    async def save(self, key: str, report: StoredReport) -> None:
        """Replace the last report."""
        async with self._database.write("report", key) as connection:
            values = {"key": key, "findings": dict(report.findings), "at": report.at}
            await upsert(connection, reports, values)
