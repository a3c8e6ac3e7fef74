"""Admission webhooks and their backends: which of them refuse or delay writes when they do not answer.

A webhook with failurePolicy Fail turns its backend's trouble into errors of the API server: each write that it is asked
about waits until the timeout, and is then refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.objects import ref
from bot.kube.webhooks import Webhook
from bot.probes.contract import Look, Probe
from bot.probes.shared import admission, backends
from intents.domain import Gap, ProbeDeclaration, ProbeResult, Row, RowType, Value

# Few clusters have more; those that block come first.
MOST_BACKENDS: Final = 20

DECLARATION: Final = ProbeDeclaration(
    name="webhooks",
    says="a row per admission webhook: does it block, for how long, and what is its backend",
    rows={
        "kind": RowType.STRING,  # Mutating- or ValidatingWebhookConfiguration
        "configuration": RowType.STRING,
        "name": RowType.STRING,
        "asked": RowType.BOOLEAN,  # the text is about this one, or names none
        "named": RowType.BOOLEAN,  # the text names this one, or the Service that serves it
        "policy": RowType.STRING,  # Fail or Ignore
        "blocking": RowType.BOOLEAN,  # a request that it does not answer is refused
        "timeout_s": RowType.INTEGER,
        "resources": RowType.STRINGS,
        "everyday": RowType.BOOLEAN,  # it is asked about kinds that the cluster itself writes all the time
        "url": RowType.STRING,  # the URL that is called instead of a Service
        "service_namespace": RowType.STRING,
        "service": RowType.STRING,
        "ready_endpoints": RowType.INTEGER,  # of that Service; -1: not looked for, or not readable
        "backend_kind": RowType.STRING,  # the workload whose pods the Service selects; "" where unknown
        "backend": RowType.STRING,
        "unready_pods": RowType.STRINGS,
    },
    permissions=(*admission.PERMISSIONS, *backends.PERMISSIONS),
)

_Place = tuple[str, str]


async def read(look: Look) -> ProbeResult:
    """Read every webhook; `missing` where the one that the text names does not exist."""
    found, gaps = await admission.webhooks(look)
    named = admission.named_in(look)
    asked = [each for each in found if not named or named.means(each)]
    behind, own_gaps = await _backends(look, asked)
    rows = [
        _row(each, asked=each in asked, named=bool(named) and each in asked, behind=behind.get(each.place, {}))
        for each in found
    ]
    return ProbeResult(
        rows=tuple(sorted(rows, key=_worst_first)),
        gaps=(*gaps, *own_gaps),
        missing=str(named) if named and not asked and not gaps else "",
    )


def _worst_first(row: Row) -> tuple[bool, bool, int, str, str]:
    values = row.values
    called = str(values["configuration"]), str(values["name"])
    return not values["asked"], not values["blocking"], -int(str(values["timeout_s"])), *called


async def _backends(look: Look, asked: list[Webhook]) -> tuple[dict[_Place, Mapping[str, Value]], tuple[Gap, ...]]:
    """Return the backends of these webhooks by Service, each read once; those that block first."""
    places = dict.fromkeys(each.place for each in sorted(asked, key=lambda each: not each.blocking) if each.service)
    chosen = list(places)[:MOST_BACKENDS]
    answers = await asyncio.gather(
        *(backends.backend(look, namespace=namespace, service=service) for namespace, service in chosen),
        return_exceptions=True,
    )
    found: dict[_Place, Mapping[str, Value]] = {}
    gaps: dict[Gap, None] = {}
    for place, answer in zip(chosen, answers, strict=True):
        if isinstance(answer, ClusterError):
            gaps[answer.gap()] = None
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found[place] = answer[0]
            gaps |= dict.fromkeys(answer[1])
    return found, tuple(gaps)


def _row(webhook: Webhook, *, asked: bool, named: bool, behind: Mapping[str, Value]) -> Row:
    namespace, service = webhook.place
    policy, timeout_s = webhook.policy, webhook.timeout_s
    return Row(
        values={
            **backends.UNKNOWN,
            **behind,
            "kind": webhook.kind,
            "configuration": webhook.configured_in,
            "name": webhook.name,
            "asked": asked,
            "named": named,
            "policy": policy,
            "blocking": webhook.blocking,
            "timeout_s": timeout_s,
            "resources": webhook.resources,
            "everyday": webhook.everyday,
            "url": webhook.url,
            "service_namespace": namespace,
            "service": service,
        },
        subject=ref(webhook.configuration, webhook.kind),
        quote=f"{webhook.name}: failurePolicy: {policy}, timeoutSeconds: {timeout_s}",
        reproduce=f"kubectl get {webhook.kind.lower()} {webhook.configured_in} -o yaml",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
