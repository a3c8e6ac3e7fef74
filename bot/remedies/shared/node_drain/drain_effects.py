"""The effects of a drain on the pods of the node, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from bot.kube.objects import condition, is_terminating, name_of, uid_of
from bot.kube.owners import controller_of
from bot.kube.pod_states import is_ready
from bot.remedies.shared.claims import local_volumes
from bot.remedies.shared.node_drain.drain_budgets import Budget
from bot.remedies.shared.node_drain.node_pods import NodePods, few, key_of, names_of
from intents.domain import Json, Text
from intents.templates import counted


def effects_of(pods: NodePods) -> tuple[Text, ...]:
    """Say which pods are evicted, and which stay."""
    grace = max((int(pod["spec"].get("terminationGracePeriodSeconds") or 30) for pod in pods.evicted), default=0)
    count, names = len(pods.evicted), names_of(pods.evicted)
    evicted = counted(count, "pods are evicted")
    en = f"{evicted} one by one, each with at most {grace} s to stop, and recreated elsewhere: {names}"
    zh = f"逐个驱逐 {count} 个 Pod（每个最多 {grace} 秒退出），由其控制器在别处重建：{names_of(pods.evicted, zh=True)}"
    if not pods.evicted:
        en, zh = "No pod has to be evicted; the node gets no new pods", "没有需要驱逐的 Pod；该节点不再接收新 Pod"
    stays = Text(
        en="These pods stay: " + ", ".join(f"{count} {why.en}" for why, count in pods.staying.items()),
        zh="保留的 Pod：" + "，".join(f"{count} 个{why.zh}" for why, count in pods.staying.items()),
    )
    return (Text(en=en, zh=zh), *((stays,) if pods.staying else ()))


def warnings_of(node: Json, pods: NodePods, budgets: Iterable[Budget]) -> tuple[Text, ...]:
    """Warn about everything that the drain may break or wait for."""
    never = tuple(f"{each.name} ({each.required}/{each.expected})" for each in budgets if each.never_allows)
    losing = tuple(key_of(pod) for pod in pods.evicted if local_volumes(pod.get("spec") or {}))
    jobs = tuple(key_of(pod) for pod in pods.evicted if (owner := controller_of(pod)) and owner.kind == "Job")
    unready = (name_of(node),) if condition(node, "Ready").get("status", "True") != "True" else ()
    groups = (
        (
            unready,
            "The node is not ready: its pods stop once the kubelet responds, and pods of StatefulSets are not replaced "
            "before",
            "节点未就绪，Pod 要等 kubelet 恢复才会真正结束，在此之前 StatefulSet 的 Pod 不会被替换",
        ),
        (
            never,
            "These budgets allow no disruption even if all pods are healthy (required/expected pods); the drain stops "
            "there",
            "以下预算即使一切正常也不允许中断（要求健康数/总数），排空会停在那里",
        ),
        (
            _last_ready(pods),
            "The last ready pod of these is evicted: nothing serves requests until the new pod is ready",
            "以下对象最后一个就绪的 Pod 会被驱逐，新 Pod 就绪前服务会中断",
        ),
        (
            (name_of(node),) if pods.everywhere is None and pods.evicted else (),
            "Could not check whether these are the last ready pods of a workload",
            "无法确认其中是否有最后一个就绪的 Pod",
        ),
        (losing, "Data in local volumes (emptyDir) is lost", "本地卷（emptyDir）中的数据会丢失"),
        (jobs, "Jobs start their work again from the beginning", "Job 会从头重新执行"),
    )
    return tuple(Text(en=f"{en}: {few(of)}", zh=f"{zh}：{few(of, zh=True)}") for of, en, zh in groups if of)


def _last_ready(pods: NodePods) -> tuple[str, ...]:
    """Return the owners that have no ready pod on any other node."""
    here = {uid_of(pod) for pod in (*pods.evicted, *pods.terminating)}
    elsewhere = {
        owner.uid
        for pod in pods.everywhere or ()
        if uid_of(pod) not in here and is_ready(pod) and not is_terminating(pod)
        if (owner := controller_of(pod))
    }
    owners = [controller_of(pod) for pod in pods.evicted if is_ready(pod)]
    alone = [str(owner) for owner in owners if owner and owner.kind != "Job" and owner.uid not in elsewhere]
    return tuple(dict.fromkeys(alone)) if pods.everywhere is not None else ()
