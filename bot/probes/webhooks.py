"""Admission webhooks and their backends: which of them refuse or delay writes when they do not answer.

A webhook with failurePolicy Fail turns its backend's trouble into errors of the API server: each write that it is asked
about waits until the timeout, and is then refused.
"""

from __future__ import annotations

from typing import Final

from bot.kube.objects import ref
from bot.kube.refusals import Webhook
from bot.probes.contract import Look, RowValues, probe
from bot.probes.shared import backends
from bot.probes.shared.backends import Backend, BackendWorkload
from intents.domain import ProbeResult, Row

# Few clusters have more; those that block come first.
MOST_BACKENDS: Final = 20


class _Row(RowValues):
    of_subject = ("kind", "configuration")  # Mutating- or ValidatingWebhookConfiguration

    name: str
    asked: bool  # the text is about this one, or names none
    named: bool  # the text names this one, or the Service that serves it
    policy: str  # Fail or Ignore
    blocking: bool  # a request that it does not answer is refused
    timeout_s: int
    resources: tuple[str, ...]
    everyday: bool  # it is asked about kinds that the cluster itself writes all the time
    url: str  # the URL that is called instead of a Service
    service_namespace: str
    service: str
    ready_endpoints: int  # of that Service; -1: not looked for, or not readable
    behind: BackendWorkload


@probe(
    says="a row per admission webhook: does it block, for how long, and what is its backend",
    row=_Row,
    permissions=(*backends.READS_WEBHOOKS, *backends.PERMISSIONS),
)
async def read(look: Look) -> ProbeResult:
    """Read every webhook; `missing` where the one that the text names does not exist."""
    found = await backends.webhooks(look)
    named = backends.named_in(look)
    asked = [each for each in found if not named or named.means(each)]
    blocking_first = sorted(asked, key=lambda each: not each.blocking)
    places = list(dict.fromkeys(each.place for each in blocking_first if each.service))[:MOST_BACKENDS]
    behind = await backends.backends_at(look, places)
    rows = (
        _row(each, asked=each in asked, named=bool(named) and each in asked, behind=behind.get(each.place, Backend()))
        for each in sorted(found, key=lambda each: (each not in asked, *_worst_first(each)))
    )
    gone = named and not asked and await backends.all_listed(look)
    return ProbeResult(rows=tuple(rows), missing=str(named) if gone else "")


def _worst_first(webhook: Webhook) -> tuple[bool, int, str, str]:
    return not webhook.blocking, -webhook.timeout_s, webhook.configured_in, webhook.name


def _row(webhook: Webhook, *, asked: bool, named: bool, behind: Backend) -> Row:
    namespace, service = webhook.place
    return _Row(
        name=webhook.name,
        asked=asked,
        named=named,
        policy=webhook.policy,
        blocking=webhook.blocking,
        timeout_s=webhook.timeout_s,
        resources=webhook.resources,
        everyday=webhook.everyday,
        url=webhook.url,
        service_namespace=namespace,
        service=service,
        ready_endpoints=behind.ready_endpoints,
        behind=behind.workload,
    ).row(
        ref(webhook.configuration, webhook.kind),
        quote=f"{webhook.name}: failurePolicy: {webhook.policy}, timeoutSeconds: {webhook.timeout_s}",
        reproduce=f"kubectl get {webhook.kind.lower()} {webhook.configured_in} -o yaml",
    )
