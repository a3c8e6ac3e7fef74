"""Read the body of Alertmanager's webhook, version 4. Unknown fields are ignored: later versions add some."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from intents.alerts.alert import Alert, AlertGroup, AlertStatus
from intents.alerts.links import web_address

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
        fingerprint=read.fingerprint if _FINGERPRINT.fullmatch(read.fingerprint) else fingerprint_of(read.labels),
        starts=_time(read.starts),
        ends=_time(read.ends) if read.status is AlertStatus.RESOLVED else None,
    )


def _time(given: datetime | None) -> datetime | None:
    return given if given and given.year in _YEARS else None


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """Return what is equal for equal labels."""
    text = "\0".join(f"{name}\1{value}" for name, value in sorted(labels.items()))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _says(details: Any) -> str:
    field = ""
    for step in details["loc"]:
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else str(step)
    expected = str(details["msg"]).removeprefix("Value error, ")
    return f"{field}: {expected}" if field else expected
