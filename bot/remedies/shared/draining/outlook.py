"""What emptying a node does to what runs on it, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from bot.kube.conditions import condition
from bot.kube.objects import name_of
from bot.kube.pod_readiness import is_ready
from bot.remedies.shared import workloads
from bot.remedies.shared.draining.budgets import Budget
from bot.remedies.shared.draining.pods import Pods, called, few, local_volumes, names_of
from intents.domain import Json, Text


def effects_of(pods: Pods) -> tuple[Text, ...]:
    grace = max((int(pod["spec"].get("terminationGracePeriodSeconds") or 30) for pod in pods.going), default=0)
    count, names = len(pods.going), names_of(pods.going)
    en = (
        f"{count} pods are evicted one after the other, {grace} s at most to end each, and made anew elsewhere: {names}"
    )
    zh = f"逐个驱逐 {count} 个 Pod（每个最多 {grace} 秒退出），由其控制器在别处重建：{names_of(pods.going, zh=True)}"
    if not pods.going:
        en, zh = "No pod has to be evicted; no new one is scheduled to it", "没有需要驱逐的 Pod；不再接收新 Pod"
    stays = Text(
        en="What stays: " + ", ".join(f"{count} {why.en}" for why, count in pods.staying.items()),
        zh="保留：" + "，".join(f"{count} 个{why.zh}" for why, count in pods.staying.items()),
    )
    return (Text(en=en, zh=zh), *((stays,) if pods.staying else ()))


def warnings_of(node: Json, pods: Pods, budgets: Iterable[Budget]) -> tuple[Text, ...]:
    never = tuple(f"{each.name} ({each.needs}/{each.of})" for each in budgets if each.never)
    losing = tuple(called(pod) for pod in pods.going if local_volumes(pod))
    jobs = tuple(called(pod) for pod in pods.going if (owner := workloads.controller_of(pod)) and owner.kind == "Job")
    unready = (name_of(node),) if condition(node, "Ready").get("status", "True") != "True" else ()
    said = (
        (
            unready,
            "Not ready, so pods end only once its kubelet answers, and a StatefulSet's are not replaced before",
            "节点未就绪，Pod 要等 kubelet 恢复才会真正结束，在此之前 StatefulSet 的 Pod 不会被替换",
        ),
        (
            never,
            "Budgets that allow no disruption even when all is well (healthy pods needed/there are): it stops there",
            "以下预算即使一切正常也不允许中断（要求健康数/总数），排空会停在那里",
        ),
        (
            _last_ready(pods),
            "The last ready pod goes: nothing serves until the new one is ready",
            "最后一个就绪的 Pod 会被驱逐，新 Pod 就绪前没有实例提供服务",
        ),
        (
            (name_of(node),) if pods.everywhere is None and pods.going else (),
            "Whether these are the last ready pods of something cannot be told",
            "无法确认其中是否有最后一个就绪的 Pod",
        ),
        (losing, "What lies in local volumes (emptyDir) is lost", "本地卷（emptyDir）中的数据会丢失"),
        (jobs, "Work of Jobs starts again from the beginning", "Job 会从头重新执行"),
    )
    return tuple(Text(en=f"{en}: {few(of)}", zh=f"{zh}：{few(of, zh=True)}") for of, en, zh in said if of)


def _last_ready(pods: Pods) -> tuple[str, ...]:
    """The owners of which no pod is ready on any other node."""
    here = {workloads.uid_of(pod) for pod in (*pods.going, *pods.leaving)}
    elsewhere = {
        owner.uid
        for pod in pods.everywhere or ()
        if workloads.uid_of(pod) not in here and is_ready(pod) and not workloads.is_leaving(pod)
        if (owner := workloads.controller_of(pod))
    }
    owners = [workloads.controller_of(pod) for pod in pods.going if is_ready(pod)]
    alone = [str(owner) for owner in owners if owner and owner.kind != "Job" and owner.uid not in elsewhere]
    return tuple(dict.fromkeys(alone)) if pods.everywhere is not None else ()
