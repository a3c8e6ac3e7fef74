"""Read the stored feedback of a period: answers called wrong, corrections, texts that no entry explains."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.audit_log import opened_to_read
from bot.store.database import Database
from bot.store.feedback import NOT_IT, correction_of
from bot.store.tables import answers, corrections, feedback, unknown_pastes
from intents.feedback import AnswerCount, FeedbackRecords, UnknownPaste


@asynccontextmanager
async def open_feedback(url: str) -> AsyncIterator[FeedbackReader]:
    """Open the feedback of the database at `url` read-only. Raise `StoreUnavailable`."""
    async with opened_to_read(url, unknown_pastes) as database:
        yield FeedbackReader(database)


class FeedbackReader:
    """Reads feedback. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def records(self, since: datetime, until: datetime | None = None) -> FeedbackRecords:
        """Return the feedback given in a period. Answers count if they were given, called wrong or corrected in it."""

        def within(at: Column[Any]) -> ColumnElement[bool]:
            return at >= since if until is None else (at >= since) & (at < until)

        async with self._database.read() as connection:
            corrected = select(corrections).where(within(corrections.c.at))
            asked = select(unknown_pastes).where(within(unknown_pastes.c.at))
            return FeedbackRecords(
                counts=await _counts(
                    connection, within(answers.c.saved), within(feedback.c.at), within(corrections.c.at)
                ),
                corrections=tuple(
                    correction_of(row) for row in await connection.execute(corrected.order_by(corrections.c.at))
                ),
                pastes=tuple(_paste(row) for row in await connection.execute(asked.order_by(unknown_pastes.c.at))),
            )


async def _counts(
    connection: AsyncConnection,
    saved: ColumnElement[bool],
    marked: ColumnElement[bool],
    corrected: ColumnElement[bool],
) -> tuple[AnswerCount, ...]:
    # A person may correct an answer long after the mark, which keeps its first time. The message may have been edited
    # since, and have another answer, of which the correction says nothing.
    same = (corrections.c.request_id == answers.c.request_id) & (corrections.c.incident == answers.c.incident)
    wrong = union(
        select(feedback.c.request_id).where(feedback.c.what == NOT_IT, marked),
        select(corrections.c.request_id).join(answers, same).where(corrected),
    ).subquery()
    query = (
        select(answers.c.incident, answers.c.verdict, func.count(), func.count(wrong.c.request_id))
        .select_from(answers.outerjoin(wrong, answers.c.request_id == wrong.c.request_id))
        .where(answers.c.incident != "", or_(saved, wrong.c.request_id.is_not(None)))
        .group_by(answers.c.incident, answers.c.verdict)
        .order_by(answers.c.incident, answers.c.verdict)
    )
    return tuple(
        AnswerCount(incident=row[0], verdict=row[1], answers=row[2], wrong=row[3])
        for row in await connection.execute(query)
    )


def _paste(row: Row[Any]) -> UnknownPaste:
    names = ("channel", "template", "example", "at")
    return UnknownPaste(request=row.request_id, **{name: getattr(row, name) for name in names})
