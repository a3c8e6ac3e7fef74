"""Define alerts as Prometheus' Alertmanager groups them, whichever way they reach us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from intents.alerts.metrics import unseen_by
from intents.alerts.objects import object_of
from intents.request import DiagnoseObject, ExplainText


class AlertStatus(StrEnum):
    """Whether an alert stands."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. `labels` hold its name as `alertname`; the times are those of the monitoring system.

    `summary`, `description` and `runbook`, an address, are its annotations, "" where it has none.
    """

    status: AlertStatus
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    description: str = ""
    runbook: str = ""
    fingerprint: str = ""
    starts: datetime | None = None
    ends: datetime | None = None

    @property
    def name(self) -> str:
        """Return the name of the rule that raised it."""
        return self.labels.get("alertname", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGroup:
    """Alerts that were sent together. `key` is equal for each notification about the same group.

    `status` is RESOLVED once none of them fires.
    """

    key: str
    status: AlertStatus
    alerts: tuple[Alert, ...]
    receiver: str = ""
    link: str = ""

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Return the alerts that stand."""
        return tuple(each for each in self.alerts if each.status is AlertStatus.FIRING)


def question_of(labels: Mapping[str, str], summary: str = "") -> DiagnoseObject | ExplainText:
    """Return the question of an alert. One about a part of the cluster is recognised by its name and its summary."""
    if about := object_of(labels):
        return DiagnoseObject(kind=about.kind, namespace=about.namespace, name=about.name, unseen=unseen_by(labels))
    named = (f"{label} = {value}" for label, value in labels.items() if label != "alertname")
    return ExplainText(text="\n".join((f"alertname = {labels.get('alertname', '')}", *named, summary)).rstrip())
