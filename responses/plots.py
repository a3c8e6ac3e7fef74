"""Describe a plot in words and characters, or draw it as a picture that is readable on a phone.

A picture has few words, large, and the lines above the limit emphasised. Colours never carry meaning alone and are dark
enough for text: lines above the limit are warm and thick, the others cool and thin, and every line is labelled at its
end. Labels are English, since no other font may be installed. matplotlib takes a second to import, some hundred
milliseconds to draw and much memory: a program that runs on calls `png` in another process.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Any, Final

from intents.domain import Diagnosis, Finding, FindingOutcome, Language, Plot, PlotLine, Unit
from intents.plots import formatted
from responses import sentences, words

_BARS: Final = "▁▂▃▄▅▆▇█"
_WIDTH: Final = 30


def leading_plot(diagnosis: Diagnosis) -> Finding | None:
    """Return the finding whose plot goes with the answer: the first supporting one of the leading hypothesis."""
    first = next(iter(sentences.open_hypotheses(diagnosis)), None)
    findings = first.findings if first else ()
    return next((each for each in findings if each.plot and each.outcome is FindingOutcome.SUPPORTS), None)


def sparkline(plot: Plot, language: Language) -> str:
    """Return the worst line as one row of characters, with its last value and the limit."""
    line = plot.lines[0]
    bars = _bars(_thinned(line), top=max(plot.limit, *(value for _, value in line.points)))
    now, limit = formatted(line.points[-1][1], plot.unit), formatted(plot.limit, plot.unit)
    return f"{bars}  {words.PLOT_SAYS.in_(language).format(line.label, now, limit)}"


def _thinned(line: PlotLine) -> list[float]:
    """Reduce the values to the width there is, keeping the highest of each group."""
    values = [value for _, value in line.points]
    width = min(_WIDTH, len(values))
    edges = [round(index * len(values) / width) for index in range(width + 1)]
    return [max(values[low:high]) for low, high in pairwise(edges)]


def _bars(values: list[float], *, top: float) -> str:
    steps = len(_BARS) - 1
    return "".join(_BARS[min(max(round(value / top * steps), 0), steps) if top > 0 else 0] for value in values)


if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE: Final = (6.0, 4.2)  # inches; with the resolution below 1200 x 840 pixels
_DPI: Final = 200
_INK: Final = "#222222"
_PALE: Final = "#8a8a8a"
_ABOVE: Final = ("#c84b00", "#9b2a6e", "#8a6100", "#b0172b", "#d1495b", "#6b3e00", "#5c1a33")
_BELOW: Final = ("#0063a3", "#00795c", "#2f7fb0", "#3b3b98", "#4a6b7c", "#2f6f4f", "#004d73")
# In characters; longer names would leave the picture.
_LABEL: Final = 16
# From this ratio of largest to smallest value on, a linear scale would flatten the small ones.
_WIDE: Final = 12
# The distance between two labels, and the lowest place for one, as shares of the height.
_GAP: Final = 0.155
_LOWEST: Final = 0.02
_DAY: Final = 86400.0
_TICKS: Final = 4
_STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "text.parse_math": False,  # a $ in a name is not a formula
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _PALE,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}
# The process has only one set of matplotlib settings and one font cache.
_drawing: Final = threading.Lock()


def png(plot: Plot) -> bytes:
    """Return the picture of a plot that has at least one line of two points."""
    import matplotlib  # noqa: PLC0415 - a second, for the few answers that carry a plot
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with _drawing, matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, dpi=_DPI)
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        _scale(axes, plot)
        _lines(axes, plot)
        _frame(axes, plot)
        figure.suptitle(_plain(plot.title.en), x=0.03, y=0.965, ha="left", va="top", fontsize=15, fontweight="bold")
        figure.text(0.03, 0.885, _verdict(plot), color=_ABOVE[0], ha="left", va="top", fontsize=13)
        figure.subplots_adjust(left=0.135, right=0.715, top=0.8, bottom=0.13)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _scale(axes: Axes, plot: Plot) -> None:
    values = [value for line in plot.lines for _, value in line.points]
    positive = [value for value in (*values, plot.limit) if value > 0]
    top = max((*values, plot.limit))
    if plot.unit is Unit.SECONDS and min(values) > 0 and top / min(positive) >= _WIDE:
        axes.set_yscale("log")
        axes.set_ylim(min(positive) / 1.6, top * 1.9)
    else:
        axes.set_ylim(0, top * 1.18 or 1)


def _lines(axes: Axes, plot: Plot) -> None:
    warm, cool = cycle(_ABOVE), cycle(_BELOW)
    ends = []
    for line, label in zip(plot.lines, _labels(plot.lines), strict=True):
        is_above = line.points[-1][1] > plot.limit
        colour = next(warm if is_above else cool)
        times = [at / _DAY for at, _ in line.points]
        values = [value for _, value in line.points]
        axes.plot(times, values, color=colour, linewidth=3.2 if is_above else 2.0, solid_capstyle="round", zorder=3)
        ends.append(_End(value=values[-1], label=label, colour=colour, is_above=is_above))
    _name(axes, sorted(ends, key=lambda end: -end.value), plot.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The end of a line and its label."""

    value: float
    label: str
    colour: str
    is_above: bool


def _name(axes: Axes, ends: Sequence[_End], unit: Unit) -> None:
    """Label each line at its end with its name and last value; move labels apart that would overlap, highest first."""
    transform = axes.transData + axes.transAxes.inverted()
    places: list[float] = []
    for end in ends:
        wanted = float(transform.transform((0.0, end.value))[1])
        places.append(min(wanted, places[-1] - _GAP) if places else min(wanted, 1.0))
    if places and places[-1] < _LOWEST:
        # The lowest label left the picture: move it back and the ones above it up, as far as needed.
        places[-1] = _LOWEST
        for index in range(len(places) - 2, -1, -1):
            places[index] = max(places[index], places[index + 1] + _GAP)
    for place, end in zip(places, ends, strict=True):
        axes.text(
            1.025,
            place,
            f"{end.label}\n{formatted(end.value, unit)}",
            transform=axes.transAxes,
            color=end.colour,
            fontsize=11,
            fontweight="bold" if end.is_above else "normal",
            va="center",
            linespacing=1.15,
            clip_on=False,
        )


def _frame(axes: Axes, plot: Plot) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter  # noqa: PLC0415

    axes.axhline(plot.limit, color=_INK, linewidth=1.6, linestyle=(0, (5, 3)), zorder=2)
    axes.annotate(
        f"limit {formatted(plot.limit, plot.unit)}",
        xy=(0.012, plot.limit),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=11.5,
        fontweight="bold",
        va="bottom",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
        zorder=4,
    )
    axes.yaxis.set_major_locator(LogLocator(base=10) if axes.get_yscale() == "log" else MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formatted(value, plot.unit)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    first, last = min(line.points[0][0] for line in plot.lines), max(line.points[-1][0] for line in plot.lines)
    form = "%H:%M" if last - first <= _DAY else "%m-%d"
    ticks = [first + (last - first) * index / _TICKS for index in range(_TICKS + 1)]
    axes.set_xlim(first / _DAY, last / _DAY)
    axes.set_xticks([at / _DAY for at in ticks], [f"{datetime.fromtimestamp(at, tz=UTC):{form}}" for at in ticks])
    axes.set_xlabel(f"UTC, {datetime.fromtimestamp(last, tz=UTC):%Y-%m-%d}", fontsize=11)
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _verdict(plot: Plot) -> str:
    above = sum(line.points[-1][1] > plot.limit for line in plot.lines)
    return f"{above} of {len(plot.lines)} above the limit now"


def _labels(lines: Sequence[PlotLine]) -> list[str]:
    """Return short names: without a port that all share, cut to the space there is."""
    names = [_plain(line.label) for line in lines]
    ports = {name.rpartition(":")[2] for name in names}
    if len(ports) == 1 and next(iter(ports)).isdecimal():
        names = [name.rpartition(":")[0] for name in names]
    return [name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…" for name in names]


def _plain(text: str) -> str:
    """Replace characters that the font may lack by question marks."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
