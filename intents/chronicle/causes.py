"""Collect possible causes from all suspicions, answers and exclusions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.subjects import things_in
from intents.chronicle.timeline import TimelineEntry, entry_of
from intents.domain import Verdict

# Only this many of the latest suspicions are compared.
_LATEST: Final = 50
_SURENESS: Final = {Verdict.CONFIRMED: 0, Verdict.LIKELY: 1, Verdict.POSSIBLE: 2}
_SAME_THINGS: Final = 2
# The reason follows this mark: "not the tag: the other pods run it just fine".
_REASON: Final = re.compile(r"[:;.,，。；：(（]\s|[，。；：（]|\b(?:because|since)\b|因为")
# Words that deny a cause: the text up to them is about the denied cause, and the reason follows.
_DENIES: Final = re.compile(
    r"\b(?:ruled out|red herring|innocent|off the hook|in the clear|unrelated|nothing to do with)\b"
    r"|排除|无关|没有?关系|没有?嫌疑|清白"
)
# A remark about something that needs no action is not a cause.
_HARMLESS: Final = re.compile(
    r"\b(?:no action|nothing to (?:do|worry)|harmless|as expected|expected (?:behaviou?r"
    r"|load))\b|不用(?:处理|管|担心)|无需处理|正常现象"
    r"|(?:属|在)(?:正常|预期)"
)
# Words for the same subject in both languages.
_CALLED: Final = tuple(
    (sort, re.compile(pattern))
    for sort, pattern in (
        (
            "deploy",
            r"\b(?:deploy\w*|release\w*|roll-?out|went out|shipped|upgrade\w*|versions?)\b"
            r"|\bv?\d+\.\d+(?:\.\d+)?\b(?!%|\.\d| ?(?:ms|s|[gmk]i?b?|x)\b)|发布|上线|部署|发版|版本|升级",
        ),
        ("disk", r"\b(?:disks?|volumes?|ebs|iops|fsync)\b|磁盘|硬盘|盘满"),
        ("network", r"\b(?:network\w*|firewall|packet loss|mtu)\b|网络|防火墙|丢包"),
        ("memory", r"\b(?:memory|oom\w*|heap)\b|内存"),
        ("database", r"\b(?:db|database|mysql|postgres\w*)\b|数据库"),
        ("certificate", r"\b(?:certs?|certificates?|tls|ssl)\b|证书"),
        ("cache", r"\b(?:cache|redis|memcached?)\b|缓存"),
        ("traffic", r"\b(?:traffic|load|qps|rps|ddos|bots?|crawlers?|scrapers?)\b|流量|压测|爬虫"),
        ("config", r"\bconfig\w*\b|配置"),
        ("dns", r"\b(?:coredns|dns)\b|域名解析"),
        ("image", r"\bimages?\b|镜像"),
        ("quota", r"\bquotas?\b|配额"),
        ("pool", r"\b(?:connection pools?|pool)\b|连接池"),
        ("budget", r"\b(?:pdbs?|disruption budgets?)\b|干扰预算"),
        ("lock", r"\b(?:dead)?locks?\b|锁"),
        ("failover", r"\bfail-?overs?\b|主从切换|主备切换|切主"),
        ("index", r"\bindex(?:es)?\b|索引"),
    )
)
_IDLE: Final = frozenset(
    {"cause", "problem", "issue", "culprit", "root", "ruled", "rule", "ruling", "isn't", "wasn't", "probably", "maybe"}
    | {
        "likely",
        "suspect",
        "suspicion",
        "bet",
        "guess",
        "think",
        "smells",
        "seems",
        "somebody",
        "could",
        "might",
        "may",
    }
    | {"red", "herring", "innocent", "went", "found", "there", "whether", "wondering"}
    | {"must", "related", "definitely", "either", "排除", "怀疑", "可能", "不是", "会不会", "问题", "原因"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Possible causes, most certain first; each is its newest fact with the others of the same cause.

    `established` is the newest one that a person stated to be the cause: what the cluster confirms may be a symptom.
    """

    standing: tuple[TimelineEntry, ...]
    established: TimelineEntry | None
    ruled_out: tuple[TimelineEntry, ...]


def causes_in(ordered: Iterable[Fact]) -> Causes:
    """Return the hypotheses of ordered facts.

    A catalog incident about the same objects is one hypothesis with its newest verdict. Suspicions of people are the
    same if one has all the words of the other. One common thing is enough to rule out a suspicion, two to confirm it.
    Confirmed comes before likely, our evidence before statements, newer before older; harmless remarks come last.
    """
    groups: list[list[Fact]] = []
    ours: dict[tuple[str, ...], list[Fact]] = {}
    said: dict[str, list[Fact]] = {}
    for fact in ordered:
        if fact.kind is not FactKind.HYPOTHESIS:
            continue
        if fact.incident:
            about = (fact.incident, fact.cluster, *sorted(map(str, fact.objects)))
            group = ours.get(about)
            if group is None:
                group = ours[about] = []
                groups.append(group)
        else:
            group = _said_before(fact, said)
            if group is None:
                group = []
                groups.append(group)
            said[fact.template or fact.key] = group
        group.append(fact)
    moments = [_newest_first(group) for group in groups]
    standing = tuple(sorted((each for each in moments if each.fact.state != Verdict.RULED_OUT), key=_rank))
    stated = [each for each in standing if each.fact.state == Verdict.CONFIRMED and not each.fact.incident]
    return Causes(
        standing=standing,
        established=max(
            (each for each in stated if _HARMLESS.search(each.fact.says) is None),
            key=lambda each: (each.fact.at, each.fact.key),
            default=None,
        ),
        ruled_out=tuple(each for each in moments if each.fact.state == Verdict.RULED_OUT),
    )


def _said_before(fact: Fact, said: dict[str, list[Fact]]) -> list[Fact] | None:
    if not fact.template:
        return None
    if (exact := said.get(fact.template)) is not None:
        return exact
    words = set(fact.template.split())
    refuted = _refuted(fact.says) if fact.state == Verdict.RULED_OUT else frozenset()
    for template, group in islice(reversed(said.items()), _LATEST):
        other = set(template.split())
        if words <= other or other <= words:
            return group
        # "It's not the disk" refers to any suspicion about the disk, in whatever words.
        if (
            group[-1].state != Verdict.RULED_OUT
            and refuted & _things(group[-1].says)
            and not _are_others(fact, group[-1])
        ):
            return group
        if _is_confirmed_by(fact, group[-1]):
            return group
    return None


def _is_confirmed_by(fact: Fact, suspected: Fact) -> bool:
    """Return whether a confirmed cause is the suspected one: both share more than one thing."""
    return (
        fact.state == Verdict.CONFIRMED
        and suspected.state in (Verdict.POSSIBLE, Verdict.LIKELY)
        and len(_things(fact.says) & _things(suspected.says)) >= _SAME_THINGS
        and not _are_others(fact, suspected)
    )


def _are_others(fact: Fact, suspected: Fact) -> bool:
    """Return whether each names a different object: the disk of tikv-1 is not that of tikv-2."""
    mine, theirs = things_in(_REASON.split(fact.says.lower(), maxsplit=1)[0]), things_in(suspected.says.lower())
    return bool(mine.names and theirs.names and not mine.names & theirs.names)


def _refuted(says: str) -> frozenset[str]:
    """Return the denied things: the words before the reason, because the reason names the real cause."""
    if denied := _DENIES.search(says.lower()):
        return _things(says[: denied.end()] + _REASON.split(says[denied.end() :], maxsplit=1)[0])
    return _things(_REASON.split(says, maxsplit=1)[0])


@lru_cache(maxsize=1024)
def _things(says: str) -> frozenset[str]:
    """Return the things that a suspicion is about, under a common name: a new version is a deploy, 磁盘 a disk."""
    plain = says.lower()
    subject = things_in(plain)
    sorts = {sort for sort, called in _CALLED if called.search(plain)}
    # "REDIS_POOL_SIZE" is the redis pool size.
    parts = {part for name in subject.names if "_" in name for part in name.split("_") if part}
    return frozenset((subject.names | subject.words | subject.sorts | parts) - _IDLE) | sorts


def _newest_first(group: list[Fact]) -> TimelineEntry:
    whole = entry_of(group)
    return TimelineEntry(at=whole.at, last=whole.last, count=whole.count, fact=group[-1], also=tuple(group[:-1]))


def _rank(moment: TimelineEntry) -> tuple[bool, int, bool, float, str]:
    fact = moment.fact
    harmless = _HARMLESS.search(fact.says) is not None
    return harmless, _SURENESS.get(Verdict(fact.state), 3), not fact.incident, -fact.at.timestamp(), fact.key
