"""Post a confirmed cause of trouble that lasts in a watched namespace, once; edit the post when it is over.

The channel's policy decides what may be read and its mutes what is left out, as for a scheduled report.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.diagnosing import TargetNotFound, diagnose
from bot.kube.access import Access
from bot.overviews.overview import of_cause
from bot.overviews.watched_rows import LastingTrouble
from bot.store import WatchPost
from bot.workflows.job_payloads import WatchJob, WatchOverJob
from bot.workflows.services import Services
from bot.workflows.watch_display import WatchDisplay, WatchFinding, finding_of
from intents.domain import Diagnosis, JudgedHypothesis, ObjectRef, Verdict
from intents.overview import Impact, Overview, OverviewChange, OverviewFinding, recurring_id, without_muted
from intents.request import DiagnoseObject
from intents.subjects import unshared
from responses.overview import scrubbed_change

_log: Final = structlog.get_logger(__name__)

# An overview reads lists, in which these look well; each needs a diagnosis of its own.
_MOST_WARNED: Final = 5
# Kind, namespace and name.
Id = tuple[str, str, str]


async def look_at(services: Services, payload: WatchJob, *, warned: Sequence[Id]) -> Overview | None:
    """Return what is wrong in the namespace of a job; None if it cannot be read.

    `warned` are the objects that only warnings show.
    """
    started, namespace = time.monotonic(), payload.namespace
    requester = await services.presser(payload)
    try:
        connection = await services.clusters.get(payload.cluster)
        access = requester.access(connection.name)
        found = await services.overview(namespace, connection, access)
    except (ClusterError, TargetNotFound) as error:
        # The trouble that still lasts is looked at again.
        _log.warning("watch_look_failed", error=str(error))
        return None
    known = {about for finding in found.findings for about in objects_of(finding)}
    others = [each for each in warned if each not in known][:_MOST_WARNED]
    for each in others:
        found = await _with_cause(services, found, each, connection, access)
    seconds = time.monotonic() - started
    services.metrics.overviewed(found, intent="watch", seconds=seconds)
    _log.info("watch_looked", namespace=namespace, calls=found.api_calls, seconds=round(seconds, 3))
    return found


async def _with_cause(
    services: Services, known: Overview, about: Id, connection: Connection, access: Access
) -> Overview:
    """Return what is known with the leading cause of an object's trouble, if that is confirmed."""
    kind, namespace, name = about
    try:
        found = await diagnose(
            DiagnoseObject(kind=kind, namespace=namespace, name=name),
            engine=services.engine(),
            connection=connection,
            deadline=services.deadline,
            access=access,
        )
    except (ClusterError, TargetNotFound) as error:
        _log.info("watch_diagnosis_failed", error=str(error))
        return known
    first = next((each for each in found.hypotheses if not each.capability), None)
    findings = known.findings
    if first is not None and first.verdict is Verdict.CONFIRMED:
        findings = _with(findings, _finding(ObjectRef(kind=kind, namespace=namespace, name=name), first), found)
    return replace(known, findings=findings, api_calls=known.api_calls + found.api_calls)


def objects_of(finding: OverviewFinding) -> frozenset[Id]:
    """Return the objects of a finding: asked about, at fault, and those that suffer, owners in the place of pods."""
    about = (finding.asked, finding.at_fault)
    return finding.affected | {id_of(each.kind, each.namespace, each.name) for each in about}


def connected(findings: Iterable[OverviewFinding]) -> list[list[OverviewFinding]]:
    """Return the findings in groups: those of a group are connected by objects that suffer from both."""
    groups: list[tuple[set[Id], list[OverviewFinding]]] = []
    for finding in findings:
        about, joined = set(objects_of(finding)), [finding]
        apart = [group for group in groups if group[0].isdisjoint(about)]
        for objects, before in (group for group in groups if group not in apart):
            about |= objects
            joined = [*before, *joined]
        groups = [*apart, (about, joined)]
    return [group for _, group in groups]


def id_of(kind: str, namespace: str, name: str) -> Id:
    """Return what identifies an object without the group of its kind, which a finding does not have."""
    return kind.partition(".")[0], namespace, name


def _with(known: Sequence[OverviewFinding], new: OverviewFinding, found: Diagnosis) -> tuple[OverviewFinding, ...]:
    """Return the findings with one more; what edges connect with another of the same incident suffers from that."""
    near = unshared(found.connected)
    same = next((each for each in known if each.incident == new.incident and objects_of(each) & near), None)
    if same is None:
        return (*known, new)
    return tuple(replace(each, affected=each.affected | new.affected) if each is same else each for each in known)


def _finding(asked: ObjectRef, cause: JudgedHypothesis) -> OverviewFinding:
    impact = Impact(others=1, examples=(asked,))
    found = OverviewFinding(
        asked=asked, at_fault=asked, says=cause.title, impact=impact, affected=frozenset({asked.key})
    )
    return of_cause(found, cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchWorkflow:
    """Looks at a namespace whose trouble lasts, and posts what is confirmed; or edits a post that is over."""

    services: Services
    display: WatchDisplay

    async def look(self, payload: WatchJob) -> None:
        """Diagnose, and post each confirmed cause of the trouble that lasts."""
        services, channel = self.services, payload.channel
        lasting = payload.lasting
        warned = [_owner(each) for each in lasting if not each.members]
        looked = services.clock()
        found = await look_at(services, payload, warned=warned)
        if found is None:
            return
        now = services.clock()
        mutes = await services.store.mutes.list(channel, now)
        thresholds = await services.store.watch_thresholds.of(channel)
        heard = without_muted(found, [mute.muted for mute in mutes]).findings
        due = []
        for finding in found.findings:
            if finding.verdict is not Verdict.CONFIRMED or not _of(finding, lasting):
                continue
            threshold = thresholds.get(finding.incident)
            if finding not in heard:
                services.metrics.watch_posted("muted")
            elif threshold is not None and now - _since(_of(finding, lasting)) < threshold:
                services.metrics.watch_posted("too_early")
            else:
                due.append(finding)
        for group in connected(due):
            await self._post_group(group, found, payload, lasting, looked=looked)

    async def _post_group(
        self,
        group: Sequence[OverviewFinding],
        found: Overview,
        payload: WatchJob,
        lasting: Sequence[LastingTrouble],
        *,
        looked: datetime,
    ) -> None:
        """Post the causes of connected trouble in one message, without those that a post shows already."""
        channel, cluster = payload.channel, payload.cluster
        posts = [each for each in await self.services.store.watch_posts.lasting(cluster) if each.channel == channel]
        causes: dict[str, list[OverviewFinding]] = {}
        new = ""
        for finding in group:
            known = _same(posts, finding, [*map(_owner, _of(finding, lasting))])
            if known is None:
                new = new or f"watch/{channel}/{cluster}/{recurring_id(finding)}"
            causes.setdefault(known.cause if known else new, []).append(finding)
        for cause, findings in causes.items():
            troubles = [each for finding in findings for each in _of(finding, lasting)]
            await self._post(cause, findings, found, payload, troubles, looked=looked)

    async def _post(
        self,
        cause: str,
        findings: Sequence[OverviewFinding],
        found: Overview,
        payload: WatchJob,
        troubles: Sequence[LastingTrouble],
        *,
        looked: datetime,
    ) -> None:
        channel, cluster, now = payload.channel, payload.cluster, self.services.clock()
        change = OverviewChange(
            namespaces=(found.namespace,) if found.namespace else (),
            cluster=found.cluster,
            observed_at=found.observed_at,
            new=tuple(findings),
        )
        # Objects carry times of the cluster's clock.
        began = [now - (found.observed_at - each.since) for each in findings if each.since]
        post = await self.services.store.watch_posts.open(
            WatchPost(
                key=f"{cause}/{int(now.timestamp() * 1000)}",
                cause=cause,
                channel=channel,
                cluster=cluster,
                document=WatchFinding(change=await asyncio.to_thread(scrubbed_change, change)).as_json(),
                objects=sorted({*map(_owner, troubles)}),
                since=min((*began, _since(troubles), now)),
                opened=now,
            ),
            budget=self.display.budget,
            looked=looked,
        )
        # A step that runs again finds the row, and whether Slack has it. So does a look at another namespace that finds
        # the same cause meanwhile.
        done = None if post.shown else await self.display.show(post.key, again=False)
        if done is not None:
            self.services.metrics.watch_posted(("digest" if post.digest else "posted") if done else "failed")

    async def over(self, payload: WatchOverJob) -> None:
        """Edit the post: its trouble is over."""
        key, store = payload.post, self.services.store.watch_posts
        post = await store.get(key)
        if post is None or post.over is not None:
            return
        ended = max(payload.at, post.since)
        done = await self.display.show(key, over=ended)
        # Only now: during an outage of Slack the watcher starts this again.
        await store.close(key, ended)
        self.services.metrics.watch_posted("over" if done else "failed")


def _of(finding: OverviewFinding, lasting: Sequence[LastingTrouble]) -> list[LastingTrouble]:
    """Return the trouble that a finding is about."""
    about = objects_of(finding)
    return [each for each in lasting if any(id_of(*one) in about for one in (each.owner, *each.members))]


def _owner(trouble: LastingTrouble) -> Id:
    return id_of(*trouble.owner)


def _since(troubles: Sequence[LastingTrouble]) -> datetime:
    return min(each.since for each in troubles)


def _same(lasting: Sequence[WatchPost], finding: OverviewFinding, owners: Sequence[Id]) -> WatchPost | None:
    """Return the post about the same incident of one of these owners.

    As more objects suffer from a cause, they may have less in common, by which overviews recognise it.
    """
    for post in lasting:
        if finding.incident in finding_of(post).incidents and not {*map(tuple, post.objects)}.isdisjoint(owners):
            return post
    return None
