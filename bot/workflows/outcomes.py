"""What a request comes to: a diagnosis in words, or the reason why there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bot.cluster.access import NOTHING
from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, Unauthorized, Unreachable
from bot.diagnosing import TargetNotFound, diagnose
from bot.jobs import Json
from bot.policy import Reading
from bot.reading import Progress
from bot.store import Request, Surface
from bot.workflows.desk import Asker, Desk, question_of
from bot.workflows.offering import Offering
from bot.workflows.told import Shown, Told, without_rows
from intents.domain import Diagnosis, Finding, Text
from intents.request import DiagnoseObject
from intents.slash import AskHelp, parse_message
from responses import failures
from responses.plots import plotted
from responses.safety import safe, safe_value, scrubbed
from responses.slack.help import help_message
from responses.slack.message import Message
from responses.slack.notes import failed
from responses.telling import telling_lines

_log: Final = structlog.get_logger(__name__)

_TALKED_TO: Final = frozenset({Surface.MENTION, Surface.DIRECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is said, for a diagnosis what it is said from, and of what a picture goes along."""

    message: Message
    told: Told | None = None
    plotted: Finding | None = None

    @property
    def incident(self) -> str:
        return self.told.first.incident if self.told and self.told.first else ""

    @property
    def verdict(self) -> str:
        return str(self.told.first.verdict) if self.told and self.told.first else ""

    @property
    def kept(self) -> Json:
        return self.told.as_json() if self.told else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    desk: Desk
    offering: Offering

    async def of(
        self,
        request: Request,
        asker: Asker,
        *,
        unread: Sequence[Json],
        progress: Callable[[Progress], None],
    ) -> Outcome:
        """Never raises for what a cluster refuses or for what was asked wrongly."""
        if told := self._told_at_once(request, asker, unread):
            return Outcome(message=told)
        question, reason = question_of(request), asker.scope.text_only_reason
        connection: Connection | None = None
        started = time.monotonic()
        try:
            connection = await self.desk.connection(asker.scope)
        except ClusterError as error:
            _log.warning("a cluster could not be asked", error=str(error))
            reason = failures.cluster_unreachable(self.desk.clusters.default, error.reason)
        if isinstance(question, DiagnoseObject) and connection is None:
            return self._failed(reason or failures.OBJECTS_NEED_A_CLUSTER, asker)
        try:
            diagnosis = await diagnose(
                question,
                engine=self.desk.engine(),
                connection=connection,
                deadline=self.desk.deadline,
                progress=progress,
                access=asker.scope.access(connection.name) if connection else NOTHING,
            )
        except TargetNotFound as error:
            return self._failed(failures.target_not_found(error.target, error.closest), asker)
        except ClusterError as error:
            self._give_up(connection, error)
            return self._failed(Text.same(safe(str(error))), asker)
        seconds = time.monotonic() - started
        return await self._answered(request, asker, diagnosis, connection, reason=reason, seconds=seconds)

    def _told_at_once(self, request: Request, asker: Asker, unread: Sequence[Json]) -> Message | None:
        """What needs no cluster: help, a refusal, a file that cannot be read."""
        language = asker.language
        talked = request.asked.surface in _TALKED_TO and not request.asked.name
        # An empty mention below what could not be read asks about that.
        empty = bool(unread) and not request.text.strip()
        if talked and not empty and isinstance(parse_message(request.text), AskHelp):
            return help_message(language=language)
        if asker.scope.reading is Reading.NOTHING:
            return failed(failures.NOT_ALLOWED_HERE, language=language)
        if unread and request.asked.surface is not Surface.MESSAGE:
            return failed(Text(**unread[0]), language=language)
        return None

    async def _answered(
        self,
        request: Request,
        asker: Asker,
        diagnosis: Diagnosis,
        connection: Connection | None,
        *,
        reason: Text | None,
        seconds: float,
    ) -> Outcome:
        shown = scrubbed(without_rows(diagnosis))
        told = Told(
            diagnosis=shown,
            language=asker.language,
            request_id=request.id,
            seconds=round(seconds, 3),
            of_text=not request.asked.name,
            buttons=await self.offering.buttons(request, asker, diagnosis, connection) if connection else (),
            observed=telling_lines(request.text) if not shown.hypotheses else (),
            reason=reason,
            controls=connection is not None,
        )
        picture = plotted(diagnosis)
        return Outcome(
            message=told.message(Shown()), told=told, plotted=safe_value(picture) if picture is not None else None
        )

    def _give_up(self, connection: Connection | None, error: ClusterError) -> None:
        """A server that is gone, or knows us no more, is connected anew when next asked."""
        if connection is not None and isinstance(error, Unauthorized | Unreachable):
            self.desk.clusters.give_up(connection)

    def _failed(self, reason: Text, asker: Asker) -> Outcome:
        return Outcome(message=failed(reason, language=asker.language))
