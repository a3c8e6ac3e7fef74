"""Evaluate the PromQL that entries use: gauges, arithmetic, rate, increase, changes, sum … by and its like, quantiles.

What is not understood is refused, as a real server refuses what is wrong: a query that works here works there.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Final, TypeVar

from bot.playground.kubernetes.prometheus.series import NAME, Raw, seconds

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?![\w.]))|(?P<duration>(?:\d+[smhdwy])+)|(?P<name>[a-zA-Z_:][\w:]*)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")|(?P<sign>=~|!~|!=|>=|<=|[=<>(){}\[\],/+*-]))'
)

Labels = tuple[tuple[str, str], ...]
Vector = dict[Labels, float]
Matchers = list[tuple[str, str, str]]
T = TypeVar("T")
Series = tuple[Raw, ...]
Evaluate = Callable[[Series, float], Vector]


class BadQuery(ValueError):
    """A query that Prometheus would refuse with a parse error."""


def parse(text: str) -> Evaluate:
    """Return a function that evaluates the query at a time. Raises BadQuery."""
    parser = _Parser(text)
    evaluate = parser.comparison()
    if parser.kind:
        raise parser.unexpected()
    return evaluate


@dataclass(frozen=True, slots=True)
class _Number:
    """A number in an expression; with a vector it is combined with each value."""

    value: float

    def __call__(self, _series: Series, _at: float) -> Vector:
        return {(): self.value}


_AGGREGATIONS: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "avg": fmean,
    "count": len,
}
_COMPARISONS: Final = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
_OPERATORS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else math.nan,
}


def _combined(left: Evaluate, sign: str, right: Evaluate) -> Evaluate:
    """Return the values of both sides with equal labels, combined."""
    apply = _OPERATORS[sign]

    def combine(series: Series, at: float) -> Vector:
        if isinstance(left, _Number):
            return {labels: apply(left.value, value) for labels, value in right(series, at).items()}
        if isinstance(right, _Number):
            return {labels: apply(value, right.value) for labels, value in left(series, at).items()}
        beside = right(series, at)
        return {labels: apply(value, beside[labels]) for labels, value in left(series, at).items() if labels in beside}

    return combine


def _selected(matchers: Matchers, read: Callable[[Raw, float], float | None]) -> Evaluate:
    """Return what is read of each series that has these labels and a value then."""

    known: Series = ()
    taken: list[Raw] = []

    def select(series: Series, at: float) -> Vector:
        nonlocal known, taken
        # A range query asks for many times of the same series.
        if series is not known:
            known, taken = series, [raw for raw in series if _has_labels(raw, matchers)]
        return {raw.without_name: value for raw in taken if (value := read(raw, at)) is not None}

    return select


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._next = 0
        self._start = 0
        self.kind, self._value = "", ""
        self._advance()

    def comparison(self) -> Evaluate:
        left = self._expression()
        compares = _COMPARISONS.get(self._value)
        if compares is None:
            return left
        self._take()
        limit = float(self._take("number"))

        def compare(series: Series, at: float) -> Vector:
            return {labels: value for labels, value in left(series, at).items() if compares(value, limit)}

        return compare

    def _expression(self) -> Evaluate:
        return self._chain(self._term, ("+", "-"))

    def _term(self) -> Evaluate:
        return self._chain(self._operand, ("*", "/"))

    def _chain(self, operand: Callable[[], Evaluate], signs: tuple[str, str]) -> Evaluate:
        found = operand()
        while self._value in signs:
            sign = self._take()
            found = _combined(found, sign, operand())
        return found

    def _operand(self) -> Evaluate:
        if self._value == "(":
            return self._enclosed(self.comparison)
        if self.kind == "number":
            return _Number(float(self._take()))
        name = self._take("name")
        if self._value != "(" and name not in _AGGREGATIONS:
            return _selected(self._matchers(name), Raw.gauge)
        if name in _AGGREGATIONS:
            return self._aggregated(_AGGREGATIONS[name])
        match name:
            case "histogram_quantile":
                return self._quantile()
            case "abs":
                inner = self._enclosed(self._expression)
                return lambda series, at: {labels: abs(value) for labels, value in inner(series, at).items()}
            case "rate" | "increase" | "changes":
                return self._over_time(name)
        raise BadQuery(f'1:{self._start + 1}: parse error: not understood here: "{self._text[self._start :][:30]}"')

    def _quantile(self) -> Evaluate:
        self._take("(")
        share = float(self._take("number"))
        self._take(",")
        inner = self._expression()
        self._take(")")
        return lambda series, at: _quantiles(inner(series, at), share)

    def _aggregated(self, of: Callable[[list[float]], float]) -> Evaluate:
        by = self._by()
        inner = self._enclosed(self._expression)
        kept = by if by is not None else (self._by() or [])

        def aggregate(series: Series, at: float) -> Vector:
            groups: dict[Labels, list[float]] = {}
            for labels, value in inner(series, at).items():
                groups.setdefault(tuple((name, text) for name, text in labels if name in kept), []).append(value)
            return {group: of(values) for group, values in groups.items()}

        return aggregate

    def _by(self) -> list[str] | None:
        if self._value != "by":
            return None
        self._take()
        return self._listed("()", lambda: self._take("name"))

    def _over_time(self, function: str) -> Evaluate:
        self._take("(")
        matchers = self._matchers(self._take("name"))
        self._take("[")
        window = seconds(self._take("duration"))
        self._take("]")
        self._take(")")

        def compute(raw: Raw, at: float) -> float | None:
            growth = raw.rate(at, window)
            if growth is None:
                return None
            grown = growth * window
            return {"rate": growth, "increase": grown, "changes": float(math.floor(grown + 1e-9))}[function]

        return _selected(matchers, compute)

    def _matchers(self, metric: str) -> Matchers:
        return [(NAME, "=", metric), *(self._listed("{}", self._matcher) if self._value == "{" else ())]

    def _matcher(self) -> tuple[str, str, str]:
        name, sign = self._take("name"), self._take("sign")
        return name, sign, re.sub(r"\\(.)", r"\1", self._take("string")[1:-1])

    def _listed(self, brackets: str, read: Callable[[], T]) -> list[T]:
        """Return what is read between brackets, separated by commas."""
        self._take(brackets[0])
        found = []
        while self._value != brackets[1]:
            found.append(read())
            if self._value != brackets[1]:
                self._take(",")
        self._take(brackets[1])
        return found

    def _enclosed(self, read: Callable[[], Evaluate]) -> Evaluate:
        """Return the expression between parentheses."""
        self._take("(")
        found = read()
        self._take(")")
        return found

    def _take(self, wanted: str = "") -> str:
        """Return the next token, which must be `wanted` if that is given."""
        if wanted and wanted not in (self.kind, self._value):
            raise self.unexpected()
        value = self._value
        self._advance()
        return value

    def unexpected(self) -> BadQuery:
        found = f'unexpected "{self._value}"' if self.kind else "unexpected end of input"
        return BadQuery(f"1:{self._start + 1}: parse error: {found}")

    def _advance(self) -> None:
        self._start = self._next
        if not self._text[self._next :].strip():
            self.kind, self._value = "", ""
            return
        found = _TOKEN.match(self._text, self._next)
        if found is None:
            rest = self._text[self._next :].lstrip()
            raise BadQuery(f"1:{self._next + 1}: parse error: unexpected character: {rest[:1]!r}")
        self._next = found.end()
        self.kind, self._value = str(found.lastgroup), found[str(found.lastgroup)]


def _quantiles(buckets: Vector, share: float) -> Vector:
    """Compute PromQL's histogram_quantile: interpolate linearly between the bounds of a group's buckets."""
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, value in buckets.items():
        bound = dict(labels).get("le")
        if bound is not None:
            rest = tuple(pair for pair in labels if pair[0] != "le")
            groups.setdefault(rest, []).append((float(bound), value))
    return {labels: _quantile(sorted(group), share) for labels, group in groups.items()}


def _quantile(buckets: list[tuple[float, float]], share: float) -> float:
    if len(buckets) < 2 or not math.isinf(buckets[-1][0]) or buckets[-1][1] == 0:
        return math.nan
    rank = share * buckets[-1][1]
    at = next(index for index, (_, count) in enumerate(buckets) if count >= rank)
    if at == len(buckets) - 1:
        return buckets[-2][0]
    bound, count = buckets[at]
    lower, below = buckets[at - 1] if at else (0.0, 0.0)
    return lower + (bound - lower) * (rank - below) / (count - below)


def _has_labels(raw: Raw, matchers: Matchers) -> bool:
    return all(_matches(raw.labels.get(name, ""), sign, value) for name, sign, value in matchers)


def _matches(value: str, sign: str, wanted: str) -> bool:
    if sign in ("=", "!="):
        return (value == wanted) is (sign == "=")
    try:
        found = re.fullmatch(wanted, value) is not None
    except re.error as error:
        raise BadQuery(f"1:1: parse error: error parsing regexp: {error}") from None
    return found is (sign == "=~")
