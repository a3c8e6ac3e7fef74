"""Certificates that can be read without Secrets: caBundles of webhooks and APIServices, Certificates of cert-manager.

A caBundle with several certificates is valid as long as one of them is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.kube.objects import name_of, ref, spec_of, status_of
from bot.kube.timestamps import UNKNOWN, Validity, bundle_validities, parse_time
from bot.probes.contract import Look, RowValues, manifest_of, may, probe
from bot.probes.shared import backends
from bot.probes.shared.kinds import served_objects
from intents.domain import ObjectRef, ProbeResult, Row

_CERTIFICATES: Final = "certificates.cert-manager.io"
_KINDS: Final = frozenset(
    {"Certificate", "APIService", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}
)
# A certificate is renewed earlier than in this last part of its life; a longer one not in its last week.
_LAST_PART: Final = 20
_LAST_WEEK: Final = timedelta(days=7)
# What ended earlier has been noticed, or nothing uses it.
_RECENTLY: Final = timedelta(days=7)
_HOST: Final = re.compile(r"//([^/:\"]+)")


class _Standing(RowValues):
    """The state of a certificate."""

    state: str  # valid, soon (expires before a renewal is usual), expired, not-yet, no-bundle
    ago_s: int = UNKNOWN  # since it expired; -1 otherwise
    left_s: int = UNKNOWN  # until it expires, or becomes valid; -1 otherwise


class _Certificate(RowValues):
    """What an object holds, by the certificate of it that is valid longest."""

    of_subject = ("kind", "namespace", "name")

    part: str  # the webhook of a configuration; "" elsewhere
    asked: bool  # the object in question, or one whose host or webhook the text names, or just ended
    standing: _Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Certificates that an object holds, and the hosts that present one which they make trusted."""

    holder: ObjectRef
    validities: Sequence[Validity]
    hosts: frozenset[str]
    part: str = ""
    needs_bundle: bool = False  # without one the API server trusts public authorities only, and a Service has none


@probe(
    says="a row per caBundle of a webhook or APIService, and per Certificate of cert-manager: is it still valid",
    row=_Certificate,
    permissions=(
        *backends.READS_WEBHOOKS,
        *may("list", "apiservices.apiregistration.k8s.io", "certificates.cert-manager.io"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read what holds certificates: of an object in question its kind only, else all that may concern it."""
    focus = look.focus
    focused = focus.kind in _KINDS and bool(focus.name)
    readers = {"WebhookConfiguration": _of_webhooks, "APIService": _of_apiservices, "Certificate": _of_cert_manager}
    if focus.name and focus.namespace and not _names_one(look):
        # What belongs to the whole cluster is asked about only by its name.
        readers = {"Certificate": _of_cert_manager}
    wanted = (reader(look) for kind, reader in readers.items() if not focused or focus.kind.endswith(kind))
    parts = await asyncio.gather(*wanted)
    held = [one for part in parts for one in part if one.validities or one.needs_bundle]
    if focused:
        held = [each for each in held if (each.holder.kind, each.holder.name) == (focus.kind, focus.name)]
        held = [each for each in held if focus.namespace in ("", each.holder.namespace)]
    rows = [_row(look, each, asked=focused or _is_asked(look, each)) for each in held]
    rows.sort(key=lambda row: (not row.values["asked"], row.values["state"] == "valid", str(row.subject)))
    return ProbeResult(rows=tuple(rows))


async def _of_webhooks(look: Look) -> list[_Held]:
    return [
        _Held(
            holder=ref(each.configuration, each.kind),
            validities=bundle_validities(str((each.spec.get("clientConfig") or {}).get("caBundle") or "")),
            hosts=_hosts_of(each.service) | _host_of(each.url),
            part=each.name,
            needs_bundle=bool(each.service),
        )
        for each in await backends.webhooks(look)
    ]


async def _of_apiservices(look: Look) -> list[_Held]:
    return [
        _Held(
            holder=ref(each, "APIService"),
            validities=bundle_validities(str(spec_of(each).get("caBundle") or "")),
            hosts=_hosts_of(spec_of(each).get("service") or {}),
            needs_bundle=bool(spec_of(each).get("service")) and not spec_of(each).get("insecureSkipTLSVerify"),
        )
        for each in sorted(await look.list("APIService"), key=name_of)
    ]


async def _of_cert_manager(look: Look) -> list[_Held]:
    held = []
    for each in (await served_objects(look, _CERTIFICATES)).items:
        status = status_of(each)
        begin, end = parse_time(status.get("notBefore")), parse_time(status.get("notAfter"))
        known = [Validity(begin=begin or end, end=end)] if end else []
        hosts = frozenset(map(str, spec_of(each).get("dnsNames") or ()))
        held.append(_Held(holder=ref(each, "Certificate"), validities=known, hosts=hosts))
    return held


def _hosts_of(service: Mapping[str, Any]) -> frozenset[str]:
    name, namespace = service.get("name"), service.get("namespace")
    return frozenset({f"{name}.{namespace}.svc"}) if name and namespace else frozenset()


def _host_of(url: str) -> frozenset[str]:
    return frozenset(_HOST.findall(url)[:1])


def _is_asked(look: Look, held: _Held) -> bool:
    """Tell whether the text names the webhook or a host of the certificate, or names nothing and it just ended.

    Of the certificates that just ended, an object in question concerns those of its own namespace.
    """
    if _names_one(look):
        webhook = look.named.get("webhook", "")
        return webhook in {held.part} - {""} or not _hosts_named(look).isdisjoint(map(_plain, held.hosts))
    if look.focus.name and look.focus.namespace not in ("", held.holder.namespace):
        return False
    return bool(held.validities) and look.now - _RECENTLY < _last(held).end <= look.now


def _names_one(look: Look) -> bool:
    """Tell whether the text names a host, a webhook or a node whose certificate is in question."""
    return bool(_hosts_named(look) or look.named.get("webhook") or look.focus.node)


def _hosts_named(look: Look) -> frozenset[str]:
    hosts = (*_host_of(look.named.get("url", "")), look.named.get("host", ""))
    return frozenset(_plain(host) for host in hosts if host)


def _last(held: _Held) -> Validity:
    """Return that of its certificates which is valid longest."""
    return max(held.validities, key=lambda each: each.end)


def _plain(host: str) -> str:
    return host.removesuffix(".").removesuffix(".cluster.local").lower()


def _row(look: Look, held: _Held, *, asked: bool) -> Row:
    last = _last(held) if held.validities else None
    standing = _standing(last, look.now)
    return _Certificate(part=held.part, asked=asked, standing=standing).row(
        held.holder,
        quote=f"not after {last.end:%Y-%m-%d %H:%M:%S} UTC" if last else "no caBundle",
        reproduce=manifest_of(held.holder),
        at=last.end if last and standing.ago_s != UNKNOWN else None,
    )


def _standing(last: Validity | None, now: datetime) -> _Standing:
    if last is None:
        return _Standing(state="no-bundle")
    if last.end <= now:
        return _Standing(state="expired", ago_s=_seconds(now - last.end))
    if now < last.begin:
        return _Standing(state="not-yet", left_s=_seconds(last.begin - now))
    left = last.end - now
    soon = left < min((last.end - last.begin) / _LAST_PART, _LAST_WEEK)
    return _Standing(state="soon" if soon else "valid", left_s=_seconds(left))


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
