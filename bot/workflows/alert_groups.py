"""Find the causes of alerts from Alertmanager, and keep one post per cause up to date.

The job `alert_group` places the alerts of a round into posts; the job `alert_post` posts, updates and closes one post.
The channel's policy decides what may be read, as for a message of an integration.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import structlog

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.diagnosing import TargetNotFound, diagnose
from bot.jobs import JobRun, Json, StartJob
from bot.overviews.overview import overview
from bot.policy.alert_routes import AlertMode
from bot.slack.errors import SlackRefusal
from bot.store.alert_groups import AlertScope, PendingAlert, StoredAlertPost
from bot.workflows.alert_connections import (
    AlertLinks,
    connections_of,
    document_of,
    grown,
    likeness_of,
    place_of,
    post_of,
)
from bot.workflows.alert_remedies import remedies_done
from bot.workflows.job_payloads import AlertGroupJob, AlertPostJob
from bot.workflows.kept_answer import AlertFinding, KeptAnswer, without_rows
from bot.workflows.outages import retry_step
from bot.workflows.services import ANSWER, Requester, Services, post_key
from bot.workflows.single_posts import show_once
from intents.alerts.alert import question_of
from intents.alerts.objects import object_of
from intents.alerts.silences import matchers_of
from intents.domain import Diagnosis, Language, ObjectRef, Text, Verdict
from intents.request import ExplainText, scope_of
from responses import alert_words as words
from responses import failures
from responses.overview import scrubbed_overview
from responses.safety import safe_value, scrubbed
from responses.slack import limits
from responses.slack.alert_groups import AlertsShown, RemedyDone, SilenceShown, firing_message, resolved_message
from responses.slack.choices import diagnose_value
from responses.slack.message import Message

_log: Final = structlog.get_logger(__name__)

WINDOW_S: Final = 2.0
UPDATE_EVERY_S: Final = 60.0
_AT_ONCE: Final = 4
# An overview may take so many times the deadline of one diagnosis.
_OVERVIEW: Final = 4
# Alerts whose turn comes later stay pending, so that a slow cluster does not delay the posts about the others.
_PLACED_WITHIN_S: Final = 5.0
# About a day: an outage of Slack is over by then, and nobody would start the post again.
_PAUSES_S: Final = (2.0, 5.0, 15.0, 30.0, *([60.0] * 1_440))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """What explains an alert: equal `key`s share a post. `proven` means that the cluster confirmed it."""

    key: str
    finding: AlertFinding
    links: AlertLinks = field(default_factory=AlertLinks)
    proven: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGroupWorkflow:
    """Places alerts into posts by their cause. `start` starts the jobs of the posts."""

    services: Services
    start: StartJob
    window_s: float = WINDOW_S

    async def run(self, run: JobRun, payload: AlertGroupJob) -> Json | None:
        """Run the job `alert_group`."""
        await run.sleep(self.window_s)
        await retry_step(run, "close_round", self.close_round, payload, pauses=_PAUSES_S)
        more: Json | None = {"more": True}
        while more and more["more"]:
            more = await retry_step(run, "place", self.place, payload, pauses=_PAUSES_S)
            # In a storm further alerts keep arriving: the posts must not wait for its end.
            await retry_step(run, "start_posts", self.start_posts, payload, pauses=_PAUSES_S)
        return None

    async def close_round(self, payload: AlertGroupJob) -> None:
        """Let later alerts open the next round."""
        await self.services.store.alert_groups.close_round(_scope(payload), payload.round)

    async def place(self, payload: AlertGroupJob) -> Json:
        """Place pending alerts; return whether `more` of them wait."""
        store, scope = self.services.store.alert_groups, _scope(payload)
        async with self.services.turn(f"alerts/{scope.key}"):
            pending = await store.pending(scope)
            if not pending:
                return {"more": False}
            requester = await self.services.requester(team="", channel=scope.channel, user="")
            alike: dict[tuple[str, ...], list[PendingAlert]] = {}
            for each in pending:
                # Of a text alone the name is what matters.
                name = "" if scope.cluster else each.labels.get("alertname", "")
                alike.setdefault((name, *likeness_of(each)), []).append(each)
            seats, began = asyncio.Semaphore(_AT_ONCE), time.monotonic()
            causeless: list[tuple[Sequence[PendingAlert], _Cause]] = []

            async def placed(alerts: Sequence[PendingAlert]) -> None:
                async with seats:
                    if time.monotonic() - began > _PLACED_WITHIN_S:
                        return
                    cause = await self._cause(alerts[0], scope, requester)
                if cause.links.fault:
                    await self._post(alerts, cause, scope)
                else:
                    causeless.append((alerts, cause))

            await asyncio.gather(*map(placed, alike.values()))
            # Others of this round may have a cause that explains these too.
            for alerts, cause in sorted(causeless, key=lambda each: each[1].key):
                await self._post(alerts, cause, scope)
            return {"more": True}

    async def _post(self, alerts: Sequence[PendingAlert], cause: _Cause, scope: AlertScope) -> None:
        """Add alerts to the open post that they belong to, or to a new one."""
        store = self.services.store.alert_groups
        shown = [each.fingerprint for each in alerts if cause.proven or each.mode != AlertMode.PROVEN]
        hidden = [each.fingerprint for each in alerts if each.fingerprint not in set(shown)]
        choose, document = partial(post_of, cause.key, cause.links), document_of(cause.finding, cause.links)
        if shown and await store.place(scope, choose, shown, document, self.services.clock(), grown=grown):
            self.services.metrics.alert_posted("opened")
        if hidden:
            await store.leave_out(scope, hidden)

    async def start_posts(self, payload: AlertGroupJob) -> None:
        """Start the jobs of the posts that are out of date."""
        scope = _scope(payload)
        for id, edit in await self.services.store.alert_groups.behind(scope):
            await start_post(self.start, id, edit, scope.channel)

    async def _cause(self, alert: PendingAlert, scope: AlertScope, requester: Requester) -> _Cause:
        """Return the cause of one alert."""
        services, question = self.services, question_of(alert.labels, alert.summary)
        reason = requester.scope.text_only_reason or (None if scope.cluster else words.NO_CLUSTER)
        if reason is not None:
            return await self._of_text(alert, reason, requester)
        began = time.monotonic()
        try:
            connection = await services.clusters.get(scope.cluster)
            if namespace := scope_of(question):
                return await self._of_namespace(alert, namespace, requester, connection)
            found = await diagnose(
                question,
                engine=services.engine(),
                connection=connection,
                deadline=services.deadline,
                access=requester.scope.access(connection.name),
            )
        except TargetNotFound as error:
            says = failures.target_not_found(error.named)
            return self._plain(alert, says, requester, key=_key("alert", *likeness_of(alert)))
        except ClusterError as error:
            return await self._of_text(alert, Text.same(str(error)), requester)
        if isinstance(question, ExplainText) and not (found.hypotheses or found.unexplained):
            return self._plain(
                alert, _without_cluster(words.NO_OBJECT), requester, key=_key("alert", *likeness_of(alert))
            )
        services.metrics.diagnosed(found, intent="alert", seconds=time.monotonic() - began)
        return _of_diagnosis(alert, found, requester, seconds=time.monotonic() - began)

    async def _of_namespace(
        self, alert: PendingAlert, namespace: str, requester: Requester, connection: Connection
    ) -> _Cause:
        """Return what is wrong in a namespace of which an alert names no object. Raise TargetNotFound, ClusterError."""
        services, began = self.services, time.monotonic()
        found = await overview(
            namespace,
            engine=services.engine(),
            connection=connection,
            deadline=services.deadline * _OVERVIEW,
            access=requester.scope.access(connection.name),
        )
        services.metrics.overviewed(found, intent="alert", seconds=time.monotonic() - began)
        shown = await asyncio.to_thread(scrubbed_overview, found)
        finding = AlertFinding(language=requester.language, overview=shown)
        return _Cause(key=_key("object", *place_of(alert)), finding=finding)

    async def _of_text(self, alert: PendingAlert, reason: Text, requester: Requester) -> _Cause:
        """Return what the alert's text alone suggests; `reason` says why no cluster was read."""
        text = "\n".join(filter(None, (alert.labels.get("alertname", ""), alert.summary)))
        found = await diagnose(ExplainText(text=text), engine=self.services.engine(), connection=None)
        # What no cluster tells apart shares a post: otherwise an API server that is away means a post per object.
        key = _key("alert", alert.labels.get("alertname", ""))
        if not found.hypotheses:
            return self._plain(alert, _without_cluster(reason), requester, key=key)
        answer = _answer(alert, found, requester.language, of_text=True, reason=reason)
        return _Cause(key=key, finding=AlertFinding(language=requester.language, answer=answer))

    def _plain(self, alert: PendingAlert, says: Text, requester: Requester, *, key: str) -> _Cause:
        summary = Text.same(f"{alert.summary} · ") if alert.summary else Text.same("")
        both = Text(en=summary.en + says.en, zh=summary.zh + says.zh)
        return _Cause(key=key, finding=AlertFinding(language=requester.language, says=safe_value(both)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPostWorkflow:
    """Posts, updates and closes the post of one cause."""

    services: Services
    start: StartJob
    every_s: float = UPDATE_EVERY_S

    async def run(self, run: JobRun, payload: AlertPostJob) -> Json | None:
        """Run the job `alert_post`."""
        due = await retry_step(run, "due", self.due, payload, pauses=_PAUSES_S)
        if due and due["wait"] > 0:
            await run.sleep(due["wait"])
        await retry_step(run, "show", self.show, payload, pauses=_PAUSES_S)
        return None

    async def due(self, payload: AlertPostJob) -> Json:
        """Return how many seconds the message stays as it is; a post is closed at once."""
        post = await self.services.store.alert_groups.post(payload.post)
        if post is None or not post.edits or not post.firing:
            return {"wait": 0.0}
        if post.silence is not None and post.silence.at > post.at:
            return {"wait": 0.0}  # a person pressed a button
        passed = (self.services.clock() - post.at).total_seconds()
        return {"wait": min(max(0.0, self.every_s - passed), self.every_s)}

    async def show(self, payload: AlertPostJob) -> None:
        """Show the post as it is now, and start the next job if it changed meanwhile."""
        store, edit = self.services.store.alert_groups, payload.edit
        post = await store.post(payload.post)
        if post is None:
            return
        if post.edits == edit:
            ts = await self._sent(post)
            after = await store.shown(post, ts=ts, now=self.services.clock())
        else:
            after = post if post.revision > post.shown else None
        if after is not None:
            await start_post(self.start, after.id, after.edits, after.scope.channel)

    async def _sent(self, post: StoredAlertPost) -> str:
        """Post or update the message. Return its `ts`, "" without one. Raise SlackUnavailable."""
        services, channel = self.services, post.scope.channel
        if not post.ts and not post.firing:
            return ""  # resolved before it was posted
        done = await remedies_done(services, post) if not post.firing else ()
        message = _message(post, services, done)
        try:
            sent = await show_once(services, message, to=channel, key=post_key(post.id, ANSWER))
        except SlackRefusal as error:
            services.metrics.alert_posted("failed")
            _log.error("alerts_not_posted", channel=channel, post=post.id, error=str(error))
            return post.ts
        if post.ts:
            services.metrics.alert_posted("updated" if post.firing else "closed")
        return sent.ts


async def start_post(start: StartJob, id: str, edit: int, channel: str) -> None:
    """Start the job that shows a post as it is now; `edit` counts its earlier messages."""
    await start(f"alert_post.{id}.{edit}", AlertPostJob(post=id, edit=edit, channel=channel))


def _scope(payload: AlertGroupJob) -> AlertScope:
    return AlertScope(channel=payload.channel, cluster=payload.cluster)


def _of_diagnosis(alert: PendingAlert, found: Diagnosis, requester: Requester, *, seconds: float) -> _Cause:
    focus = object_of(alert.labels)
    answer = _answer(alert, found, requester.language, of_text=focus is None, seconds=seconds, runbook=focus is None)
    finding = AlertFinding(language=requester.language, answer=answer, asked=focus.ref if focus else None)
    place, first = place_of(alert), next(iter(found.hypotheses), None)
    links = connections_of(found, focus, place)
    key = links.fault or (_key("object", *place) if place else _key("alert", *likeness_of(alert)))
    proven = bool(links.fault) and first is not None and first.verdict is Verdict.CONFIRMED
    return _Cause(key=key, finding=finding, links=links, proven=proven)


def _answer(
    alert: PendingAlert,
    found: Diagnosis,
    language: Language,
    *,
    of_text: bool,
    seconds: float = 0.0,
    runbook: bool = True,
    reason: Text | None = None,
) -> KeptAnswer:
    """Return what a post shows of a diagnosis. The whole of it, with runbook and remedies, is one press away."""
    return KeptAnswer(
        diagnosis=scrubbed(without_rows(replace(found, runbook=alert.runbook))),
        language=language,
        request_id="",
        seconds=round(seconds, 3),
        of_text=of_text,
        text_only_reason=reason,
        controls=False,
        runbook=runbook,
    )


def _without_cluster(reason: Text) -> Text:
    return Text(en=words.TEXT_ONLY.en.format(reason.en), zh=words.TEXT_ONLY.zh.format(reason.zh))


def _key(*parts: str) -> str:
    return "/".join(parts)


def _message(post: StoredAlertPost, services: Services, done: Sequence[RemedyDone] = ()) -> Message:
    """Render the post with the alerts as they are; `done` are the remedies applied meanwhile."""
    finding, language = AlertFinding.from_json(post.document), services.usual_language
    since = post.since or post.opened
    silence = _silence(post, services)
    alerts = AlertsShown(names=post.names, cause=finding.cause, since=since, link=post.link, silence=silence)
    if not post.firing:
        ended = max(post.ended or services.clock(), since)
        return resolved_message(alerts, ended=ended, done=done, language=language)
    shown = finding.message()
    message = firing_message(
        alerts,
        diagnosis=shown.blocks,
        diagnose=_diagnose(finding.asked, post.scope.cluster),
        silences=post.id if services.alertmanager is not None and matchers_of(post.labels) else "",
        language=language,
    )
    return replace(message, overflow=shown.overflow)


def _diagnose(asked: ObjectRef | None, cluster: str) -> str:
    """Return the value of the button that diagnoses the alert's object, "" for none."""
    value = diagnose_value(asked, cluster=cluster) if asked else ""
    return value if len(value) <= limits.BUTTON_VALUE else ""


def _silence(post: StoredAlertPost, services: Services) -> SilenceShown | None:
    """Return the silence to show; one that Alertmanager refused is none."""
    kept = post.silence
    if kept is None or not kept.id:
        return None
    return SilenceShown(
        by=kept.by, until=kept.until, reason=kept.reason, stands=kept.stands(services.clock()), ended_by=kept.ended_by
    )
