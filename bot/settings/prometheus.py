"""Read the settings of clusters and of Prometheus."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """Limits of one connection; times are in seconds.

    `retries` counts the attempts after the first one; only reads are retried. The pauses between them double from
    `first_pause` up to `longest_pause`; the server's Retry-After takes precedence.

    Sizes are in bytes: of one answer, of all answers of one diagnosis, of the objects that one diagnosis holds, and of
    the answers and objects that all reads of the connection hold. A real page of 500 pods has 3 to 8 MiB.
    """

    concurrency: int = 16
    call_timeout: float = 3.0
    retries: int = 2
    first_pause: float = 0.1
    longest_pause: float = 1.0
    login_timeout: float = 10.0
    answer_bytes: int = 16 << 20
    diagnosis_bytes: int = 64 << 20
    diagnosis_memory: int = 128 << 20
    total_memory: int = 160 << 20

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise ValueError(f"concurrency is {self.concurrency}: expected at least 1 call in flight")
        if self.retries < 0:
            raise ValueError(f"retries is {self.retries}: expected 0 or more")
        seconds = ("call_timeout", "first_pause", "longest_pause", "login_timeout")
        for name in (*seconds, "answer_bytes", "diagnosis_bytes", "diagnosis_memory", "total_memory"):
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"{name} is {value}: expected more than 0 {'seconds' if name in seconds else 'bytes'}")


ETCD_JOB: Final = ".*etcd.*"

_PART: Final = re.compile(r"(?:(?P<context>.+?)=)?(?P<url>https?://.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A Prometheus or a compatible server (Thanos, Mimir, VictoriaMetrics); `url` is the part before /api/v1.

    `etcd_job` is a regular expression for the job label of etcd's metrics. Requests carry a bearer token, or `user` and
    password, and the `tenant` headers. Credentials in a file are read for each query, since such files are rotated.
    """

    url: str
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    tenant: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    etcd_job: str = ETCD_JOB

    def headers(self) -> Mapping[str, str]:
        """Return the headers of a request. Raise OSError or ValueError if a file of credentials is not usable."""
        if self.user:
            pair = f"{self.user}:{_secret(self.password, self.password_file)}"
            given = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        else:
            token = _secret(self.token, self.token_file)
            given = {"Authorization": f"Bearer {token}"} if token else {}
        return {**given, **self.tenant}


# A longer file holds no token.
_MOST_BYTES: Final = 64 << 10


def _secret(value: str, file: Path | None) -> str:
    if file is None:
        return value
    with file.open("rb") as opened:
        read = opened.read(_MOST_BYTES).decode("ascii").strip()
    if not read or not read.isprintable():
        raise ValueError("expected one line")
    return read


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

    def having(self, context: str, source: Source) -> Sources:
        """Return the sources with that of a context, "" for the default cluster."""
        return replace(self, named={**self.named, context: source}) if context else replace(self, usual=source)


NO_SOURCES: Final = Sources()


def parse_sources(text: str, *, usual_context: str = "", token: str = "", etcd_job: str = ETCD_JOB) -> Sources:
    """Parse a setting: one URL, or CONTEXT=URL for several, separated by commas. Raise ValueError."""
    sources = Sources(usual_context=usual_context)
    for part in filter(None, (each.strip() for each in text.split(","))):
        found = _PART.fullmatch(part)
        if found is None or not is_base(found["url"]):
            raise ValueError("a URL such as http://prometheus.monitoring:9090, without user and query, or CONTEXT=URL")
        source = Source(url=found["url"].rstrip("/"), token=token, etcd_job=etcd_job)
        if not found["context"] and sources.usual is not None:
            raise ValueError("one URL for the default context; write CONTEXT=URL for others")
        sources = sources.having((found["context"] or "").strip(), source)
    return sources


def is_base(url: str) -> bool:
    """Return whether a text is a URL to which /api/v1 can be added: without user, query and fragment."""
    try:
        parts = urlsplit(url)
        # In http://user:pass/word@host the host would be "user" and the port not a number.
        parted = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parted and "@" not in url and not parts.query and not parts.fragment
