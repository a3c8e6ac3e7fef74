"""Draw the chart's dashboard from a running Prometheus: python -m tests.deploy.dashboard_picture URL [MINUTES]

Prometheus answers the dashboard's own queries, filled in as Grafana fills them in, over the last minutes. The panels
stand where the dashboard puts them. Needs pngquant (Debian package of that name), which makes the picture smaller.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter

from tests.deploy.chart_files import DASHBOARD

PICTURE: Final = Path(__file__).parents[2] / ".github" / "images" / "dashboard.png"
# One unit of the dashboard's grid in inches: it has 24 columns.
_ACROSS, _DOWN = 0.55, 0.34
_POINTS: Final = 200
# Four scrapes, as Grafana does.
_RATE: Final = "60s"
_MOST_SHOWN: Final = 6
_UNITS: Final[Mapping[str, Any]] = {
    "s": EngFormatter(unit="s", sep=""),
    "bytes": EngFormatter(unit="B"),
    "percentunit": FuncFormatter(lambda value, _: f"{value:.0%}"),
    "cpm": FuncFormatter(lambda value, _: f"{value:g}/min"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A series of a panel with its legend."""

    legend: str
    points: tuple[tuple[datetime, float], ...]


def _asked(url: str, query: str, *, start: float, end: float) -> list[dict[str, Any]]:
    """Return the series with which Prometheus answers. Raise HTTPError for a query that it refuses."""
    step = max(5, round((end - start) / _POINTS))
    filled = query.replace("$__rate_interval", _RATE).replace("$__range", f"{round(end - start)}s")
    fields = urllib.parse.urlencode({"query": filled, "start": start, "end": end, "step": step})
    with urllib.request.urlopen(f"{url}/api/v1/query_range?{fields}") as response:
        return list(json.load(response)["data"]["result"])


def _lines(url: str, panel: Mapping[str, Any], *, start: float, end: float) -> Iterator[Line]:
    for target in panel["targets"]:
        for series in _asked(url, target["expr"], start=start, end=end):
            labels = series["metric"]
            legend = re.sub(r"\{\{(\w+)\}\}", r"{\1}", target["legendFormat"]).format_map(defaultdict(str, labels))
            points = tuple((datetime.fromtimestamp(at, UTC), float(value)) for at, value in series["values"])
            yield Line(legend=legend, points=points)


def _most(line: Line) -> float:
    return max((value for _, value in line.points if not math.isnan(value)), default=0.0)


def _draw(axes: Axes, panel: Mapping[str, Any], lines: list[Line]) -> None:
    axes.set_title(panel["title"], loc="left", fontsize=9, fontweight="bold")
    for line in lines:
        times, values = zip(*line.points, strict=True)
        (drawn,) = axes.plot(times, values, linewidth=1.1)
        axes.fill_between(times, values, alpha=0.1, color=drawn.get_color())
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.tick_params(labelsize=7, length=2)
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", UTC))
    axes.xaxis.set_major_locator(AutoDateLocator(UTC, minticks=3, maxticks=6))
    if formatter := _UNITS.get(panel["fieldConfig"]["defaults"]["unit"]):
        axes.yaxis.set_major_formatter(formatter)
    axes.spines[["top", "right"]].set_visible(False)
    if not lines:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center", fontsize=9, color="grey")
        return
    shown = [line.legend for line in lines]
    more = [f"+{len(shown) - _MOST_SHOWN} more"] if len(shown) > _MOST_SHOWN else []
    legend = axes.legend(
        axes.lines[:_MOST_SHOWN],
        shown[:_MOST_SHOWN],
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.1),
        ncols=2,
        fontsize=6.5,
        frameon=False,
        title=more[0] if more else None,
    )
    legend.get_title().set_fontsize(6.5)


def draw(url: str, *, minutes: float) -> None:
    """Write the picture of the last minutes."""
    end = time.time()
    start = end - 60 * minutes
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    height = max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in panels)
    figure = Figure(figsize=(24 * _ACROSS, height * _DOWN), dpi=100)
    for panel in panels:
        at = panel["gridPos"]
        top = 1 - at["y"] / height
        if panel["type"] == "row":
            figure.text(0.012, top - 0.7 / height, panel["title"], fontsize=12, fontweight="bold", va="center")
            continue
        place = (at["x"] + 1.3) / 24, top - (at["h"] - 2.4) / height, (at["w"] - 1.8) / 24, (at["h"] - 3.6) / height
        lines = sorted(_lines(url, panel, start=start, end=end), key=_most, reverse=True)
        axes = figure.add_axes(place)
        _draw(axes, panel, lines)
        axes.set_xlim(*(date2num(datetime.fromtimestamp(at, UTC)) for at in (start, end)))
    figure.savefig(PICTURE)
    subprocess.run(["pngquant", "--force", "--output", PICTURE, "--strip", "64", PICTURE], check=True)


if __name__ == "__main__":
    draw(sys.argv[1], minutes=float((*sys.argv[2:], "20")[0]))
