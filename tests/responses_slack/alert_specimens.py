"""Posts about alerts, firing and resolved, for the snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from intents.domain import Language
from responses.slack.alert_groups import firing_message, resolved_message
from responses.slack.message import Message

_NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
_NAMES: Final = {"KubePodNotReady": 40, "KubeDeploymentReplicasMismatch": 2}


def alert_specimens(cause: str, answer: Message, language: Language) -> Iterator[tuple[str, Message]]:
    """Yield the posts about one cause."""
    shared: dict[str, Any] = {
        "since": _NOON - timedelta(minutes=83),
        "link": "http://alertmanager:9093",
        "language": language,
    }
    yield "alerts-firing", firing_message(_NAMES, cause=cause, diagnosis=answer.blocks, **shared)
    yield "alerts-resolved", resolved_message(_NAMES, cause=cause, ended=_NOON, **shared)
