"""The capacity of the whole cluster: what pods request and quotas promise, compared with what nodes allocate.

The arithmetic is that of the overcommit alerts of kubernetes-mixin: could all requests be met without the largest node,
and do the quotas together admit far more than the nodes have?
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from bot.cluster.access import collect_gaps
from bot.kube.objects import has_ended, name_of, namespace_of, ref, status_of
from bot.kube.quantities import CPU, MEMORY, Amounts, amounts, pod_requests
from bot.probes.contract import Look, RowValues, may, probe
from intents.domain import Json, ProbeResult, Row
from intents.templates import bytes_, cpu

_MOST_NAMESPACES: Final = 3


class _Capacity(RowValues):
    """A resource: how much nodes allocate, all pods request, and all quotas admit."""

    resource: str
    nodes: int
    allocatable: str
    largest: str  # the node with the most of it
    without_largest: str  # what the other nodes allocate
    requested: str
    short: str  # what is requested beyond the nodes without the largest; "" where all fits
    quotas: str  # what all ResourceQuotas admit; "" without a quota of this resource
    quota_percent: int  # of what is allocatable
    namespaces: tuple[str, ...]  # that request the most, with their share of all requests


@probe(
    says="a row for CPU and one for memory: what all pods request and all quotas admit, beside what the nodes allocate",
    row=_Capacity,
    permissions=may("list", "nodes", "pods", "resourcequotas"),
)
async def read(look: Look) -> ProbeResult:
    """Read all nodes, pods and quotas. A part of a list would prove nothing."""
    with collect_gaps() as gaps:
        nodes, pods, quotas = await asyncio.gather(*map(look.list, ("Node", "Pod", "ResourceQuota")))
    if gaps or not nodes:
        return ProbeResult(gaps=tuple(gaps))
    requests = [(namespace_of(pod), pod_requests(pod)) for pod in pods if not has_ended(pod)]
    admitted = [amounts(status_of(quota).get("hard")) for quota in quotas]
    return ProbeResult(rows=tuple(_row(resource, nodes, requests, admitted) for resource in (CPU, MEMORY)))


def _row(
    resource: str, nodes: Sequence[Json], requests: Iterable[tuple[str, Amounts]], admitted: Iterable[Amounts]
) -> Row:
    allocatable = {name_of(node): amounts(status_of(node).get("allocatable")).get(resource, 0) for node in nodes}
    largest = max(allocatable, key=lambda name: (allocatable[name], name))
    total, left = sum(allocatable.values()), sum(allocatable.values()) - allocatable[largest]
    by_namespace: Counter[str] = Counter()
    for namespace, wanted in requests:
        by_namespace[namespace] += wanted.get(resource, 0)
    requested = by_namespace.total()
    # A quota may limit cpu by either name, or by both: the lower one holds.
    limits = [[each[name] for name in (resource, f"requests.{resource}") if name in each] for each in admitted]
    promised = sum(min(each) for each in limits if each)
    in_words = cpu if resource == CPU else bytes_
    # A cluster of one node can never lose one.
    short = requested - left if len(nodes) > 1 else 0
    most = [(name, amount) for name, amount in by_namespace.most_common(_MOST_NAMESPACES) if amount]
    return _Capacity(
        resource=resource,
        nodes=len(nodes),
        allocatable=in_words(total),
        largest=largest,
        without_largest=in_words(left),
        requested=in_words(requested),
        short=in_words(short) if short > 0 else "",
        quotas=in_words(promised) if any(limits) else "",
        quota_percent=promised * 100 // total if total else 0,
        namespaces=tuple(f"{name} ({amount * 100 // requested}%)" for name, amount in most),
    ).row(
        ref(next(node for node in nodes if name_of(node) == largest), "Node"),
        quote=f"{resource}: {in_words(requested)} requested, {in_words(total)} allocatable on {len(nodes)} nodes",
        reproduce="kubectl describe nodes",
    )
