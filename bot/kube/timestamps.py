"""Parse the times that Kubernetes writes, ages in whole seconds, and the validity of X.509 certificates."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final


def parse_time(text: object) -> datetime | None:
    """Return an RFC 3339 time, with or without a fraction, in UTC; None for anything else."""
    return _in_utc(datetime.fromisoformat, text)


def parse_http_date(text: str | None) -> datetime | None:
    """Return the Date header of an answer in UTC; None if it is missing or malformed."""
    return _in_utc(parsedate_to_datetime, text)


def _in_utc(parse: Callable[[str], datetime], text: object) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        at = parse(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


UNKNOWN: Final = -1


def seconds_since(timestamp: Any, now: datetime) -> int:
    """Return whole seconds since an RFC 3339 time: 0 for a time that lies ahead (clocks differ), -1 for none."""
    at = parse_time(timestamp)
    return UNKNOWN if at is None else max(int((now - at).total_seconds()), 0)


def moment(age_s: int, now: datetime) -> datetime | None:
    """Return the time that many seconds ago, None for an unknown age."""
    return None if age_s == UNKNOWN else now - timedelta(seconds=age_s)


_MOST: Final = 200
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The first and the last moment at which a certificate is valid."""

    begin: datetime
    end: datetime


def validities(pem: str) -> tuple[Validity, ...]:
    """Return the validity of each certificate in a PEM text; what cannot be read is left out."""
    from cryptography import x509  # noqa: PLC0415 - few questions are about certificates

    found = []
    for block in list(_PEM.finditer(pem))[:_MOST]:
        with suppress(ValueError, x509.InvalidVersion):
            held = x509.load_der_x509_certificate(b64decode(block.group(1)))
            found.append(Validity(begin=held.not_valid_before_utc, end=held.not_valid_after_utc))
    return tuple(found)


def bundle_validities(bundle: str) -> tuple[Validity, ...]:
    """Return the validities of a caBundle as the API returns it: PEM text in base64."""
    try:
        return validities(b64decode(bundle, validate=True).decode("ascii", "replace"))
    except ValueError:
        return ()
