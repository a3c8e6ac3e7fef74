"""The body of Alertmanager's webhook: read in full, or refused with the field."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from intents.alerts.alert import AlertPayloadError, AlertStatus, parse_webhook

ALERT: dict[str, Any] = {
    "status": "resolved",
    "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "api-0"},
    "annotations": {"summary": "api-0 restarts.", "description": "Every minute.", "runbook_url": "https://runbooks/1"},
    "startsAt": "2026-11-20T08:00:00.123Z",
    "endsAt": "2026-11-20T09:00:00+01:00",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "c1b8a7d6e5f40312",
}
BODY: dict[str, Any] = {
    "version": "4",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "status": "resolved",
    "receiver": "casebook",
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "alerts": [ALERT],
}


def body(**changes: Any) -> bytes:
    return json.dumps({**BODY, **changes}).encode()


def test_every_field_is_read() -> None:
    group = parse_webhook(body())

    (alert,) = group.alerts
    assert (group.key, group.receiver, group.link) == ("{}:{}", "casebook", "http://alertmanager:9093")
    assert (alert.status, alert.name, alert.fingerprint) == (
        AlertStatus.RESOLVED,
        "KubePodCrashLooping",
        "c1b8a7d6e5f40312",
    )
    assert (alert.summary, alert.description, alert.runbook) == (
        "api-0 restarts.",
        "Every minute.",
        "https://runbooks/1",
    )
    assert alert.starts == datetime(2026, 11, 20, 8, 0, 0, 123_000, tzinfo=UTC)
    assert alert.ends == datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def test_end_of_a_firing_alert_is_unknown_and_equal_labels_have_one_fingerprint() -> None:
    firing = {**ALERT, "status": "firing", "fingerprint": ""}
    turned = {**firing, "labels": dict(reversed(firing["labels"].items()))}

    first, second = parse_webhook(body(status="firing", alerts=[firing, turned])).alerts
    assert first.ends is None
    assert first.fingerprint == second.fingerprint != ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": "3"}, "version: "),
        ({"groupKey": ""}, "groupKey: "),
        ({"status": "flapping"}, "status: "),
        ({"alerts": "none"}, "alerts: "),
        ({"alerts": [ALERT, {**ALERT, "labels": {"pod": 7}}]}, "alerts[1].labels.pod: "),
        ({"alerts": [{**ALERT, "labels": {f"l{n}": "" for n in range(65)}}]}, "alerts[0].labels: "),
        ({"alerts": [{**ALERT, "startsAt": "2026-11-20T08:00:00"}]}, "alerts[0].startsAt: "),
        ({"alerts": [ALERT] * 5_001}, "alerts: "),
    ],
)
def test_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(AlertPayloadError) as caught:
        parse_webhook(body(**changes))
    assert str(caught.value).startswith(field)
