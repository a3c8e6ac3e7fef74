"""Turn an alert into a question: diagnose the object that it is about, else explain what it says."""

from __future__ import annotations

from collections.abc import Mapping

from intents.alerts.metrics import unseen_by
from intents.alerts.objects import object_of
from intents.request import DiagnoseObject, ExplainText


def question_of(labels: Mapping[str, str], summary: str = "") -> DiagnoseObject | ExplainText:
    """Return the question of an alert. One about a part of the cluster is recognised by its name and its summary."""
    if about := object_of(labels):
        return DiagnoseObject(kind=about.kind, namespace=about.namespace, name=about.name, unseen=unseen_by(labels))
    named = (f"{label} = {value}" for label, value in labels.items() if label != "alertname")
    return ExplainText(text="\n".join((f"alertname = {labels.get('alertname', '')}", *named, summary)).rstrip())
