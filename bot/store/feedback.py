"""Store what people say of answers and which texts no entry explains; read both for the feedback report."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, delete, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.audit_log import opened_to_read
from bot.store.database import Database
from bot.store.requests import RequestState
from bot.store.statements import Repository, read_as, row_of, upsert
from bot.store.tables import answers, corrections, feedback, requests, unknown_pastes
from intents.feedback import AnswerCount, Correction, FeedbackRecords, UnknownPaste

# The opinions that an answer is wrong, and that it helped.
NOT_IT: Final = "not it"
HELPFUL: Final = "helpful"


class Feedback(Repository):
    """Repository of feedback. All methods raise `StoreUnavailable`."""

    async def add(self, request_id: str, user: str, what: str, now: datetime) -> bool:
        """Save a person's opinion, replacing an earlier one. Return whether it changed."""
        async with self._database.write("feedback", request_id, user) as connection:
            mine = (feedback.c.request_id == request_id) & (feedback.c.user == user)
            if (await connection.execute(select(feedback.c.what).where(mine))).scalar_one_or_none() == what:
                return False
            await upsert(connection, feedback, {"request_id": request_id, "user": user, "what": what, "at": now})
            return True

    async def has(self, request_id: str, user: str, what: str) -> bool:
        """Tell whether a person has this opinion of an answer."""
        mine = (feedback.c.request_id == request_id) & (feedback.c.user == user) & (feedback.c.what == what)
        return await self._row(select(feedback.c.what).where(mine)) is not None


class Corrections(Repository):
    """Repository of corrections. All methods raise `StoreUnavailable`."""

    async def save(self, correction: Correction) -> bool:
        """Save a person's correction, replacing an earlier one. Return False, without a change, if it is not newer."""
        async with self._database.write("correction", correction.request, correction.user) as connection:
            mine = (corrections.c.request_id == correction.request) & (corrections.c.user == correction.user)
            before = (await connection.execute(select(corrections.c.at).where(mine))).scalar_one_or_none()
            if before is not None and before >= correction.at:
                return False
            values = row_of(correction)
            await upsert(connection, corrections, {"request_id": values.pop("request"), **values})
            return True

    async def of(self, request_id: str, user: str) -> Correction | None:
        """Return a person's correction of an answer, or None."""
        mine = (corrections.c.request_id == request_id) & (corrections.c.user == user)
        row = await self._row(select(corrections).where(mine))
        return read_as(Correction, row, request=row.request_id) if row else None

    async def forget(self, request_id: str) -> int:
        """Delete the corrections of an answer. Return their number."""
        return await self._change(
            delete(corrections).where(corrections.c.request_id == request_id), "correction", request_id
        )


# Of more templates, the rarest go first, of those the oldest.
MOST_TEMPLATES: Final = 1_000


class UnknownPastes(Repository):
    """Repository of unknown pastes, one per request. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database, *, most: int = MOST_TEMPLATES) -> None:
        super().__init__(database)
        self._most = most

    async def add(self, paste: UnknownPaste) -> bool:
        """Save what a request asked, replacing what it asked before. Return whether the request is counted first.

        A withdrawn request is not counted: its message was deleted.
        """

        async def body(connection: AsyncConnection) -> bool:
            state = select(requests.c.state).where(requests.c.id == paste.request)
            if (await connection.execute(state)).scalar_one_or_none() in (None, RequestState.WITHDRAWN.value):
                return False
            mine = select(unknown_pastes.c.request_id).where(unknown_pastes.c.request_id == paste.request)
            is_new = (await connection.execute(mine)).one_or_none() is None
            values = row_of(paste)
            await upsert(connection, unknown_pastes, {"request_id": values.pop("request"), **values})
            await self._bound(connection, paste.request)
            return is_new

        # The same lock as that of a withdrawal, which deletes this row.
        return await self._database.transact(body, "request", paste.request)

    async def forget(self, request_id: str) -> bool:
        """Delete what was kept of a request. Return whether there was something."""
        mine = delete(unknown_pastes).where(unknown_pastes.c.request_id == request_id)
        return await self._change(mine, "request", request_id) > 0

    async def _bound(self, connection: AsyncConnection, newest: str) -> None:
        """Delete the rarest and oldest templates above the limit, but not the newest."""
        different = select(func.count(func.distinct(unknown_pastes.c.template)))
        excess = int((await connection.execute(different)).scalar_one()) - self._most
        if excess <= 0:
            return
        kept = select(unknown_pastes.c.template).where(unknown_pastes.c.request_id == newest).scalar_subquery()
        rarest = (
            select(unknown_pastes.c.template)
            .where(unknown_pastes.c.template != kept)
            .group_by(unknown_pastes.c.template)
            .order_by(func.count(), func.max(unknown_pastes.c.at), unknown_pastes.c.template)
            .limit(excess)
        )
        gone = [row[0] for row in await connection.execute(rarest)]
        await connection.execute(delete(unknown_pastes).where(unknown_pastes.c.template.in_(gone)))


def open_feedback(url: str) -> AbstractAsyncContextManager[FeedbackReader]:
    """Open the feedback of the database at `url` read-only. Raise `StoreUnavailable`."""
    return opened_to_read(url, unknown_pastes, FeedbackReader)


class FeedbackReader(Repository):
    """Reads feedback. All methods raise `StoreUnavailable`."""

    async def records(self, since: datetime, until: datetime | None = None) -> FeedbackRecords:
        """Return the feedback given in a period. Answers count if they were given, called wrong or corrected in it."""

        def within(at: Column[Any]) -> ColumnElement[bool]:
            return at >= since if until is None else (at >= since) & (at < until)

        async with self._database.read() as connection:
            corrected = select(corrections).where(within(corrections.c.at)).order_by(corrections.c.at)
            asked = select(unknown_pastes).where(within(unknown_pastes.c.at)).order_by(unknown_pastes.c.at)
            liked = select(func.count()).where(feedback.c.what == HELPFUL, within(feedback.c.at))
            said, pasted = await connection.execute(corrected), await connection.execute(asked)
            return FeedbackRecords(
                counts=await _counts(
                    connection, within(answers.c.saved), within(feedback.c.at), within(corrections.c.at)
                ),
                corrections=tuple(read_as(Correction, row, request=row.request_id) for row in said),
                helpful=int((await connection.execute(liked)).scalar_one()),
                pastes=tuple(read_as(UnknownPaste, row, request=row.request_id) for row in pasted),
            )


async def _counts(
    connection: AsyncConnection, saved: ColumnElement[bool], marked: ColumnElement[bool], corrected: ColumnElement[bool]
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
