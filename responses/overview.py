"""Word the overview of a namespace or a cluster, for Slack and the terminal alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NewType

from intents.domain import Language, ObjectRef, Text
from intents.overview import Impact, Overview, OverviewChange, OverviewFinding
from intents.plurals import counted
from intents.templates import duration
from responses import glance, words
from responses.as_json import dumps, gap_json, object_json
from responses.safety import safe_value
from responses.sentences import finished, joined
from responses.shown import shortened

SafeOverview = NewType("SafeOverview", Overview)
SafeChange = NewType("SafeChange", OverviewChange)

_SAYS: Final = 240
_READ: Final = 5

WHOLE_CLUSTER: Final = Text(en="cluster {}", zh="集群 {}")
ONE_NAMESPACE: Final = Text(en="namespace {}", zh="命名空间 {}")
NOTHING_WRONG: Final = Text(en="Nothing unhealthy found in {}", zh="{} 未发现异常")
NOTHING_WRONG_READ: Final = Text(
    en="Nothing unhealthy found in what could be read of {}", zh="{} 可读取的部分未发现异常"
)
CAUSES: Final = Text(en="{} in {}", zh="{} 有 {} 个问题")
NOT_EXPLAINED: Final = Text(en="NOT EXPLAINED YET", zh="原因未明")
NOT_LOOKED_INTO: Final = Text(en="NOT LOOKED INTO", zh="尚未诊断")
PODS: Final = Text(en="{}", zh="{} 个 Pod")
WORKLOADS: Final = Text(en="{} below their replicas", zh="{} 个工作负载副本不足")
ONE_WORKLOAD: Final = Text(en="1 workload below its replicas", zh="1 个工作负载副本不足")
SERVICES: Final = Text(en="{} without a ready endpoint", zh="{} 个 Service 没有就绪端点")
NODES: Final = Text(en="{} not ready", zh="{} 个节点未就绪")
OTHERS: Final = Text(en="{}", zh="{} 个其他对象")
BECAUSE: Final = Text(en="and {} because of it", zh="并因此影响{}")
LIST: Final = Text(en=", ", zh="、")
SINCE: Final = Text(en="since {}", zh="已持续 {}")
READ: Final = Text(en="Read {}", zh="已读取 {}")
MORE_CAUSES: Final = Text(
    en="{} more, with less impact; the command line lists them all: casebook diagnose {}",
    zh="另有 {} 个影响较小的问题；命令行可列出全部：casebook diagnose {}",
)
DIAGNOSE: Final = Text(en="Diagnose", zh="诊断")
LEFT_OUT: Final = Text(
    en="{} left out, muted in this channel: /diagnose muted", zh="已略去 {} 项，因其在此频道静音：/diagnose muted"
)
SEVERAL_NAMESPACES: Final = Text(en="namespaces {}", zh="命名空间 {}")
NEW_CAUSES: Final = Text(en="{} in {} since {}", zh="{} 新增 {} 个问题（自 {} 起）")
GONE_CAUSES: Final = Text(en="{} gone", zh="已消失 {} 个")
GONE: Final = Text(en="Gone: {}", zh="已消失：{}")
AS_BEFORE: Final = Text(en="{} as before", zh="另有 {} 个问题与上次相同")
NOTHING_ELSE_WRONG: Final = Text(en="Nothing else unhealthy found in {}", zh="{} 未发现其他异常")


def scrubbed_overview(overview: Overview) -> SafeOverview:
    """Return the overview as it may be shown: every string in it is safe."""
    return SafeOverview(safe_value(overview))


def scrubbed_change(change: OverviewChange) -> SafeChange:
    """Return the change as it may be shown: every string in it is safe."""
    return SafeChange(safe_value(change))


def change_heading(change: OverviewChange, language: Language) -> str:
    """Return the first line of a report: how many problems are new and how many are gone."""
    number, english = len(change.new), language is Language.EN
    problems = ("1 problem" if number == 1 else f"{number} problems") if english else str(number)
    where = _where(change, language)
    if change.since is None:
        return CAUSES.en.format(problems, where) if english else CAUSES.zh.format(where, number)
    problems = problems.replace(" ", " new ", 1)
    since = f"{change.since:%Y-%m-%d %H:%M} UTC"
    said = (problems, where, since) if english else (where, problems, since)
    gone = GONE_CAUSES.in_(language).format(len(change.gone)) if change.gone else ""
    return joined(NEW_CAUSES.in_(language).format(*said), gone)


def _where(change: OverviewChange, language: Language) -> str:
    if not change.namespaces:
        return WHOLE_CLUSTER.in_(language).format(change.cluster).strip()
    named = ONE_NAMESPACE if len(change.namespaces) == 1 else SEVERAL_NAMESPACES
    return joined(named.in_(language).format(", ".join(change.namespaces)), change.cluster)


def overview_json(overview: SafeOverview, *, language: Language) -> str:
    """Return the document of `casebook diagnose cluster` and `casebook diagnose namespace`."""
    return dumps({
        "cluster": overview.cluster,
        "namespace": overview.namespace,
        "language": str(language),
        "observed_at": overview.observed_at.isoformat(),
        "findings": [_finding_json(finding, language) for finding in overview.findings],
        "looked_at": dict(overview.looked_at),
        "gaps": [gap_json(gap) for gap in overview.gaps],
    })  # fmt: skip


def _finding_json(finding: OverviewFinding, language: Language) -> dict[str, Any]:
    return {
        "incident": finding.incident or None,
        "verdict": str(finding.verdict) if finding.verdict is not None else None,
        "severity": str(finding.severity) if finding.severity is not None else None,
        "title": finding.title.in_(language) if finding.title is not None else None,
        "says": finding.says.in_(language),
        "object": object_json(finding.at_fault),
        "asked": object_json(finding.asked),
        "impact": {
            "pods": finding.impact.pods,
            "workloads": finding.impact.workloads,
            "services": finding.impact.services,
            "nodes": finding.impact.nodes,
            "others": finding.impact.others,
            "caused": sum(finding.caused.counts),
            "examples": [object_json(each) for each in finding.impact.examples],
        },
        "since": finding.since.isoformat() if finding.since is not None else None,
        "unread": finding.unread,
    }


def scope(overview: Overview, language: Language) -> str:
    """Return what was looked at: a namespace or the cluster, with the cluster's name where there is one."""
    if overview.namespace:
        named = ONE_NAMESPACE.in_(language).format(overview.namespace)
        return joined(named, overview.cluster)
    return WHOLE_CLUSTER.in_(language).format(overview.cluster).strip()


def command(overview: Overview) -> str:
    """Return the words after `diagnose` that ask for this overview."""
    return f"namespace {overview.namespace}" if overview.namespace else "cluster"


def heading(overview: Overview, language: Language) -> str:
    """Return the first line: how many problems there are, or that none was found in what could be read."""
    where, number = scope(overview, language), len(overview.findings)
    if not number:
        known = NOTHING_ELSE_WRONG if overview.muted else NOTHING_WRONG
        known = known if not overview.gaps else NOTHING_WRONG_READ
        return known.in_(language).format(where)
    if language is Language.ZH:
        return CAUSES.zh.format(where, number)
    return CAUSES.en.format("1 problem" if number == 1 else f"{number} problems", where)


def verdict(finding: OverviewFinding, language: Language) -> str:
    """Return the sign and the word of a finding's verdict."""
    if finding.verdict is not None:
        return f"{words.SIGNS[finding.verdict]} {words.verdict_word(finding.verdict, language)}"
    says = NOT_LOOKED_INTO if finding.unread else NOT_EXPLAINED
    return f"{words.UNKNOWN_SIGN} {says.in_(language)}"


def cause(finding: OverviewFinding, language: Language) -> str:
    """Return what is wrong in one sentence; what nothing explains begins with its object."""
    says = shortened(finding.says.in_(language), most=_SAYS)
    if finding.verdict is None:
        return f"{finding.at_fault}{words.COLON.in_(language)}{says}"
    return finished(says, language)


def impact(finding: OverviewFinding, overview: Overview | OverviewChange, language: Language) -> str:
    """Return what suffers, what of it suffers because of that, a few names, and since when."""
    own = (finding.asked, finding.at_fault)
    named = list(dict.fromkeys(_name(each) for each in finding.impact.examples if each not in own))
    beside = joined(*_counts(finding.impact.without(finding.caused), language, others=finding.impact.is_of_others))
    caused = LIST.in_(language).join(_counts(finding.caused, language, others=True))
    suffers = joined(beside, BECAUSE.in_(language).format(caused) if caused else "")
    if named and suffers:
        suffers = f"{suffers} ({', '.join(named)})"
    since = ""
    if finding.since is not None:
        passed = max((overview.observed_at - finding.since).total_seconds(), 0)
        since = SINCE.in_(language).format(duration(passed))
    return joined(suffers, since)


def _counts(suffers: Impact, language: Language, *, others: bool) -> Iterator[str]:
    english = language is Language.EN
    if suffers.nodes:
        yield NODES.in_(language).format(counted(suffers.nodes, "nodes") if english else suffers.nodes)
    if suffers.services:
        what = "1 Service" if suffers.services == 1 else f"{suffers.services} Services"
        yield SERVICES.in_(language).format(what if english else suffers.services)
    if suffers.workloads:
        one = ONE_WORKLOAD if suffers.workloads == 1 else WORKLOADS
        yield one.in_(language).format(f"{suffers.workloads} workloads" if english else suffers.workloads)
    if suffers.pods:
        yield PODS.in_(language).format(counted(suffers.pods, "pods") if english else suffers.pods)
    if suffers.others and others:
        yield OTHERS.in_(language).format(counted(suffers.others, "objects") if english else suffers.others)


def _name(about: ObjectRef) -> str:
    return f"{about.namespace}/{about.name}" if about.namespace else about.name


def read(overview: Overview, language: Language) -> str:
    """Return how many objects were read, of the most frequent kinds by name."""
    kinds = sorted(overview.looked_at.items(), key=lambda each: (-each[1], each[0]))
    named = [f"{number:,} {kind}" for kind, number in kinds[:_READ]]
    rest = sum(number for _, number in kinds[_READ:])
    listed = ", ".join(named) + (f" {words.MORE.in_(language).format(f'{rest:,}')}" if rest else "")
    return READ.in_(language).format(listed) if named else ""


def muted(overview: Overview | OverviewChange, language: Language) -> str:
    """Return how many findings were left out because they are muted, "" for none."""
    if not overview.muted:
        return ""
    english = counted(overview.muted, "findings")
    return LEFT_OUT.in_(language).format(english if language is Language.EN else overview.muted)


def gaps(overview: Overview | OverviewChange, language: Language) -> str:
    """Return what could not be read, "" if everything was."""
    return glance.listed_gaps([gap for gap in overview.gaps if not gap.quiet], language)
