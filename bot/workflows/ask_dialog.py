"""Open the dialog in which a person chooses what to diagnose, suggest names, and read what was submitted.

All is decided by the rights of that person in the channel where the command was typed. The dialog carries the place
and what its menus depend on, because Slack sends suggestions without what was chosen meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from bot.asked.inventory import USUAL_KINDS, like_typed, objects_of
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.common.recent import remember
from bot.kube.access import Access
from bot.policy import ReadLevel
from bot.slack.errors import SlackError
from bot.store import LONGEST_TEXT, NewRequest, Surface
from bot.workflows.dialogs import DialogPlace
from bot.workflows.services import LimitReached, Requester, Services
from intents.domain import Json, Language, ObjectRef, Text
from intents.kinds import CLUSTER_SCOPED
from intents.places import IS_NAME
from intents.slash import HalfNamed
from responses.safety import safe, safe_line
from responses.slack.ask_dialog import (
    KINDS,
    NOTHING_CHOSEN,
    TOO_LATE,
    AskView,
    ask_dialog,
    chosen_object,
    namespace_options,
    object_options,
    typed_option,
)
from responses.slack.presses import Press

_log: Final = structlog.get_logger(__name__)

# Slack shows no suggestions that come after three seconds.
SUGGEST_S: Final = 2.0
_READ_S: Final = 1.5
# The dialog opens before the command is acknowledged, within three seconds.
_OPEN_S: Final = 2.0
# A person types several letters within this time, and each one asks for suggestions.
_KEPT_S: Final = 15.0
_MOST_KEPT: Final = 32
_LONGEST_TYPED: Final = 253


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPlace(DialogPlace):
    """The channel of the command, and the choices made so far."""

    team: str
    channel: str
    url: str = ""
    cluster: str = ""
    namespace: str = ""
    kind: str = ""


_Key = tuple[str, Access, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDialog:
    """The dialog of `/diagnose` without an object."""

    services: Services
    # The last lists of objects, kept while a person goes on typing, and until when they count.
    _recent: OrderedDict[_Key, tuple[float, tuple[ObjectRef, ...]]] = field(default_factory=OrderedDict)

    async def open(self, half: HalfNamed, place: AskPlace, *, user: str, trigger: str, language: Language) -> bool:
        """Open the dialog with what is known already. Return False if that failed, or the person may see nothing."""
        try:
            async with asyncio.timeout(_OPEN_S):
                requester = await self._requester(place, user)
                if requester.scope.reading is ReadLevel.NOTHING:
                    return False
                clusters = self._clusters(requester)
                place = replace(place, **self._home(requester, clusters, half))
                says = half.says if half.name or half.kind else None
                view = replace(_view(place, clusters), name=half.name, says=says, closest=half.closest)
                await self.services.slack.open_view(trigger, ask_dialog(view, language=language))
        except (SlackError, TimeoutError) as error:
            _log.warning("ask_dialog_open_failed", channel=place.channel, error=str(error))
            return False
        return True

    async def changed(self, press: Press, value: str, *, metadata: str, view: str, user: str) -> None:
        """Let the suggestions follow a choice: the cluster, the namespace or the kind."""
        place = AskPlace.read(metadata)
        if place is None:
            return
        try:
            async with asyncio.timeout(_OPEN_S):
                requester = await self._requester(place, user)
                place = replace(place, **{_CHOICES[press]: value})
                shown = _view(place, self._clusters(requester))
                await self.services.slack.update_view(view, ask_dialog(shown, language=requester.language))
        except (SlackError, TimeoutError) as error:
            _log.info("ask_dialog_update_failed", channel=place.channel, error=str(error))

    async def suggest(self, press: Press, typed: str, *, metadata: str, user: str) -> Sequence[Json]:
        """Return the options for what a person typed, within two seconds; none for what they may not see."""
        place, typed = AskPlace.read(metadata), safe_line(typed.strip(), limit=_LONGEST_TYPED).strip()
        if place is None:
            return []
        language = self.services.usual_language
        found: tuple[ObjectRef, ...] = ()
        try:
            async with asyncio.timeout(SUGGEST_S):
                requester = await self._requester(place, user)
                language = requester.language
                found = await self._found(press, typed, place, requester)
        except (SlackError, ClusterError, LimitReached, TimeoutError) as error:
            _log.info("suggestions_failed", channel=place.channel, error=str(error))
        if press is Press.ASK_NAMESPACE:
            return namespace_options(one.name for one in like_typed(typed, found, most=100))
        options = object_options(like_typed(typed, found, most=100))
        whole = all(map(IS_NAME.fullmatch, typed.split("/"))) and typed.count("/") <= 1
        is_listed = any(typed in (one.name, one.full_name) for one in found)
        own = typed_option(typed, language) if whole and not is_listed else None
        return [*options, *([own] if own else [])]

    async def _found(self, press: Press, typed: str, place: AskPlace, requester: Requester) -> tuple[ObjectRef, ...]:
        cluster = self._cluster(place, self._clusters(requester))
        if not cluster:
            return ()
        kinds: tuple[str, ...] = ("Namespace",)
        namespace = ""
        if press is not Press.ASK_NAMESPACE:
            kinds = (place.kind,) if place.kind in KINDS else USUAL_KINDS
            space = typed.rpartition("/")[0]
            namespace = space if IS_NAME.fullmatch(space) else place.namespace
        if place.kind in CLUSTER_SCOPED:
            namespace = ""
        access = requester.scope.access(cluster)
        key = (cluster, access, namespace, kinds)
        until, found = self._recent.get(key, (0.0, ()))
        if until > time.monotonic():
            return found
        with self.services.concurrency.slot(cluster, requester.scope.who.user):
            connection = await self.services.clusters.get(cluster)
            async with Snapshot(connection, deadline=SUGGEST_S, access=access) as snapshot:
                began = time.monotonic()
                found = await objects_of(snapshot, kinds, namespace, within=_READ_S)
        if time.monotonic() - began < _READ_S:
            remember(self._recent, key, (time.monotonic() + _KEPT_S, found), most=_MOST_KEPT)
        return found

    def submitted(self, typed: Mapping[str, str], *, metadata: str, view: str, user: str) -> NewRequest | Text:
        """Return the request of a submitted dialog, or why it is none."""
        place = AskPlace.read(metadata)
        if place is None:
            return TOO_LATE
        pasted = safe(typed.get(Press.ASK_TEXT, "").strip(), limit=LONGEST_TEXT)
        about = self._about(typed)
        if about is None and not pasted:
            return NOTHING_CHOSEN
        cluster = typed.get(Press.ASK_CLUSTER, "") or place.cluster
        flag = f" --context {cluster}" if cluster and cluster in self.services.clusters.names else ""
        request = NewRequest(
            id=f"{place.team}.{place.channel}.v{view}",
            origin=Surface.COMMAND,
            team=place.team,
            channel=place.channel,
            response_url=place.url,
            user=user,
            created=self.services.clock(),
        )
        if pasted:
            told = f"{about}\n{pasted}" if about is not None else pasted
            return replace(request, text=f"{flag} {told}".strip())
        assert about is not None
        where = f"{about}{flag}" if flag else ""
        return replace(request, text=where, kind=about.kind, namespace=about.namespace, name=about.name)

    def _about(self, typed: Mapping[str, str]) -> ObjectRef | None:
        """Return the chosen object; the namespace itself if nothing else was chosen."""
        namespace, kind = safe_line(typed.get(Press.ASK_NAMESPACE, "")), typed.get(Press.ASK_KIND, "")
        chosen = chosen_object(safe_line(typed.get(Press.ASK_NAME, "")))
        if chosen is None:
            return ObjectRef(kind="Namespace", name=namespace) if namespace and not kind else None
        kind = chosen.kind or (kind if kind in KINDS else "Pod")
        space = "" if kind in CLUSTER_SCOPED else chosen.namespace or namespace
        return ObjectRef(kind=kind, namespace=space, name=chosen.name)

    async def _requester(self, place: AskPlace, user: str) -> Requester:
        return await self.services.requester(team=place.team, channel=place.channel, user=user)

    def _clusters(self, requester: Requester) -> tuple[str, ...]:
        if requester.scope.reading is not ReadLevel.FULL:
            return ()
        return requester.scope.clusters(self.services.clusters.names)

    def _home(self, requester: Requester, clusters: Sequence[str], half: HalfNamed) -> dict[str, str]:
        """Return what is chosen at first: what the command named, and the defaults of the channel."""
        who, defaults = requester.scope.who, self.services.defaults
        chosen = defaults.cluster(who) or self.services.clusters.preferred
        return {
            "cluster": chosen if chosen in clusters else "",
            "namespace": half.namespace or defaults.namespace(who),
            "kind": half.kind if half.kind in KINDS else "",
        }

    def _cluster(self, place: AskPlace, clusters: Sequence[str]) -> str:
        """Return the cluster to ask for suggestions: the chosen one, or the only one."""
        if place.cluster in clusters:
            return place.cluster
        return clusters[0] if len(clusters) == 1 else ""


def _view(place: AskPlace, clusters: Sequence[str]) -> AskView:
    return AskView(
        clusters=clusters,
        metadata=place.metadata,
        cluster=place.cluster,
        namespace=place.namespace,
        kind=place.kind,
    )


_CHOICES: Final[Mapping[Press, str]] = {
    Press.ASK_CLUSTER: "cluster",
    Press.ASK_NAMESPACE: "namespace",
    Press.ASK_KIND: "kind",
}
REPORTED: Final = frozenset(_CHOICES)
SUGGESTED: Final = frozenset({Press.ASK_NAMESPACE, Press.ASK_NAME})
