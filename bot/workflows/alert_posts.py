"""Post, update and close the post of one cause of alerts: the job `alert_post`; note in answers that an alert is over.

Two causes that are proven stay two posts, however close their objects are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog

from bot.cluster.errors import ClusterError
from bot.common.portable import Portable
from bot.diagnosing.fingerprints import fault_of
from bot.jobs import JobRun, StartJob
from bot.policy import SILENCE_ALERTS
from bot.policy.channel_defaults import AlertAnswers
from bot.slack.errors import SlackRefusal
from bot.store import RequestState
from bot.store.alert_groups import PendingAlert, StoredAlertPost
from bot.workflows.job_payloads import AlertOverJob, AlertPostJob
from bot.workflows.kept_answer import AlertFinding
from bot.workflows.message_poster import MessagePoster, post_once, show_once
from bot.workflows.services import ANSWER, Exchange, Services, post_key, retry_step
from intents.alerts.alert import identities, unseen_by
from intents.alerts.links import matchers_of
from intents.alerts.objects import KINDS, object_of
from intents.domain import Diagnosis, Focus, Json, ObjectRef, Verdict
from intents.named_objects import ObjectKey
from intents.subjects import unshared
from intents.verdicts import supported
from responses.alert_words import over_after
from responses.slack import limits
from responses.slack.alert_groups import AlertsShown, RemedyDone, SilenceShown, firing_message, resolved_message
from responses.slack.choices import diagnose_value
from responses.slack.message import Message
from responses.slack.notices import notice

# The key of a post's document with what connects alerts.
_LINKS: Final = "links"
_MOST: Final = 200
# All pods of a ReplicaSet have the same template.
_REPLICA: Final = re.compile(r"(.+-[a-z0-9]{6,10})-[a-z0-9]{5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLinks(Portable):
    """What connects alerts: their cause, its incident and namespace, their objects, and what edges connect with them.

    `fault` is "" without a cause.
    """

    fault: str = ""
    incident: str = ""
    namespace: str = ""
    objects: tuple[ObjectKey, ...] = ()
    connected: tuple[ObjectKey, ...] = ()

    def touches(self, other: AlertLinks) -> bool:
        return not {*self.objects}.isdisjoint(other.connected)


def links_of(document: Mapping[str, Any]) -> AlertLinks:
    """Return what connects the alerts of a post, from its document."""
    return AlertLinks.from_json(document[_LINKS])


def document_of(finding: AlertFinding, links: AlertLinks) -> Json:
    """Return the document of a post."""
    return {**finding.as_json(), _LINKS: links.as_json()}


def likeness_of(alert: PendingAlert) -> tuple[str, ...]:
    """Return what is equal for alerts of which one is looked into: the object, a ReplicaSet's pods as one.

    The name counts for an alert without an object, and for one that metrics must explain.
    """
    place, name = place_of(alert), alert.labels.get("alertname", "")
    return (name if unseen_by(alert.labels) or not place else "", *place)


def place_of(alert: PendingAlert) -> tuple[str, ...]:
    """Return the object of an alert, a ReplicaSet's pods as one; () for an alert without an object."""
    focus = object_of(alert.labels)
    if focus is None:
        return ()
    replica = _REPLICA.fullmatch(focus.name) if focus.kind == "Pod" else None
    return focus.kind, focus.namespace, replica[1] if replica else focus.name


def connections_of(found: Diagnosis, focus: Focus | None, place: Sequence[str]) -> AlertLinks:
    """Return what the document of an alert keeps of its diagnosis: its cause, if it has one, and its objects."""
    first = next(iter(found.hypotheses), None)
    about = [each.key for each in (*found.owners, *([focus.ref] if focus else ()))]
    links = AlertLinks(connected=_listed(found.connected), objects=_listed(about))
    if first is None or first.verdict is Verdict.RULED_OUT or not supported(first):
        return links
    return replace(
        links,
        objects=_listed((*about, *([first.subject.key] if first.subject else ()))),
        fault=fault_of(first) or "/".join((first.incident, *place)),
        incident=first.incident,
        namespace=focus.namespace if focus else "",
    )


def post_of(key: str, links: AlertLinks, documents: Mapping[str, Json]) -> str:
    """Return the key of the open post that an alert belongs to, by the posts' documents; its own for a new one."""
    posts = {each: links_of(document) for each, document in documents.items()}
    same = (each for each, known in posts.items() if each == key or (links.fault and known.fault == links.fault))
    near = (
        each
        for each, known in posts.items()
        if not (links.fault and known.fault) and (links.touches(known) or known.touches(links))
    )
    return next(same, None) or next(near, key)


def grown(known: Json, document: Json) -> Json:
    """Return the document of a post with one more alert: a cause takes the place of an answer without one."""
    before, added = links_of(known), links_of(document)
    shown, links = (document, added) if added.fault and not before.fault else (known, before)
    objects = _listed((*before.objects, *added.objects))
    both = replace(links, objects=objects, connected=_listed((*before.connected, *added.connected)))
    return {**shown, _LINKS: both.as_json()}


def _listed(keys: Iterable[ObjectKey]) -> tuple[ObjectKey, ...]:
    """Return the objects of kinds that alerts are about, without those that many others share."""
    return tuple(key for key in sorted(unshared(keys)) if key[0] in KINDS.values())[:_MOST]


_log: Final = structlog.get_logger(__name__)

UPDATE_EVERY_S: Final = 60.0
# About a day: an outage of Slack is over by then, and nobody would start the post again.
PAUSES_S: Final = (2.0, 5.0, 15.0, 30.0, *([60.0] * 1_440))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPostWorkflow:
    """Posts, updates and closes the post of one cause."""

    services: Services
    start: StartJob
    every_s: float = UPDATE_EVERY_S

    async def run(self, run: JobRun, payload: AlertPostJob) -> Json | None:
        """Run the job `alert_post`."""
        due = await retry_step(run, "due", self.due, payload, pauses=PAUSES_S)
        if due and due["wait"] > 0:
            await run.sleep(due["wait"])
        await retry_step(run, "show", self.show, payload, pauses=PAUSES_S)
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


def _message(post: StoredAlertPost, services: Services, done: Sequence[RemedyDone] = ()) -> Message:
    """Render the post with the alerts as they are; `done` are the remedies applied meanwhile."""
    finding, language = AlertFinding.from_json(post.document), services.usual_language
    since = post.since or post.opened
    # A silence that Alertmanager refused is none.
    silence, kept = None, post.silence
    if kept is not None and kept.id:
        stands = kept.stands(services.clock())
        silence = SilenceShown(by=kept.by, until=kept.until, reason=kept.reason, stands=stands, ended_by=kept.ended_by)
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


_APPLIED: Final = "applied"
# Of the whole audit since the post: more are not read.
_MOST_READ: Final = 500


async def remedies_done(services: Services, post: StoredAlertPost) -> tuple[RemedyDone, ...]:
    """Return what was applied against the post's cause in its cluster and namespace, oldest first.

    Only what the audit records: a fix by other means leaves no trace here. Raises StoreUnavailable.
    """
    links = links_of(post.document)
    if not links.incident or not post.scope.cluster:
        return ()
    try:
        cluster = (await services.clusters.get(post.scope.cluster)).name
    except ClusterError:
        return ()
    done: list[RemedyDone] = []
    for entry in reversed(await services.store.audit.entries(since=post.opened, limit=_MOST_READ)):
        _, _, place = entry.target.partition(" ")
        within = not links.namespace or place.startswith(f"{links.namespace}/")
        same = entry.cluster == cluster and entry.detail.get("incident") == links.incident
        if same and within and entry.outcome == _APPLIED and entry.action != SILENCE_ALERTS:
            done.append(RemedyDone(action=entry.action, target=entry.target, by=entry.actor))
    return tuple(dict.fromkeys(done))


# The note of AnswerNotes.
_OVER_AFTER: Final = "over_after_s"
# An alert may end while its answer is being written.
_NOTE_PAUSES_S: Final = (2.0, 5.0, 15.0, 30.0, 60.0)


async def alert_standing(services: Services, exchange: Exchange) -> AlertAnswers:
    """Record that an alert stands, and return which alerts are answered in its channel."""
    request, original, store = exchange.request, exchange.request.original, services.store
    await store.standing_alerts.add(original.channel, identities(request.text), request.id, services.clock())
    answer = await store.answers.get(request.id)
    if answer is not None and answer.shown.get(_OVER_AFTER) is not None:
        await store.answers.note(request.id, {_OVER_AFTER: None})  # the post was edited to firing again
    return services.defaults.alerts(exchange.scope.who)


async def close_answers(services: Services, exchange: Exchange, now: datetime) -> None:
    """Close the answer to an alert that is over, and say so below it, once; raise SlackError.

    An unanswered alert ends in silence.
    """
    request, original = exchange.request, exchange.request.original
    if exchange.sent is not None:
        lasted = now - original.created
        # Another report of the same end, such as an edit beside a post of its own, changes nothing.
        answer = await services.store.answers.get(request.id)
        if answer is not None and answer.shown.get(_OVER_AFTER) is None:
            await services.store.answers.note(request.id, {_OVER_AFTER: lasted.total_seconds()})
        await MessagePoster(services=services).show(request)
        await post_once(
            services,
            notice(over_after(lasted), language=exchange.language),
            to=original.channel,
            key=f"{original.id}.over",
            thread_ts=original.thread_ts or original.source_ts,
        )
    # The same alert later is another one.
    await services.store.topics.close(request.id)
    await services.store.standing_alerts.end(request.id)


async def run_alert_over(services: Services, run: JobRun, payload: AlertOverJob) -> Json | None:
    """Run the job `alert_over`: another post says that an alert is over."""
    for pause in (*_NOTE_PAUSES_S, None):
        done = await retry_step(run, "over", _over, services, payload, pause is None)
        if pause is None or not done or done["over"]:
            break
        await run.sleep(pause)
    return None


async def _over(services: Services, payload: AlertOverJob, last: bool) -> Json:
    """Close the answer unless it is still being written; then only at the `last` attempt."""
    exchange = await services.exchange(payload.request)
    if exchange is not None and exchange.request.state is RequestState.OPEN and not last:
        return {"over": False}
    if exchange is not None and exchange.request.state is not RequestState.WITHDRAWN:
        await close_answers(services, exchange, services.clock())
    return {"over": True}
