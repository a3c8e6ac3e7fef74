"""Answer the questions of programs with documents, within what the policy lets the caller see. Nothing is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.clusters import Clusters
from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, NotServed
from bot.cluster.resources import WELL_KNOWN, misspelt_kind
from bot.diagnosing import Engine, TargetNotFound, diagnose, match_text
from bot.kube.access import NOTHING
from bot.overviews.overview import overview
from bot.policy import PolicyScope, ReadLevel
from bot.surfaces.api.api_errors import ApiError, of_cluster
from bot.surfaces.api.api_models import (
    ApiQuestion,
    DiagnoseQuestion,
    ExplainDocument,
    ExplainQuestion,
    IncidentDocument,
    IncidentsDocument,
    IncidentsQuestion,
    OverviewQuestion,
)
from intents import templates
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.connection_questions import spoken_connection
from intents.domain import Diagnosis, Language, NamedObject, Text
from intents.overview import Overview
from intents.request import DiagnoseObject, ExplainText
from intents.spelling import closest
from responses import failures
from responses.as_json import RunStats
from responses.documents import DiagnosisDocument, Document, OverviewDocument, TimedDiagnosisDocument
from responses.overview import scrubbed_overview
from responses.redaction import redact
from responses.safety import safe_value, scrubbed

# An overview may take so many times the deadline of one diagnosis.
OVERVIEW_DEADLINES: Final = 4
_CLOSE: Final = 60
_SAVED: Final = "saved"
_SEVERAL: Final = Text(
    en="several clusters may be meant, so none was read: name one as `cluster`",
    zh="可能指多个集群，因此没有查询任何集群：请用 `cluster` 指定一个",
)

_SEES_NONE: Final = Text(
    en="the policy lets the subject of this token see no cluster", zh="按照策略，此令牌的主体不能查看任何集群"
)

Slots = Callable[[str], AbstractContextManager[None]]
Diagnosed = Callable[[Diagnosis, str, float], None]
Overviewed = Callable[[Overview, float], None]


def _unlimited(_cluster: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A caller and the objects that they may see. `slots` limits the questions in flight per cluster."""

    name: str
    scope: PolicyScope
    slots: Slots = _unlimited


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerService:
    """Answers questions from the catalog and the clusters.

    `engine` is called with the channel of the caller, whose saved incidents count too. `namespace` is for names given
    without one. `diagnosed` and `overviewed` are told of each answer and its seconds.
    """

    clusters: Clusters
    engine: Callable[[str], Engine]
    deadline: float
    language: Language | None = None
    namespace: str = ""
    diagnosed: Diagnosed = lambda _diagnosis, _intent, _seconds: None
    overviewed: Overviewed = lambda _overview, _seconds: None

    async def answer(self, question: ApiQuestion, caller: Caller) -> Document:
        """Return the answer. Raise ApiError."""
        match question:
            case DiagnoseQuestion():
                return await self.diagnose(question, caller)
            case ExplainQuestion():
                return await self.explain(question, caller)
            case OverviewQuestion():
                return await self.overview(question, caller)
            case IncidentsQuestion():
                return await asyncio.to_thread(self.incidents, question, caller)
            case _:
                raise TypeError(f"{type(question).__name__} is no question")

    async def diagnose(self, question: DiagnoseQuestion, caller: Caller) -> TimedDiagnosisDocument:
        """Diagnose an object. Raise ApiError."""
        if meant := misspelt_kind(question.kind):
            raise ApiError(
                400, "unknown_kind", f'unknown kind "{question.kind}"{_hint(meant)}', field="kind",
                suggestions=(meant,),
            )  # fmt: skip
        cluster = self._required(question.cluster, caller.scope)
        home = question.namespace or self.namespace
        request = DiagnoseObject(kind=question.kind, namespace=home, name=question.name)
        started = time.monotonic()
        with self._read(caller, cluster, question.kind):
            connection = await self.clusters.get(cluster)
            with self._given_up(connection):
                diagnosis = await diagnose(
                    request,
                    engine=self._engine(caller),
                    connection=connection,
                    deadline=self.deadline,
                    access=caller.scope.access(connection.name),
                )
        self.diagnosed(diagnosis, "diagnose", seconds := time.monotonic() - started)
        fields = await self._fields(diagnosis, language := self._language(question.language), seconds)
        return TimedDiagnosisDocument.showing(fields, language)

    async def explain(self, question: ExplainQuestion, caller: Caller) -> ExplainDocument:
        """Explain a text, with the cluster if it matches an incident or names an object. Raise ApiError."""
        scope, engine, started = caller.scope, self._engine(caller), time.monotonic()
        if scope.reading is ReadLevel.NOTHING:
            raise _not_allowed()
        text = await asyncio.to_thread(_prepared, question.text)
        if not text.strip():
            raise ApiError(400, "invalid_request", "text: must not be empty", field="text")
        matching = await match_text(text, engine=engine)
        cluster = self._chosen(question.cluster, scope)
        request = ExplainText(
            text=text, namespace=question.namespace or self.namespace, matching=matching, addressed=True
        )
        connection, text_only = None, None
        if matching.hypotheses or matching.objects:
            connection, text_only = await self._usable(cluster, scope)
        with self._read(caller, cluster, ""), self._given_up(connection):
            diagnosis = await diagnose(
                request,
                engine=engine,
                connection=connection,
                deadline=self.deadline,
                access=scope.access(connection.name) if connection else NOTHING,
            )
        self.diagnosed(diagnosis, "explain", seconds := time.monotonic() - started)
        language = self._language(question.language)
        fields = await self._fields(diagnosis, language, seconds)
        return ExplainDocument.showing(fields | {"text_only": text_only}, language)

    async def overview(self, question: OverviewQuestion, caller: Caller) -> OverviewDocument:
        """List what is wrong in a namespace or cluster. Raise ApiError."""
        cluster, started = self._required(question.cluster, caller.scope), time.monotonic()
        with self._read(caller, cluster, ""):
            connection = await self.clusters.get(cluster)
            access = caller.scope.access(connection.name)
            if question.namespace and not access.allows(question.namespace):
                raise ApiError(
                    404, "not_found", f'no namespace "{question.namespace}" that may be seen', field="namespace"
                )
            with self._given_up(connection):
                found = await overview(
                    question.namespace,
                    engine=self._engine(caller),
                    connection=connection,
                    deadline=self.deadline * OVERVIEW_DEADLINES,
                    access=access,
                )
        self.overviewed(found, time.monotonic() - started)
        language = self._language(question.language)
        safe_overview = await asyncio.to_thread(scrubbed_overview, found)
        return OverviewDocument.showing(OverviewDocument.fields_of(safe_overview, language), language)

    def incidents(self, question: IncidentsQuestion, caller: Caller) -> IncidentsDocument:
        """List the incidents that have all words of the question."""
        if caller.scope.reading is ReadLevel.NOTHING:
            raise _not_allowed()
        catalog, language = self._engine(caller).catalog, self._language(question.language)
        words = question.q.lower().split()
        listed = (_incident(one, catalog, language) for one in catalog)
        found = [one for one in listed if all(word in _searched(one) for word in words)]
        shown = [IncidentDocument.model_validate(safe_value(one)) for one in found[: question.limit]]
        return IncidentsDocument(total=len(found), incidents=tuple(shown))

    def _engine(self, caller: Caller) -> Engine:
        return self.engine(caller.scope.who.channel)

    def _language(self, asked: Language | None) -> Language:
        return asked or self.language or Language.EN

    def _required(self, named: str, scope: PolicyScope) -> str:
        """Return the cluster of a question that needs one. Raise ApiError."""
        if scope.reading is not ReadLevel.FULL:
            raise _not_allowed()
        if cluster := self._chosen(named, scope):
            return cluster
        visible = scope.clusters(self.clusters.names)
        if not visible:
            raise _not_allowed()
        raise ApiError(
            400, "cluster_required", f"cluster: name one of {', '.join(visible)}", field="cluster", suggestions=visible
        )

    def _chosen(self, named: str, scope: PolicyScope) -> str:
        """Return the named cluster, else the only one or the configured one, else "". Raise ApiError for a wrong name.

        A cluster that may not be seen gets the same answer as one that does not exist.
        """
        visible = scope.clusters(self.clusters.names) if scope.reading is ReadLevel.FULL else ()
        if named:
            if named in visible:
                return named
            meant = closest(named, visible, at_least=_CLOSE)
            raise ApiError(
                404, "unknown_cluster", f'no cluster "{named}" that may be seen{_hint(meant)}', field="cluster",
                suggestions=(meant,) if meant else visible,
            )  # fmt: skip
        if len(visible) == 1:
            return visible[0]
        return self.clusters.preferred if self.clusters.preferred in visible else ""

    async def _usable(self, cluster: str, scope: PolicyScope) -> tuple[Connection | None, Text | None]:
        """Return the connection to a cluster, or why a text is explained without it."""
        if not cluster:
            sees_none = scope.reading is not ReadLevel.FULL or not scope.clusters(self.clusters.names)
            return None, _SEES_NONE if sees_none else _SEVERAL
        try:
            return await self.clusters.get(cluster), None
        except ClusterError as error:
            return None, failures.cluster_unreachable(cluster, error.reason)

    @contextmanager
    def _read(self, caller: Caller, cluster: str, kind: str) -> Iterator[None]:
        """Hold a slot of the cluster, and turn what keeps an answer from being made into an ApiError."""
        try:
            with caller.slots(cluster) if cluster else nullcontext():
                yield
        except TargetNotFound as error:
            raise _not_found(error.named) from error
        except NotServed as error:
            meant = closest(kind, {each.kind.lower() for each in WELL_KNOWN}, at_least=_CLOSE) if kind else ""
            raise ApiError(
                400, "unknown_kind", f"{error}{_hint(meant)}", field="kind", suggestions=(meant,) if meant else ()
            ) from error
        except ClusterError as error:
            raise of_cluster(error, cluster) from error

    @contextmanager
    def _given_up(self, connection: Connection | None) -> Iterator[None]:
        """Give the connection up if its cluster cannot be read."""
        try:
            yield
        except ClusterError as error:
            self.clusters.give_up(connection, error)
            raise

    async def _fields(self, diagnosis: Diagnosis, language: Language, seconds: float) -> dict[str, Any]:
        # Redaction takes long and mostly runs without the interpreter's lock.
        shown = await asyncio.to_thread(scrubbed, diagnosis)
        at = shown.observed_at.isoformat() if shown.observed_at else ""
        stats = RunStats(seconds=seconds, api_calls=shown.api_calls, observed_at=at)
        return DiagnosisDocument.fields_of(shown, language) | {"timing": stats.rounded()}


def _prepared(text: str) -> str:
    return spoken_connection(text) or redact(text)


def _hint(meant: str) -> str:
    return f'; did you mean "{meant}"?' if meant else ""


def _not_allowed() -> ApiError:
    return ApiError(403, "not_allowed", _SEES_NONE.en)


def _not_found(named: NamedObject) -> ApiError:
    suggestions = list(dict.fromkeys(one.name for one in named.candidates))
    return ApiError(
        404, "not_found", failures.target_not_found(named).en, field="name",
        suggestions=suggestions, candidates=named.candidates,
    )  # fmt: skip


def _incident(incident: Incident, catalog: Catalog, language: Language) -> dict[str, Any]:
    source = catalog.sources.get(incident.id)
    return {
        "id": incident.id,
        "title": incident.title.in_(language),
        "room": source.path.parent.name if source else _SAVED,
        "explanation": templates.render(incident.root_cause.in_(language), {}),
        "severity": incident.severity,
        "strongest": incident.strongest,
    }


def _searched(incident: dict[str, Any]) -> str:
    return f"{incident['id']} {incident['title']} {incident['explanation']} {incident['room']}".lower()
