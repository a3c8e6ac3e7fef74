"""Which cluster was asked and why, which may be meant, and why one could not be asked, where there are several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from intents.choosing import NoSuch, Why
from intents.domain import GapReason, Text
from responses import words

_BECAUSE: Final[Mapping[Why, Text]] = {
    Why.PRESSED: Text(en="as chosen", zh="按所选"),
    Why.NAMED: Text(en="as asked", zh="按提问中所指"),
    Why.TEXT: Text(en="named in the text", zh="文本中指明"),
    Why.THREAD: Text(en="as before in this thread", zh="与此消息列之前相同"),
    Why.CHANNEL: Text(en="this channel's default", zh="此频道的默认集群"),
    Why.CONFIGURED: Text(en="the usual one", zh="默认集群"),
    Why.FOUND: Text(en="the object was found in no other", zh="仅在此集群中找到该对象"),
}
_MOST: Final = 10

WHICH_CLUSTER: Final = Text(en="Which cluster?", zh="查询哪个集群？")
ANOTHER_CLUSTER: Final = Text(en="Ask another cluster:", zh="查询其他集群：")
OR_NAME_IT: Final = Text(en="Or ask again and say where: {}", zh="或重新提问并指明集群：{}")
CHOOSE_CLUSTER: Final = Text(en="Choose a cluster", zh="选择集群")
SEVERAL_CLUSTERS: Final = Text(
    en="several clusters may be meant, so none was asked", zh="可能涉及多个集群，因此尚未查询任何集群"
)
CLUSTER_NOT_VISIBLE: Final = Text(
    en="the policy does not let you be shown that cluster here; nothing was asked",
    zh="策略不允许在此向您显示该集群的内容；未进行查询",
)


def reason_for(why: Why) -> Text | None:
    """What told which cluster was meant; None where there was nothing to tell apart."""
    return _BECAUSE.get(why)


def found_only_there(unasked: Sequence[str]) -> Text:
    """Why a cluster was asked that has the object; `unasked` did not say in time whether they have it."""
    if not unasked:
        return _BECAUSE[Why.FOUND]
    silent = ", ".join(unasked[:_MOST])
    return Text(
        en=f"the object was found there; {silent} could not be asked", zh=f"已在其中找到该对象；无法查询 {silent}"
    )


def unknown_cluster(choice: NoSuch, visible: Sequence[str]) -> Text:
    """A cluster was named that there is not; only names that may be seen are told."""
    if choice.closest:
        return Text(
            en=f"there is no cluster “{choice.named}” here; did you mean {choice.closest}?",
            zh=f"此处没有集群“{choice.named}”；您要找的是 {choice.closest} 吗？",
        )
    names = ", ".join(visible[:_MOST])
    return Text(
        en=f"there is no cluster “{choice.named}” here; there are {names}",
        zh=f"此处没有集群“{choice.named}”；可用的集群：{names}",
    )


def unreachable(cluster: str, reason: GapReason) -> Text:
    """No more than a channel has to know, and what whoever runs Casebook looks at."""
    why = words.REASONS[reason]
    return Text(
        en=f"the cluster {cluster} could not be asked: {why.en}. Whoever runs Casebook finds its address and login in "
        f"the context {cluster} of KUBECONFIG, and the clusters to answer from in CASEBOOK_CONTEXTS",
        zh=f"无法查询集群 {cluster}：{why.zh}。Casebook 的维护者请检查 KUBECONFIG 中的 context {cluster}（地址与凭据）"
        f"以及 CASEBOOK_CONTEXTS",
    )


def or_name_it(names: Sequence[str]) -> Text:
    """How to do without buttons, which stand neither in what one person alone is shown nor for all of very many."""
    return Text(
        en=OR_NAME_IT.en.format(", ".join(f"“in {name}”" for name in names[:_MOST])),
        zh=OR_NAME_IT.zh.format("、".join(f"“在 {name}”" for name in names[:_MOST])),
    )


def cluster_busy(cluster: str) -> Text:
    """Too many wait for it already."""
    return Text(
        en=f"too many questions wait for the cluster {cluster}, which answers slowly; ask again in a moment",
        zh=f"集群 {cluster} 响应缓慢，等待的提问过多；请稍后再试",
    )


def with_cluster_name(says: Text, cluster: str) -> Text:
    """A sentence about what is, or is not, in a cluster."""
    return Text(en=f"{says.en} (cluster {cluster})", zh=f"{says.zh}（集群 {cluster}）")


def why_unclear(about: str, *, found: Sequence[str], unasked: Sequence[str]) -> Text:
    """Why it has to be asked which cluster is meant. `about` names the object, "" where none was looked for."""
    if not about:
        return Text(en="several clusters may be meant", zh="可能涉及多个集群")
    there, silent = ", ".join(found[:_MOST]), ", ".join(unasked[:_MOST])
    if found:
        says = Text(en=f"{about} exists in {there}", zh=f"{about} 存在于 {there}")
    elif unasked:
        says = Text(en=f"{about} was not found", zh=f"未找到 {about}")
    else:
        return Text(en=f"{about} exists in none of the clusters", zh=f"{about} 不存在于任何集群")
    if not unasked:
        return says
    return Text(en=f"{says.en}; {silent} could not be asked", zh=f"{says.zh}；无法查询 {silent}")
