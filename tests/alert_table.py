"""Read the alerts of the common mixins: their labels, their objects, and the incidents that explain them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from intents.catalog.cases import world_of
from tests.builtin import builtin_catalog

_FILE: Final = Path(__file__).with_name("alert_table.yaml")
_WORLD: Final[Mapping[str, type[dict[str, Any]] | type[list[Any]]]] = {"faults": dict, "objects": list}
_OF_EVERY: Final = {"prometheus": "monitoring/k8s", "severity": "warning"}
SUMMARY: Final = "Something has been wrong for longer than 15 minutes."


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAlert:
    """An alert of the table. `about` is its object as Kind/namespace/name, "" if a `subject` of the cluster is.

    `broken` and `healthy` are states of a cluster in which one of `finds` explains it, and in which nothing does.
    """

    labels: Mapping[str, str]
    about: str
    named: str
    subject: str
    broken: Mapping[str, Any]
    healthy: Mapping[str, Any]
    finds: frozenset[str]

    @property
    def name(self) -> str:
        """Return the name of the alert."""
        return self.labels["alertname"]

    @property
    def id(self) -> str:
        """Return the name for a test."""
        return f"{self.name}-{self.about or self.subject}".replace("/", ".").replace(" ", "-")


def alert_table() -> tuple[TableAlert, ...]:
    """Read every alert of the table."""
    written = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(one for row in written["rows"] for one in _alerts(row, written["exporters"][row["from"]]))


def _alerts(row: Mapping[str, Any], exporter: Mapping[str, str]) -> Iterator[TableAlert]:
    broken = _world(row.get("broken"), {key: row.get(key, of()) for key, of in _WORLD.items()})
    calm = [{**one, "status": {"phase": "Bound"}} for one in row.get("objects", ())] or broken["objects"]
    healthy = _world(row.get("healthy"), {**broken, "faults": {}, "events": [], "objects": calm})
    for name, own in row["alerts"].items():
        yield TableAlert(
            labels={"alertname": name, **_OF_EVERY, **exporter, **row["labels"], **own},
            about=row.get("about", ""),
            named=row.get("named", row.get("about", "")),
            subject=row.get("subject", ""),
            broken=broken,
            healthy=healthy,
            finds=frozenset(row["finds"]),
        )


def _world(case: tuple[str, str] | None, otherwise: Mapping[str, Any]) -> Mapping[str, Any]:
    if case is None:
        return otherwise
    incident = builtin_catalog().catalog.incidents[case[0]]
    return world_of(incident, next(one for one in incident.cases if one.name == case[1]))


# --- as they are posted ---------------------------------------------------------------------------------------------


def titled(labels: Mapping[str, str], *, state: str = "FIRING:1") -> str:
    """Return Alertmanager's default post: a title in which the values have no names."""
    values = " ".join(labels[key] for key in sorted(labels) if key != "alertname")
    return f"[{state}] {labels['alertname']} ({values})"


def templated(labels: Mapping[str, str], *, state: str = "FIRING:1") -> str:
    """Return Alertmanager's post by a common template that lists the labels."""
    details = "\n".join(f" • *{key}:* `{value}`" for key, value in labels.items())
    return f"[{state}] {labels['alertname']}\n*Alert:* {SUMMARY} - `warning`\n*Details:*\n{details}"


def of_grafana(labels: Mapping[str, str], *, state: str = "FIRING:1") -> str:
    """Return the post of Grafana's unified alerting."""
    listed = "\n".join(f" - {key} = {value}" for key, value in labels.items())
    head = "Resolved" if state.startswith("RESOLVED") else "Firing"
    return (
        f"[{state}] {labels['alertname']}\n**{head}**\n\nValue: A=1, C=1\nLabels:\n{listed}\n"
        f"Annotations:\n - summary = {SUMMARY}"
    )
