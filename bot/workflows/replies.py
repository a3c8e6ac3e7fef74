"""Turn a request into a reply: a rendered diagnosis, or the reason why none was made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.asked.inventory import mentioned
from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, TimedOut, Unauthorized, Unreachable
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import CarriedMatch, TargetNotFound, diagnose, match_text
from bot.diagnosing.fingerprints import fault_of
from bot.diagnosing.reads import Progress
from bot.kube.access import NOTHING
from bot.metrics import REFUSED
from bot.policy import ReadLevel
from bot.store import Mute, StoredRequest, Surface, standing
from bot.workflows.authorisation import offered_buttons
from bot.workflows.channel_answers import kind_of, words_of
from bot.workflows.cluster_choice import ClusterChooser, Interpretation, changes_since, link_to_answer
from bot.workflows.conversation import NEEDS_AN_OBJECT, Understood, turns_before, understood
from bot.workflows.kept_answer import KeptAnswer, without_rows
from bot.workflows.reply import Reply
from bot.workflows.services import Exchange, Requester, Services
from bot.workflows.word_requests import WordRequests
from bot.workflows.words import is_unanswered, of_nothing, of_terms_alone, sheet_of, with_object
from intents.domain import Diagnosis, Existence, Json, NamedObject, Text
from intents.matcher import MatchResult
from intents.mutes import concerned
from intents.overview import without_muted
from intents.request import AskInWords, DiagnoseObject, ExplainText, Question, Request, scope_of
from intents.sheets import Sheet
from intents.slash import HelpQuery, parse_message
from intents.talk import turns as talk
from intents.talk.mentions import Mentions
from intents.talk.unasked import is_sentence_of_a_program
from responses import failures
from responses.overview import scrubbed_overview
from responses.paste_templates import error_lines
from responses.plots import leading_plot
from responses.redaction import secret_kinds
from responses.safety import safe, safe_value, scrubbed
from responses.slack.choices import Picker, which_cluster, which_object, with_picker
from responses.slack.help import help_message
from responses.slack.message import Message
from responses.slack.notices import failed
from responses.slack.overview import overview_message
from responses.slack.sheets import scrubbed_sheet, sheet_message

_log: Final = structlog.get_logger(__name__)

_TALKED_TO: Final = frozenset({Surface.MENTION, Surface.DIRECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A request, what it is about, and who is told how far its answer is."""

    exchange: Exchange
    interpretation: Interpretation
    progress: Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """Turns a request into a reply."""

    services: Services
    cluster_chooser: ClusterChooser

    async def of(
        self,
        exchange: Exchange,
        *,
        unread: Sequence[Json],
        progress: Callable[[Progress], None],
        match: CarriedMatch | None = None,
        picked: str = "",
        reported: bool = False,
    ) -> Reply:
        """Return the reply; refusals of a cluster and malformed questions become replies. `picked` is a chosen cluster.

        A text that is `reported` is a report to others: it is about the object that it names, or about nothing.
        Raises LimitReached if the cluster's concurrency limit is reached.
        """
        if reply := self._at_once(exchange, unread):
            return reply
        if reply := self._words.at_once(exchange):
            return reply
        if not picked and (linked := await link_to_answer(self.services, exchange)):
            return Reply(plain=linked, ended="linked")
        interpretation = await self.cluster_chooser.of(exchange, pressed=picked, match=match)
        case = _Case(exchange=exchange, interpretation=interpretation, progress=progress)
        if interpretation.refused:
            if not interpretation.pick:
                return self._failed(interpretation.refused, exchange, interpretation)
            return self._which_cluster(interpretation.refused, interpretation.pick, exchange)
        if interpretation.unclear and isinstance(interpretation.question, DiagnoseObject):
            return self._which_cluster(interpretation.unclear, interpretation.pick, exchange)
        cluster, person = interpretation.cluster, exchange.scope.who.user
        with self.services.concurrency.slot(cluster, person) if cluster else nullcontext():
            if reported and cluster:
                return await self._reported(case)
            return await self._asked(case)

    @property
    def _words(self) -> WordRequests:
        return WordRequests(services=self.services)

    async def limit_reached(self, exchange: Exchange, cluster: str) -> Reply:
        """Return the reply after waiting too long for a slot."""
        interpretation = await self.cluster_chooser.of(exchange, pressed=cluster)
        return self._failed(failures.cluster_busy(cluster), exchange, interpretation)

    async def _asked(self, case: _Case) -> Reply:
        exchange, interpretation = case.exchange, case.interpretation
        question = interpretation.question
        reason = exchange.scope.text_only_reason or (failures.SEVERAL_CLUSTERS if interpretation.unclear else None)
        if exchange.scope.text_only_reason:
            self.services.metrics.refused("cluster")
        started = time.monotonic()
        connection = await self._connection(interpretation)
        if isinstance(connection, Text):
            connection, reason = None, connection
        if isinstance(question, DiagnoseObject) and connection is None:
            ended = REFUSED if exchange.scope.text_only_reason else "failed"
            return self._failed(reason or failures.OBJECTS_NEED_A_CLUSTER, exchange, interpretation, ended=ended)
        if isinstance(question, AskInWords):
            told = await self._in_own_words(question, case, connection)
            if isinstance(told, Reply):
                return told
            question = told
        scope = scope_of(question)
        try:
            if scope is not None and connection is not None:
                return await self._overview(scope, case, connection)
            diagnosis = await diagnose(
                question,
                engine=self.services.engine(exchange.request.original.channel),
                connection=connection,
                deadline=self.services.deadline,
                progress=case.progress,
                access=exchange.scope.access(connection.name) if connection else NOTHING,
            )
        except TargetNotFound as error:
            return await self._not_found(error.named, exchange, interpretation)
        except ClusterError as error:
            return self._unread(connection, error, case)
        diagnosis = await self._with_other_clusters(diagnosis, exchange.requester)
        seconds = time.monotonic() - started
        self.services.metrics.diagnosed(diagnosis, intent=_intent(question), seconds=seconds)
        return await self._answered(case, diagnosis, connection, question=question, reason=reason, seconds=seconds)

    async def _in_own_words(
        self, question: AskInWords, case: _Case, connection: Connection | None
    ) -> Reply | ExplainText:
        """Answer a request in words, or return the text to explain that it is."""
        exchange = case.exchange
        matching = await match_text(question.text, engine=self.services.engine(exchange.request.original.channel))
        as_text = ExplainText(text=question.text, namespace=question.namespace, matching=matching, addressed=True)
        if is_sentence_of_a_program(question.text, matching):
            return as_text
        if connection is not None:
            return await self._in_words(question, as_text, case, connection)
        return await self._without_cluster(question, exchange) or as_text

    async def _reported(self, case: _Case) -> Reply:
        """Answer a report about the object that it names; one that names none that the cluster has gets no answer."""
        interpretation, question = case.interpretation, case.interpretation.question
        connection = await self._connection(interpretation)
        if not isinstance(question, ExplainText) or connection is None or isinstance(connection, Text):
            return Reply(ended="unclear")
        access = case.exchange.scope.access(connection.name)
        async with Snapshot(connection, deadline=self.services.deadline, access=access) as snapshot:
            named = await mentioned(snapshot, question.text, home=question.namespace)
        about = named.first
        if about is None or named.equals or named.misspelt or about.kind == "Namespace":
            return Reply(ended="unclear")
        if question.matching and question.matching.hypotheses:
            meant: Request = replace(question, addressed=True)
        else:
            meant = DiagnoseObject(kind=about.kind, namespace=about.namespace, name=about.name)
        return await self._asked(replace(case, interpretation=replace(interpretation, question=meant)))

    async def _in_words(self, question: AskInWords, as_text: ExplainText, case: _Case, connection: Connection) -> Reply:
        """Answer a request in words: by a sheet, as the question that it is, or as a text to explain."""
        exchange, interpretation = case.exchange, case.interpretation
        turns = await turns_before(self.services.store, exchange.request)
        access = exchange.scope.access(connection.name)
        async with Snapshot(connection, deadline=self.services.deadline, access=access) as snapshot:
            request = self._words.settled(await understood(question, turns, snapshot), question.text)
            request = with_object(request, question)
            try:
                sheet = await sheet_of(request, question, turns, exchange, self.services, snapshot=snapshot)
            except ClusterError as error:
                return self._unread(connection, error, case)
            if sheet is not None:
                return await self._told(sheet, exchange, request)
            if request.unclear is not None and request.asked.ask in NEEDS_AN_OBJECT:
                return await self._not_found(request.unclear, exchange, interpretation)
            if reply := await self._words.of(request, question, exchange, connection, snapshot):
                return replace(reply, turn=request.turn(cluster=connection.name))
        judged = request.question or as_text
        reply = await self._asked(replace(case, interpretation=replace(interpretation, question=judged)))
        if isinstance(judged, DiagnoseObject) or not is_unanswered(reply.answer, request.asked):
            return replace(reply, turn=request.turn(cluster=connection.name))
        sheet = await of_nothing(request.asked, question, exchange, self.services, connection=connection)
        return await self._told(sheet, exchange, request)

    async def _without_cluster(self, question: AskInWords, exchange: Exchange) -> Reply | None:
        """Answer a request in words that needs no cluster; None for any other."""
        asked = talk.understood(question.text, Mentions())
        if reply := await self._words.without_cluster(asked, question.text, exchange):
            return reply
        terms = await of_terms_alone(question, exchange.request, self.services)
        return await self._told(terms[1], exchange, terms[0]) if terms else None

    async def _told(self, sheet: Sheet, exchange: Exchange, request: Understood) -> Reply:
        """Return a sheet as the reply."""
        shown = await asyncio.to_thread(scrubbed_sheet, sheet)
        listed = tuple(row.about for row in sheet.rows if row.about is not None)
        turn = request.turn(cluster=sheet.cluster, listed=listed)
        message = sheet_message(shown, language=exchange.language)
        return Reply(plain=message, intent=str(request.asked.ask), ended="told", turn=turn)

    async def _overview(self, namespace: str, case: _Case, connection: Connection) -> Reply:
        """Return what is wrong in a namespace, "" for the whole cluster. Raise TargetNotFound, ClusterError."""
        exchange, progress, started = case.exchange, case.progress, time.monotonic()
        found = await self.services.overview(
            namespace,
            connection,
            exchange.scope.access(connection.name),
            channel=exchange.request.original.channel,
            progress=lambda each: progress(Progress(done=each.causes, total=each.of_causes, scanned=each.objects)),
        )
        self.services.metrics.overviewed(found, intent="overview", seconds=time.monotonic() - started)
        found = without_muted(found, [mute.muted for mute in await self._mutes(exchange.request)])
        message = overview_message(await asyncio.to_thread(scrubbed_overview, found), language=exchange.language)
        return Reply(plain=_picked(message, exchange, case.interpretation), intent="diagnose", ended="told")

    async def _mutes(self, request: StoredRequest) -> Sequence[Mute]:
        """Return what is muted where a request was made."""
        return await self.services.store.mutes.list(request.original.channel, self.services.clock())

    async def _with_other_clusters(self, diagnosis: Diagnosis, requester: Requester) -> Diagnosis:
        """Return the diagnosis with the other clusters that have what the text names and this cluster lacks."""
        notes = []
        for note in diagnosis.named:
            if note.existence is Existence.MISSING and (note.target.namespace or note.target.kind == "Node"):
                found = await self.cluster_chooser.elsewhere(note.target, requester, but=diagnosis.cluster)
                notes.append(replace(note, elsewhere=found))
            else:
                notes.append(note)
        return replace(diagnosis, named=tuple(notes)) if diagnosis.named else diagnosis

    async def _connection(self, interpretation: Interpretation) -> Connection | Text | None:
        """Return the connection to the cluster, a reply if it cannot be used, or None if the text names no cluster."""
        try:
            return await self.services.clusters.get(interpretation.cluster) if interpretation.cluster else None
        except ClusterError as error:
            _log.warning("cluster_unreachable", cluster=interpretation.cluster, error=str(error))
            return self._unreachable(interpretation, error)

    def _unread(self, connection: Connection | None, error: ClusterError, case: _Case) -> Reply:
        """Return why a diagnosis failed, for the requester."""
        self.services.clusters.give_up(connection, error)
        interpretation = case.interpretation
        silent = bool(interpretation.why) and isinstance(error, Unauthorized | Unreachable | TimedOut)
        says = self._unreachable(interpretation, error) if silent else Text.same(safe(str(error)))
        return self._failed(says, case.exchange, interpretation)

    def _unreachable(self, interpretation: Interpretation, error: ClusterError) -> Text:
        """Return why the cluster is unreachable, with its name and source if there are several clusters."""
        says = failures.unreachable if interpretation.why else failures.cluster_unreachable
        return says(interpretation.cluster, error.reason)

    def _at_once(self, exchange: Exchange, unread: Sequence[Json]) -> Reply | None:
        """Return a reply that needs no cluster: help, a refusal, an unreadable file."""
        language = exchange.language
        talked = exchange.request.original.origin in _TALKED_TO and not exchange.request.original.name
        # An empty mention below an unreadable message asks about that message.
        empty = bool(unread) and not exchange.request.text.strip()
        if talked and not empty and isinstance(parse_message(exchange.request.text), HelpQuery):
            return Reply(plain=help_message(language=language), intent="help", ended="told")
        if exchange.scope.reading is ReadLevel.NOTHING:
            return Reply(plain=failed(failures.NOT_ALLOWED_HERE, language=language), ended=REFUSED)
        if unread and exchange.request.original.origin is not Surface.MESSAGE:
            return Reply(plain=failed(Text(**unread[0]), language=language), ended="unread")
        return None

    async def _answered(
        self,
        case: _Case,
        diagnosis: Diagnosis,
        connection: Connection | None,
        *,
        question: Request,
        reason: Text | None,
        seconds: float,
    ) -> Reply:
        exchange, interpretation = case.exchange, case.interpretation
        # Redaction takes long and mostly runs without the interpreter's lock: the event loop goes on meanwhile.
        shown, of_text = await asyncio.to_thread(scrubbed, without_rows(diagnosis)), not exchange.request.original.name
        if not interpretation.pick and (told := await changes_since(self.services, exchange, shown)):
            return Reply(plain=told, intent=_intent(question), ended="changes")
        answer = KeptAnswer(
            diagnosis=shown,
            language=exchange.language,
            request_id=exchange.id,
            seconds=round(seconds, 3),
            of_text=of_text,
            buttons=(
                await offered_buttons(self.services, exchange, question, diagnosis, connection) if connection else ()
            ),
            observed=error_lines(exchange.request.text) if not shown.hypotheses else (),
            text_only_reason=reason,
            controls=connection is not None,
            feedback=exchange.request.original.origin.is_addressed,
            because=interpretation.why,
            # A text without a match needs no cluster.
            pick=_pick(interpretation) if diagnosis.hypotheses or not of_text else None,
            secrets=_secrets(exchange.request),
        )
        if exchange.request.original.origin.is_unasked:
            matching = (question.matching if isinstance(question, ExplainText) else None) or MatchResult()
            kind, channel = kind_of(exchange.request.text, matching).key, exchange.request.original.channel
            answer = replace(answer, kind=kind, unasked=words_of(self.services, channel, kind))
        incident = answer.first.incident if answer.first else ""
        if mute := standing(await self._mutes(exchange.request), incident=incident, objects=concerned(shown)):
            answer = replace(answer, muted=mute.muted, muted_by=mute.by, muted_why=mute.reason)
        picture = leading_plot(diagnosis)
        return Reply(
            intent=_intent(question),
            answer=answer,
            fault=self._fault(diagnosis, exchange),
            plotted=safe_value(picture) if picture is not None else None,
        )

    def _fault(self, diagnosis: Diagnosis, exchange: Exchange) -> str:
        names = self.services.clusters.names
        first = next(iter(diagnosis.hypotheses), None)
        audience = exchange.scope.audience(names)
        return fault_of(first, cluster=diagnosis.cluster, audience=audience) if first else ""

    def _which_cluster(self, says: Text, names: tuple[str, ...], exchange: Exchange) -> Reply:
        """Ask which cluster is meant."""
        message = which_cluster(says, Picker(names=names), request_id=exchange.id, language=exchange.language)
        return Reply(plain=message, intent="diagnose", ended="unclear")

    async def _not_found(self, named: NamedObject, exchange: Exchange, interpretation: Interpretation) -> Reply:
        """Say that no single object has the name: ask which one or which cluster is meant, if there is a choice."""
        cluster = interpretation.cluster
        if named.existence is Existence.MISSING:
            found = await self.cluster_chooser.elsewhere(named.target, exchange.requester, but=cluster)
            named = replace(named, elsewhere=found)
        says = failures.target_not_found(named)
        if named.elsewhere:
            return self._which_cluster(says, named.elsewhere, exchange)
        says = failures.with_cluster_name(says, cluster) if interpretation.why else says
        if not named.candidates:
            return self._failed(says, exchange, interpretation, ended="not found")
        message = which_object(says, named.candidates, cluster=cluster, language=exchange.language)
        message = _picked(message, exchange, interpretation)
        return Reply(plain=message, intent=_intent(interpretation.question), ended="not found")

    def _failed(
        self, reason: Text, exchange: Exchange, interpretation: Interpretation, *, ended: str = "failed"
    ) -> Reply:
        message = _picked(failed(reason, language=exchange.language), exchange, interpretation)
        return Reply(plain=message, intent=_intent(interpretation.question), ended=ended)


def _secrets(request: StoredRequest) -> tuple[Text, ...]:
    """Return the kinds of secrets in the requester's own message: the earlier messages of a thread had their notice."""
    if request.original.origin is Surface.FOLLOW_UP:
        return ()
    return secret_kinds("\n".join(text for part, text in request.parts.items() if not part.endswith(".root")))


def _picked(message: Message, exchange: Exchange, interpretation: Interpretation) -> Message:
    """Return the message with the clusters to choose from."""
    return with_picker(message, _pick(interpretation), request_id=exchange.id, language=exchange.language)


def _intent(question: Question) -> str:
    return "diagnose" if isinstance(question, DiagnoseObject) else "explain"


def _pick(interpretation: Interpretation) -> Picker | None:
    return Picker(names=interpretation.pick, asked=interpretation.cluster) if interpretation.pick else None
