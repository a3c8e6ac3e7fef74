"""Word the overview of a namespace or a cluster, for Slack and the terminal alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NewType

from intents.domain import Language, Text
from intents.overview import Impact, Overview, OverviewChange, OverviewFinding
from intents.templates import counted, duration
from responses import glance, words
from responses.as_json import dumps
from responses.safety import safe_value
from responses.sentences import finished, joined
from responses.shown import shortened

SafeOverview = NewType("SafeOverview", Overview)
SafeChange = NewType("SafeChange", OverviewChange)

_SAYS: Final = 240
_READ: Final = 5

ONE_NAMESPACE: Final = Text(en="namespace {}", zh="命名空间 {}")
NOTHING_WRONG: Final = Text(en="Nothing unhealthy found in {}", zh="{} 未发现异常")
NOTHING_WRONG_READ: Final = Text(
    en="Nothing unhealthy found in what could be read of {}", zh="{} 可读取的部分未发现异常"
)
# {0} is the number with its English noun, {1} where they are, {2} the number alone.
CAUSES: Final = Text(en="{0} in {1}", zh="{1} 有 {2} 个问题")
NOT_EXPLAINED: Final = Text(en="NOT EXPLAINED YET", zh="原因未明")
NOT_LOOKED_INTO: Final = Text(en="NOT LOOKED INTO", zh="尚未诊断")
# What suffers: the field of an impact, the words for one and for several.
_SUFFERS: Final = (
    ("nodes", Text(en="1 node not ready", zh="1 个节点未就绪"), Text(en="{} nodes not ready", zh="{} 个节点未就绪")),
    (
        "services",
        Text(en="1 Service without a ready endpoint", zh="1 个 Service 没有就绪端点"),
        Text(en="{} Services without a ready endpoint", zh="{} 个 Service 没有就绪端点"),
    ),
    (
        "workloads",
        Text(en="1 workload below its replicas", zh="1 个工作负载副本不足"),
        Text(en="{} workloads below their replicas", zh="{} 个工作负载副本不足"),
    ),
    ("pods", Text(en="1 pod", zh="1 个 Pod"), Text(en="{} pods", zh="{} 个 Pod")),
    ("others", Text(en="1 object", zh="1 个其他对象"), Text(en="{} objects", zh="{} 个其他对象")),
)
BECAUSE: Final = Text(en="and {} because of it", zh="并因此影响{}")
SINCE: Final = Text(en="since {}", zh="已持续 {}")
READ: Final = Text(en="Read {}", zh="已读取 {}")
MORE_CAUSES: Final = Text(
    en="{} more, with less impact; the command line lists them all: casebook diagnose {}",
    zh="另有 {} 个影响较小的问题；命令行可列出全部：casebook diagnose {}",
)
DIAGNOSE: Final = Text(en="Diagnose", zh="诊断")
LEFT_OUT: Final = Text(
    en="{0} left out, muted in this channel: /diagnose muted", zh="已略去 {1} 项，因其在此频道静音：/diagnose muted"
)
SEVERAL_NAMESPACES: Final = Text(en="namespaces {}", zh="命名空间 {}")
NEW_CAUSES: Final = Text(en="{0} in {1} since {3}", zh="{1} 新增 {2} 个问题（自 {3} 起）")
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
    number, where = len(change.new), _where(change.namespaces, change.cluster, language)
    if change.since is None:
        return CAUSES.in_(language).format(_problems(number), where, number)
    since = f"{change.since:%Y-%m-%d %H:%M} UTC"
    gone = GONE_CAUSES.in_(language).format(len(change.gone)) if change.gone else ""
    return joined(NEW_CAUSES.in_(language).format(_problems(number, "new "), where, number, since), gone)


def _problems(number: int, kind: str = "") -> str:
    return f"{number} {kind}problem{'' if number == 1 else 's'}"


def _where(namespaces: Sequence[str], cluster: str, language: Language) -> str:
    if not namespaces:
        return words.CLUSTER.in_(language).format(cluster).strip()
    named = ONE_NAMESPACE if len(namespaces) == 1 else SEVERAL_NAMESPACES
    return joined(named.in_(language).format(", ".join(namespaces)), cluster)


def overview_json(overview: SafeOverview, *, language: Language) -> str:
    """Return the document of `casebook diagnose cluster` and `casebook diagnose namespace`."""
    from responses.documents import OverviewDocument  # noqa: PLC0415 - most commands print no JSON

    return dumps(OverviewDocument.showing(OverviewDocument.fields_of(overview, language), language).as_json())


def scope(overview: Overview, language: Language) -> str:
    """Return what was looked at: a namespace or the cluster, with the cluster's name where there is one."""
    return _where([overview.namespace] if overview.namespace else [], overview.cluster, language)


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
    return CAUSES.in_(language).format(_problems(number), where, number)


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
    named = list(dict.fromkeys(each.full_name for each in finding.impact.examples if each not in own))
    beside = joined(*_counts(finding.impact.without(finding.caused), language, others=finding.impact.is_of_others))
    caused = words.ENUMERATION.in_(language).join(_counts(finding.caused, language, others=True))
    suffers = joined(beside, BECAUSE.in_(language).format(caused) if caused else "")
    if named and suffers:
        suffers = f"{suffers} ({', '.join(named)})"
    since = ""
    if finding.since is not None:
        passed = max((overview.observed_at - finding.since).total_seconds(), 0)
        since = SINCE.in_(language).format(duration(passed))
    return joined(suffers, since)


def _counts(suffers: Impact, language: Language, *, others: bool) -> Iterator[str]:
    for field, one, several in _SUFFERS:
        number = getattr(suffers, field)
        if number and (others or field != "others"):
            yield (one if number == 1 else several).in_(language).format(number)


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
    return LEFT_OUT.in_(language).format(counted(overview.muted, "findings"), overview.muted)


def gaps(overview: Overview | OverviewChange, language: Language) -> str:
    """Return what could not be read, "" if everything was."""
    return glance.listed_gaps([gap for gap in overview.gaps if not gap.quiet], language)
