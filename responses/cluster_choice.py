"""Say which cluster was queried and why, which ones it could be, and why one could not be queried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from intents.cluster_choice import ChoiceReason, UnknownCluster
from intents.domain import GapReason, Text
from responses import words

_REASONS: Final[Mapping[ChoiceReason, Text]] = {
    ChoiceReason.PRESSED: Text(en="as selected", zh="已选择"),
    ChoiceReason.NAMED: Text(en="named in the question", zh="提问中指明"),
    ChoiceReason.TEXT: Text(en="named in the text", zh="文本中指明"),
    ChoiceReason.THREAD: Text(en="same as before in this thread", zh="与此消息列之前相同"),
    ChoiceReason.CHANNEL: Text(en="this channel's default", zh="此频道的默认集群"),
    ChoiceReason.CONFIGURED: Text(en="the default", zh="默认集群"),
    ChoiceReason.FOUND: Text(en="no other cluster has the object", zh="仅在此集群中找到该对象"),
}
_MOST: Final = 10

WHICH_CLUSTER: Final = Text(en="Which cluster?", zh="查询哪个集群？")
ANOTHER_CLUSTER: Final = Text(en="Query another cluster:", zh="查询其他集群：")
OR_NAME_IT: Final = Text(en="Or name the cluster in your question: {}", zh="或在提问中指明集群：{}")
CHOOSE_CLUSTER: Final = Text(en="Choose a cluster", zh="选择集群")
SEVERAL_CLUSTERS: Final = Text(
    en="the text could refer to several clusters, so none was queried", zh="文本可能涉及多个集群，因此未查询任何集群"
)
CLUSTER_NOT_VISIBLE: Final = Text(
    en="the policy does not allow you to see this cluster here; nothing was queried",
    zh="策略不允许您在此查看该集群；未进行查询",
)


def reason_for(why: ChoiceReason) -> Text | None:
    """Return why this cluster was queried; None where there was no choice."""
    return _REASONS.get(why)


def found_only_there(unasked: Sequence[str]) -> Text:
    """Say that this cluster has the object; `unasked` are clusters that did not answer in time."""
    if not unasked:
        return _REASONS[ChoiceReason.FOUND]
    silent = ", ".join(unasked[:_MOST])
    return Text(en=f"it has the object; {silent} could not be queried", zh=f"已在其中找到该对象；无法查询 {silent}")


def unknown_cluster(choice: UnknownCluster, visible: Sequence[str]) -> Text:
    """Say that the named cluster does not exist, and suggest only names from `visible`."""
    if choice.closest:
        return Text(
            en=f"there is no cluster “{choice.named}” here; did you mean {choice.closest}?",
            zh=f"此处没有集群“{choice.named}”；您要找的是 {choice.closest} 吗？",
        )
    names = ", ".join(visible[:_MOST])
    return Text(
        en=f"there is no cluster “{choice.named}” here. Available clusters: {names}",
        zh=f"此处没有集群“{choice.named}”。可用的集群：{names}",
    )


def unreachable(cluster: str, reason: GapReason) -> Text:
    """Say that one of several clusters could not be queried, and which settings its operator should check."""
    why = words.REASONS[reason]
    return Text(
        en=f"cluster {cluster} could not be queried: {why.en}. Operator of Casebook: check the address and login of "
        f"the context {cluster} in KUBECONFIG, and the list of clusters in CASEBOOK_CONTEXTS",
        zh=f"无法查询集群 {cluster}：{why.zh}。Casebook 的维护者请检查 KUBECONFIG 中的 context {cluster}（地址与凭据）"
        f"以及 CASEBOOK_CONTEXTS 中的集群列表",
    )


def or_name_it(names: Sequence[str]) -> Text:
    """Say how to name a cluster in words: ephemeral messages have no buttons, and a menu has at most 100 options."""
    return Text(
        en=OR_NAME_IT.en.format(", ".join(f"“in {name}”" for name in names[:_MOST])),
        zh=OR_NAME_IT.zh.format("、".join(f"“在 {name}”" for name in names[:_MOST])),
    )


def cluster_busy(cluster: str) -> Text:
    """Say that too many requests already wait for this cluster."""
    return Text(
        en=f"too many requests are waiting for cluster {cluster}, which responds slowly. Try again in a moment",
        zh=f"集群 {cluster} 响应缓慢，等待的请求过多。请稍后再试",
    )


def with_cluster_name(says: Text, cluster: str) -> Text:
    """Add the name of the cluster to a sentence about it."""
    en, zh = says.en.removesuffix("."), says.zh.removesuffix("。")
    return Text(en=f"{en} (cluster {cluster})", zh=f"{zh}（集群 {cluster}）")


def why_unclear(about: str, *, found: Sequence[str], unasked: Sequence[str]) -> Text:
    """Say why the cluster has to be chosen. `about` names the object, "" where none was searched for."""
    if not about:
        return Text(en="the text could refer to several clusters", zh="文本可能涉及多个集群")
    there, silent = ", ".join(found[:_MOST]), ", ".join(unasked[:_MOST])
    if found:
        says = Text(en=f"{about} exists in {there}", zh=f"{about} 存在于 {there}")
    elif unasked:
        says = Text(en=f"{about} was not found", zh=f"未找到 {about}")
    else:
        return Text(en=f"{about} does not exist in any cluster", zh=f"{about} 不存在于任何集群")
    if not unasked:
        return says
    return Text(en=f"{says.en}; {silent} could not be queried", zh=f"{says.zh}；无法查询 {silent}")
