"""What each action is called in a dialog: the verb on its button, and what confirming it does in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intents.domain import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWords:
    """`verb` fits into the 24 characters of a dialog's title and button."""

    verb: Text
    does: Text


# What takes any of them back.
UNDO: Final = "undo"

_ACTIONS: Final[Mapping[str, ActionWords]] = {
    "annotate": ActionWords(
        verb=Text(en="Annotate", zh="设置注解"),
        does=Text(en="Changes annotations of this object, nothing else.", zh="只修改此对象的注解。"),
    ),
    "clear-claim-ref": ActionWords(
        verb=Text(en="Offer volume again", zh="重新提供该卷"),
        does=Text(
            en="Clears the old claim of this volume: the next one that fits gets it, with its data.",
            zh="清除此卷上旧 PVC 的引用：下一个匹配的 PVC 会连同数据一起得到它。",
        ),
    ),
    "cordon": ActionWords(
        verb=Text(en="Cordon node", zh="禁止调度"),
        does=Text(
            en="Keeps new pods off this node; those that run there go on.",
            zh="禁止新 Pod 调度到此节点；已运行的 Pod 不受影响。",
        ),
    ),
    "create-object": ActionWords(
        verb=Text(en="Create object", zh="创建对象"),
        does=Text(
            en="Creates this object, which does not exist yet; changes no other.",
            zh="创建此前不存在的对象；不修改其他对象。",
        ),
    ),
    "delete-apiservice": ActionWords(
        verb=Text(en="Delete APIService", zh="删除 APIService"),
        does=Text(
            en="Removes this API, which does not answer, from the API server.",
            zh="从 API server 上注销这个无应答的 API。",
        ),
    ),
    "delete-claim": ActionWords(
        verb=Text(en="Delete claim", zh="删除 PVC"),
        does=Text(
            en="Deletes this claim; its volume's reclaim policy decides on the data.",
            zh="删除此 PVC；数据去留由其卷的回收策略决定。",
        ),
    ),
    "delete-claim-and-pod": ActionWords(
        verb=Text(en="Rebuild pod, lose data", zh="重建 Pod 并丢弃数据"),
        does=Text(
            en="Deletes this pod and its claims; both are made anew, the claims empty.",
            zh="删除此 Pod 及其 PVC；两者都会重建，PVC 为空。",
        ),
    ),
    "delete-finished-pods": ActionWords(
        verb=Text(en="Delete ended pods", zh="删除已结束的 Pod"),
        does=Text(
            en="Deletes pods of this namespace that have ended; none that runs.",
            zh="删除此命名空间中已结束的 Pod；不影响运行中的 Pod。",
        ),
    ),
    "drain": ActionWords(
        verb=Text(en="Drain node", zh="排空节点"),
        does=Text(
            en="Keeps new pods off this node and evicts those that run there, as their budgets allow.",
            zh="禁止新 Pod 调度到此节点，并在中断预算允许时驱逐其上的 Pod。",
        ),
    ),
    "label": ActionWords(
        verb=Text(en="Label", zh="设置标签"),
        does=Text(en="Changes labels of this object, nothing else.", zh="只修改此对象的标签。"),
    ),
    "patch-object": ActionWords(
        verb=Text(en="Change object", zh="修改对象"),
        does=Text(en="Changes some fields of this object, nothing else.", zh="只修改此对象的部分字段。"),
    ),
    "resume": ActionWords(
        verb=Text(en="Resume", zh="恢复运行"),
        does=Text(en="Lets this job run again.", zh="允许此任务重新运行。"),
    ),
    "scale": ActionWords(
        verb=Text(en="Scale", zh="调整副本数"),
        does=Text(en="Changes how many pods this workload has.", zh="修改此工作负载的 Pod 数量。"),
    ),
    "suspend": ActionWords(
        verb=Text(en="Suspend", zh="暂停运行"),
        does=Text(en="Keeps this job from running until it is resumed.", zh="在恢复之前不再运行此任务。"),
    ),
    "set-webhook-timeout": ActionWords(
        verb=Text(en="Set webhook timeout", zh="设置 webhook 超时"),
        does=Text(
            en="Changes how long writes wait for this webhook, nothing else.",
            zh="只修改写入等待此 webhook 的时间。",
        ),
    ),
    "set-reclaim-policy": ActionWords(
        verb=Text(en="Set reclaim policy", zh="设置回收策略"),
        does=Text(
            en="Changes what becomes of this volume once its claim is deleted.",
            zh="修改此卷在其 PVC 被删除后的处理方式。",
        ),
    ),
    "restart-pod": ActionWords(
        verb=Text(en="Restart pod", zh="重启 Pod"),
        does=Text(en="Deletes this pod; its controller makes a new one.", zh="删除此 Pod，其控制器会新建一个。"),
    ),
    "rollout-restart": ActionWords(
        verb=Text(en="Restart all pods", zh="滚动重启"),
        does=Text(
            en="Replaces the pods of this workload one after the other, as its update strategy says.",
            zh="按更新策略逐个替换此工作负载的 Pod。",
        ),
    ),
    "rollout-undo": ActionWords(
        verb=Text(en="Roll back", zh="回滚"),
        does=Text(
            en="Gives this workload the pod template of an earlier revision and replaces its pods.",
            zh="将此工作负载恢复为更早版本的 Pod 模板，并替换其 Pod。",
        ),
    ),
    "set-args": ActionWords(
        verb=Text(en="Change flags", zh="修改启动参数"),
        does=Text(
            en="Starts a container of this workload with other flags and replaces its pods.",
            zh="修改此工作负载中容器的启动参数，并替换其 Pod。",
        ),
    ),
    "set-image": ActionWords(
        verb=Text(en="Set image", zh="设置镜像"),
        does=Text(
            en="Gives a container of this workload another image and replaces its pods.",
            zh="更换此工作负载中容器的镜像，并替换其 Pod。",
        ),
    ),
    "set-resources": ActionWords(
        verb=Text(en="Set resources", zh="设置资源"),
        does=Text(
            en="Changes requests and limits of a container of this workload and replaces its pods.",
            zh="修改此工作负载中容器的资源请求和限制，并替换其 Pod。",
        ),
    ),
    "uncordon": ActionWords(
        verb=Text(en="Uncordon node", zh="恢复调度"),
        does=Text(en="Lets new pods onto this node again.", zh="允许新 Pod 重新调度到此节点。"),
    ),
    UNDO: ActionWords(
        verb=Text(en="Undo", zh="撤销"),
        does=Text(
            en="Makes this object again what it was before the change, as shown below.",
            zh="将此对象恢复为修改之前的样子，如下所示。",
        ),
    ),
}


def words_for(action: str) -> ActionWords:
    """The words of an action; for one without, its name."""
    return _ACTIONS.get(action) or ActionWords(verb=Text.same(action[:24]), does=Text.same(action))
