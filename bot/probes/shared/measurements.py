"""Choose the steps of a query, tell what is missing in an answer of Prometheus, and round its values."""

from __future__ import annotations

import math
from typing import Final

from bot.prometheus import MOST_SERIES, SKEW_S, Point, QueryResult, Series
from intents import templates
from intents.domain import Gap, GapReason

# So many points show a shape, even on a phone.
POINTS: Final = 60
_SHORTEST_STEP_S: Final = 15


def step_of(window_s: float) -> int:
    """Return the seconds between two samples of a window."""
    return max(math.ceil(window_s / POINTS), _SHORTEST_STEP_S)


def gaps_of(answer: QueryResult) -> tuple[Gap, ...]:
    """Return why an answer may be incomplete, or about another time than now."""
    gaps = [
        Gap(what="Prometheus", reason=GapReason.TRUNCATED, detail=f"its answer may be incomplete: {warning}"[:300])
        for warning in answer.warnings
    ]
    if answer.truncated and len(answer.series) == MOST_SERIES:
        gaps.append(
            Gap(
                what="Prometheus",
                reason=GapReason.TRUNCATED,
                detail=f"there are more than the {MOST_SERIES} series that were read",
                detail_zh=f"实际序列多于已读取的 {MOST_SERIES} 条",
            )
        )
    if abs(answer.ahead_s) > SKEW_S:
        gaps.append(_skewed(answer.ahead_s))
    return tuple(gaps)


def _skewed(ahead_s: int) -> Gap:
    off = templates.duration(abs(ahead_s))
    if ahead_s > 0:
        en = f"its clock is {off} ahead of ours: its newest values were not read"
        zh = f"其时钟比本机快 {off}：未读取到最新数值"
    else:
        en = f"its clock is {off} behind ours: its newest values look old"
        zh = f"其时钟比本机慢 {off}：最新数值看起来是旧的"
    return Gap(what="Prometheus", reason=GapReason.TRUNCATED, detail=en, detail_zh=zh)


def rounded(value: float) -> float:
    """Round to four digits: measurements are no more exact, and the same snapshot gives the same bytes."""
    return float(f"{value:.4g}")


def rounded_points(series: Series) -> tuple[Point, ...]:
    """Return the points of a series to draw."""
    return tuple((at, rounded(value)) for at, value in series.points)
