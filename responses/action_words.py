"""The words of each action in a dialog: the label of its button, and one sentence that says what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intents.domain import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWords:
    """The words of one action. `verb` is verb and object, at most 24 characters: a dialog's title and button."""

    verb: Text
    does: Text


# The action that reverts any of the others.
UNDO: Final = "undo"

_ACTIONS: Final[Mapping[str, ActionWords]] = {
    "annotate": ActionWords(
        verb=Text(en="Annotate object", zh="设置注解"),
        does=Text(en="Changes annotations of this object, nothing else.", zh="只修改此对象的注解。"),
    ),
    "clear-claim-ref": ActionWords(
        verb=Text(en="Clear claim reference", zh="清除 PVC 引用"),
        does=Text(
            en="Clears the claim reference of this volume. The next matching claim gets the volume and its data.",
            zh="清除此卷对旧 PVC 的引用。下一个匹配的 PVC 会绑定此卷，并得到其中的数据。",
        ),
    ),
    "cordon": ActionWords(
        verb=Text(en="Cordon node", zh="禁止调度"),
        does=Text(
            en="Keeps new pods off this node; running pods are not affected.",
            zh="禁止新 Pod 调度到此节点；已运行的 Pod 不受影响。",
        ),
    ),
    "create-object": ActionWords(
        verb=Text(en="Create object", zh="创建对象"),
        does=Text(
            en="Creates this object, which does not exist yet. Changes no other object.",
            zh="创建此前不存在的对象；不修改其他对象。",
        ),
    ),
    "delete-apiservice": ActionWords(
        verb=Text(en="Delete APIService", zh="删除 APIService"),
        does=Text(
            en="Unregisters this unavailable API from the API server.",
            zh="从 API Server 注销这个不可用的 API。",
        ),
    ),
    "delete-claim": ActionWords(
        verb=Text(en="Delete claim", zh="删除 PVC"),
        does=Text(
            en="Deletes this claim. The reclaim policy of its volume decides whether the data is kept.",
            zh="删除此 PVC。数据是否保留取决于其卷的回收策略。",
        ),
    ),
    "delete-claim-and-pod": ActionWords(
        verb=Text(en="Recreate pod, lose data", zh="重建 Pod 并丢弃数据"),
        does=Text(
            en="Deletes this pod and its claims. Both are recreated; the new claims are empty.",
            zh="删除此 Pod 及其 PVC。两者都会重建，新的 PVC 为空。",
        ),
    ),
    "delete-finished-pods": ActionWords(
        verb=Text(en="Delete finished pods", zh="删除已结束的 Pod"),
        does=Text(
            en="Deletes the finished pods of this namespace; running pods are not affected.",
            zh="删除此命名空间中已结束的 Pod；不影响运行中的 Pod。",
        ),
    ),
    "drain": ActionWords(
        verb=Text(en="Drain node", zh="排空节点"),
        does=Text(
            en="Keeps new pods off this node and evicts its running pods, within their disruption budgets.",
            zh="禁止新 Pod 调度到此节点，并在中断预算允许时驱逐其上的 Pod。",
        ),
    ),
    "label": ActionWords(
        verb=Text(en="Label object", zh="设置标签"),
        does=Text(en="Changes labels of this object, nothing else.", zh="只修改此对象的标签。"),
    ),
    "patch-object": ActionWords(
        verb=Text(en="Change object", zh="修改对象"),
        does=Text(en="Changes some fields of this object, nothing else.", zh="只修改此对象的部分字段。"),
    ),
    "resume": ActionWords(
        verb=Text(en="Resume job", zh="恢复运行"),
        does=Text(en="Lets this job run again.", zh="允许此任务重新运行。"),
    ),
    "scale": ActionWords(
        verb=Text(en="Scale workload", zh="调整副本数"),
        does=Text(en="Changes the number of replicas of this workload.", zh="修改此工作负载的副本数。"),
    ),
    "suspend": ActionWords(
        verb=Text(en="Suspend job", zh="暂停运行"),
        does=Text(en="Stops this job from running until it is resumed.", zh="在恢复之前不再运行此任务。"),
    ),
    "set-webhook-timeout": ActionWords(
        verb=Text(en="Set webhook timeout", zh="设置 webhook 超时"),
        does=Text(
            en="Changes how long the API server waits for this webhook, nothing else.",
            zh="只修改 API Server 等待此 webhook 的时间。",
        ),
    ),
    "set-reclaim-policy": ActionWords(
        verb=Text(en="Set reclaim policy", zh="设置回收策略"),
        does=Text(
            en="Changes what happens to this volume after its claim is deleted.",
            zh="修改此卷在其 PVC 被删除后的处理方式。",
        ),
    ),
    "restart-pod": ActionWords(
        verb=Text(en="Restart pod", zh="重启 Pod"),
        does=Text(en="Deletes this pod; its controller creates a new one.", zh="删除此 Pod，其控制器会新建一个。"),
    ),
    "rollout-restart": ActionWords(
        verb=Text(en="Restart all pods", zh="滚动重启"),
        does=Text(
            en="Replaces the pods of this workload step by step, following its update strategy.",
            zh="按更新策略逐步替换此工作负载的 Pod。",
        ),
    ),
    "rollout-undo": ActionWords(
        verb=Text(en="Roll back workload", zh="回滚"),
        does=Text(
            en="Restores the pod template of an earlier revision and replaces the pods.",
            zh="将此工作负载恢复为更早版本的 Pod 模板，并替换其 Pod。",
        ),
    ),
    "set-args": ActionWords(
        verb=Text(en="Change flags", zh="修改启动参数"),
        does=Text(
            en="Changes the flags of a container of this workload and replaces its pods.",
            zh="修改此工作负载中容器的启动参数，并替换其 Pod。",
        ),
    ),
    "set-image": ActionWords(
        verb=Text(en="Set image", zh="设置镜像"),
        does=Text(
            en="Changes the image of a container of this workload and replaces its pods.",
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
        does=Text(en="Allows new pods on this node again.", zh="允许新 Pod 重新调度到此节点。"),
    ),
    UNDO: ActionWords(
        verb=Text(en="Undo change", zh="撤销更改"),
        does=Text(
            en="Restores the object to its state before the change, as shown below.",
            zh="将此对象恢复到更改之前的状态，如下所示。",
        ),
    ),
}


def words_for(action: str) -> ActionWords:
    """Return the words of an action; its name for an action without words."""
    return _ACTIONS.get(action) or ActionWords(verb=Text.same(action[:24]), does=Text.same(action))
