"""Say why there is no answer or no change, and what to do next. Surfaces add only their own layout."""

from __future__ import annotations

from typing import Final

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
    return Text(
        en=f"no cluster was queried: {reason}",
        zh=f"未查询集群：{reason}",
    )


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
    en="you have already confirmed this; another member must approve it",
    zh="您已确认此操作，须由其他人批准",
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
