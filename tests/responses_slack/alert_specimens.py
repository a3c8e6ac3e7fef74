"""Posts about alerts, firing and resolved, for the snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from intents.alerts.silences import matchers_of
from intents.domain import Language, ObjectRef
from responses.slack.alert_groups import (
    AlertsShown,
    RemedyDone,
    SilenceShown,
    firing_message,
    resolved_message,
    silence_dialog,
)
from responses.slack.choices import diagnose_value
from responses.slack.message import Message, View

_NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
_NAMES: Final = {"KubePodNotReady": 40, "KubeDeploymentReplicasMismatch": 2}


_LABELS: Final = [
    {"alertname": name, "namespace": "shop", "severity": "warning", "pod": f"web-{name}"} for name in _NAMES
]
_SILENCE: Final = SilenceShown(by="U012BO", until=_NOON, reason="new config <!here> *x*", stands=True)
_DONE: Final = RemedyDone(action="rollout-undo", target="Deployment shop/web", by="U012BO")


def alert_specimens(cause: str, answer: Message, language: Language) -> Iterator[tuple[str, Message | View]]:
    """Yield the posts about one cause."""
    since, link = _NOON - timedelta(minutes=83), "http://alertmanager:9093"
    alerts = AlertsShown(names=_NAMES, cause=cause, since=since, link=link)
    post: dict[str, Any] = {"diagnosis": answer.blocks, "silences": "alerts-5b2f", "language": language}
    post["diagnose"] = diagnose_value(ObjectRef(kind="Pod", namespace="shop", name="web-0"), cluster="prod")
    yield "alerts-firing", firing_message(alerts, **post)
    yield "alerts-silenced", firing_message(replace(alerts, silence=_SILENCE), **post)
    over = replace(_SILENCE, stands=False, ended_by="U012AL")
    yield (
        "alerts-resolved",
        resolved_message(replace(alerts, silence=over), ended=_NOON, done=[_DONE], language=language),
    )
    yield "silence-dialog", silence_dialog(matchers_of(_LABELS), metadata="alerts-5b2f:00", language=language)
