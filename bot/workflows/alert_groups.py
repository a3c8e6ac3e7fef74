"""Find the causes of alerts from Alertmanager, and place them into one post per cause: the job `alert_group`.

The channel's policy decides what may be read, as for a message of an integration.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.diagnosing import TargetNotFound, diagnose
from bot.jobs import JobRun, StartJob
from bot.policy.alert_routes import AlertMode
from bot.store.alert_groups import AlertScope, PendingAlert
from bot.workflows.alert_posts import (
    PAUSES_S,
    AlertLinks,
    connections_of,
    document_of,
    grown,
    likeness_of,
    place_of,
    post_of,
    start_post,
)
from bot.workflows.job_payloads import AlertGroupJob
from bot.workflows.kept_answer import AlertFinding, KeptAnswer, without_rows
from bot.workflows.services import Requester, Services, retry_step
from intents.alerts.alert import question_of
from intents.alerts.objects import object_of
from intents.domain import Diagnosis, Json, Language, Text, Verdict
from intents.request import ExplainText, scope_of
from responses import alert_words as words
from responses import failures
from responses.overview import scrubbed_overview
from responses.safety import safe_value, scrubbed
from responses.words import DOT

WINDOW_S: Final = 2.0
_AT_ONCE: Final = 4
# Alerts whose turn comes later stay pending, so that a slow cluster does not delay the posts about the others.
_PLACED_WITHIN_S: Final = 5.0


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
        await retry_step(run, "close_round", self.close_round, payload, pauses=PAUSES_S)
        more: Json | None = {"more": True}
        while more and more["more"]:
            more = await retry_step(run, "place", self.place, payload, pauses=PAUSES_S)
            # In a storm further alerts keep arriving: the posts must not wait for its end.
            await retry_step(run, "start_posts", self.start_posts, payload, pauses=PAUSES_S)
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
            says = words.TEXT_ONLY.filled(words.NO_OBJECT)
            return self._plain(alert, says, requester, key=_key("alert", *likeness_of(alert)))
        services.metrics.diagnosed(found, intent="alert", seconds=time.monotonic() - began)
        return _of_diagnosis(alert, found, requester, seconds=time.monotonic() - began)

    async def _of_namespace(
        self, alert: PendingAlert, namespace: str, requester: Requester, connection: Connection
    ) -> _Cause:
        """Return what is wrong in a namespace of which an alert names no object. Raise TargetNotFound, ClusterError."""
        services, began = self.services, time.monotonic()
        found = await services.overview(namespace, connection, requester.scope.access(connection.name))
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
            return self._plain(alert, words.TEXT_ONLY.filled(reason), requester, key=key)
        answer = _answer(alert, found, requester.language, of_text=True, reason=reason)
        return _Cause(key=key, finding=AlertFinding(language=requester.language, answer=answer))

    def _plain(self, alert: PendingAlert, says: Text, requester: Requester, *, key: str) -> _Cause:
        both = Text.joined((Text.same(alert.summary), says), DOT) if alert.summary else says
        return _Cause(key=key, finding=AlertFinding(language=requester.language, says=safe_value(both)))


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


def _key(*parts: str) -> str:
    return "/".join(parts)
