"""Build the Home tab: what is unhealthy now, what is open, and what the person asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from intents.domain import Language, Text, Verdict
from intents.overview import Overview, OverviewFinding
from responses import overview as overviews
from responses import words
from responses.next_asks import wrong_here
from responses.overview import SafeOverview
from responses.shown import shown_line, shown_value
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.choices import ask_buttons, diagnose_row
from responses.slack.message import Block, View
from responses.slack.notices import MuteShown, mute_leaves

# A Home tab has at most a hundred blocks.
CLUSTERS: Final = 6
LISTED: Final = 5
_PLACES: Final = 5
_SAYS: Final = 200
_TITLE: Final = 120
_PERMISSIONS: Final = 12

UNHEALTHY: Final = Text(en="Unhealthy now", zh="当前异常")
OPEN_POSTS: Final = Text(en="Open alerts and watch posts", zh="未恢复的告警和监视消息")
INCIDENTS: Final = Text(en="Open incidents", zh="进行中的故障")
MUTES: Final = Text(en="Muted", zh="已静音")
YOURS: Final = Text(en="Your recent diagnoses", zh="您最近的诊断")
MISSING: Final = Text(en="Missing permissions (shown to operators)", zh="缺少的权限（仅运维人员可见）")
MORE_CLUSTERS: Final = Text(en="{} more clusters are not read here", zh="另有 {} 个集群未在此读取")
NO_NAMESPACE: Final = Text(en="cluster-wide", zh="集群级")
# {0} is where, {1} the number of problems there, {2} the first of them.
PLACE: Final = Text(en="{0} · 1 problem · {2}", zh="{0} · 1 个问题 · {2}")
PLACES: Final = Text(en="{0} · {1} problems · {2}", zh="{0} · {1} 个问题 · {2}")
SCOPE: Final = Text(en="Slack: {} – off without it: {}", zh="Slack：{} – 缺少时不可用：{}")
IN_CLUSTER: Final = Text(en="{}: {}", zh="{}：{}")
AS_OF: Final = Text(
    en="As of {:%H:%M:%S} UTC. Read again when you open this tab, at most once a minute.",
    zh="截至 {:%H:%M:%S} UTC。打开此页时重新读取，每分钟最多一次。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPost:
    """An alert or watch post that is not over; `says` is safe and ready to be shown."""

    says: str
    link: str
    channel: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """An incident channel whose incident lasts."""

    channel: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDiagnosis:
    """A diagnosis that the person asked for."""

    title: Text
    verdict: str
    link: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MutedThere:
    """A mute and its channel."""

    mute: MuteShown
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTab:
    """What the Home tab of one person shows. `unread` says which clusters could not be read and why.

    `refused` says why no cluster is shown. `further` counts clusters that were not read because they are too many.
    `lacking` are scopes of Slack that are not granted, with what is off without them; `operates`: the person may see
    these, and the reads that clusters refuse.
    """

    at: datetime
    clusters: Sequence[SafeOverview] = ()
    unread: Sequence[Text] = ()
    further: int = 0
    refused: Text | None = None
    posts: Sequence[OpenPost] = ()
    incidents: Sequence[OpenIncident] = ()
    mutes: Sequence[MutedThere] = ()
    diagnoses: Sequence[PastDiagnosis] = ()
    lacking: Sequence[tuple[str, str]] = ()
    operates: bool = False


def home_view(tab: HomeTab, *, channel: str, language: Language) -> View:
    """Return the view; `channel` is the person's direct message, where its buttons answer."""
    lists = (
        (OPEN_POSTS, [_post(each) for each in tab.posts]),
        (INCIDENTS, [[blocks.channel(each.channel), *_when(each.since)] for each in tab.incidents]),
        (MUTES, [[*mute_leaves(each.mute, language), *_there(each.channel)] for each in tab.mutes]),
        (YOURS, [_diagnosis(each, language) for each in tab.diagnoses]),
        (MISSING, [*_missing(tab, language)] if tab.operates else []),
    )
    shown = [blocks.header(UNHEALTHY.in_(language)), *_unhealthy(tab, language)]
    for title, items in lists:
        if items:
            shown += [blocks.header(title.in_(language)), blocks.rich(blocks.bullets(items))]
    shown.append(blocks.context(AS_OF.in_(language).format(tab.at.astimezone(UTC))))
    return {"type": "home", "private_metadata": channel, "blocks": shown}


def _unhealthy(tab: HomeTab, language: Language) -> Iterator[Block]:
    row = 0
    for each in tab.clusters:
        shown: Overview = shown_value(each)
        yield blocks.rich(blocks.sentence(overviews.heading(shown, language), bold=True))
        places = _by_namespace(shown.findings)
        for name, findings in places[:_PLACES]:
            says = _place(name, findings, language)
            yield diagnose_row(says, findings[0].asked, row, cluster=shown.cluster, language=language)
            row += 1
        if (left := len(places) - _PLACES) > 0:
            asks = ask_buttons([wrong_here()], cluster=shown.cluster, language=language)
            # A name too long for a button leaves the number alone.
            yield blocks.section(words.MORE.in_(language).format(left), accessory=next(iter(asks), None))
    told: list[Element] = []
    if tab.refused is not None:
        told.append(blocks.sentence(shown_line(tab.refused.in_(language))))
    told += [blocks.sentence(shown_line(each.in_(language))) for each in tab.unread]
    if tab.further:
        told.append(blocks.sentence(MORE_CLUSTERS.in_(language).format(tab.further)))
    if told:
        yield blocks.rich(*told)


def _by_namespace(findings: Iterable[OverviewFinding]) -> list[tuple[str, list[OverviewFinding]]]:
    """Return the findings of each namespace, those with the most impact first."""
    places: defaultdict[str, list[OverviewFinding]] = defaultdict(list)
    for finding in findings:
        places[finding.asked.namespace].append(finding)
    return list(places.items())


def _place(name: str, findings: Sequence[OverviewFinding], language: Language) -> str:
    first = blocks.cut(overviews.cause(findings[0], language), _SAYS)
    says = PLACE if len(findings) == 1 else PLACES
    return says.in_(language).format(name or NO_NAMESPACE.in_(language), len(findings), first)


def _post(post: OpenPost) -> list[Leaf]:
    return [blocks.link(post.link, blocks.cut(post.says, _SAYS)), *_there(post.channel), *_when(post.since)]


def _diagnosis(past: PastDiagnosis, language: Language) -> list[Leaf]:
    title = shown_line(past.title.in_(language), limit=_TITLE)
    verdict = f" · {words.verdict_word(Verdict(past.verdict), language)}" if past.verdict in set(Verdict) else ""
    return [blocks.link(past.link, title), blocks.text(verdict or " "), *_when(past.at)]


def _missing(tab: HomeTab, language: Language) -> Iterator[list[Leaf]]:
    for scope, without in tab.lacking[:_PERMISSIONS]:
        yield [blocks.text(SCOPE.in_(language).format(scope, without))]
    for each in tab.clusters:
        shown: Overview = shown_value(each)
        if gaps := overviews.gaps(shown, language):
            yield [blocks.text(IN_CLUSTER.in_(language).format(shown.cluster, gaps))]


def _there(channel: str) -> list[Leaf]:
    return [blocks.text(" · "), blocks.channel(channel)]


def _when(at: datetime) -> list[Leaf]:
    return [blocks.text(" · "), blocks.time(at, "{date_short_pretty} {time}")]
