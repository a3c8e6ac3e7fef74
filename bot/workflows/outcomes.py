"""What a request comes to: a diagnosis in words, or the reason why there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

import structlog

from bot.cluster.access import NOTHING
from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, TimedOut, Unauthorized, Unreachable
from bot.diagnosing import TargetNotFound, diagnose
from bot.jobs import Json
from bot.metrics import REFUSED
from bot.policy import Reading
from bot.reading import Progress
from bot.store import Request, Surface
from bot.workflows.choosing import Choosing, Meant
from bot.workflows.desk import Asker, Desk
from bot.workflows.offering import Offering
from bot.workflows.told import Shown, Told, without_rows
from intents.domain import Diagnosis, Finding, Text
from intents.request import DiagnoseObject
from intents.request import Request as Question
from intents.slash import AskHelp, parse_message
from responses import cluster_choice, failures
from responses.excerpts import error_lines
from responses.plots import leading_plot
from responses.safety import safe, safe_value, scrubbed
from responses.slack.cluster_picker import Picker, which_cluster, with_picker
from responses.slack.help import help_message
from responses.slack.message import Message
from responses.slack.notices import failed

_log: Final = structlog.get_logger(__name__)

_TALKED_TO: Final = frozenset({Surface.MENTION, Surface.DIRECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is said, for a diagnosis what it is said from, and of what a picture goes along.

    `intent` and `ended` count it: help, explain, diagnose; what it came to where that is no verdict.
    """

    message: Message
    intent: str = "explain"
    ended: str = "failed"
    told: Told | None = None
    plotted: Finding | None = None

    @property
    def incident(self) -> str:
        return self.told.first.incident if self.told and self.told.first else ""

    @property
    def verdict(self) -> str:
        return str(self.told.first.verdict) if self.told and self.told.first else ""

    @property
    def came_to(self) -> str:
        """The first verdict; else unknown for a diagnosis, and what it ended with for what is none."""
        return self.verdict or ("unknown" if self.told else self.ended)

    @property
    def kept(self) -> Json:
        return self.told.as_json() if self.told else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    desk: Desk
    choosing: Choosing
    offering: Offering

    async def of(
        self,
        request: Request,
        asker: Asker,
        *,
        unread: Sequence[Json],
        progress: Callable[[Progress], None],
        picked: str = "",
    ) -> Outcome:
        """Never raises for what a cluster refuses or for what was asked wrongly; `picked` is a cluster just chosen.

        Raises Crowded where as many questions wait for the cluster as may.
        """
        if told := self._told_at_once(request, asker, unread):
            return told
        meant = await self.choosing.of(request, asker, pressed=picked)
        if meant.refused:
            return self._failed(meant.refused, request, asker, meant)
        if meant.unclear and isinstance(meant.question, DiagnoseObject):
            pick = Picker(names=meant.pick)
            message = which_cluster(meant.unclear, pick, request_id=request.id, language=asker.language)
            return Outcome(message=message, intent="diagnose", ended="unclear")
        with self.desk.shares.seat(meant.cluster) if meant.cluster else nullcontext():
            return await self._asked(request, asker, meant, progress)

    async def crowded(self, request: Request, asker: Asker, cluster: str) -> Outcome:
        """Said once that has lasted too long."""
        meant = await self.choosing.of(request, asker, pressed=cluster)
        return self._failed(cluster_choice.cluster_busy(cluster), request, asker, meant)

    async def _asked(
        self, request: Request, asker: Asker, meant: Meant, progress: Callable[[Progress], None]
    ) -> Outcome:
        question = meant.question
        reason = asker.scope.text_only_reason or (cluster_choice.SEVERAL_CLUSTERS if meant.unclear else None)
        if asker.scope.text_only_reason:
            self.desk.metrics.refused("cluster")
        connection: Connection | None = None
        started = time.monotonic()
        try:
            connection = await self.desk.clusters.get(meant.cluster) if meant.cluster else None
        except ClusterError as error:
            _log.warning("a cluster could not be asked", cluster=meant.cluster, error=str(error))
            reason = self._unreachable(meant, error)
        if isinstance(question, DiagnoseObject) and connection is None:
            ended = REFUSED if asker.scope.text_only_reason else "failed"
            return self._failed(reason or failures.OBJECTS_NEED_A_CLUSTER, request, asker, meant, ended=ended)
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
            says = failures.target_not_found(error.target, error.closest)
            says = cluster_choice.with_cluster_name(says, meant.cluster) if meant.why else says
            return self._failed(says, request, asker, meant, ended="not found")
        except ClusterError as error:
            self._give_up(connection, error)
            silent = bool(meant.why) and isinstance(error, Unauthorized | Unreachable | TimedOut)
            says = self._unreachable(meant, error) if silent else Text.same(safe(str(error)))
            return self._failed(says, request, asker, meant)
        seconds = time.monotonic() - started
        self.desk.metrics.diagnosed(diagnosis, intent=_intent(question), seconds=seconds)
        return await self._answered(request, asker, diagnosis, connection, meant, reason=reason, seconds=seconds)

    def _unreachable(self, meant: Meant, error: ClusterError) -> Text:
        """Where there are several, which one, and where that is set."""
        says = cluster_choice.unreachable if meant.why else failures.cluster_unreachable
        return says(meant.cluster, error.reason)

    def _told_at_once(self, request: Request, asker: Asker, unread: Sequence[Json]) -> Outcome | None:
        """What needs no cluster: help, a refusal, a file that cannot be read."""
        language = asker.language
        talked = request.asked.surface in _TALKED_TO and not request.asked.name
        # An empty mention below what could not be read asks about that.
        empty = bool(unread) and not request.text.strip()
        if talked and not empty and isinstance(parse_message(request.text), AskHelp):
            return Outcome(message=help_message(language=language), intent="help", ended="told")
        if asker.scope.reading is Reading.NOTHING:
            return Outcome(message=failed(failures.NOT_ALLOWED_HERE, language=language), ended=REFUSED)
        if unread and request.asked.surface is not Surface.MESSAGE:
            return Outcome(message=failed(Text(**unread[0]), language=language), ended="unread")
        return None

    async def _answered(
        self,
        request: Request,
        asker: Asker,
        diagnosis: Diagnosis,
        connection: Connection | None,
        meant: Meant,
        *,
        reason: Text | None,
        seconds: float,
    ) -> Outcome:
        shown, of_text = scrubbed(without_rows(diagnosis)), not request.asked.name
        told = Told(
            diagnosis=shown,
            language=asker.language,
            request_id=request.id,
            seconds=round(seconds, 3),
            of_text=of_text,
            buttons=(
                await self.offering.buttons(request, meant.question, asker, diagnosis, connection) if connection else ()
            ),
            observed=error_lines(request.text) if not shown.hypotheses else (),
            reason=reason,
            controls=connection is not None,
            because=meant.why,
            # Of what matches nothing, no cluster knows more.
            pick=_pick(meant) if diagnosis.hypotheses or not of_text else None,
        )
        picture = leading_plot(diagnosis)
        return Outcome(
            message=told.message(Shown()),
            intent=_intent(meant.question),
            told=told,
            plotted=safe_value(picture) if picture is not None else None,
        )

    def _give_up(self, connection: Connection | None, error: ClusterError) -> None:
        """A server that is gone, or knows us no more, is connected anew when next asked."""
        if connection is not None and isinstance(error, Unauthorized | Unreachable):
            self.desk.clusters.give_up(connection, error)

    def _failed(self, reason: Text, request: Request, asker: Asker, meant: Meant, *, ended: str = "failed") -> Outcome:
        message = failed(reason, language=asker.language)
        message = with_picker(message, _pick(meant), request_id=request.id, language=asker.language)
        return Outcome(message=message, intent=_intent(meant.question), ended=ended)


def _intent(question: Question) -> str:
    return "diagnose" if isinstance(question, DiagnoseObject) else "explain"


def _pick(meant: Meant) -> Picker | None:
    return Picker(names=meant.pick, asked=meant.cluster) if meant.pick else None
