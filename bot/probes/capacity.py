"""The capacity of the whole cluster: what pods request and quotas promise, compared with what nodes allocate.

The arithmetic is that of the overcommit alerts of kubernetes-mixin: could all requests be met without the largest node,
and do the quotas together admit far more than the nodes have?
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.object_lists import ObjectList
from bot.kube.objects import has_ended, name_of, namespace_of, ref, status_of
from bot.kube.quotas import quota_amounts
from bot.kube.requests import CPU, MEMORY, Amounts, amounts, pod_requests
from bot.probes.contract import Look, Probe
from intents.domain import Gap, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType
from intents.templates import bytes_, cpu

_READ: Final = {
    "Node": "the nodes",
    "Pod": "pods in all namespaces",
    "ResourceQuota": "ResourceQuotas in all namespaces",
}
_MOST_NAMESPACES: Final = 3

DECLARATION: Final = ProbeDeclaration(
    name="capacity",
    says="a row for CPU and one for memory: what all pods request and all quotas admit, beside what the nodes allocate",
    rows={
        "resource": RowType.STRING,  # cpu or memory
        "nodes": RowType.INTEGER,
        "allocatable": RowType.STRING,
        "largest": RowType.STRING,  # the node with the most of it
        "without_largest": RowType.STRING,  # what the other nodes allocate
        "requested": RowType.STRING,
        "short": RowType.STRING,  # what is requested beyond the nodes without the largest; "" where all fits
        "quotas": RowType.STRING,  # what all ResourceQuotas admit; "" without a quota of this resource
        "quota_percent": RowType.INTEGER,  # of what is allocatable
        "namespaces": RowType.STRINGS,  # that request the most, with their share of all requests
    },
    permissions=(
        Permission(verb="list", resource="nodes"),
        Permission(verb="list", resource="pods"),
        Permission(verb="list", resource="resourcequotas"),
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read all nodes, pods and quotas. A part of a list would prove nothing: it is a gap."""
    lists = await asyncio.gather(*(_whole(look, kind, what) for kind, what in _READ.items()))
    if gaps := tuple(part for part in lists if isinstance(part, Gap)):
        return ProbeResult(gaps=gaps)
    nodes, pods, quotas = (part.items for part in lists if isinstance(part, ObjectList))
    if not nodes:
        return ProbeResult()
    requests = [(namespace_of(pod), pod_requests(pod)) for pod in pods if not has_ended(pod)]
    admitted = [quota_amounts(status_of(quota).get("hard")) for quota in quotas]
    return ProbeResult(rows=tuple(_row(resource, nodes, requests, admitted) for resource in (CPU, MEMORY)))


async def _whole(look: Look, kind: str, what: str) -> ObjectList | Gap:
    try:
        listing = await look.snapshot.list(kind)
    except ClusterError as error:
        return error.gap(what)
    return listing.gap(what) or listing


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
    return Row(
        values={
            "resource": resource,
            "nodes": len(nodes),
            "allocatable": in_words(total),
            "largest": largest,
            "without_largest": in_words(left),
            "requested": in_words(requested),
            "short": in_words(short) if short > 0 else "",
            "quotas": in_words(promised) if any(limits) else "",
            "quota_percent": promised * 100 // total if total else 0,
            "namespaces": tuple(f"{name} ({amount * 100 // requested}%)" for name, amount in most),
        },
        subject=ref(next(node for node in nodes if name_of(node) == largest), "Node"),
        quote=f"{resource}: {in_words(requested)} requested, {in_words(total)} allocatable on {len(nodes)} nodes",
        reproduce="kubectl describe nodes",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
