"""Read what is said of the Secrets that Ingresses name for TLS: by events, and by the log of the controller.

The Secrets themselves are never read.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.cluster.events import event_last_seen
from bot.cluster.object_lists import ObjectList
from bot.kube.ingresses import Certificate, certificates_of, class_of, workload_words
from bot.kube.log_records import split_stamps
from bot.kube.objects import label_selector, name_of, namespace_of, ref, spec_of
from bot.kube.timestamps import UNKNOWN, parse_time
from bot.probes.contract import Look
from bot.probes.ingresses.classes import row_of, workload_of
from bot.probes.rows import RowValues
from bot.probes.shared.questioned_workloads import controller_workloads
from intents.domain import Json, ProbeResult, Row

_TAIL_LINES: Final = 2000
_MOST_PODS: Final = 2
_MOST_ROWS: Final = 50
_MISSING: Final = re.compile(
    r"(?i)Error getting SSL certificate|SSL certificate .{0,300}not found|secret .{0,300}(does not exist|not found)"
    r"|no object matching key|Error configuring TLS|failed to (get|fetch|load) .{0,100}secret"
)
_TAKEN: Final = re.compile(r"(?i)(adding|updating) secret|updated secret|secret was updated|loaded certificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateShown(RowValues):
    """A Secret that an Ingress names, with the last that is said of it."""

    secret: str
    hosts: tuple[str, ...]  # that it is meant for
    missing: bool  # it does not exist
    taken: bool  # the controller took it up
    says: str  # the event or line of the log
    said_s: int
    by: str  # who says it: an event's source, or the pod of the controller


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A line about Secrets, with its time and source. In a log, a line names its namespace."""

    at: datetime | None
    text: str
    by: str
    logged: bool = False


async def read(look: Look, ingresses: ObjectList) -> ProbeResult:
    """Read the events of Ingresses that name Secrets, and the log of their controllers."""
    pairs = [(each, certificate) for each in ingresses.items for certificate in certificates_of(each)]
    asked = look.focus.name if look.focus.kind == "Secret" else look.named.get("secret", "").rpartition("/")[2]
    pairs = [(each, certificate) for each, certificate in pairs if asked in ("", certificate.secret)][:_MOST_ROWS]
    if not pairs:
        return ProbeResult(not_applicable="" if ingresses.truncated else "no Ingress in question names a Secret")
    lines, *events = await asyncio.gather(
        _log_lines(look, {class_of(each) for each, _ in pairs}), *(_events(look, each) for each, _ in pairs)
    )
    rows = [_row(look, *pair, [*said, *lines]) for pair, said in zip(pairs, events, strict=True)]
    rows.sort(key=lambda row: (not row.values["missing"], row.subject, str(row.values["secret"])))
    return ProbeResult(rows=tuple(rows))


async def _events(look: Look, ingress: Json) -> list[_Said]:
    return [
        _Said(at=event_last_seen(each), text=str(each.get("message") or ""), by=_source(each))
        for each in await look.events_about(ref(ingress, "Ingress"))
        if each.get("type") == "Warning"
    ]


def _source(event: Json) -> str:
    return str((event.get("source") or {}).get("component") or event.get("reportingComponent") or "an event")


async def _log_lines(look: Look, classes: set[str]) -> list[_Said]:
    """Return the lines about Secrets in the logs of the controllers of these classes."""
    look.snapshot.ahead(controller_workloads(look))
    known = {name_of(each): each for each in await look.list("IngressClass")}
    among = await controller_workloads(look)
    names = {str(spec_of(known.get(each, {})).get("controller") or each) for each in classes}
    found = [workload for name in sorted(names) if workload_words(name) and (workload := workload_of(name, among))]
    logs = await asyncio.gather(*(look.unless_refused(_lines_of(look, workload), []) for workload in found))
    return [line for log in logs for line in log]


async def _lines_of(look: Look, workload: Json) -> list[_Said]:
    labels = label_selector((spec_of(workload).get("selector") or {}).get("matchLabels") or {})
    listing = await look.snapshot.list("Pod", namespace=namespace_of(workload), labels=labels)
    logs = await asyncio.gather(*(_lines_in(look, pod) for pod in sorted(listing.items, key=name_of)[:_MOST_PODS]))
    return [line for log in logs for line in log]


async def _lines_in(look: Look, pod: Json) -> list[_Said]:
    container = next((str(each["name"]) for each in spec_of(pod).get("containers") or ()), "")
    text = await look.snapshot.log(
        namespace=namespace_of(pod), pod=name_of(pod), container=container, tail_lines=_TAIL_LINES, timestamps=True
    )
    log, stamps = split_stamps(text)
    pairs = zip(stamps, log.split("\n"), strict=False)
    return [_Said(at=parse_time(at), text=line, by=name_of(pod), logged=True) for at, line in pairs if _tells(line)]


def _tells(line: str) -> bool:
    return bool(_MISSING.search(line) or _TAKEN.search(line))


def _row(look: Look, ingress: Json, certificate: Certificate, said: list[_Said]) -> Row:
    named = re.compile(rf"(?<![\w.-]){re.escape(certificate.secret)}(?![\w-]|\.\w)")
    namespace = namespace_of(ingress)
    about = [each for each in said if named.search(each.text) and (not each.logged or namespace in each.text)]
    about.sort(key=lambda each: each.at or look.now)
    newest = about[-1] if about else None
    text = newest.text.strip() if newest else ""
    shown = CertificateShown(
        secret=certificate.secret,
        hosts=certificate.hosts,
        missing=bool(_MISSING.search(text)),
        taken=bool(_TAKEN.search(text) and not _MISSING.search(text)),
        says=text,
        said_s=look.age_s(newest.at.isoformat()) if newest and newest.at else UNKNOWN,
        by=newest.by if newest else "",
    )
    return row_of(ingress, shown, quote=text if newest else f"tls.secretName: {certificate.secret}")
