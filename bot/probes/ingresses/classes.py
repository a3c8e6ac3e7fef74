"""The Ingresses in question, what serves them, and the Secrets that they name for TLS.

In question are the one named, those before the Service or host named, else all of the namespace. The Secrets themselves
are never read: events and the log of the controller tell of them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.cluster.container_logs import LogQuery
from bot.cluster.events import event_last_seen
from bot.cluster.object_lists import ObjectList
from bot.kube.ingresses import (
    Certificate,
    address_of,
    backends_of,
    certificates_of,
    class_of,
    hosts_of,
    is_default,
    workload_words,
)
from bot.kube.log_records import split_stamps
from bot.kube.objects import created_at, full_name, label_selector, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.rollouts import replicas_of
from bot.kube.timestamps import UNKNOWN, parse_time
from bot.probes.contract import Look, Missing, Read, RowValues, probe
from bot.probes.shared.questioned import controller_workloads
from intents.domain import Json, ProbeResult, Row
from intents.spelling import closest

_NAMED: Final = ("service", "secret")


class IngressRow(RowValues):
    """An Ingress in question."""

    of_subject = ("namespace", "ingress")


async def ingresses_in_question(look: Look) -> ObjectList:
    """Return the Ingresses in question, sorted; a text that names a Service, Secret or host means those that have it.

    Raise Missing and ClusterError.
    """
    focus = look.focus
    name = (focus.name if focus.kind == "Ingress" else "") or look.named.get("ingress", "")
    if name and focus.namespace:
        return ObjectList(items=await look.of_name("Ingress", name, namespace=focus.namespace))
    fields = f"metadata.name={name}" if name else ""
    listing = await look.snapshot.list("Ingress", namespace=focus.namespace, fields=fields)
    if name and not listing.items and not listing.truncated:
        raise Missing(f"Ingress {name}")
    meant = (each for each in listing.items if _is_meant(look, each))
    return replace(listing, items=tuple(sorted(meant, key=place_of)))


def _is_meant(look: Look, ingress: Json) -> bool:
    services = {backend.service for backend in backends_of(ingress)}
    secrets = {certificate.secret for certificate in certificates_of(ingress)}
    # A text names the Service or the Secret by namespace and name, or by the name alone.
    for word, names in zip(_NAMED, (services, secrets), strict=True):
        said = look.focus.name if look.focus.kind.lower() == word else look.named.get(word, "")
        namespace, _, name = said.rpartition("/")
        if name and (name not in names or namespace not in ("", namespace_of(ingress))):
            return False
    host = look.named.get("host", "")
    return not host or "." not in host or host.replace(".", "").isdigit() or host in hosts_of(ingress)


def of_ingresses(read: Callable[[Look, ObjectList], Awaitable[ProbeResult]]) -> Read:
    """Return the read of the Ingresses in question, if there are any."""

    async def of(look: Look) -> ProbeResult:
        if look.focus.kind not in ("Ingress", "Service", "Secret", ""):
            return ProbeResult(not_applicable=f"{look.focus.kind} is not an Ingress")
        ingresses = await ingresses_in_question(look)
        if not ingresses.items and not ingresses.truncated:
            return ProbeResult(not_applicable="no Ingress leads there")
        return await read(look, ingresses)

    return of


class ClassShown(IngressRow):
    """An Ingress with its class and what serves it."""

    hosts: tuple[str, ...]
    address: str  # "" where no controller has written one
    since_s: int  # since the Ingress was created
    class_: str  # of the field, the annotation or the cluster's default; "" where none is named
    class_missing: bool  # the field names a class that does not exist
    closest: str  # the class most like it
    classes: tuple[str, ...]  # all there are
    controller: str  # as the class names it
    workload: str  # namespace/name of what runs that controller here, "" where none is seen
    workload_ready: int
    failure: str  # the newest warning about the Ingress
    failed_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """The classes of the cluster, None where they cannot be read, and its workloads."""

    classes: Mapping[str, Json] | None = None
    workloads: Sequence[Json] = ()


@probe(says="a row per Ingress, with what serves it", row=ClassShown)
@of_ingresses
async def read_classes(look: Look, ingresses: ObjectList) -> ProbeResult:
    """Read classes and controllers, only where an Ingress has no address."""
    waiting = any(not address_of(each) for each in ingresses.items)
    cluster = await _cluster(look) if waiting else _Cluster()
    rows = await asyncio.gather(*(_class_row(look, each, cluster) for each in ingresses.items))
    rows.sort(key=lambda row: (bool(row.values["address"]), not row.values["class_missing"], row.subject))
    return ProbeResult(rows=tuple(rows))


async def _cluster(look: Look) -> _Cluster:
    look.snapshot.ahead(controller_workloads(look))
    found = await look.whole("IngressClass")
    classes = None if found is None else {name_of(each): each for each in found}
    return _Cluster(classes=classes, workloads=await controller_workloads(look))


async def _class_row(look: Look, ingress: Json, cluster: _Cluster) -> Row:
    address = address_of(ingress)
    known = cluster.classes or {}
    asked = class_of(ingress) or next((each for each, obj in known.items() if is_default(obj)), "")
    by_field = bool(spec_of(ingress).get("ingressClassName"))
    missing = not address and by_field and cluster.classes is not None and asked not in known
    controller = str(spec_of(known.get(asked, {})).get("controller") or ("" if by_field else asked))
    runs = None if address else workload_of(controller, cluster.workloads)
    failure, failed_s = ("", UNKNOWN) if address else await look.newest_warning(ref(ingress, "Ingress"))
    quote = failure or f"ingressClassName: {asked or '-'}; status.loadBalancer: {address or '{}'}"
    return ClassShown(
        hosts=hosts_of(ingress),
        address=address,
        since_s=look.age_s(created_at(ingress)),
        class_=asked,
        class_missing=missing,
        closest=closest(asked, known) if missing else "",
        classes=tuple(sorted(known)),
        controller=controller,
        workload=full_name(runs) if runs else "",
        workload_ready=replicas_of(runs).ready if runs else UNKNOWN,
        failure=failure,
        failed_s=failed_s,
    ).row(ref(ingress, "Ingress"), quote=quote, lasts=not address)


def workload_of(controller: str, among: Iterable[Json]) -> Json | None:
    """Return the workload whose name tells that it runs a controller; one with ready pods first."""
    words = workload_words(controller)
    likely = [each for each in among if any(word in name_of(each) for word in words) and _controls(each)]
    return min(likely, key=lambda each: (replicas_of(each).ready <= 0, place_of(each)), default=None)


def _controls(workload: Json) -> bool:
    """Tell whether a workload may be a controller: one that is only called nginx is a web server."""
    namespace, name = place_of(workload)
    telling = ("ingress", "controller", "gateway")
    return "nginx" not in name or any(word in f"{namespace} {name}" for word in telling)


_TAIL_LINES: Final = 2000
_MOST_PODS: Final = 2
_MOST_ROWS: Final = 50
_MISSING: Final = re.compile(
    r"(?i)Error getting SSL certificate|SSL certificate .{0,300}not found|secret .{0,300}(does not exist|not found)"
    r"|no object matching key|Error configuring TLS|failed to (get|fetch|load) .{0,100}secret"
)
_TAKEN: Final = re.compile(r"(?i)(adding|updating) secret|updated secret|secret was updated|loaded certificate")


class CertificateShown(IngressRow):
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


@probe(says="a row per Secret of its TLS, with what the controller says of it", row=CertificateShown)
@of_ingresses
async def read_certificates(look: Look, ingresses: ObjectList) -> ProbeResult:
    """Read the events of Ingresses that name Secrets, and the log of their controllers."""
    pairs = [(each, certificate) for each in ingresses.items for certificate in certificates_of(each)]
    asked = look.focus.name if look.focus.kind == "Secret" else look.named.get("secret", "").rpartition("/")[2]
    pairs = [(each, certificate) for each, certificate in pairs if asked in ("", certificate.secret)][:_MOST_ROWS]
    if not pairs:
        return ProbeResult(not_applicable="" if ingresses.truncated else "no Ingress in question names a Secret")
    lines, *events = await asyncio.gather(
        _log_lines(look, {class_of(each) for each, _ in pairs}), *(_said_by_events(look, each) for each, _ in pairs)
    )
    rows = [_certificate_row(look, *pair, [*said, *lines]) for pair, said in zip(pairs, events, strict=True)]
    rows.sort(key=lambda row: (not row.values["missing"], row.subject, str(row.values["secret"])))
    return ProbeResult(rows=tuple(rows))


async def _said_by_events(look: Look, ingress: Json) -> list[_Said]:
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
    text = await look.snapshot.log(LogQuery.of(pod, container, tail_lines=_TAIL_LINES, timestamps=True))
    log, stamps = split_stamps(text)
    pairs = zip(stamps, log.split("\n"), strict=False)
    telling = ((at, line) for at, line in pairs if _MISSING.search(line) or _TAKEN.search(line))
    return [_Said(at=parse_time(at), text=line, by=name_of(pod), logged=True) for at, line in telling]


def _certificate_row(look: Look, ingress: Json, certificate: Certificate, said: list[_Said]) -> Row:
    named = re.compile(rf"(?<![\w.-]){re.escape(certificate.secret)}(?![\w-]|\.\w)")
    namespace = namespace_of(ingress)
    about = [each for each in said if named.search(each.text) and (not each.logged or namespace in each.text)]
    about.sort(key=lambda each: each.at or look.now)
    newest = about[-1] if about else None
    text = newest.text.strip() if newest else ""
    return CertificateShown(
        secret=certificate.secret,
        hosts=certificate.hosts,
        missing=bool(_MISSING.search(text)),
        taken=bool(_TAKEN.search(text) and not _MISSING.search(text)),
        says=text,
        said_s=look.age_s(newest.at.isoformat()) if newest and newest.at else UNKNOWN,
        by=newest.by if newest else "",
    ).row(ref(ingress, "Ingress"), quote=text if newest else f"tls.secretName: {certificate.secret}")
