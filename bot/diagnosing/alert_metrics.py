"""Raise the entry that judges an alert by its metric, where the alert is about the object that is diagnosed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.kube.objects import name_of, namespace_of, node_addresses
from intents.alerts.metrics import alert_metrics
from intents.alerts.objects import object_of
from intents.catalog.loader import Catalog
from intents.domain import FindingOutcome, Hypothesis, Json, JudgedHypothesis, SignatureMatch

ENTRY: Final = "alert-metric-beyond-limit"


def raised_by_alert(
    alert: Mapping[str, str], obj: Json, kind: str, *, named: Mapping[str, str], catalog: Catalog
) -> tuple[Hypothesis, ...]:
    """Return the hypothesis that the metric behind an alert is beyond its limit; () for any other alert or object."""
    name = alert.get("alertname", "")
    metric, about = alert_metrics().get(name), object_of(alert)
    if metric is None or metric.unjudged or about is None or ENTRY not in catalog.incidents:
        return ()
    names = {name_of(obj), *(node_addresses(obj) if kind == "Node" else ())}
    if metric.about != kind or about.kind != kind or about.name not in names:
        return ()
    if about.namespace and about.namespace != namespace_of(obj):
        return ()
    match = SignatureMatch(signature=name, line=1, quote=f"alertname={name}", score=1.0)
    return (Hypothesis(incident=ENTRY, score=1.0, matches=(match,), named=named),)


def is_of_alert(one: JudgedHypothesis) -> bool:
    """Return whether it judges an alert by its metric."""
    return one.incident == ENTRY


def is_told_by_metrics(one: JudgedHypothesis) -> bool:
    """Return whether the values of the metric were read."""
    return is_of_alert(one) and any(
        finding.outcome is not FindingOutcome.GAP and finding.rows for finding in one.findings
    )
