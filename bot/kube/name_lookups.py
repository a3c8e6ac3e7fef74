"""Read failed name lookups out of log lines, and tell which Service of the cluster a name means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = r"[\"'`]?(?P<name>[A-Za-z0-9_][\w-]*(?:\.[\w-]+)*)\.?[\"'`]?"
# How the resolvers of languages and tools name the host they cannot resolve.
_FAILURES: Final = tuple(
    re.compile(pattern.replace("NAME", _NAME))
    for pattern in (
        r"\blookup NAME(?: on \S+)?: (?=.*(?:no such host|i/o timeout|server misbehaving|connection refused))",
        r"\b(?:EAI_AGAIN|ENOTFOUND) NAME",
        r"(?i:could not resolve host(?:name)?): NAME",
        r"(?i:(?:server )?can't (?:find|resolve)) NAME",
        r"(?i:host not found in upstream) NAME",
        r"(?i:could not translate host name) NAME to address",
        r"\bUnknownHostException: NAME",
        r"(?i:unable to resolve host(?: address)?|failed to resolve(?: host| hostname)?|bad address) NAME",
        r"(?i:unknown (?:mysql server )?host) NAME",
        r"NAME: (?i:temporary failure in name resolution|name or service not known|name does not resolve)",
        r"(?i:dns resolution failed for(?: service:)?) NAME",
    )
)
_ADDRESS: Final = re.compile(r"\d+(?:\.\d+){3}")
_SERVICES: Final = "svc"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceName:
    """The Service that a name means. `sure`: the name's form says that it is a Service's.

    `namespace` is "" where only the resolver of a pod knows it.
    """

    service: str
    namespace: str = ""
    sure: bool = False


def unresolved_name(line: str) -> str:
    """Return the host that a line of a log says does not resolve, "" if it says so of none."""
    for pattern in _FAILURES:
        if (found := pattern.search(line)) and not _ADDRESS.fullmatch(name := found["name"].rstrip(".")):
            return name
    return ""


def service_meant(name: str) -> ServiceName | None:
    """Return the Service that a host name may mean, None for a name of three labels or more outside the cluster."""
    labels = [label for label in name.lower().rstrip(".").split(".") if not label.startswith("_")]
    if _SERVICES in labels[2:4]:
        at = labels.index(_SERVICES, 2)
        return ServiceName(service=labels[at - 2], namespace=labels[at - 1], sure=True)
    if len(labels) in (1, 2):
        return ServiceName(service=labels[0], namespace=".".join(labels[1:]), sure=len(labels) == 1)
    return None
