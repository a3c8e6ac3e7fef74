"""Why there is no answer, said so that the reader knows what to do next. Surfaces add only their own form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.domain import GapReason, ObjectRef, Text
from responses import words


def target_not_found(target: ObjectRef, closest: Sequence[str]) -> Text:
    """The object asked about does not exist; `closest` are names like it, as namespace/name."""
    if closest:
        names = ", ".join(closest)
        return Text(
            en=f"{target} does not exist; did you mean {names}?", zh=f"{target} 不存在；您要找的是 {names} 吗？"
        )
    return Text(
        en=f"{target} does not exist, nor does anything with a name like it",
        zh=f"{target} 不存在，也没有名称相近的对象",
    )


def without_cluster(reason: str) -> Text:
    """A text is answered, but no cluster could be asked; `reason` is one line that says what to change."""
    return Text(
        en=f"no cluster was asked: {reason}",
        zh=f"未能连接集群：{reason}",
    )


# --- what answers is not there --------------------------------------------------------------------------------------


def cluster_unreachable(cluster: str, reason: GapReason) -> Text:
    """No more than a channel has to know: addresses and files of the bot's host stay in its log."""
    why = words.REASONS[reason]
    return Text(en=f"the cluster {cluster} could not be asked: {why.en}", zh=f"无法查询集群 {cluster}：{why.zh}")


BUSY: Final = Text(
    en="I could not take that on right now; nothing was kept. Please ask again in a moment",
    zh="目前无法受理，请求未被保存，请稍后再试",
)
RESTARTED: Final = Text(
    en="I was restarted while this was under way and could not go on; please ask again",
    zh="处理过程中服务重启，未能继续，请重新提问",
)


# --- what may not be ------------------------------------------------------------------------------------------------


NOT_ALLOWED_HERE: Final = Text(
    en="the policy allows no answers in this channel; ask where it does, or whoever keeps the policy",
    zh="策略不允许在此频道答复；请在允许的频道提问，或联系策略的维护者",
)
OBJECTS_NEED_A_CLUSTER: Final = Text(
    en="an object is only looked at where the policy lets a cluster be asked; here errors and logs can be explained",
    zh="只有在策略允许查询集群之处才能诊断对象；此处可以解释报错和日志",
)


# --- a press that comes to nothing ----------------------------------------------------------------------------------

UNKNOWN_BUTTON: Final = Text(
    en="that button does not belong to this message, or is older than what I keep, so it was refused and recorded; "
    "ask again for a fresh diagnosis",
    zh="该按钮不属于这条消息，或已超出保留期限，操作已被拒绝并记录；请重新诊断",
)
ANSWER_DELETED: Final = Text(
    en="the message that this answered was deleted, and the answer with it, so nothing is carried out from it any "
    "more; ask again for a fresh diagnosis",
    zh="所答复的消息及其答复已被删除，因此不再执行其中的操作；请重新诊断",
)
ALREADY_PRESSED: Final = Text(
    en="that was pressed already: each plan is carried out once at most, and what becomes of it stands in the answer. "
    "Ask again for a fresh one",
    zh="该按钮已被按过：每个方案最多执行一次，其结果见原答复。请重新提问以获得新的方案",
)
PREVIEW_FAILED: Final = Text(
    en="Casebook failed over this and cannot show what it would do, so it does not do it; press again in a moment. If "
    "that fails too, follow the steps in the answer by hand, and tell whoever runs Casebook to look into its log",
    zh="Casebook 处理时出错，无法显示将要执行的内容，因此不会执行；请稍后重新点击。"
    "如再次出错，请按答复中的步骤手动处理，并请 Casebook 的维护者查看其日志",
)
APPROVAL_PENDING: Final = Text(
    en="somebody else has confirmed this meanwhile, and it waits for a second person: press “Approve” to see what they "
    "asked for",
    zh="他人刚刚已确认此操作，正在等待第二人批准：请按“批准”查看其申请内容",
)
CHANGE_HOLDS_SECRET: Final = Text(
    en="what would be written holds what looks like a secret beside it, such as a password among a program's "
    "arguments. I keep none, not even until you confirm: change it by hand",
    zh="将要写入的内容中带有疑似机密的数据，例如程序参数中的密码。我不保存任何机密，即使只到您确认为止：请手动修改",
)
REQUESTER_NOT_ALLOWED: Final = Text(
    en="whoever asked for this may not do it any more, so there is nothing to approve",
    zh="提出此申请的人已无权执行，因此无法批准",
)
WAITING_FOR_APPROVER: Final = Text(
    en="you have confirmed this already: it waits for somebody else to approve it",
    zh="您已确认此操作：正在等待其他人批准",
)
FAILED_BEFORE_WRITING: Final = Text(
    en="Casebook failed over this before it wrote anything; ask again for a fresh diagnosis. If that fails too, follow "
    "the steps in the answer by hand, and tell whoever runs Casebook to look into its log",
    zh="Casebook 在写入任何内容之前出错；请重新诊断。如再次出错，请按答复中的步骤手动处理，"
    "并请 Casebook 的维护者查看其日志",
)
AUDIT_CHANNEL_FAILED: Final = Text(
    en="the audit channel could not be told of this; the audit itself has it. Tell whoever runs Casebook: the channel "
    "of CASEBOOK_AUDIT_CHANNEL has to exist, and I have to be invited there",
    zh="无法将此事通知审计频道，但审计记录中已有。请告知 Casebook 的维护者：CASEBOOK_AUDIT_CHANNEL "
    "所指的频道必须存在，并邀请我加入",
)
OUTCOME_UNKNOWN: Final = Text(
    en="Casebook could not finish this, and does not know how far it came: look at the object before you try again",
    zh="Casebook 未能完成此操作，也不知道执行到了哪一步：请先查看该对象，再决定是否重试",
)
PIN_FAILED: Final = Text(en="This summary could not be pinned", zh="无法置顶此摘要")
PLAN_EXPIRED: Final = Text(
    en="this plan has expired: ask again, so that it rests on how things are now",
    zh="该方案已过期：请重新提问，以便依据当前状态处理",
)
PRESS_AGAIN: Final = Text(
    en="that took too long, or I was restarted meanwhile; nothing was changed. Press again",
    zh="耗时过长，或服务在此期间重启；未做任何更改，请重新点击",
)
