"""Read the settings of the OpenTelemetry collector: its address, and the headers that authorise Casebook there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import SecretStr

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_ENDPOINT_EXPECTED: Final = "a URL such as http://otel-collector.monitoring:4318, without user, query and /v1/traces"
_HEADERS_EXPECTED: Final = "NAME=VALUE, such as authorization=Bearer …; separated by ,"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A collector of traces and metrics. `headers` hold credentials."""

    endpoint: str
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, endpoint: str, headers: SecretStr) -> Self | None:
        """Return the collector that the settings name, or None."""
        return cls(endpoint=endpoint, headers=parse_headers(headers.get_secret_value())) if endpoint else None

    def url(self, signal: str) -> str:
        """Return the URL of a signal: traces, metrics."""
        return f"{self.endpoint}/v1/{signal}"


def parse_endpoint(text: str) -> str:
    """Return the URL without a slash at its end, "" if unset. Raise ValueError with what is expected."""
    if not text:
        return ""
    try:
        url = urlsplit(text)
        whole = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError as error:
        raise ValueError(_ENDPOINT_EXPECTED) from error
    more = "@" in url.netloc or url.query or url.fragment or url.path.rstrip("/").endswith(("/traces", "/metrics"))
    if not whole or more:
        raise ValueError(_ENDPOINT_EXPECTED)
    return text.rstrip("/")


def parse_headers(text: str) -> Mapping[str, str]:
    """Return headers by name. Raise ValueError with what is expected."""
    headers = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, found, value = (each.strip() for each in part.partition("="))
        if not found or not value or not _HEADER.fullmatch(name) or not value.isprintable() or not value.isascii():
            raise ValueError(_HEADERS_EXPECTED)
        headers[name.lower()] = value
    return MappingProxyType(headers)
