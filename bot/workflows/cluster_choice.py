"""Find out what a request is about: its cluster and namespace, or the answer that its thread has.

In a thread, a question that names no object and no error is answered by a link. The same trouble again gets what
changed; another object gets an answer of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import CarriedMatch, match_text
from bot.diagnosing.object_search import exists
from bot.policy import ReadLevel
from bot.slack.errors import SlackError, log_refusal
from bot.store import StoredRequest, Surface
from bot.workflows.conversation import TURN, KeptTurn, asks_more_than_why, requests_before
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.services import Exchange, Requester, Services
from intents.cluster_choice import (
    AmbiguousCluster,
    ChoiceReason,
    ChosenCluster,
    ClusterHints,
    UnknownCluster,
    choose,
    means_cluster,
    spoken,
)
from intents.domain import Diagnosis, Focus, ObjectRef, Text
from intents.focus import focus_of
from intents.mutes import MuteCommand
from intents.request import AskInWords, DiagnoseObject, ExplainText, Question, is_in_words, scope_of
from intents.slash import Command, MutedQuery, ObjectQuery, TextQuery, parse_command, parse_message
from responses import failures
from responses.follow_ups import changes, is_same_trouble, sign
from responses.safety import SafeDiagnosis
from responses.shown import shown
from responses.slack.message import Message
from responses.slack.remedy_states import answered_above, changed_since

# Key under which an answer stores the cluster that was chosen by a button.
PRESSED: Final = "cluster"
# The object is looked up in all clusters at once; a silent cluster delays the answer by at most this long.
SEARCH_S: Final = 2.0

_COMMANDED: Final = frozenset({Surface.COMMAND, Surface.BUTTON})


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """A question and its cluster: "" if no cluster is read, then `refused` or `unclear` may say why.

    `why` is set if there were several candidates. `pick` are the other clusters to choose from.
    """

    question: Question
    cluster: str = ""
    why: Text | None = None
    refused: Text | None = None
    unclear: Text | None = None
    pick: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClusterQuestion:
    """The question as it was worded."""

    question: Question
    named: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterChooser:
    """Chooses the cluster of a request."""

    services: Services

    async def of(self, exchange: Exchange, *, pressed: str = "", match: CarriedMatch | None = None) -> Interpretation:
        """Return the interpretation of a request for this requester's access.

        `pressed` is the cluster that they have just chosen, "" for none. The question gets the `match` if it belongs to
        its text. An unresponsive cluster does not delay the lookup of the object. Raises StoreUnavailable.
        """
        request, requester = exchange.request, exchange.requester
        parsed = self._with_match(_parsed(request), match, request.original.channel)
        visible = (
            requester.scope.clusters(self.services.clusters.names) if requester.scope.reading is ReadLevel.FULL else ()
        )
        question = self._with_namespace(parsed, requester, visible)
        if not visible:
            return Interpretation(question=question)
        clues = ClusterHints(pressed=pressed, named=parsed.named, place=parsed.place)
        if len(visible) > 1:
            clues = replace(
                clues,
                pressed=pressed or await self._pressed(request.id),
                text=request.text,
                addressed=request.original.origin.is_addressed,
                spoken=next(iter(spoken(question.text, visible)), "") if isinstance(question, AskInWords) else "",
                thread=await self._thread(request),
                channel=self.services.defaults.cluster(requester.scope.who),
                configured=self.services.clusters.preferred,
            )
        match choose(visible, clues):
            case UnknownCluster() as wrong:
                refused = failures.unknown_cluster(wrong, visible)
                return Interpretation(question=question, refused=refused, pick=visible)
            case ChosenCluster(cluster=cluster, why=why):
                pick = visible if why is ChoiceReason.PRESSED else ()
                return Interpretation(question=question, cluster=cluster, why=failures.reason_for(why), pick=pick)
            case AmbiguousCluster():
                return await self._searched(question, visible, requester)

    def _with_match(self, parsed: _ClusterQuestion, match: CarriedMatch | None, channel: str) -> _ClusterQuestion:
        question = parsed.question
        if match is None or not isinstance(question, ExplainText):
            return parsed
        matching = match.of(question.text, engine=self.services.engine(channel))
        return replace(parsed, question=replace(question, matching=matching))

    def _with_namespace(self, parsed: _ClusterQuestion, requester: Requester, visible: Sequence[str]) -> Question:
        """Return the named namespace, unless it is a cluster's name; else the channel's."""
        question = parsed.question
        named = question.namespace
        if isinstance(question, DiagnoseObject) and named == parsed.place and means_cluster(named, visible):
            named = ""
        return replace(question, namespace=named or self.services.defaults.namespace(requester.scope.who))

    async def _pressed(self, request_id: str) -> str:
        answer = await self.services.store.answers.get(request_id)
        return str(answer.shown.get(PRESSED, "")) if answer else ""

    async def _thread(self, request: StoredRequest) -> str:
        """Return the cluster of the newest earlier answer in this thread, "" if there is none."""
        for earlier in await requests_before(self.services.store, request):
            answer = await self.services.store.answers.get(earlier.id)
            if answer is None:
                continue
            answered = KeptAnswer.from_json(answer.message).diagnosis.cluster if answer.message else ""
            told = KeptTurn.from_json(answer.shown[TURN]).cluster if TURN in answer.shown else ""
            if cluster := answered or told or str(answer.shown.get(PRESSED, "")):
                return cluster
        return ""

    async def _searched(self, question: Question, visible: tuple[str, ...], requester: Requester) -> Interpretation:
        """Return the cluster where the named object exists, if it is the only one."""
        target = await self._target(question, requester.scope.who.channel)
        if target is None:
            return Interpretation(
                question=question, unclear=failures.why_unclear("", found=(), unasked=()), pick=visible
            )
        found, unasked = await self._having(target, visible, requester)
        if not (found or unasked):
            found, unasked = await self._having(target, visible, requester, as_workload=True)
        if len(found) == 1:
            return Interpretation(
                question=question, cluster=found[0], why=failures.found_only_there(unasked), pick=tuple(unasked)
            )
        about = f"{target.kind} {target.namespace}/{target.name}".replace(" /", " ")
        return Interpretation(
            question=question, unclear=failures.why_unclear(about, found=found, unasked=unasked), pick=visible
        )

    async def _having(
        self, target: DiagnoseObject, visible: Sequence[str], requester: Requester, *, as_workload: bool = False
    ) -> tuple[list[str], list[str]]:
        """Return the clusters that have an object, and those that do not tell in time."""
        exists = await asyncio.gather(
            *(self._has(name, target, requester, as_workload=as_workload) for name in visible)
        )
        answers = dict(zip(visible, exists, strict=True))
        return [name for name, has in answers.items() if has], [name for name, has in answers.items() if has is None]

    async def _target(self, question: Question, channel: str) -> DiagnoseObject | None:
        """Return the object to look up, if one is named."""
        if isinstance(question, ExplainText | AskInWords):
            engine = self.services.engine(channel)
            kept = question.matching if isinstance(question, ExplainText) else None
            matching = kept or await match_text(question.text, engine=engine)
            hypotheses = matching.hypotheses
            if hypotheses:
                incident = engine.catalog.incidents[hypotheses[0].incident]
                focus = focus_of(incident, hypotheses[0], namespace=question.namespace)
                question = DiagnoseObject(kind=focus.kind, namespace=focus.namespace, name=focus.name)
            elif (first := next(iter(matching.objects), None)) and first.certain:
                home = first.namespace or question.namespace
                question = DiagnoseObject(kind=first.kind, namespace=home, name=first.value)
            else:
                return None
        return question if question.kind and question.name and scope_of(question) != "" else None

    async def elsewhere(self, target: ObjectRef, requester: Requester, *, but: str) -> tuple[str, ...]:
        """Return the other clusters that have an object, as far as the requester may know and they answer in time."""
        visible = [name for name in requester.scope.clusters(self.services.clusters.names) if name != but]
        asked = DiagnoseObject(kind=target.kind, namespace=target.namespace, name=target.name)
        found, _ = await self._having(asked, visible, requester)
        return tuple(found)

    async def _has(
        self, cluster: str, target: DiagnoseObject, requester: Requester, *, as_workload: bool
    ) -> bool | None:
        """Tell whether the object exists, as far as the requester may know; None if unknown in time."""
        try:
            async with asyncio.timeout(SEARCH_S):
                connection = await self.services.clusters.get(cluster)
                access = requester.scope.access(cluster)
                async with Snapshot(connection, deadline=SEARCH_S, access=access) as snapshot:
                    resource = await snapshot.resource(target.kind)
                    namespace = target.namespace if resource.namespaced else ""
                    asked = Focus(kind=resource.kind, namespace=namespace, name=target.name)
                    return await exists(snapshot, resource, asked, as_workload=as_workload)
        except (ClusterError, TimeoutError):
            return None


def _parsed(request: StoredRequest) -> _ClusterQuestion:
    """Parse the question again from its text: an edit may have named another cluster."""
    original = request.original
    query = parse_command(request.text) if original.origin in _COMMANDED else parse_message(request.text)
    addressed = original.origin.is_addressed
    if not addressed:
        query = TextQuery(text=request.text)
    if original.name:
        about = DiagnoseObject(kind=original.kind, namespace=original.namespace, name=original.name)
        if isinstance(query, ObjectQuery) and query.name == original.name:
            # In a sentence the word after "in" may be anything; in a command it is a namespace or a cluster.
            certain = original.origin in _COMMANDED or query.place != original.namespace
            about = replace(about, namespace_certain=certain)
            return _ClusterQuestion(question=about, named=query.cluster, place=query.place)
        return _ClusterQuestion(question=about)
    named = query.cluster if isinstance(query, TextQuery) else ""
    text = query.text if isinstance(query, TextQuery) and (named or query.literal) else request.text
    if addressed and _is_in_words(query):
        said = query.text if isinstance(query, TextQuery) else request.text
        return _ClusterQuestion(question=AskInWords(text=said, namespace=original.namespace), named=named)
    return _ClusterQuestion(
        question=ExplainText(text=text, namespace=original.namespace, addressed=addressed), named=named
    )


def _is_in_words(query: Command) -> bool:
    """Return whether a query is a person's own words; a mute is too, because only the cluster tells what it names."""
    if isinstance(query, TextQuery):
        return not query.literal and is_in_words(query.text)
    return isinstance(query, MuteCommand | MutedQuery)


_log: Final = structlog.get_logger(__name__)

_IN_THREADS: Final = frozenset({Surface.MENTION, Surface.FOLLOW_UP})
# Asks for the state now, so that a link to the answer does not help.
_ASKS_AGAIN: Final = re.compile(
    r"\b(?:now|still|fixed|better|recheck|retry|(?:check|look|diagnose|try) again)\b"
    r"|再查|再看|重新|现在|好了吗|还在|恢复",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierAnswer:
    """The newest answer in a thread, and the address of its message ("" if Slack gives none)."""

    answer: KeptAnswer
    link: str


async def link_to_answer(services: Services, exchange: Exchange) -> Message | None:
    """Return a link to the answer above, for a mention that asks about it in words alone; else None."""
    request, original = exchange.request, exchange.request.original
    if original.origin is not Surface.MENTION or original.name or not original.thread_ts:
        return None
    own = request.parts.get(original.source_ts, "")
    query = parse_message(own)
    if not isinstance(query, TextQuery) or _ASKS_AGAIN.search(own) or asks_more_than_why(query.text):
        return None
    if (await match_text(query.text, engine=services.engine(original.channel))).hypotheses:
        return None
    earlier = await earlier_answer(services, request)
    return answered_above(earlier.link, language=exchange.language) if earlier and earlier.link else None


async def changes_since(services: Services, exchange: Exchange, after: Diagnosis) -> Message | None:
    """Return what changed since the thread's answer about the same trouble; None if there is no such answer."""
    original = exchange.request.original
    if original.origin not in _IN_THREADS or not original.thread_ts:
        return None
    earlier = await earlier_answer(services, exchange.request)
    if earlier is None or not is_same_trouble(earlier.answer.diagnosis, after):
        return None
    before = shown(SafeDiagnosis(earlier.answer.diagnosis))
    now = shown(SafeDiagnosis(after))
    lines = changes(before, now, exchange.language)
    return changed_since(lines, sign=sign(now), link=earlier.link, language=exchange.language)


async def earlier_answer(services: Services, request: StoredRequest) -> EarlierAnswer | None:
    """Return the newest answer in the request's thread that has a diagnosis and was not deleted."""
    for other in await requests_before(services.store, request):
        kept = await services.store.answers.get(other.id)
        if kept is None or not kept.message or not kept.ts:
            continue
        link = ""
        with log_refusal(_log.info, "earlier_answer_not_linked", of=SlackError):
            link = await services.slack.permalink(channel=kept.channel, ts=kept.ts)
        return EarlierAnswer(answer=KeptAnswer.from_json(kept.message), link=link)
    return None
