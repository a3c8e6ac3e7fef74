"""Set and remove labels of an object. Unlike an annotation, a label acts by itself, because selectors use it.

A pod may leave or join a Service by a label, and the preview says which. A label by which a controller selects is
refused: a ReplicaSet would release the pod, a DaemonSet start or end a pod on the node.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bot.cluster.errors import ClusterError
from bot.cluster.owners import owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.agents import is_fixed_label
from bot.kube.objects import full_name, labels_of, name_of, namespace_of, pod_template_of, spec_of
from bot.kube.placement import may_use, selects
from bot.remedies.action import WORKLOADS
from bot.remedies.contract import Plan
from bot.remedies.shared import patch_action
from bot.remedies.shared.patch_action import Entries, MetadataAction
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration
from intents.domain import Json, Text
from responses.words import ActionWords


class Label(MetadataAction):
    """Sets and removes labels."""

    declaration = ActionDeclaration(name="label", args=patch_action.ARGUMENTS, only_configures=True)
    words = ActionWords(
        verb=Text(en="Label object", zh="设置标签"),
        does=Text(en="Changes labels of this object, nothing else.", zh="只修改此对象的标签。"),
    )
    field: ClassVar[str] = "labels"
    verb: ClassVar[str] = "labelled"
    noun_zh: ClassVar[str] = "标签"

    async def effects(self, snapshot: Snapshot, plan: Plan, obj: Json, wanted: Entries) -> tuple[Text, ...]:
        match plan.target.kind:
            case "Pod":
                return await _pod_effects(snapshot, obj, wanted)
            case "Node":
                if fixed := ", ".join(sorted(filter(is_fixed_label, wanted))):
                    raise unsafe(
                        f"the kubelet or the cloud provider writes {fixed}, and volumes depend on it: do not change it",
                        f"{fixed} 由节点的 kubelet 或云厂商写入，存储卷依赖它：请勿修改",
                    )
                return await _node_effects(snapshot, obj, wanted)
            case kind:
                selected = Text(
                    en="Selectors that use these labels see the change at once; nothing is restarted",
                    zh="使用这些标签的 selector 会立即看到变化；不会重启任何东西",
                )
                kept = Text(
                    en="Its pods do not get the labels: the pod template does not change",
                    zh="其 Pod 不会带上标签：Pod 模板不变",
                )
                return (selected, kept) if kind in WORKLOADS else (selected,)


async def _pod_effects(snapshot: Snapshot, pod: Json, wanted: Entries) -> tuple[Text, ...]:
    then = _labelled(pod, wanted)
    owners = await owners_of(snapshot, pod)
    selector = spec_of(owners.manifests[0]).get("selector") if owners.manifests else None
    if isinstance(selector, dict) and _matches(selector, pod) and not _matches(selector, then):
        raise unsafe(
            f"{owners.refs[0]} selects its pods by this label, and would release the pod and create another",
            f"{owners.refs[0]} 通过该标签选择 Pod，修改后会释放它并新建一个 Pod",
        )
    try:
        services = (await snapshot.list("Service", namespace=namespace_of(pod))).items
    except ClusterError as error:
        return (error.gap("Services").says, *_only_this_pod(pod))
    served = [(name_of(each), _serves(each, pod), _serves(each, then)) for each in services]
    lost = [name for name, before, after in served if before and not after]
    gained = [name for name, before, after in served if after and not before]
    moves = (
        ("No longer gets traffic of Service", "不再接收以下 Service 的流量", lost),
        ("Gets traffic of Service", "开始接收以下 Service 的流量", gained),
    )
    effects = (Text(en=f"{en} {', '.join(of)}", zh=f"{zh}：{'、'.join(of)}") for en, zh, of in moves if of)
    return (*effects, *_only_this_pod(pod))


def _only_this_pod(pod: Json) -> tuple[Text, ...]:
    alone = Text(
        en=f"Only {name_of(pod)} has the label: a pod that replaces it does not",
        zh=f"该标签只属于 {name_of(pod)}：替代它的 Pod 不会带有此标签",
    )
    others = Text(
        en="It is not restarted; NetworkPolicies and PodDisruptionBudgets that use these labels follow at once",
        zh="不会重启该 Pod；使用这些标签的 NetworkPolicy 与 PodDisruptionBudget 会立即随之改变",
    )
    return (alone, others)


async def _node_effects(snapshot: Snapshot, node: Json, wanted: Entries) -> tuple[Text, ...]:
    stays = Text(
        en="Running pods stay; new pods are scheduled by the changed labels",
        zh="已在运行的 Pod 不受影响；此后新 Pod 按新标签调度",
    )
    try:
        sets = (await snapshot.list("DaemonSet")).items
    except ClusterError as error:
        return (stays, error.gap("DaemonSets").says)
    then = _labelled(node, wanted)
    changed = ", ".join(full_name(each) for each in sets if _runs(each, node) != _runs(each, then))
    if changed:
        raise unsafe(
            f"DaemonSet {changed} selects nodes by this label, and would start or end a pod there at once",
            f"DaemonSet {changed} 通过该标签选择节点，修改后会立即在此启动或移除 Pod",
        )
    return (stays,)


def _labelled(obj: Json, wanted: Entries) -> Json:
    return {**obj, "metadata": {**obj["metadata"], "labels": patch_action.merged(obj, wanted, field="labels")}}


def _matches(selector: dict[str, Any], pod: Json) -> bool:
    # A ReplicationController's selector is a plain map.
    plain = not {"matchLabels", "matchExpressions"} & selector.keys()
    return selects({"matchLabels": selector} if plain else selector, labels_of(pod))


def _serves(service: Json, pod: Json) -> bool:
    selector = spec_of(service).get("selector")
    return bool(selector) and selects({"matchLabels": selector}, labels_of(pod))


def _runs(daemon_set: Json, node: Json) -> bool:
    """Tell whether the node's labels let a DaemonSet run a pod there."""
    return may_use(pod_template_of(daemon_set), node)
