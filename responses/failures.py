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


# --- where an answer could not be given in Slack --------------------------------------------------------------------


def not_in_channel(channel: str = "") -> Text:
    """`channel` is its name without #."""
    name = f"#{channel}" if channel else ""
    return Text(
        en=f"I am not in {name or 'that channel'}: invite me with /invite @casebook, then ask again",
        zh=f"我不在{name or '该频道'}中：请用 /invite @casebook 邀请我，然后再问一次",
    )


def missing_scope(scope: str, what: Text) -> Text:
    """Slack refuses something for want of a scope; `what` says what it is needed for."""
    return Text(
        en=f"the Slack app lacks the scope {scope}, needed to {what.en}: an admin adds it under OAuth & Permissions "
        "and reinstalls the app",
        zh=f"Slack 应用缺少权限 {scope}，{what.zh}需要它：请管理员在 OAuth & Permissions 中添加并重新安装应用",
    )


TOKEN_REVOKED: Final = Text(
    en="Slack does not accept the bot's token any more: an admin reinstalls the app and sets the new token",
    zh="Slack 不再接受机器人的令牌：请管理员重新安装应用并设置新的令牌",
)
ARCHIVED: Final = Text(
    en="that channel is archived: nothing can be posted there", zh="该频道已归档，无法在其中发布消息"
)


# --- what was handed in cannot be read ------------------------------------------------------------------------------


def file_too_large(name: str, *, size: int, most: int) -> Text:
    """Sizes in bytes."""
    return Text(
        en=f"{name} has {_megabytes(size)} MB and at most {_megabytes(most)} MB are read: paste the lines around the "
        "error, or a shorter file",
        zh=f"{name} 大小为 {_megabytes(size)} MB，最多读取 {_megabytes(most)} MB："
        "请粘贴报错附近的内容，或上传较小的文件",
    )


def file_is_binary(name: str) -> Text:
    return Text(
        en=f"{name} is not text: a log, YAML or command output can be read, a picture or an archive cannot",
        zh=f"{name} 不是文本：可以读取日志、YAML 或命令输出，不能读取图片或压缩包",
    )


def file_behind_login(name: str) -> Text:
    return Text(
        en=f"Slack handed out a login page instead of {name}: the app needs the scope files:read and must be in the "
        "channel the file was shared in",
        zh=f"Slack 返回的是登录页面而不是 {name}：应用需要 files:read 权限，并且必须在分享该文件的频道中",
    )


def file_unreadable(name: str, reason: str = "") -> Text:
    why = f" ({reason})" if reason else ""
    return Text(
        en=f"{name} could not be read{why}: paste the text, or share the file again",
        zh=f"无法读取 {name}{why}：请直接粘贴文本，或重新分享该文件",
    )


NOTHING_TO_READ: Final = Text(
    en="there is no text to explain: paste the error itself, or name an object, as in pod shop/api-0",
    zh="没有可解释的文本：请粘贴报错内容，或指定对象，例如 pod shop/api-0",
)


# --- what answers is not there --------------------------------------------------------------------------------------


def cluster_unreachable(cluster: str, reason: GapReason) -> Text:
    """No more than a channel has to know: addresses and files of the bot's host stay in its log."""
    why = words.REASONS[reason]
    return Text(en=f"the cluster {cluster} could not be asked: {why.en}", zh=f"无法查询集群 {cluster}：{why.zh}")


def unknown_cluster(name: str, known: Sequence[str]) -> Text:
    names = ", ".join(known)
    return Text(
        en=f"there is no cluster {name} here{f'; there are {names}' if names else ''}",
        zh=f"这里没有集群 {name}{f'；可用的有 {names}' if names else ''}",
    )


def catalog_problem(reason: str) -> Text:
    return Text(
        en=f"the catalog could not be read, so nothing can be recognised: {reason}",
        zh=f"无法读取知识库，因此无法识别任何问题：{reason}",
    )


BUSY: Final = Text(
    en="I could not take that on right now; nothing was kept. Please ask again in a moment",
    zh="目前无法受理，请求未被保存，请稍后再试",
)
RESTARTED: Final = Text(
    en="I was restarted while this was under way and could not go on; please ask again",
    zh="处理过程中服务重启，未能继续，请重新提问",
)


# --- what may not be ------------------------------------------------------------------------------------------------


def not_allowed_here(what: str = "") -> Text:
    """`what` is a cluster or a namespace, as the policy names it."""
    about = f" about {what}" if what else ""
    return Text(
        en=f"the policy allows no answers{about} in this channel; ask where it does, or whoever keeps the policy",
        zh=f"策略不允许在此频道答复{f'有关 {what} 的问题' if what else ''}；请在允许的频道提问，或联系策略的维护者",
    )


GUESTS_GET_TEXT: Final = Text(
    en="no cluster was asked: guests get answers from the text alone", zh="未查询集群：访客只能得到基于文本的答复"
)
SHARED_CHANNELS_GET_TEXT: Final = Text(
    en="no cluster was asked: channels shared with other organisations get answers from the text alone",
    zh="未查询集群：与其他组织共享的频道只能得到基于文本的答复",
)
TEXT_ONLY_BY_POLICY: Final = Text(
    en="no cluster was asked: the policy allows answers from the text alone here",
    zh="未查询集群：策略规定此处只能答复基于文本的内容",
)
OBJECTS_NEED_A_CLUSTER: Final = Text(
    en="an object is only looked at where the policy lets a cluster be asked; here errors and logs can be explained",
    zh="只有在策略允许查询集群之处才能诊断对象；此处可以解释报错和日志",
)


def muted_here(incident: str) -> Text:
    return Text(
        en=f"{incident} is muted in this channel; /diagnose unmute {incident} answers it again",
        zh=f"{incident} 已在此频道静音；/diagnose unmute {incident} 可恢复答复",
    )


# --- a press that comes to nothing ----------------------------------------------------------------------------------

PRESS_NOT_ALLOWED: Final = Text(
    en="you may not do that here: the policy names who may, in which channel and namespace",
    zh="您无权在此执行该操作：谁能在哪个频道和命名空间执行由策略规定",
)
PRESS_NOT_OURS: Final = Text(
    en="that button does not belong to this message, so it was refused and recorded; press it where it was posted",
    zh="该按钮不属于这条消息，操作已被拒绝并记录；请在原消息中操作",
)
PRESS_REPEATED: Final = Text(
    en="that was pressed already: each plan is carried out once at most. Ask again for a fresh one",
    zh="该按钮已被按过：每个方案最多执行一次。请重新提问以获得新的方案",
)
PRESS_FORGED: Final = Text(
    en="that press could not be verified, so it was refused and recorded", zh="无法验证该操作，已拒绝并记录"
)
PLAN_EXPIRED: Final = Text(
    en="this plan has expired: ask again, so that it rests on how things are now",
    zh="该方案已过期：请重新提问，以便依据当前状态处理",
)
PRESS_AGAIN: Final = Text(
    en="I was restarted before that was done; nothing was changed. Press again",
    zh="服务重启前操作未完成，未做任何更改；请重新点击",
)
ALREADY_FIXED: Final = Text(
    en="the cause is not there any more: already fixed, nothing to do", zh="问题已不存在：已经修复，无需处理"
)
CAUSE_NOT_CHECKED: Final = Text(
    en="it could not be checked that the cause is still there, and nothing is changed on a guess",
    zh="无法确认问题是否仍然存在；在不确定的情况下不做更改",
)


def changed_since(target: ObjectRef) -> Text:
    return Text(
        en=f"{target} is not the one this plan was made for any more (replaced or changed since): ask again",
        zh=f"{target} 已不是制定方案时的对象（已被替换或更改）：请重新提问",
    )


def dry_run_refused(message: str) -> Text:
    """`message` is what the API server or a webhook said."""
    return Text(
        en=f"the API server refused a dry run, so nothing was tried: {message}",
        zh=f"API Server 拒绝了试运行，因此未执行：{message}",
    )


def name_not_typed(name: str) -> Text:
    return Text(en=f"type {name} exactly as it is written", zh=f"请准确输入 {name}")


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.1f}"
