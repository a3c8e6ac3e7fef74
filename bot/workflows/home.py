"""Publish the Home tab of a person when they open it, by the policy of their direct message, at most once a minute.

Posts and incidents are shown from public channels only: Slack would show a private one's name and text to nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.policy import PolicyScope, ReadLevel
from bot.slack.errors import log_refusal
from bot.slack.scopes import SCOPES
from bot.store import ChannelState, Mute, WatchPost
from bot.store.alert_groups import StoredAlertPost
from bot.workflows.feedback import mute_shown
from bot.workflows.health_now import HealthNow
from bot.workflows.job_payloads import HomeJob
from bot.workflows.services import Requester, Services
from bot.workflows.watch_display import finding_of
from intents.mutes import object_of
from responses.alert_words import firing_line
from responses.overview import cause
from responses.shown import shown_value
from responses.slack.home import (
    LISTED,
    HomeTab,
    MutedThere,
    OpenIncident,
    OpenPost,
    PastDiagnosis,
    home_view,
)

_log: Final = structlog.get_logger(__name__)
# So many are read to find the few that this person may see.
_CANDIDATES: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeWorkflow:
    """The job `home`."""

    services: Services
    health: HealthNow

    async def publish(self, payload: HomeJob) -> None:
        """Publish the tab."""
        requester = await self.services.presser(payload)
        tab = await self.tab(requester)
        view = home_view(tab, channel=payload.channel, language=requester.language)
        # The person left, or the Home tab is not enabled in the app's settings.
        with log_refusal(_log.warning, "home_tab_not_published"):
            await self.services.slack.app_views.publish_home(payload.user, view)

    async def tab(self, requester: Requester) -> HomeTab:
        """Return what the Home tab of this person shows now."""
        services, scope = self.services, requester.scope
        at, granted = services.clock(), services.slack.scopes
        if scope.reading is ReadLevel.NOTHING:
            return HomeTab(at=at, refused=scope.text_only_reason)
        health, mine = await asyncio.gather(self.health.of(requester), self._diagnoses(scope))
        tab = HomeTab(
            at=at,
            clusters=health.clusters,
            unread=health.unread,
            further=health.further,
            refused=health.refused,
            diagnoses=mine,
            mutes=await self._mutes(scope),
            operates=scope.operates,
            lacking=[(each.name, each.without) for each in SCOPES if granted and each.name not in granted],
        )
        return tab if scope.reading is not ReadLevel.FULL else await self._with_posts(tab, requester)

    async def _with_posts(self, tab: HomeTab, requester: Requester) -> HomeTab:
        store, scope = self.services.store, requester.scope
        watched = [each for each in await store.watch_posts.newest_lasting(_CANDIDATES) if _sees_watch(scope, each)]
        alerts = [
            each for each in await store.alert_groups.newest_firing(_CANDIDATES) if self._sees_alerts(scope, each)
        ]
        live = [each for each in await store.chronicles.list_live(tab.at) if each.state is ChannelState.OPEN]
        places = [each.channel for each in watched] + [each.channel for each in live]
        public = await self._public(*places, *(each.scope.channel for each in alerts))
        posts = [await self._watch_post(each, requester) for each in watched if each.channel in public]
        posts += [await self._alert_post(each, requester) for each in alerts if each.scope.channel in public]
        incidents = [OpenIncident(channel=each.channel, since=each.opened) for each in live if each.channel in public]
        newest = sorted(posts, key=lambda post: post.since, reverse=True)
        return replace(tab, posts=newest[:LISTED], incidents=incidents[:LISTED])

    async def _public(self, *channels: str) -> frozenset[str]:
        """Return those of the channels that everybody in the workspace may read."""
        places = await asyncio.gather(*map(self.services.slack.place, dict.fromkeys(channels)))
        return frozenset(each.id for each in places if not (each.private or each.direct or each.unknown))

    async def _watch_post(self, post: WatchPost, requester: Requester) -> OpenPost:
        sent = await self.services.sent(post.message)
        says = cause(shown_value(finding_of(post).change).new[0], requester.language)
        link = await self._link(post.channel, sent.ts if sent else "")
        return OpenPost(says=says, link=link, channel=post.channel, since=post.since)

    async def _alert_post(self, post: StoredAlertPost, requester: Requester) -> OpenPost:
        says = firing_line(post.names, None, requester.language)
        channel = post.scope.channel
        return OpenPost(says=says, link=await self._link(channel, post.ts), channel=channel, since=post.opened)

    async def _mutes(self, scope: PolicyScope) -> list[MutedThere]:
        """Return the person's own mutes, and those of public channels about what the person may see."""
        known = await self.services.store.mutes.everywhere(self.services.clock())
        seen = [each for each in known if each.by == scope.who.user or self._sees_muted(scope, each)]
        public = await self._public(*(each.channel for each in seen if each.by != scope.who.user))
        shown = [each for each in seen if each.by == scope.who.user or each.channel in public]
        return [MutedThere(mute=mute_shown(self.services, each), channel=each.channel) for each in shown[:LISTED]]

    def _sees_alerts(self, scope: PolicyScope, post: StoredAlertPost) -> bool:
        """Tell whether the person may read what the alerts name: without a known cluster, in all of them."""
        clusters = [post.scope.cluster] if post.scope.cluster else self.services.clusters.names
        about = {str(each.get("namespace", "")) for each in post.labels}
        return all(_sees(scope, cluster, about) for cluster in clusters)

    def _sees_muted(self, scope: PolicyScope, mute: Mute) -> bool:
        about = object_of(mute.muted)
        names = scope.clusters(self.services.clusters.names)
        return bool(names) and (about is None or any(_sees(scope, name, [about.namespace]) for name in names))

    async def _diagnoses(self, scope: PolicyScope) -> list[PastDiagnosis]:
        found = await self.services.store.answers.recent_of(scope.who.user, LISTED)
        return [
            PastDiagnosis(
                title=self.services.title_of(each.incident, each.channel),
                verdict=each.verdict,
                link=await self._link(each.channel, each.ts),
                at=each.saved,
            )
            for each in found
        ]

    async def _link(self, channel: str, ts: str) -> str:
        """Return the permalink of a message, "" if Slack does not return it."""
        with log_refusal(_log.info, "permalink_missing"):
            return await self.services.slack.permalink(channel, ts) if ts else ""
        return ""


def _sees(scope: PolicyScope, cluster: str, namespaces: Iterable[str]) -> bool:
    """Tell whether the person may read these namespaces of a cluster, "" for what has none."""
    access = scope.access(cluster)
    return all(access.allows(each) if each else access.cluster_scoped for each in namespaces)


def _sees_watch(scope: PolicyScope, post: WatchPost) -> bool:
    change = finding_of(post).change
    about = {each.namespace for finding in change.new for each in (finding.asked, finding.at_fault)}
    return _sees(scope, change.cluster, about)
