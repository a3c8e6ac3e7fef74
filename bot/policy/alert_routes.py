"""Load the routes of alerts: which channel gets an alert, and in which cluster its object is.

The first route whose labels match decides. An alert without a route is posted nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StringConstraints, TypeAdapter

from bot.policy.matching import unmatched_lines
from bot.policy.model import StrictModel
from bot.policy.strict_yaml import read_strictly

_ChannelId = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,}$")]


class AlertMode(StrEnum):
    """Which alerts are posted."""

    ALL = "all"
    PROVEN = "proven"


class AlertRoute(StrictModel):
    """A route of alerts to one channel."""

    channel: _ChannelId
    """The id of the channel, such as C0123ABCD."""
    match: Mapping[str, str] = Field(default_factory=dict)
    """Labels and their values or patterns ("shop-*"); all must match. Without any, the route takes every alert."""
    cluster: str = ""
    """The context of the alerts' cluster, if no label names it."""
    cluster_label: str = "cluster"
    """The label that names the cluster."""
    clusters: Mapping[str, str] = Field(default_factory=dict)
    """The context of each value of that label."""
    mode: AlertMode = AlertMode.ALL
    """`all`, or `proven`: only alerts whose cause is confirmed."""

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert with these labels takes this route."""
        return all(fnmatchcase(labels.get(name, ""), value) for name, value in self.match.items())

    def cluster_of(self, labels: Mapping[str, str]) -> str:
        """Return the context of an alert's cluster, "" if unknown."""
        named = labels.get(self.cluster_label, "")
        return self.clusters.get(named, "") if named and self.clusters else self.cluster


_FILE: Final = TypeAdapter(tuple[AlertRoute, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRoutes:
    """All routes, in their order."""

    routes: tuple[AlertRoute, ...] = ()

    def of(self, labels: Mapping[str, str]) -> AlertRoute | None:
        """Return the first route that takes an alert with these labels, None without one."""
        return next((route for route in self.routes if route.takes(labels)), None)

    def unmatched(self, clusters: Collection[str]) -> tuple[str, ...]:
        """Return a line for each name that matches no cluster, with the routes that use it."""
        return unmatched_lines(
            (name, f"[{number}]")
            for number, route in enumerate(self.routes)
            for name in dict.fromkeys((route.cluster, *route.clusters.values()))
            if name and name not in clusters
        )


NO_ROUTES: Final = AlertRoutes()


def load_alert_routes(path: Path) -> AlertRoutes:
    """Read a file of routes; blocking. Raise FileError with all its problems."""
    expected = "a list of routes such as {match: {severity: critical}, channel: C0123ABCD, cluster: prod}"
    keys = AlertRoute.model_fields
    return AlertRoutes(
        routes=read_strictly(path, _FILE.validate_python, of=list, expected=expected, known=lambda _: keys)
    )
