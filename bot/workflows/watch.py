"""Post a confirmed cause of trouble that lasts in a watched namespace, once; edit the post when it is over.

The channel's policy decides what may be read and its mutes what is left out, as for a scheduled report.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from bot.cluster.errors import ClusterError
from bot.diagnosing import TargetNotFound
from bot.jobs import JobRun, Json
from bot.kube.access import NOTHING
from bot.overviews.overview import overview
from bot.slack.errors import SlackError, SlackUnavailable
from bot.store import WatchPost
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from bot.workflows.single_posts import post_once
from intents.domain import ObjectRef, Text, Verdict
from intents.overview import OverviewChange, OverviewFinding, recurring_id, without_muted
from intents.templates import duration
from responses.overview import scrubbed_change
from responses.slack.notices import notice
from responses.slack.overview import change_message

_log: Final = structlog.get_logger(__name__)

# Nobody waits for it.
_DEADLINES: Final = 4
OVER: Final = Text(en="Over after {}: {}", zh="已恢复，持续 {}：{}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchWorkflow:
    """Looks at a namespace whose trouble lasts, and posts what is confirmed; or edits a post that is over."""

    services: Services

    async def run(self, run: JobRun, payload: Json) -> Json | None:
        """Run the job `watch`. Payload: {"over": key} or {"team", "channel", "namespace", "cluster", "lasting"}."""
        if "over" in payload:
            await retry_step(run, "over", self.over, str(payload["over"]))
        else:
            await retry_step(run, "look", self.look, payload)
        return None

    async def look(self, payload: Json) -> None:
        """Diagnose, and post each confirmed cause of the trouble that lasts."""
        services, channel, namespace = self.services, str(payload["channel"]), str(payload["namespace"])
        requester = await services.requester(team=str(payload["team"]), channel=channel, user="")
        try:
            connection = await services.clusters.get(str(payload["cluster"]))
            found = await overview(
                namespace,
                engine=services.engine(),
                connection=connection,
                deadline=services.deadline * _DEADLINES,
                access=requester.scope.access(connection.name) if requester.scope.text_only_reason is None else NOTHING,
            )
        except (ClusterError, TargetNotFound) as error:
            # The trouble that still lasts is looked at again.
            _log.warning("watch_look_failed", error=str(error))
            return
        mutes = await services.store.mutes.list(channel, services.clock())
        lasting = {ObjectRef(kind=kind, namespace=where, name=name) for kind, where, name in payload["lasting"]}
        for finding in without_muted(found, [mute.muted for mute in mutes]).findings:
            about = {finding.asked, *finding.impact.examples}
            if finding.verdict is Verdict.CONFIRMED and about & lasting:
                change = OverviewChange(
                    namespaces=(namespace,) if namespace else (),
                    cluster=found.cluster,
                    observed_at=found.observed_at,
                    new=(finding,),
                )
                post = WatchPost(
                    key=f"watch/{channel}/{payload['cluster']}/{recurring_id(finding)}",
                    channel=channel,
                    cluster=str(payload["cluster"]),
                    namespace=namespace,
                    says=(await asyncio.to_thread(scrubbed_change, change)).new[0].says.in_(requester.language),
                    objects=sorted((each.kind, each.namespace, each.name) for each in about & lasting),
                    since=_since(finding, services.clock()),
                )
                await self._post(post, change)

    async def _post(self, post: WatchPost, change: OverviewChange) -> None:
        # Recorded first: a step that runs again finds the post in the outbox, and another look finds the record.
        services = self.services
        if not await services.store.watch_posts.open(post):
            known = await services.store.watch_posts.get(post.key)
            entry = await services.store.outbox.get(_step(known)) if known else None
            if known is None or (entry is not None and entry.ts):
                return
            post = known
        safe = await asyncio.to_thread(scrubbed_change, change)
        message = change_message(safe, language=services.usual_language)
        try:
            await post_once(services, message, to=post.channel, key=_step(post))
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.error("watch_not_posted", channel=post.channel, error=str(error))

    async def over(self, key: str) -> None:
        """Edit the post: its trouble is over."""
        services = self.services
        post = await services.store.watch_posts.get(key)
        if post is None:
            return
        entry = await services.store.outbox.get(_step(post))
        if entry is not None and entry.ts:
            lasted = duration(max((services.clock() - post.since).total_seconds(), 0.0))
            says = Text(en=OVER.en.format(lasted, post.says), zh=OVER.zh.format(lasted, post.says))
            message = notice(says, language=services.usual_language)
            try:
                await services.slack.update(
                    channel=post.channel, ts=entry.ts, message=message, final=True, key=_step(post)
                )
            except SlackUnavailable:
                raise
            except SlackError as error:
                _log.error("watch_post_not_edited", channel=post.channel, error=str(error))
        await services.store.watch_posts.close(key)


def _step(post: WatchPost) -> str:
    """Return the key of the message: the next post of the same cause is another one."""
    return f"{post.key}/{int(post.since.timestamp())}"


def _since(finding: OverviewFinding, now: datetime) -> datetime:
    return min(finding.since, now) if finding.since is not None else now
