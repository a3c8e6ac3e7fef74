"""Judge alerts about which only metrics tell: the query of each, filled in for one object, and what its values prove.

`metrics.yaml` declares them. Nothing here asks a Prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from intents.languages import Text
from intents.plots import Unit

# A longer value is no name that an exporter reports.
_LONGEST: Final = 256
_DURATION: Final = re.compile(r"(\d+)([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_VARIABLE: Final = "$series"
_PORT: Final = r"(:[0-9]+)?"
# A series that has had no value for so long, or for two steps more, has ended.
_LATE_S: Final = 60
_SHORTEST_WINDOW_S: Final = 3600


class Proof(StrEnum):
    """The verdict that values beyond the limit prove."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMetric:
    """A query about an alert, and the limit beyond which its values prove it.

    `about` is the kind of its object, `by` are the labels that tell the series of one object apart. `unjudged` says why
    no answer proves it, "" if one can.
    """

    alert: str
    query: str
    about: str
    by: tuple[str, ...] = ()
    limit: float = 0.0
    below: bool = False
    for_s: int = 0
    unit: Unit = Unit.COUNT
    proof: Proof = Proof.CONFIRMED
    measures: Text = field(default_factory=lambda: Text.same(""))
    means: Text = field(default_factory=lambda: Text.same(""))
    unjudged: str = ""

    @property
    def window_s(self) -> int:
        """Return how much history is read: more than the values must have been beyond the limit."""
        return max(2 * self.for_s, _SHORTEST_WINDOW_S)

    def is_beyond(self, value: float) -> bool:
        """Return whether a value is beyond the limit."""
        return value < self.limit if self.below else value > self.limit

    def shown(self, series: str) -> str:
        """Return the query for people, with its limit."""
        query = self.query.replace(_VARIABLE, series)
        return query if self.unjudged else f"{query} {'<' if self.below else '>'} {self.limit:g}"


@cache
def alert_metrics() -> Mapping[str, AlertMetric]:
    """Return what is declared, by the name of the alert."""
    import yaml  # noqa: PLC0415 - a start with a cached catalog parses no file

    declared = yaml.safe_load((files(__package__) / "metrics.yaml").read_text(encoding="utf-8"))
    return {name: _metric(name, each) for each in declared for name in each["alerts"]}


def _metric(name: str, written: Mapping[str, Any]) -> AlertMetric:
    query, about = " ".join(written["query"].split()), written["about"]
    if why := written.get("unjudged"):
        return AlertMetric(alert=name, query=query, about=about, unjudged=why)
    below = "below" in written
    return AlertMetric(
        alert=name,
        query=query,
        about=about,
        by=tuple(written.get("by", ())),
        limit=float(written["below" if below else "above"]),
        below=below,
        for_s=_seconds(written["for"]),
        unit=Unit(written["unit"]),
        proof=Proof(written["proves"]),
        measures=Text(**written["measures"]),
        means=Text(**written["means"]),
    )


def _seconds(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(f"{duration!r} is no duration such as 15m")
    return int(found[1]) * _SECONDS[found[2]]


def series_of_alert(metric: AlertMetric, labels: Mapping[str, str]) -> str:
    """Return the matchers of the series that an alert is about, by its labels alone."""
    place = _own(labels, ("namespace", "pod")) if metric.about == "Pod" else {"instance": labels.get("instance", "")}
    return _matchers({**place, **_own(labels, metric.by)})


def series_of_object(
    metric: AlertMetric, labels: Mapping[str, str], *, namespace: str, name: str, addresses: Iterable[str] = ()
) -> str:
    """Return the matchers of the series about one object; "" if its name cannot be written in a query.

    A node without a label `instance` in the alert is found by its name or an address, with any port.
    """
    apart = _own(labels, metric.by)
    if metric.about == "Pod":
        return _matchers({"namespace": namespace, "pod": name, **apart})
    if instance := labels.get("instance", ""):
        return _matchers({"instance": instance, **apart})
    hosts = "|".join(re.escape(each) for each in (name, *addresses) if _is_plain(each))
    found = [f'instance=~"{_escaped(f"({hosts}){_PORT}")}"'] if hosts else []
    return ", ".join((*found, *filter(None, (_matchers(apart),)))) if found else ""


def _own(labels: Mapping[str, str], names: Iterable[str]) -> Mapping[str, str]:
    return {name: labels.get(f"exported_{name}") or labels.get(name, "") for name in names}


def _matchers(labels: Mapping[str, str]) -> str:
    return ", ".join(f'{name}="{_escaped(value)}"' for name, value in labels.items() if _is_plain(value))


def _is_plain(value: str) -> bool:
    return 0 < len(value) <= _LONGEST and value.isprintable()


def _escaped(value: str) -> str:
    """Escape a value for a quoted string of PromQL."""
    return value.replace("\\", "\\\\").replace('"', '\\"')


def is_of_object(metric: AlertMetric, series: Mapping[str, str], *, namespace: str, names: Iterable[str]) -> bool:
    """Return whether the labels of a series name this object, `names` being its name and its addresses."""
    if metric.about == "Pod":
        return series.get("namespace") == namespace and series.get("pod", "") in {*names}
    instance = series.get("instance", "")
    host = re.sub(rf"{_PORT}$", "", instance)
    # An IPv6 address without brackets ends like one with a port.
    return bool({instance, host.strip("[]"), series.get("node", "")} & {*names})


class Standing(StrEnum):
    """The meaning of the values of one series for an alert."""

    BEYOND = "beyond"
    BRIEF = "brief"  # beyond the limit, for less long than the alert requires
    WITHIN = "within"
    ENDED = "ended"  # no value of late


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How one series stands: its last value, since when it is beyond the limit without a break, when it was last.

    Times are seconds since 1970; `since` and `last_beyond` are 0 if it is not, or was not.
    """

    standing: Standing
    last: float
    at: float
    since: float = 0.0
    last_beyond: float = 0.0


def judged(metric: AlertMetric, points: Sequence[tuple[float, float]], *, now: float, step_s: int) -> Judgement:
    """Judge the values of a series, oldest first, at least one.

    A hole of more than two steps is a break: what was not measured proves nothing.
    """
    at, last = points[-1]
    beyond = [time for time, value in points if metric.is_beyond(value)]
    since, later = 0.0, at
    for time, value in reversed(points):
        if not metric.is_beyond(value) or later - time > 2 * step_s + 1:
            break
        since = later = time
    if now - at > 2 * step_s + _LATE_S:
        standing = Standing.ENDED
    elif not since:
        standing = Standing.WITHIN
    else:
        # The first value beyond the limit may have come up to one step before.
        standing = Standing.BEYOND if at - since + step_s > metric.for_s else Standing.BRIEF
    return Judgement(standing=standing, last=last, at=at, since=since, last_beyond=max(beyond, default=0.0))
