"""Tell where something runs: its nodes, their zones, how many of its pods are ready there; of a node, its pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.asked.contract import OF_PODS, Asked, look_at, pods_behind
from bot.cluster.access import collect_gaps
from bot.kube.node_readiness import status_of_ready
from bot.kube.objects import by_node, grouped, has_ended, labels_of, name_of, namespace_of
from bot.kube.owners import workload_of
from bot.kube.placement import is_cordoned
from bot.kube.pod_states import is_ready, unready_reason
from bot.probes.contract import may
from intents.domain import Json, ObjectRef, Text
from intents.sheets import Sheet, SheetRow
from intents.talk.asks import Ask
from responses.next_asks import further
from responses.words import COMMA

PERMISSIONS: Final = (*OF_PODS, *may("get list", "nodes"))
_SHOWN: Final = (8, 40)
_ZONES: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_MOST_WORKLOADS: Final = 5

_HEADING: Final = Text(en="Where {} runs", zh="{} 运行在哪")
_ON_NODE: Final = Text(en="What runs on {}", zh="{} 上运行了什么")
_SUMMARY: Final = Text(en="{ready} of {all} pods ready, {nodes}", zh="{all} 个 Pod 中 {ready} 个就绪，{nodes}")
_NODES: Final = Text(en="on {} nodes", zh="分布在 {} 个节点")
_ONE_NODE: Final = Text(en="all on one node", zh="都在同一个节点")
_ZONES_OF: Final = Text(en="in {} zones", zh="跨 {} 个可用区")
_ONE_ZONE: Final = Text(en="all in zone {}", zh="都在可用区 {}")
_READY: Final = Text(en="{} of {} ready", zh="{1} 个中 {0} 个就绪")
_NOWHERE: Final = Text(en="on no node", zh="未分配节点")
_IN_SPACE: Final = Text(en="{}: {} · {}", zh="{}：{} · {}")
_ZONE: Final = Text(en="zone {}", zh="可用区 {}")
_NOT_READY: Final = Text(en="node not ready", zh="节点未就绪")
_CORDONED: Final = Text(en="cordoned", zh="已禁止调度")
_NO_PODS: Final = Text(en="No pod of it exists.", zh="它没有 Pod。")


async def where(asked: Asked) -> Sheet:
    """Return the nodes of an object's pods, the worst first; of a node, the workloads on it."""
    about = asked.about
    with collect_gaps() as gaps:
        found = [pod for pod in await pods_behind(asked) if not has_ended(pod)]
        look = look_at(asked)
        if about.kind == "Node":
            node = await look.find("Node", about.name)
            rows = [_of_node(node, found), *_workloads(found)]
        else:
            nodes = {name_of(node): node for node in await look.list("Node")}
            rows = [_summary(found, nodes), *_nodes(found, nodes)] if found else []
    if not (rows or gaps):
        rows = [SheetRow(says=_NO_PODS)]
    heading = _ON_NODE if about.kind == "Node" else _HEADING
    return asked.sheet(
        heading.filled(about),
        rows,
        most=_SHOWN,
        ask=Ask.WHERE,
        further=further(about, Ask.HEALTH, Ask.EVENTS),
        gaps=gaps,
        reproduce=_reproduce(about),
    )


def _summary(pods: Sequence[Json], nodes: Mapping[str, Json]) -> SheetRow:
    names = {name for name in by_node(pods) if name}
    zones = {_zone(nodes[name]) for name in names if name in nodes}
    on = _ONE_NODE if len(names) == 1 else _NODES.filled(len(names))
    if len(names) > 1 and "" not in zones and zones:
        in_zones = _ONE_ZONE.filled(min(zones)) if len(zones) == 1 else _ZONES_OF.filled(len(zones))
        on = Text.joined((on, in_zones), COMMA)
    ready = sum(map(is_ready, pods))
    return SheetRow(says=_SUMMARY.filled(ready=ready, all=len(pods), nodes=on))


def _nodes(pods: Iterable[Json], nodes: Mapping[str, Json]) -> list[SheetRow]:
    """Return a row per node, those with pods that are not ready first; of pods without a node, why they wait."""
    found = []
    for name, there in by_node(pods).items():
        unready = [pod for pod in there if not is_ready(pod)]
        parts = [Text.same(name) if name else _NOWHERE, *_state(nodes.get(name))]
        parts.append(_READY.filled(len(there) - len(unready), len(there)))
        parts += [Text.same(reasons)] if (reasons := _reasons(unready)) else []
        about = ObjectRef(kind="Node", name=name) if name and unready else None
        row = SheetRow(says=Text.joined(parts, COMMA), about=about)
        found.append(((bool(name), -len(unready), -len(there), name), row))
    return [row for _, row in sorted(found, key=lambda each: each[0])]


def _state(node: Json | None) -> list[Text]:
    """Return the zone of a node, and what keeps pods from it."""
    if node is None:
        return []
    parts = [_ZONE.filled(zone)] if (zone := _zone(node)) else []
    parts += [] if status_of_ready(node) == "True" else [_NOT_READY]
    return parts + ([_CORDONED] if is_cordoned(node) else [])


def _of_node(node: Json | None, pods: Sequence[Json]) -> SheetRow:
    ready = sum(map(is_ready, pods))
    return SheetRow(says=Text.joined([_READY.filled(ready, len(pods)), *_state(node)], COMMA))


def _workloads(pods: Iterable[Json]) -> list[SheetRow]:
    """Return a row per namespace with its workloads on the node, those with pods that are not ready first."""
    found = []
    for space, there in grouped(pods, namespace_of).items():
        unready = [pod for pod in there if not is_ready(pod)]
        # Who is not ready is named first.
        counts = Counter(workload_of(pod).name for pod in sorted(there, key=is_ready))
        more = len(counts) - _MOST_WORKLOADS
        listed = ", ".join([_times(*each) for each in counts.items()][:_MOST_WORKLOADS])
        listed += f" +{more}" if more > 0 else ""
        ready = _READY.filled(len(there) - len(unready), len(there))
        row = SheetRow(says=_IN_SPACE.filled(space, ready, listed))
        found.append(((-len(unready), -len(there), space), row))
    return [row for _, row in sorted(found, key=lambda each: each[0])]


def _reasons(unready: Iterable[Json]) -> str:
    counts = Counter(filter(None, map(unready_reason, unready)))
    return ", ".join(_times(reason, count) for reason, count in counts.most_common(2))


def _times(name: str, count: int) -> str:
    return f"{name} ×{count}" if count > 1 else name


def _zone(node: Json) -> str:
    return next((str(labels_of(node)[key]) for key in _ZONES if labels_of(node).get(key)), "")


def _reproduce(about: ObjectRef) -> str:
    if about.kind == "Node":
        return f"kubectl get pods -A -o wide --field-selector spec.nodeName={about.name}"
    return f"kubectl get pods -n {about.namespace or about.name} -o wide"
