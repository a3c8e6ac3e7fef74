"""The series that an alert is about, if only metrics can tell about it, each judged by what its query must show.

Only series whose labels name the object in question count: another object's proves nothing about this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from bot.kube.objects import node_addresses
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.measurements import gaps_of, rounded_points, step_of
from bot.prometheus import SKEW_S, Series
from intents import templates
from intents.alerts.metrics import (
    AlertMetric,
    Judgement,
    Proof,
    Standing,
    alert_metrics,
    is_of_object,
    judged,
    series_of_object,
)
from intents.domain import Gap, GapReason, ObjectRef, ProbeResult, Row
from intents.plots import formatted

_WHAT: Final = "Prometheus"


class _Judged(RowValues):
    alert: str
    series: str  # what tells the series of the object apart, else the object's name
    standing: str  # beyond, brief, within
    proof: str  # confirmed or likely: what a value beyond the limit proves
    limit: float
    shown: str  # the last value, with its unit
    limit_shown: str
    unit: str
    held_s: int  # how long it has been beyond the limit without a break, -1 where it is not
    must_s: int  # how long it must be
    ago_s: int  # when it was beyond the limit last, -1 where it was not
    measures: str
    measures_zh: str
    means: str
    means_zh: str
    query: str


@probe(
    says="a row per series that the alert in question is about, where only metrics can tell, judged by its limit",
    row=_Judged,
    permissions=may("get", "nodes"),
)
async def read(look: Look) -> ProbeResult:
    """Ask for the history of the alert's series and judge each; what cannot be judged is a gap."""
    metric = alert_metrics().get(look.alert.get("alertname", ""))
    if metric is None or metric.unjudged or metric.about != look.focus.kind:
        return ProbeResult(not_applicable="no alert that only metrics can judge is about this object")
    names = await _names(look)
    asked = series_of_object(
        metric, look.alert, namespace=look.focus.namespace, name=look.focus.name, addresses=names[1:]
    )
    step = step_of(metric.window_s)
    answer = await look.snapshot.metrics(metric.query, series=asked, window_s=metric.window_s, step_s=step)
    about = [
        each for each in answer.series if is_of_object(metric, each.labels, namespace=look.focus.namespace, names=names)
    ]
    if abs(answer.ahead_s) > SKEW_S:
        # What it has "now" is of another time.
        metric = replace(metric, proof=Proof.LIKELY)
    now = look.now.timestamp()
    found = [(each, judged(metric, each.points, now=now, step_s=step)) for each in about if each.points]
    current = [pair for pair in found if pair[1].standing is not Standing.ENDED]
    current.sort(key=lambda pair: (-pair[1].last if not metric.below else pair[1].last, _label(metric, pair[0], look)))
    rows = tuple(_row(look, metric, series, one, query=metric.shown(asked)) for series, one in current)
    return ProbeResult(rows=rows, gaps=(*gaps_of(answer), *_unjudged(about, found, now=now)))


async def _names(look: Look) -> tuple[str, ...]:
    """Return the name of the object; of a node its addresses too, which exporters report in place of it."""
    if look.focus.kind != "Node":
        return (look.focus.name,)
    return (look.focus.name, *node_addresses(await look.in_question()))


def _unjudged(about: Sequence[Series], found: Sequence[tuple[Series, Judgement]], *, now: float) -> Iterator[Gap]:
    """Yield why there is nothing to judge, or less than there was."""
    if not about:
        yield Gap(
            what=_WHAT,
            reason=GapReason.NOT_FOUND,
            detail="it has no such series of this object: it does not scrape this, or under other labels",
            detail_zh="没有该对象的对应时间序列：没有采集该指标，或标签不同",
        )
    elif not found:
        yield Gap(
            what=_WHAT,
            reason=GapReason.SERVER_ERROR,
            detail="its answer has no number, only NaN or Inf: what the query divides by is 0 or missing",
            detail_zh="查询结果只有 NaN 或 Inf，没有可用数值：除数为 0 或缺失",
        )
    ended = [one for _, one in found if one.standing is Standing.ENDED]
    if ended:
        age = templates.duration(now - max(one.at for one in ended))
        yield Gap(
            what=_WHAT,
            reason=GapReason.NOT_FOUND if len(ended) == len(found) else GapReason.TRUNCATED,
            detail=f"{len(ended)} of {len(found)} series have ended: the newest value is {age} old",
            detail_zh=f"{len(found)} 条序列中有 {len(ended)} 条已停止更新：最新数值是 {age} 前的",
        )


def _row(look: Look, metric: AlertMetric, series: Series, one: Judgement, *, query: str) -> Row:
    now = look.now.timestamp()
    shown, limit = formatted(one.last, metric.unit), formatted(metric.limit, metric.unit)
    label = _label(metric, series, look)
    sign = "<" if metric.below else ">"
    row = _Judged(
        alert=metric.alert,
        series=label,
        standing=one.standing,
        proof=metric.proof,
        limit=metric.limit,
        shown=shown,
        limit_shown=limit,
        unit=metric.unit,
        held_s=int(one.at - one.since) if one.since else -1,
        must_s=metric.for_s,
        ago_s=max(int(now - one.last_beyond), 0) if one.last_beyond else -1,
        measures=metric.measures.en,
        measures_zh=metric.measures.zh,
        means=metric.means.en,
        means_zh=metric.means.zh,
        query=query,
    ).row(
        ObjectRef(kind=look.focus.kind, namespace=look.focus.namespace, name=look.focus.name),
        quote=f"{label}: {one.last:.4g} {sign if one.since else 'not ' + sign} {metric.limit:g}",
        reproduce="",
        at=datetime.fromtimestamp(one.since, tz=UTC) if one.since else None,
        lasts=True,
    )
    # What is too low has no picture: it shows values above a limit.
    points = () if metric.below else rounded_points(series)
    return replace(row, points=points)


def _label(metric: AlertMetric, series: Series, look: Look) -> str:
    """Return what tells a series apart from the others of the object."""
    own: Mapping[str, Any] = series.labels
    found = [str(own[each]) for each in metric.by if own.get(each)]
    return " ".join(found) or look.focus.name
