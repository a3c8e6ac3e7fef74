"""PodDisruptionBudgets over the pods in question: what they allow now, and why they refuse evictions.

A budget that is used up protects its pods, as it should. What hinders a drain for good is a budget that can never allow
an eviction, one whose pods are not ready, or a second budget over the same pod. The first is legitimate until a node of
its pods is to be drained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.kube.objects import (
    created_at,
    has_ended,
    labels_of,
    name_of,
    namespace_of,
    node_name_of,
    place_of,
    ref,
    spec_of,
    status_of,
)
from bot.kube.placement import selects
from bot.kube.pod_states import changed_at, is_ready, limit_of, never_allows, unready_reason
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Json, ProbeResult, Row

_KIND: Final = "PodDisruptionBudget"
_MOST_ROWS: Final = 200
_MOST_PODS: Final = 20


class _Budget(RowValues):
    """A budget over pods in question, and what hinders the evictions that it should allow."""

    of_subject = ("namespace", "name")

    asked: bool  # the request names it, a pod of it, their owner or their node
    limit: str  # minAvailable: 2
    allowed: int  # evictions allowed now
    healthy: int
    wanted: int  # pods that must stay healthy
    expected: int  # pods that it counts
    never: bool  # its spec allows no eviction, however healthy the pods are
    cordoned: tuple[str, ...]  # with `never`: cordoned nodes that its pods are on
    pods: tuple[str, ...]  # pods that are not ready
    pod_states: tuple[str, ...]  # the same with what kubectl shows of them
    unready_s: int  # since when the first of them is not ready, -1 if all are
    others: tuple[str, ...]  # other budgets over one of its pods
    changed_s: int  # since when it allows evictions, or none
    created_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The budgets and living pods of the namespace, and the cordoned nodes; `asked` as in the rows."""

    budgets: tuple[Json, ...]
    pods: tuple[Json, ...]
    cordoned: frozenset[str]
    asked: bool


@probe(
    says="a row per PodDisruptionBudget over the pods in question: the evictions it allows, and what hinders them",
    row=_Budget,
    permissions=(*READS_PODS, *may("list", "poddisruptionbudgets.policy", "nodes")),
)
async def read(look: Look) -> ProbeResult:
    """Read the budgets in question with their pods; `missing` where the one named does not exist."""
    home, focus = look.focus.namespace, look.focus
    named = focus.name if focus.kind == _KIND else look.named.get("pdb", "")
    budgets, pods = [await look.snapshot.list(kind, namespace=home) for kind in (_KIND, "Pod")]
    meant, missing = list(budgets.items), ""
    if named:
        meant = [each for each in budgets.items if name_of(each) == named]
        missing = "" if meant else f"{_KIND} {named}"
    elif focus.name:
        suspects = await pods_of(look)
        meant = [each for each in budgets.items if any(_covers(each, pod) for pod in suspects.pods)]
        missing = suspects.missing
    nodes = await look.list("Node") if any(never_allows(spec_of(each)) for each in meant) else ()
    found = _Found(
        budgets=budgets.items,
        pods=tuple(pod for pod in pods.items if not has_ended(pod)),
        cordoned=frozenset(name_of(each) for each in nodes if spec_of(each).get("unschedulable")),
        asked=bool(named or focus.name),
    )
    rows = [_row(look, each, found) for each in sorted(meant, key=place_of)[:_MOST_ROWS]]
    return ProbeResult(rows=tuple(rows), missing=missing)


def _covers(budget: Json, pod: Json) -> bool:
    """Tell whether a budget selects a pod: an empty selector selects all of the namespace, a missing one none."""
    same = namespace_of(budget) == namespace_of(pod)
    return same and selects(spec_of(budget).get("selector"), labels_of(pod))


def _row(look: Look, budget: Json, found: _Found) -> Row:
    namespace, name, status = namespace_of(budget), name_of(budget), status_of(budget)
    mine = [pod for pod in found.pods if _covers(budget, pod)]
    unready = sorted((pod for pod in mine if not is_ready(pod)), key=name_of)
    since = [look.age_s(changed_at(pod)) for pod in unready]
    others = (each for each in found.budgets if name_of(each) != name and any(_covers(each, pod) for pod in mine))
    keys = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    allowed, healthy, wanted, expected = (int(status.get(key) or 0) for key in keys)
    return _Budget(
        asked=found.asked,
        limit=limit_of(spec_of(budget)),
        allowed=allowed,
        healthy=healthy,
        wanted=wanted,
        expected=expected,
        never=never_allows(spec_of(budget)),
        cordoned=tuple(sorted({node_name_of(pod) for pod in mine} & found.cordoned)),
        pods=tuple(name_of(pod) for pod in unready[:_MOST_PODS]),
        pod_states=tuple(f"{name_of(pod)} ({unready_reason(pod)})" for pod in unready[:_MOST_PODS]),
        unready_s=max(since, default=-1),
        others=tuple(sorted(map(name_of, others))),
        changed_s=look.since_s(budget, "DisruptionAllowed"),
        created_s=look.age_s(created_at(budget)),
    ).row(
        ref(budget, _KIND),
        quote=f"{allowed} disruptions allowed, {healthy} of {wanted} required pods healthy",
        reproduce=f"kubectl -n {namespace} describe pdb {name}",
    )
