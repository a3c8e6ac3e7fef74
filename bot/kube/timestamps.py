"""Parse the times that Kubernetes writes, ages in whole seconds, and the validity of X.509 certificates."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterator
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
_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
# Between the version and the validity: serial number, algorithm of the signature, issuer.
_BEFORE_VALIDITY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The first and the last moment at which a certificate is valid."""

    begin: datetime
    end: datetime


def validities(pem: str) -> tuple[Validity, ...]:
    """Return the validity of each certificate in a PEM text; what cannot be read is left out."""
    found = []
    for block in list(_PEM.finditer(pem))[:_MOST]:
        with suppress(Error, ValueError, IndexError):
            found.append(_validity(b64decode(block.group(1))))
    return tuple(found)


def bundle_validities(bundle: str) -> tuple[Validity, ...]:
    """Return the validities of a caBundle as the API returns it: PEM text in base64."""
    try:
        return validities(b64decode(bundle, validate=True).decode("ascii", "replace"))
    except (Error, ValueError):
        return ()


def _validity(der: bytes) -> Validity:
    """Return the validity of a DER certificate. Raise ValueError or IndexError for anything else."""
    [(_, certificate), *_] = _elements(der)
    [(_, signed), *_] = _elements(certificate)
    fields = [each for each in _elements(signed) if each[0] != _VERSION]
    tag, validity = fields[_BEFORE_VALIDITY]
    if tag != _SEQUENCE:
        raise ValueError
    begin, end = _elements(validity)
    return Validity(begin=_time(*begin), end=_time(*end))


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each DER element, one after the other."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size]), at + size
        if at + length > len(der):
            raise ValueError
        yield tag, der[at : at + length]
        at += length


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year: RFC 5280 reads 50 to 99 as 1950 to 1999
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
