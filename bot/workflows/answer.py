"""Answer a request: read its files, read the cluster, post the answer; switch it to another cluster.

A slow answer has a placeholder, which the answer replaces. After a crash at any point the answer is still posted once:
posted messages are found again before a post, and updates may be repeated.

Who chooses another cluster has their rights checked as if they had asked. If two users choose, the later choice wins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog

from bot.diagnosing import CarriedMatch, carried_match
from bot.jobs import JobRun
from bot.policy import PolicyScope, ReadLevel
from bot.policy.channel_defaults import AlertAnswers
from bot.slack.errors import log_refusal
from bot.slack.pacer import unasked
from bot.slack.posts import PostedMessage
from bot.store import RequestState, StoredAnswer, StoredRequest, Surface
from bot.workflows.alert_posts import alert_standing, close_answers
from bot.workflows.channel_answers import kind_of, wants
from bot.workflows.chronicle.facts import record_answer, record_withdrawal, tell_of_similar
from bot.workflows.cluster_choice import PRESSED
from bot.workflows.job_payloads import AnswerJob, PickJob
from bot.workflows.message_poster import MessagePoster, ProgressReporter, attach_plots
from bot.workflows.pane import showing_work
from bot.workflows.pasted_files import mention_unread, read_files, read_root
from bot.workflows.repeats import Repeats, record_unknown
from bot.workflows.replies import Replies
from bot.workflows.reply import Reply
from bot.workflows.services import ANSWER, Exchange, LimitReached, Services, retry_step, try_step
from intents.alerts.labels import is_alert, is_over
from intents.catalog.learned import is_learned
from intents.domain import Json, Verdict
from intents.matcher import MatchResult
from intents.symptoms import kept_text
from intents.talk.unasked import may_answer
from responses.failures import CLUSTER_NOT_VISIBLE
from responses.slack.diagnosis import placeholder_message
from responses.slack.notices import not_done
from responses.slack.presses import Press

_log: Final = structlog.get_logger(__name__)

# The match of a text that need not be matched.
_NOTHING: Final = CarriedMatch(text="", catalog="", matching=MatchResult())
_CROWDED: Final = "crowded"
_FIRST: Final = "first_about_fault"
# About half a minute in total.
_PAUSES_S: Final = (0.2, 0.5, *([1.0] * 28))
# After this many of them the placeholder is posted.
_PATIENT: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWorkflow:
    """The job `answer`."""

    services: Services
    poster: MessagePoster
    repeats: Repeats
    replies: Replies

    async def run(self, run: JobRun, payload: AnswerJob) -> Json | None:
        request = payload.request
        prepared = await retry_step(run, "prepare", self.prepare, request, payload.revision)
        if not prepared or not prepared["goes_on"]:
            await retry_step(run, "trim", self.trim, request, prepared)
            return None
        with unasked(bool(prepared["unasked"])):
            topic = "" if payload.anyway else str(prepared["topic"])
            if topic and await self.repeats.is_repeat(run, request, topic):
                return None
            result = await self.in_turn(run, request, prepared)
        await retry_step(run, "trim", self.trim, request, prepared)
        await self.link_back(run, request, result)
        return result

    async def link_back(self, run: JobRun, request: str, result: Json | None) -> None:
        """Add a link to this answer to the first one about the same fault, if there is one."""
        if result and (first := result.get(_FIRST)):
            await try_step(run, "link", self.repeats.link_back, request, first)

    async def in_turn(self, run: JobRun, request: str, prepared: Json, picked: PickJob | None = None) -> Json | None:
        """Answer once the cluster has a free slot; waiting requests do not block others."""
        for number, pause in enumerate((*_PAUSES_S, None)):
            if number == _PATIENT and not (prepared.get("only_trouble") or prepared.get("only_proven")):
                await retry_step(run, "placeholder", self.placeholder, request)
            result = await retry_step(run, "answer", self.answer, request, prepared, picked, pause is None)
            if pause is None or not (result and _CROWDED in result):
                return result
            await run.sleep(pause)
        return None

    async def prepare(self, request_id: str, revision: int = 1) -> Json:
        """Read the files and the thread root, and find out whether there is anything to answer.

        Later changes of the text have jobs of their own: of many changes only the last two are answered.

        The result contains the match of the whole text.
        """
        exchange = await self.services.exchange(request_id)
        if exchange is None or exchange.request.state is RequestState.WITHDRAWN:
            return {"goes_on": False}
        request = exchange.request
        if request.revision > revision + 1:
            return {"goes_on": False}
        if request.original.origin.is_unasked and is_over(request.text):
            await close_answers(self.services, exchange, self.services.clock())
            return {"goes_on": False}
        unread = (*await read_root(self.services, request), *await read_files(self.services, request))
        request = await self.services.store.requests.get(request_id) or request
        exchange = replace(exchange, request=request)
        matched = await self._match(exchange)
        hypotheses = matched.matching.hypotheses if matched else ()
        heard = request.original.origin is Surface.MESSAGE
        decided = may_answer(request.text, matched.matching) if matched and heard else None
        alert = matched is not None and is_alert(request.text)
        mode = await alert_standing(self.services, exchange) if alert else AlertAnswers.ALL
        goes_on = matched is None or bool(hypotheses) or (decided is not None and decided.answered)
        goes_on = goes_on and mode is not AlertAnswers.OFF
        if goes_on and matched is not None:
            goes_on = await wants(self.services, exchange.scope.who, kind_of(request.text, matched.matching))
        if not goes_on:
            await mention_unread(self.services, exchange, unread)
            await self._stay_silent(request)
        return {
            "goes_on": goes_on,
            "revision": request.revision,
            "unread": [{"en": says.en, "zh": says.zh} for says in unread],
            "match": matched.as_json() if matched else None,
            "topic": self.repeats.topic_of(exchange, matched),
            "unasked": request.original.origin.is_unasked,
            # An alert says that something is wrong: that its object is well is an answer too.
            "only_trouble": decided is not None and decided.proof,
            "only_proven": mode is AlertAnswers.PROVEN,
        }

    async def _stay_silent(self, request: StoredRequest) -> None:
        await self.services.store.requests.set_state(request.id, RequestState.SILENT)
        self.services.metrics.request_handled(request.original.origin, "explain", "silent")

    async def placeholder(self, request_id: str) -> None:
        """Post the placeholder of a request that waits for a free slot."""
        if exchange := await self.services.exchange(request_id):
            await self._placeholder(exchange)

    async def _placeholder(self, exchange: Exchange) -> PostedMessage | None:
        """Post the placeholder unless the answer or a placeholder exists; return that message."""
        request = exchange.request
        async with self.services.turn(request.id):
            now = await self.services.store.requests.get(request.id)
            if now is None or now.state is RequestState.WITHDRAWN or now.revision > request.revision:
                return None
            message = placeholder_message(language=exchange.language, about=_about(request))
            return await self.poster.placeholder(request, message)

    async def trim(self, request_id: str, prepared: Json | None) -> None:
        """Drop the text once it is answered, except for its symptoms and the objects that they name.

        Follow-ups and a later choice of the cluster use those. Of a text without an answer nothing is kept.
        """
        request = await self.services.store.requests.get(request_id)
        if request is None or not prepared or "revision" not in prepared or request.state is RequestState.WITHDRAWN:
            return
        carried = CarriedMatch.read(prepared.get("match"))
        found = carried.matching.hypotheses if carried else ()
        quotes = frozenset(match.quote for each in found for match in each.matches)
        texts: dict[str, str] = {}
        if request.state is not RequestState.SILENT:
            addressed = request.original.origin.is_addressed
            texts = await asyncio.to_thread(_kept, request.parts, quotes=quotes, opening=addressed)
        await self.services.store.requests.trim(request_id, int(prepared["revision"]), texts)

    async def answer(
        self, request_id: str, prepared: Json, picked: PickJob | None = None, last: bool = True
    ) -> Json | None:
        """Post the answer. Return {"crowded": cluster} if it has no free slot, except on the `last` attempt."""
        exchange = await self.services.exchange(request_id)
        if exchange is None or exchange.request.revision > int(prepared["revision"]):
            return None  # edited since: another job answers the new text
        async with showing_work(self.services, exchange.request):
            return await self._answer(exchange, prepared, picked, last)

    async def _answer(self, exchange: Exchange, prepared: Json, picked: PickJob | None, last: bool) -> Json | None:
        request_id, asked_by, request = exchange.id, exchange.scope, exchange.request
        exchange = await self._seen_by(exchange, picked)
        try:
            reply = await self._reply(exchange, prepared, picked)
        except LimitReached as reached:
            if not last:
                return {_CROWDED: reached.cluster}
            reply = await self.replies.limit_reached(exchange, reached.cluster)
        if reply.reaction:
            await self._react(exchange, reply)
            return None
        if _is_unwanted(prepared, reply):
            await self._stay_silent(request)
            return None
        if reply.answer is not None and reply.fault:
            reply = replace(reply, answer=await self.repeats.with_earlier(request, reply.answer, reply.fault))
        async with self.services.turn(request_id):
            if not await self._still(request, picked):
                return None  # another cluster was chosen meanwhile
            delivered = await self._deliver(exchange, reply)
            if delivered is not None:
                await record_unknown(self.services, request, reply)
            await self._settle_topic(
                request_id, reply, counts=not delivered or self._counts(delivered, asked_by, reply)
            )
        if delivered is None:
            return None
        self._count(request, reply, first=picked is None and request.revision == 1)
        await self._add_to(delivered, reply)
        first = await self.repeats.first_about(request, reply.fault)
        return {"verdict": reply.verdict, "incident": reply.incident, _FIRST: first}

    async def _reply(self, exchange: Exchange, prepared: Json, picked: PickJob | None) -> Reply:
        """Compute the reply and show progress meanwhile. Raise LimitReached."""
        request = exchange.request
        # Whether there is an answer is known only at its end.
        silent = bool(prepared.get("only_trouble") or prepared.get("only_proven"))
        reporter = ProgressReporter(
            slack=self.services.slack,
            sent=exchange.sent,
            language=exchange.language,
            begin=None if silent else partial(self._placeholder, exchange),
            waited=0.0 if request.original.origin.is_unasked else self._age(request),
            # The answer for a cluster that was chosen meanwhile may be posted: progress must not overwrite it.
            wanted=partial(self._still, request, picked),
        )
        async with reporter.reporting():
            return await self.replies.of(
                exchange,
                unread=prepared["unread"],
                match=CarriedMatch.read(prepared.get("match")),
                reported=bool(prepared.get("only_trouble")),
                progress=reporter.progress,
                picked=picked.cluster if picked else "",
            )

    async def _settle_topic(self, request_id: str, reply: Reply, *, counts: bool) -> None:
        """End the topic of an answer that later pastes are not referred to."""
        if reply.answer is not None and (not reply.verdict or reply.is_about_nothing):
            # Nothing was found that could answer for others: what was asked meanwhile is answered by itself.
            await self.services.store.topics.end(request_id, other_than=reply.fault)
        elif not counts:
            await self.services.store.topics.close(request_id)

    def _counts(self, exchange: Exchange, asked_by: PolicyScope, reply: Reply) -> bool:
        """Tell whether later pastes of the same error are referred to this answer.

        Not one without the cluster that its audience may see, and not one for the eyes of another audience.
        """
        names = self.services.clusters.names
        if reply.answer is None or exchange.scope.audience(names) != asked_by.audience(names):
            return False
        unread = bool(exchange.scope.clusters(names)) and not reply.answer.controls and reply.answer.pick is None
        return exchange.sent is not None and not unread

    async def _add_to(self, exchange: Exchange, reply: Reply) -> None:
        """Add to the answer: other channels with the same incident, and a plot."""
        if exchange.sent is not None:
            await tell_of_similar(self.services, exchange, reply.answer, ts=exchange.sent.ts)
        if reply.plotted is not None:
            await attach_plots(self.services, exchange.request, reply.plotted, language=exchange.language)

    def _age(self, request: StoredRequest) -> float:
        return (self.services.clock() - request.original.created).total_seconds()

    def _count(self, request: StoredRequest, reply: Reply, *, first: bool) -> None:
        """Count the request. Repeated requests and late cluster choices have no answer time: they waited for people."""
        seconds = self._age(request) if first else None
        self.services.metrics.request_handled(request.original.origin, reply.intent, reply.came_to, seconds=seconds)
        if is_learned(reply.incident):
            self.services.metrics.learned_answered()
        _log.info("answer_posted", intent=reply.intent, outcome=reply.came_to, incident=reply.incident)

    async def _seen_by(self, exchange: Exchange, picked: PickJob | None) -> Exchange:
        """Return the exchange for the user who chose the cluster; the language stays the requester's."""
        if picked is None:
            return exchange
        original = exchange.request.original
        presser = await self.services.requester(team=original.team, channel=original.channel, user=picked.user)
        return replace(exchange, requester=replace(presser, language=exchange.language))

    async def _still(self, request: StoredRequest, picked: PickJob | None) -> bool:
        """Tell whether the cluster that was chosen, if one was, is still the chosen one."""
        if picked is None:
            return True
        answer = await self.services.store.answers.get(request.id)
        return answer is not None and answer.shown.get(PRESSED) == picked.cluster

    async def _deliver(self, exchange: Exchange, reply: Reply) -> Exchange | None:
        """Post the reply, or show it in the message that stands. None if a newer one is shown."""
        store, request = self.services.store, exchange.request
        notes = await self.poster.notes(request)
        sent = await self.poster.sent(request, step=ANSWER)
        sent = sent or await self.poster.post(request, reply.message(notes), step=ANSWER)
        if sent is not None:
            answer = StoredAnswer(
                request_id=request.id,
                revision=request.revision,
                channel=sent.channel,
                ts=sent.ts,
                incident=reply.incident,
                verdict=reply.verdict,
                message=reply.kept,
                shown={**(reply.turn.note() if reply.turn else {}), **reply.notes},
                saved=self.services.clock(),
            )
            if not await store.answers.save(answer):
                return None
            # An answer that was just posted is updated only for news, because Slack limits updates most.
            if sent.earlier or await self.poster.notes(request) != notes:
                await self.poster.show(request, reply.plain)
            await record_answer(self.services, request, reply.answer, ts=sent.ts)
        if not await store.requests.set_state(request.id, RequestState.ANSWERED):
            await record_withdrawal(self.services, request)
            await self.poster.take_back(request)  # the paste was deleted meanwhile
            sent = None
        return replace(exchange, sent=sent)

    async def _react(self, exchange: Exchange, reply: Reply) -> None:
        """React to the message of the request in place of an answer. Raise SlackUnavailable."""
        request = exchange.request
        original = request.original
        with log_refusal(_log.info, "reaction_failed", channel=original.channel):
            await self.services.slack.reactions.add(
                channel=original.channel, ts=original.source_ts, name=reply.reaction
            )
        await self.poster.take_back(request)  # of a placeholder
        await self.services.store.requests.set_state(request.id, RequestState.ANSWERED)
        self._count(request, reply, first=request.revision == 1)

    async def _match(self, exchange: Exchange) -> CarriedMatch | None:
        """Match the text if the match decides whether to answer; None for a request that is always answered."""
        request = exchange.request
        if not request.original.origin.is_unasked:
            return None
        if exchange.scope.reading is ReadLevel.NOTHING:
            return _NOTHING
        return await carried_match(request.text, engine=self.services.engine(request.original.channel))


def _is_unwanted(prepared: Json, reply: Reply) -> bool:
    """Tell whether nobody asked for this reply: no trouble was found, or nothing that the channel wants to hear of."""
    unproven = reply.verdict not in (Verdict.CONFIRMED, Verdict.LIKELY)
    return bool(
        (prepared.get("only_trouble") and not reply.shows_trouble) or (prepared.get("only_proven") and unproven)
    )


def _about(request: StoredRequest) -> str:
    """Return the object that a request names, as people type it; "" for a text."""
    asked = request.original
    place = f"{asked.namespace}/{asked.name}".lstrip("/")
    return f"{asked.kind} {place}" if asked.name else ""


def _kept(parts: Mapping[str, str], *, quotes: frozenset[str], opening: bool) -> dict[str, str]:
    first = min(parts, default="")
    return {ts: kept_text(text, quotes=quotes, opening=opening and ts == first) for ts, text in parts.items()}


_WHY: Final = "the policy does not allow this user to see that cluster in this channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class PickWorkflow:
    """The job `pick`."""

    services: Services
    answers: AnswerWorkflow

    async def run(self, run: JobRun, payload: PickJob) -> Json | None:
        taken = await retry_step(run, "take", self.take, payload, run.id)
        if not taken:
            return None
        prepared: Json = {"revision": taken["revision"], "unread": []}
        result = await self.answers.in_turn(run, payload.request, prepared, payload)
        await self.answers.link_back(run, payload.request, result)
        return result

    async def take(self, payload: PickJob, job: str) -> Json | None:
        """Store the choice if the user may see that cluster."""
        services, store = self.services, self.services.store
        request = await store.requests.get(payload.request)
        if request is None or request.state is RequestState.WITHDRAWN:
            return None
        cluster = payload.cluster
        requester = await services.presser(payload)
        if not requester.scope.clusters([cluster]):
            refused = {"action": str(Press.CLUSTER), "outcome": "refused", "cluster": cluster}
            await services.audit(payload.sender, **refused, detail={"why": _WHY}, key=job)
            message = not_done(requester.scope.text_only_reason or CLUSTER_NOT_VISIBLE, language=requester.language)
            with log_refusal(_log.warning, "press_reply_failed"):
                await services.tell(payload.sender, message, thread_ts=request.original.thread_ts)
            return None
        if await store.answers.note(request.id, {PRESSED: cluster}) is None:
            return None
        return {"revision": request.revision}
