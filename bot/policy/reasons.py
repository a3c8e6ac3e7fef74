"""Why the policy lets something be done, or does not: sentences for whoever pressed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from intents.domain import Text

GUEST: Final = Text(
    en="guests get answers from the text alone, without a look into a cluster",
    zh="访客只能得到基于文本本身的回答，不会查询集群",
)
EXTERNAL: Final = Text(
    en="in a channel shared with another organisation, or for its people, answers come from the text alone",
    zh="在与其他组织共享的频道中，或对外部人员，只根据文本本身作答",
)
NOT_NAMED: Final = Text(
    en="the policy lets no cluster be shown in this channel",
    zh="按照策略，此频道不能显示任何集群的内容",
)
NOT_NAMED_DIRECT: Final = Text(
    en="the policy lets no cluster be shown to you in a direct message",
    zh="按照策略，私信中不能向您显示任何集群的内容",
)
ACTS_NO_PERSON: Final = Text(
    en="actions there are carried out under one's own name, which guests, bots and people of other organisations have"
    " none of",
    zh="该处的操作以本人身份执行，访客、机器人和其他组织的人员没有这样的身份",
)
ACTS_NO_ADDRESS: Final = Text(
    en="actions there are carried out under your own name, and Slack tells me no e-mail address that you have"
    " confirmed; to be told one, my app needs the scope users:read.email",
    zh="该处的操作以您本人的身份执行，而 Slack 没有提供您已确认的邮箱地址；我的应用需要权限范围 users:read.email"
    " 才能获知",
)
ACTS_ODD_ADDRESS: Final = Text(
    en="actions there are carried out under your own name, and your e-mail address cannot be one in a cluster",
    zh="该处的操作以您本人的身份执行，而您的邮箱地址不能用作集群中的用户名",
)
ACTS_OTHER_DOMAIN: Final = Text(
    en="actions there are carried out under your own name, and your e-mail address is in none of the domains that"
    " `impersonation` in the policy lists",
    zh="该处的操作以您本人的身份执行，而您的邮箱地址不属于策略的 `impersonation` 所列的域名",
)


def place_of(cluster: str, namespace: str) -> Text:
    if namespace:
        return Text(en=f"namespace {namespace} of {cluster}", zh=f"{cluster} 的命名空间 {namespace}")
    return Text(en=f"objects outside namespaces of {cluster}", zh=f"{cluster} 的集群级对象")


def not_shown(place: Text) -> Text:
    return Text(en=f"{place.en} may not be shown here", zh=f"此处不能显示{place.zh}")


def switched_off(place: Text) -> Text:
    return Text(
        en=f"actions are switched off for {place.en}; `remediation` in the policy switches them on",
        zh=f"{place.zh}未启用操作；可在策略的 `remediation` 中启用",
    )


def not_granted(action: str, place: Text) -> Text:
    return Text(
        en=f"the policy does not let you {action} here for {place.en}; `acting` in it says who may",
        zh=f"按照策略，您不能在此对{place.zh}执行 {action}；策略的 `acting` 规定了谁可以",
    )


def other_labels(rules: Iterable[tuple[str, Mapping[str, str]]]) -> Text:
    """Entries that would let it be done to an object with the labels they ask for."""
    asked = [(rule, ", ".join(f"{key}={value}" for key, value in sorted(wanted.items()))) for rule, wanted in rules]
    return Text(
        en="the object does not have the labels that the policy asks for: "
        + "; ".join(f"{labels} ({rule})" for rule, labels in asked),
        zh="该对象没有策略所要求的标签：" + "；".join(f"{labels}（{rule}）" for rule, labels in asked),
    )


def allowed_by(rule: str) -> Text:
    return Text(en=f"allowed by {rule} of the policy", zh=f"策略的 {rule} 允许此操作")


def may_approve_by(rule: str) -> Text:
    return Text(en=f"{rule} of the policy lets you be the second person", zh=f"策略的 {rule} 允许您作为第二人批准")


def no_approver(rule: str) -> Text:
    return Text(
        en=f"{rule} of the policy names others here as the second person",
        zh=f"策略的 {rule} 指定了其他人作为第二人批准",
    )


def with_groups_unread(says: Text, unread: Text | None) -> Text:
    """A refusal that user groups might have turned: who is in them could not be read."""
    if unread is None:
        return says
    return Text(
        en=f"{says.en}. Who is in which user group could not be read, so nobody counts as in any: {unread.en}",
        zh=f"{says.zh}。无法读取用户组成员，因此视为不属于任何用户组：{unread.zh}",
    )
