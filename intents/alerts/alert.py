"""Define alerts as Alertmanager groups them, whichever way they reach us: read them, tell what one measures, and which
are the same.

Of the body of Alertmanager's webhook, version 4, unknown fields are ignored: later versions add some.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from intents.alerts.labels import alerts_in, labels_in
from intents.alerts.links import web_address
from intents.alerts.metrics import alert_metrics, series_of_alert
from intents.alerts.objects import object_of
from intents.gaps import Gap, GapReason
from intents.request import DiagnoseObject, ExplainText


def unseen_by(labels: Mapping[str, str]) -> tuple[Gap, ...]:
    """Return what the Kubernetes API cannot tell about an alert, with the query that can; () for any other alert."""
    name = labels.get("alertname", "")
    metric = alert_metrics().get(name)
    if metric is None:
        return ()
    asked = metric.shown(series_of_alert(metric, labels))
    return (Gap(what=f"the metric behind {name}", reason=GapReason.ONLY_METRICS, detail=asked),)


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
        return DiagnoseObject(kind=about.kind, namespace=about.namespace, name=about.name, alert=labels)
    named = (f"{label} = {value}" for label, value in labels.items() if label != "alertname")
    return ExplainText(text="\n".join((f"alertname = {labels.get('alertname', '')}", *named, summary)).rstrip())


# Alertmanager's default title: the state with the number of alerts, then what has the same values in both posts.
_TITLE: Final = re.compile(
    r"(?i)(?:\[(?:firing|resolved|ok|alerting|triggered|recovered|closed)\b[^\]]*\]|(?-i:FIRING|RESOLVED)(?::|\[\d{1,4}\])|【[^】]*】)\s*(.{3,600})"
)
# "Triggered #1234: …" and "Resolved #1234: …" of PagerDuty, "#12: …" of Opsgenie.
_NUMBERED: Final = re.compile(
    r"(?i)\b(?:triggered|acknowledged|resolved|incident|alert|closed|created)\b[^#\n]{0,60}#(\d{1,9})\b"
)
_WORD: Final = re.compile(r"[\w./:-]+")
_HEAD: Final = 5


def identities(text: str, *, over: bool = False) -> tuple[str, ...]:
    """Return what this post has in common with every other post about the same alert; () for another text.

    Of a post that fires it is what the alert is known by that is answered. With `over` it is what each of its alerts is
    known by, as exactly as it can be: by the title only if it has neither objects nor a number.
    Each is a digest, so that no text is kept.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    known = [_known(labels) for labels in (alerts_in(lines) if over else [labels_in(lines)]) if labels]
    exact = [each for each in known if each[0] == "object"]
    titles: list[tuple[str, ...]] = []
    for line in lines[:_HEAD]:
        if match := _NUMBERED.search(line):
            exact.append(("number", match[1]))
        if (match := _TITLE.search(line)) and (words := _WORD.findall(match[1])):
            titles.append(("title", *sorted(words)))
    return tuple(map(_digest, dict.fromkeys(exact if over and exact else [*known, *exact, *titles])))


def _known(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an alert is known by: its object, or all its labels where they name none."""
    if focus := object_of(labels):
        return ("object", labels["alertname"], focus.kind, focus.namespace, focus.name)
    return ("labels", *(f"{key}={value}" for key, value in sorted(labels.items())))


def _digest(parts: Iterable[str], *, size: int = 12) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=size).hexdigest()


# More alerts than Alertmanager groups in practice; the size limit of the body allows about as many.
_MOST_ALERTS: Final = 5_000
_MOST_LABELS: Final = 64
_LONGEST_VALUE: Final = 1_000
_LONGEST_WORDS: Final = 4_000
# Alertmanager's. Another one could look like a credential, and the store would not find it again.
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")
# Go's zero time is in year 1: the alert has no end yet. At either edge a time has no UTC equivalent.
_YEARS: Final = range(2, 9999)


class AlertPayloadError(ValueError):
    """A body that is not a webhook of Alertmanager. `str()` names the first wrong field and what was expected."""


def _unset(value: Any) -> Any:
    return None if value in ("", "0001-01-01T00:00:00Z") else value


_Words = Mapping[str, str]
_Time = Annotated[AwareDatetime | None, BeforeValidator(_unset)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class _Alert(_Model):
    status: AlertStatus
    labels: Annotated[_Words, Field(max_length=_MOST_LABELS)]
    annotations: _Words = Field(default_factory=dict)
    starts: _Time = Field(default=None, alias="startsAt")
    ends: _Time = Field(default=None, alias="endsAt")
    fingerprint: str = ""


class _Webhook(_Model):
    version: Literal["4"]
    key: Annotated[str, Field(alias="groupKey", min_length=1)]
    status: AlertStatus
    alerts: Annotated[tuple[_Alert, ...], Field(max_length=_MOST_ALERTS)]
    receiver: str = ""
    link: str = Field(default="", alias="externalURL")


def parse_webhook(body: bytes) -> AlertGroup:
    """Return the group of a webhook's body. Raise AlertPayloadError."""
    try:
        read = _Webhook.model_validate_json(body)
    except ValidationError as error:
        raise AlertPayloadError(_says(error.errors()[0])) from None
    alerts = tuple(map(_alert, read.alerts))
    return AlertGroup(
        key=read.key[:_LONGEST_VALUE],
        status=read.status,
        alerts=alerts,
        receiver=read.receiver[:_LONGEST_VALUE],
        link=read.link[:_LONGEST_VALUE],
    )


def _alert(read: _Alert) -> Alert:
    labels = {name: value[:_LONGEST_VALUE] for name, value in read.labels.items()}
    notes = read.annotations
    return Alert(
        status=read.status,
        labels=labels,
        summary=(notes.get("summary") or notes.get("message", ""))[:_LONGEST_WORDS],
        description=notes.get("description", "")[:_LONGEST_WORDS],
        runbook=web_address(notes.get("runbook_url", "")),
        fingerprint=read.fingerprint if _FINGERPRINT.fullmatch(read.fingerprint) else _fingerprint(read.labels),
        starts=_time(read.starts),
        ends=_time(read.ends) if read.status is AlertStatus.RESOLVED else None,
    )


def _time(given: datetime | None) -> datetime | None:
    return given if given and given.year in _YEARS else None


def _fingerprint(labels: Mapping[str, str]) -> str:
    return _digest((f"{name}\1{value}" for name, value in sorted(labels.items())), size=8)


def _says(details: Any) -> str:
    field = ""
    for step in details["loc"]:
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else str(step)
    expected = str(details["msg"]).removeprefix("Value error, ")
    return f"{field}: {expected}" if field else expected
