"""Describe a plot in words and characters, and choose the plot that goes with an answer."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from intents import templates
from intents.domain import Diagnosis, Finding, FindingOutcome, Language, Plot, PlotLine, Unit
from responses import sentences, words

_BARS: Final = "▁▂▃▄▅▆▇█"
_WIDTH: Final = 30


def leading_plot(diagnosis: Diagnosis) -> Finding | None:
    """Return the finding whose plot goes with the answer: the first supporting one of the leading hypothesis."""
    first = next(iter(sentences.open_hypotheses(diagnosis)), None)
    findings = first.findings if first else ()
    return next((each for each in findings if each.plot and each.outcome is FindingOutcome.SUPPORTS), None)


def formatted_value(value: float, unit: Unit) -> str:
    """Return a number with its unit."""
    return templates.seconds(value) if unit is Unit.SECONDS else f"{value:.4g}"


def sparkline(plot: Plot, language: Language) -> str:
    """Return the worst line as one row of characters, with its last value and the limit."""
    line = plot.lines[0]
    bars = _bars(_thinned(line), top=max(plot.limit, *(value for _, value in line.points)))
    now, limit = formatted_value(line.points[-1][1], plot.unit), formatted_value(plot.limit, plot.unit)
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
