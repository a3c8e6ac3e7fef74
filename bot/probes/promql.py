"""The series that a query finds in Prometheus: numbers over time, which no object of the cluster has.

Without a configured Prometheus the read is a quiet gap. A query that finds no series proves nothing: the metric is not
scraped there, or has other labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from bot.probes.contract import Look, RowValues, probe
from bot.probes.shared.measurements import gaps_of, rounded, rounded_points, step_of
from bot.prometheus import Point, Series
from intents.domain import ArgDeclaration, ObjectRef, ProbeResult, Row

_LONGEST_WINDOW_S: Final = 7 * 86400
_NAME: Final = "__name__"


class _Series(RowValues):
    last: float
    max: float
    min: float
    last_age_s: int
    over_share: float  # with `limit`: the share of the samples above it
    over_now: bool  # with `limit`: whether the last one does
    others_over: int  # with `limit`: how many of the other series are above it now
    total: int  # how many series there are


@probe(
    says="a row per series that a PromQL query finds in the cluster's Prometheus, if one is configured",
    row=_Series,
    args={
        "query": ArgDeclaration(
            says="PromQL; braces doubled; $__rate_interval stands for a window of four scrapes,"
            ' job=~"$etcd_job" for the configured job of etcd',
            required=True,
        ),
        "labels": ArgDeclaration(says="row key → label of the series", adds_keys="mapping"),
        "window_s": "seconds before now to look at (default: only now)",
        "measures": "what the numbers are, for quotes: backend commit p99 [s]",
        "limit": "a number to compare each sample with",
        "none": "true: finding no series is an answer, not a sign that nothing is scraped",
    },
)
async def read(look: Look) -> ProbeResult:
    """Run the query; not applicable where it finds no series, unless `none` says that this is an answer."""
    query = " ".join(str(look.args.get("query") or "").split())
    window = min(int(look.args.get("window_s") or 0), _LONGEST_WINDOW_S)
    answer = await look.snapshot.metrics(query, window_s=window, step_s=step_of(window))
    series = sorted(
        (each for each in answer.series if each.points),
        key=lambda each: (-rounded(each.points[-1][1]), _shown(each.labels)),
    )
    gaps = gaps_of(answer)
    if not series and not gaps and not look.flag("none"):
        return ProbeResult(not_applicable=_EMPTY)
    limit = look.args.get("limit")
    over = [limit is not None and each.points[-1][1] > float(limit) for each in series]
    rows = tuple(
        _row(look, each, over=is_over, others=sum(over) - is_over, total=len(series))
        for each, is_over in zip(series, over, strict=True)
    )
    return ProbeResult(rows=rows, gaps=gaps)


_EMPTY: Final = "Prometheus has no such series: it does not scrape this, or under other labels"


def _row(look: Look, series: Series, *, over: bool, others: int, total: int) -> Row:
    name = _shown(series.labels)
    numbers = [value for _, value in series.points]
    limit = look.args.get("limit")
    at, last = series.points[-1]
    labels: Mapping[str, str] = look.args.get("labels") or {}
    row = _Series(
        last=rounded(last),
        max=rounded(max(numbers)),
        min=rounded(min(numbers)),
        last_age_s=max(int(look.snapshot.now.timestamp() - at), 0),
        over_share=_share(numbers, limit),
        over_now=over,
        others_over=others,
        total=total,
    ).row(
        _subject(series.labels),
        quote=f"{look.args.get('measures') or name}: {last:.4g}"
        + (f" (max {max(numbers):.4g})" if len(numbers) > 1 else ""),
        reproduce="",
        at=_onset(series.points, limit) if over else None,
        lasts=True,
        more={key: series.labels.get(str(label), "") for key, label in labels.items()},
    )
    return replace(row, points=rounded_points(series))


def _onset(points: Sequence[Point], limit: object) -> datetime:
    """Return since when, without a break, the series has been above the limit."""
    since = points[-1][0]
    for at, value in reversed(points):
        if value <= float(str(limit)):
            break
        since = at
    return datetime.fromtimestamp(since, tz=UTC)


def _subject(labels: Mapping[str, str]) -> ObjectRef:
    """Return the object that the labels of a series name, else the instance that was scraped."""
    namespace, pod = labels.get("namespace", ""), labels.get("pod", "")
    if namespace and pod:
        return ObjectRef(kind="Pod", namespace=namespace, name=pod)
    if node := labels.get("node", ""):
        return ObjectRef(kind="Node", name=node)
    return ObjectRef(kind="Instance", name=labels.get("instance") or _shown(labels) or "Prometheus")


def _shown(labels: Mapping[str, str]) -> str:
    pairs = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != _NAME)
    return f"{labels.get(_NAME, '')}{{{pairs}}}"


def _share(numbers: Sequence[float], limit: object) -> float:
    if limit is None:
        return 0.0
    return round(sum(number > float(str(limit)) for number in numbers) / len(numbers), 3)
