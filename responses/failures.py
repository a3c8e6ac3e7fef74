"""Say why there is no answer or no change, and what to do next. Surfaces add only their own layout.

Part of it is which cluster was queried and why, which ones it could be, and why one could not be queried; and why a
submitted file, whose name may be empty, could not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from intents.cluster_choice import ChoiceReason, UnknownCluster
from intents.domain import GapReason, Language, NamedObject, Text
from responses import words
from responses.named_objects import named_sentence


def too_many_requests(limit: int) -> Text:
    """Return why a request of somebody with many unanswered ones was not kept."""
    return Text(
        en=f"{limit} requests of yours are still unanswered, so further ones are not kept. Please ask again after some"
        " have been answered",
        zh=f"你还有 {limit} 个请求尚未答复，之后的请求未被保存。请等部分请求得到答复后再提问",
    )


def report_failed(why: Text) -> Text:
    """Say that a scheduled report could not be made."""
    return Text(
        en=f"the scheduled report could not be made: {why.en}; the next one is tried as planned",
        zh=f"定时报告未能生成：{why.zh}；下次将按计划重试",
    )


def target_not_found(named: NamedObject) -> Text:
    """Say that an object does not exist, or that several fit its name. Its candidates are listed by the surface."""
    if named.elsewhere:
        clusters = ", ".join(named.elsewhere)
        return Text(
            en=f"{named.target} does not exist here, but in cluster {clusters}",
            zh=f"{named.target} 不存在于此，但存在于集群 {clusters}",
        )
    says = Text(en=named_sentence(named, Language.EN), zh=named_sentence(named, Language.ZH))
    if named.candidates:
        return says
    return Text(en=f"{says.en} No similar name was found.", zh=f"{says.zh}也未找到名称相近的对象。")


def without_cluster(reason: str) -> Text:
    """Say that the answer rests on the text alone; `reason` is one line that says what to change."""
    return Text(en=f"no cluster was queried: {reason}", zh=f"未查询集群：{reason}")


# --- no connection, no capacity -------------------------------------------------------------------------------------


def cluster_unreachable(cluster: str, reason: GapReason) -> Text:
    """Say that the cluster could not be queried. Addresses and file names stay in the bot's log, not in a channel."""
    why = words.REASONS[reason]
    return Text(en=f"cluster {cluster} could not be queried: {why.en}", zh=f"无法查询集群 {cluster}：{why.zh}")


BUSY: Final = Text(
    en="Casebook could not accept this request and did not keep it. Please try again in a moment",
    zh="Casebook 目前无法受理此请求，也未保存它，请稍后再试",
)
NOT_IN_TIME: Final = Text(
    en="Slack or the database did not respond for too long, so this request could not be finished. Please ask again",
    zh="Slack 或数据库长时间无响应，Casebook 未能完成此请求，请重新提问",
)
RESTARTED: Final = Text(
    en="Casebook was restarted during this request and could not continue. Please ask again",
    zh="处理过程中 Casebook 重启，未能继续，请重新提问",
)


# --- not allowed ----------------------------------------------------------------------------------------------------


NOT_ALLOWED_HERE: Final = Text(
    en="the policy does not allow answers in this channel. Ask in an allowed channel, or contact the policy's owner",
    zh="策略不允许在此频道答复。请在允许的频道提问，或联系策略的维护者",
)
UNMUTE_NOT_ALLOWED: Final = Text(
    en="you may not mute or unmute here: that is for people who may see answers from the cluster in this channel",
    zh="你不能在此静音或取消静音：只有在此频道可以查看集群答复的人才可以",
)
OPINION_NOT_ALLOWED: Final = Text(
    en="you may not mark or mute this answer: that is for people who may see answers from the cluster in this channel",
    zh="你不能标记或静音此答复：只有在此频道可以查看集群答复的人才能这样做",
)
OBJECTS_NEED_A_CLUSTER: Final = Text(
    en="cluster access is off in this channel; errors and logs can still be explained",
    zh="此频道未开放集群访问；仍可以解释报错和日志",
)


# --- a button press without effect ----------------------------------------------------------------------------------

UNKNOWN_BUTTON: Final = Text(
    en="this button has expired, or does not belong to this message. The press was refused and recorded. "
    "Run the diagnosis again to get a current one",
    zh="该按钮已过期，或不属于这条消息。操作已被拒绝并记录。请重新诊断",
)
ANSWER_DELETED: Final = Text(
    en="the question was deleted and its answer with it, so its buttons no longer do anything. "
    "Run the diagnosis again to get a current one",
    zh="提问的消息及其答复已被删除，因此其中的按钮不再生效。请重新诊断",
)
ALREADY_PRESSED: Final = Text(
    en="this button was already pressed. Each plan is applied at most once; the result is shown in the answer. "
    "Run the diagnosis again to get a new plan",
    zh="该按钮已被按过。每个方案最多执行一次，其结果见原答复。请重新诊断以获得新的方案",
)
PREVIEW_FAILED: Final = Text(
    en="Casebook hit an internal error and cannot show a preview, so it applies nothing. Press the button again in a "
    "moment. If it fails again, follow the steps in the answer by hand and ask the operator of Casebook to check its "
    "log",
    zh="Casebook 发生内部错误，无法显示变更预览，因此不会执行任何操作。请稍后重新点击。"
    "如再次出错，请按答复中的步骤手动处理，并请 Casebook 的维护者查看其日志",
)
APPROVAL_PENDING: Final = Text(
    en="another member has already requested this, and it waits for approval. Press “Approve” to see the request",
    zh="已有他人申请此操作，正在等待批准。请按“批准”查看其申请内容",
)
CHANGE_HOLDS_SECRET: Final = Text(
    en="the change would include what looks like a secret, such as a password in a program's arguments. Casebook "
    "stores no secrets, so make this change by hand",
    zh="此变更会包含疑似机密的数据，例如程序参数中的密码。Casebook 不保存任何机密，请手动修改",
)
REQUESTER_NOT_ALLOWED: Final = Text(
    en="the requester is no longer allowed to do this, so there is nothing to approve",
    zh="申请人已无权执行此操作，因此无法批准",
)
WAITING_FOR_APPROVER: Final = Text(
    en="you have already confirmed this; another member must approve it", zh="您已确认此操作，须由其他人批准"
)
FAILED_BEFORE_WRITING: Final = Text(
    en="Casebook hit an internal error before it wrote anything. Run the diagnosis again. If it fails again, follow "
    "the steps in the answer by hand and ask the operator of Casebook to check its log",
    zh="Casebook 在写入任何内容之前发生内部错误。请重新诊断。如再次出错，请按答复中的步骤手动处理，"
    "并请 Casebook 的维护者查看其日志",
)
AUDIT_CHANNEL_FAILED: Final = Text(
    en="the audit channel could not be notified; the audit itself is complete. Tell the operator of Casebook to check "
    "CASEBOOK_AUDIT_CHANNEL: that channel must exist, and Casebook must be invited to it",
    zh="无法通知审计频道，但审计记录本身是完整的。请告知 Casebook 的维护者检查 CASEBOOK_AUDIT_CHANNEL："
    "所指的频道必须存在，并已邀请 Casebook 加入",
)
OUTCOME_UNKNOWN: Final = Text(
    en="Casebook could not finish this and does not know how far it got. Check the object before you retry",
    zh="Casebook 未能完成此操作，也不知道执行到了哪一步。请先检查该对象，再决定是否重试",
)
PIN_FAILED: Final = Text(en="This summary could not be pinned", zh="无法置顶此摘要")
PLAN_EXPIRED: Final = Text(
    en="this plan has expired. Run the diagnosis again to get a current one",
    zh="该方案已过期。请重新诊断以获得当前的方案",
)
PRESS_AGAIN: Final = Text(
    en="this took too long, or Casebook was restarted. Nothing was changed; press the button again",
    zh="耗时过长，或 Casebook 在此期间重启。未做任何更改，请重新点击",
)


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
CHOOSE_CLUSTER: Final = Text(en="Choose a cluster", zh="选择集群")
SEVERAL_CLUSTERS: Final = Text(
    en="the text could refer to several clusters, so none was queried", zh="文本可能涉及多个集群，因此未查询任何集群"
)
CLUSTER_NOT_VISIBLE: Final = Text(
    en="the policy does not allow you to see this cluster here; nothing was queried",
    zh="策略不允许您在此查看该集群；未进行查询",
)


def reason_for(reason: ChoiceReason) -> Text | None:
    """Return why this cluster was queried; None where there was no choice."""
    return _REASONS.get(reason)


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
    says = cluster_unreachable(cluster, reason)
    return Text(
        en=f"{says.en}. Operator of Casebook: check the address and login of "
        f"the context {cluster} in KUBECONFIG, and the list of clusters in CASEBOOK_CONTEXTS",
        zh=f"{says.zh}。Casebook 的维护者请检查 KUBECONFIG 中的 context {cluster}（地址与凭据）"
        f"以及 CASEBOOK_CONTEXTS 中的集群列表",
    )


def or_name_it(names: Sequence[str]) -> Text:
    """Say how to name a cluster in words: ephemeral messages have no buttons, and a menu has at most 100 options."""
    return Text(
        en=f"Or name the cluster in your question: {', '.join(f'“in {name}”' for name in names[:_MOST])}",
        zh=f"或在提问中指明集群：{'、'.join(f'“在 {name}”' for name in names[:_MOST])}",
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


def file_too_large(name: str, *, size: int, limit: int) -> Text:
    """Say that the file is larger than what is read. Sizes are bytes; an unknown `size` is 0."""
    has = Text(en=f" has {_size(size)}," if size > limit else "", zh=f"大小为 {_size(size)}，" if size > limit else "")
    return Text(
        en=f"the file {_called(name)}{has.en} is too large: Casebook reads up to {_size(limit)}. "
        "Paste the part around the first error",
        zh=f"文件 {_called(name)} {has.zh}过大：Casebook 最多读取 {_size(limit)}。请粘贴首个错误前后的部分",
    )


def _of_file(*, en: str, zh: str) -> Callable[[str], Text]:
    def says(name: str) -> Text:
        return Text(en=en.format(_called(name)), zh=zh.format(_called(name)))

    return says


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB" if count >= 1 << 20 else f"{count / 1024:.0f} KiB"


def _called(name: str) -> str:
    return name or "?"


file_not_text: Final = _of_file(
    en="the file {} is not text. Paste the error as text", zh="文件 {} 不是文本，无法读取。请以文本形式粘贴错误信息"
)
file_empty: Final = _of_file(en="the file {} is empty", zh="文件 {} 是空的")
# Slack no longer has it, or never had it in this workspace.
file_deleted: Final = _of_file(
    en="Slack did not provide the file {}: it was deleted, or belongs to another workspace. Paste its text",
    zh="Slack 未提供文件 {}：它已被删除，或属于其他工作区。请粘贴其文本",
)
file_kept_elsewhere: Final = _of_file(
    en="the file {} is not stored in Slack, so Casebook did not download it. Paste its text",
    zh="文件 {} 不在 Slack 中存储，Casebook 没有下载它。请粘贴其文本",
)
file_scope_missing: Final = _of_file(
    en="Casebook may not read the file {}: its Slack app lacks the scope files:read. "
    "Ask an administrator to add the scope and to reinstall the app",
    zh="Casebook 无权读取文件 {}：其 Slack 应用缺少权限范围 files:read。请管理员添加该权限范围并重新安装应用",
)
