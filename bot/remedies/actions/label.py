"""Set and take off labels of an object. Unlike an annotation a label acts by itself: others select by it.

A pod may leave its Service or its controller by one, a node may gain or lose the pods of DaemonSets. Who would take
the change up is looked up first and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from bot.cluster.errors import ClusterError
from bot.cluster.owners import owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of
from bot.kube.placement import refusal as not_placed
from bot.kube.placement import selects
from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.kinds import WORKLOADS
from bot.remedies.shared.marks import Marking, Marks, after
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, Text

# A node's kubelet and the cloud's controller write these, and volumes and schedulers rely on them.
_OF_THE_NODE: Final = frozenset({
    "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
})  # fmt: skip
_OTHER_NODE: Final = "node selector or affinity"


class Label(Marking):
    name: ClassVar[str] = "label"
    field: ClassVar[str] = "labels"
    en: ClassVar[str] = "labelled"
    zh: ClassVar[str] = "标签"

    async def effects(self, snapshot: Snapshot, plan: Plan, obj: Json, wanted: Marks) -> tuple[Text, ...] | Refusal:
        match plan.target.kind:
            case "Pod":
                return await _of_pod(snapshot, obj, wanted)
            case "Node":
                if fixed := ", ".join(sorted(_OF_THE_NODE & wanted.keys())):
                    return unsafe(
                        f"{fixed} is written by the node's kubelet or the cloud, and volumes rely on it: leave it",
                        f"{fixed} 由节点的 kubelet 或云厂商写入，存储卷依赖它：请勿修改",
                    )
                return await _of_node(snapshot, obj, wanted)
            case kind:
                selected = Text(
                    en="Whatever selects by these labels sees the change at once; nothing is restarted",
                    zh="按这些标签选择对象的一方会立即看到变化；不会重启任何东西",
                )
                kept = Text(en="Its pods do not get the labels: the template stays", zh="其 Pod 不会带上标签：模板不变")
                return (selected, kept) if kind in WORKLOADS else (selected,)


async def _of_pod(snapshot: Snapshot, pod: Json, wanted: Marks) -> tuple[Text, ...]:
    then = _labelled(pod, wanted)
    effects = []
    owners = await owners_of(snapshot, pod)
    maker: Json = owners.manifests[0] if owners.manifests else {}
    selector = (maker.get("spec") or {}).get("selector")
    if isinstance(selector, dict) and _chosen(selector, pod) and not _chosen(selector, then):
        effects.append(
            Text(
                en=f"{owners.refs[0]} lets go of it and makes another in its place; this one stays until it is deleted",
                zh=f"{owners.refs[0]} 会放弃它并新建一个 Pod；它会一直留着，直到被删除",
            )
        )
    try:
        services = (await snapshot.list("Service", namespace=namespace_of(pod))).items
    except ClusterError as error:
        return (*effects, error.gap("Services").says, *_of_the_pod_alone(pod))
    lost = [name_of(each) for each in services if _serves(each, pod) and not _serves(each, then)]
    won = [name_of(each) for each in services if _serves(each, then) and not _serves(each, pod)]
    if lost:
        en, zh = "No longer gets traffic of Service", "不再接收以下 Service 的流量："
        effects.append(_listed(en, zh, lost))
    if won:
        effects.append(_listed("Gets traffic of Service", "开始接收以下 Service 的流量：", won))
    return (*effects, *_of_the_pod_alone(pod))


def _of_the_pod_alone(pod: Json) -> tuple[Text, ...]:
    alone = Text(
        en=f"The label is {name_of(pod)}'s alone: a pod that takes its place does not have it",
        zh=f"该标签只属于 {name_of(pod)}：替代它的 Pod 不会带有此标签",
    )
    others = Text(
        en="It is not restarted; NetworkPolicies and budgets that select by these labels follow the change at once",
        zh="不会重启该 Pod；按这些标签选择的 NetworkPolicy 与 PodDisruptionBudget 会立即随之改变",
    )
    return (alone, others)


async def _of_node(snapshot: Snapshot, node: Json, wanted: Marks) -> tuple[Text, ...]:
    stays = Text(
        en="Pods that run there stay; new ones are placed by the labels from then on",
        zh="已在运行的 Pod 不受影响；此后新 Pod 按新标签调度",
    )
    try:
        sets = (await snapshot.list("DaemonSet")).items
    except ClusterError as error:
        return (stays, error.gap("DaemonSets").says)
    then = _labelled(node, wanted)
    lost = [_named(each) for each in sets if _runs(each, node) and not _runs(each, then)]
    won = [_named(each) for each in sets if _runs(each, then) and not _runs(each, node)]
    effects = [stays]
    if lost:
        effects.append(_listed("Its pod is removed at once, of DaemonSet", "以下 DaemonSet 的 Pod 会立即移除：", lost))
    if won:
        effects.append(_listed("It gets a pod at once, of DaemonSet", "以下 DaemonSet 会立即在此启动 Pod：", won))
    return tuple(effects)


def _labelled(obj: Json, wanted: Marks) -> Json:
    return {**obj, "metadata": {**obj["metadata"], "labels": after(obj, wanted, field="labels")}}


def _labels(obj: Json) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}


def _chosen(selector: dict[str, Any], pod: Json) -> bool:
    # A ReplicationController's selector is a plain map.
    plain = not {"matchLabels", "matchExpressions"} & selector.keys()
    return selects({"matchLabels": selector} if plain else selector, _labels(pod))


def _serves(service: Json, pod: Json) -> bool:
    selector = (service.get("spec") or {}).get("selector")
    return bool(selector) and selects({"matchLabels": selector}, _labels(pod))


def _runs(daemon_set: Json, node: Json) -> bool:
    """Whether a DaemonSet wants a pod on the node, as far as the node's labels decide it."""
    template = (daemon_set.get("spec") or {}).get("template") or {}
    # A toleration of everything leaves the labels as the only thing that can keep it off.
    spec = {**(template.get("spec") or {}), "tolerations": [{"operator": "Exists"}]}
    return not_placed({"spec": spec}, node) != _OTHER_NODE


def _named(obj: Json) -> str:
    return f"{namespace_of(obj)}/{name_of(obj)}"


def _listed(en: str, zh: str, names: Sequence[str]) -> Text:
    return Text(en=f"{en} {', '.join(names)}", zh=f"{zh}{'、'.join(names)}")


ACTION: Final = Label()
