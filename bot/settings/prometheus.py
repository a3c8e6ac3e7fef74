"""Map clusters to their Prometheus. One cluster's metrics must never be used for another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

ETCD_JOB: Final = ".*etcd.*"

_PART: Final = re.compile(r"(?:(?P<context>.+?)=)?(?P<url>https?://.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A Prometheus or a compatible server (Thanos, Mimir, VictoriaMetrics); `url` is the part before /api/v1.

    `etcd_job` is a regular expression for the job label of etcd's metrics.
    """

    url: str
    token: str = field(default="", repr=False)
    etcd_job: str = ETCD_JOB


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The configured sources: `usual` for the default cluster (context `usual_context`), `named` by context."""

    usual: Source | None = None
    usual_context: str = ""
    named: Mapping[str, Source] = field(default_factory=dict)

    def of(self, *, context: str, name: str) -> Source | None:
        """Return the source of `context` ("" for the default), which was resolved to `name`."""
        if source := self.named.get(name) or self.named.get(context):
            return source
        return self.usual if context in ("", self.usual_context) else None


NO_SOURCES: Final = Sources()


def parse_sources(text: str, *, usual_context: str = "", token: str = "", etcd_job: str = ETCD_JOB) -> Sources:
    """Parse a setting: one URL, or CONTEXT=URL for several, separated by commas. Raise ValueError."""
    sources = Sources(usual_context=usual_context)
    for part in filter(None, (each.strip() for each in text.split(","))):
        found = _PART.fullmatch(part)
        if found is None or not _is_base(found["url"]):
            raise ValueError("a URL such as http://prometheus.monitoring:9090, without user and query, or CONTEXT=URL")
        source = Source(url=found["url"].rstrip("/"), token=token, etcd_job=etcd_job)
        if context := found["context"]:
            sources = replace(sources, named={**sources.named, context.strip(): source})
        elif sources.usual is not None:
            raise ValueError("one URL for the default context; write CONTEXT=URL for others")
        else:
            sources = replace(sources, usual=source)
    return sources


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # In http://user:pass/word@host the host would be "user" and the port not a number.
        parted = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parted and "@" not in url and not parts.query and not parts.fragment
