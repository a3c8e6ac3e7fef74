"""Post a confirmed cause of trouble that lasts in a watched namespace, once; edit the post when it is over.

The channel's policy decides what may be read and its mutes what is left out, as for a scheduled report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.overviews.watched_rows import LastingTrouble
from bot.store import WatchPost
from bot.workflows.job_payloads import WatchJob, WatchOverJob
from bot.workflows.services import Services
from bot.workflows.watch_display import WatchDisplay, WatchFinding, finding_of
from bot.workflows.watch_looks import Id, WatchLooks, connected, id_of, objects_of
from intents.domain import Verdict
from intents.overview import Overview, OverviewChange, OverviewFinding, recurring_id, without_muted
from responses.overview import scrubbed_change


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
        found = await WatchLooks(services=services).look(payload, warned=warned)
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
