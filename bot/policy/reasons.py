"""Word why the policy allows or refuses something, for the requester."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from intents.domain import Text

GUEST: Final = Text(
    en="guests get answers based on the pasted text only, without cluster data",
    zh="访客只能得到基于文本本身的回答，不会查询集群",
)
EXTERNAL: Final = Text(
    en="answers in channels shared with another organisation, and to its members, are based on the pasted text only",
    zh="在与其他组织共享的频道中，或对外部人员，只根据文本本身作答",
)
NOT_NAMED: Final = Text(
    en="the policy does not allow cluster data in this channel", zh="按照策略，此频道不能显示任何集群的内容"
)
NOT_NAMED_DIRECT: Final = Text(
    en="the policy does not allow cluster data in your direct messages", zh="按照策略，私信中不能向您显示任何集群的内容"
)
ACTS_NO_PERSON: Final = Text(
    en="actions in this cluster run under your own name; guests, bots and members of other organisations have no name"
    " there",
    zh="该处的操作以本人身份执行，访客、机器人和其他组织的人员没有这样的身份",
)
ACTS_NO_ADDRESS: Final = Text(
    en="actions in this cluster run under your own name, but Slack reports no confirmed e-mail address for you; the app"
    " needs the scope users:read.email to read it",
    zh="该集群的操作以您本人的身份执行，但 Slack 没有提供您已确认的邮箱地址；应用需要权限范围 users:read.email"
    " 才能读取",
)
ACTS_ODD_ADDRESS: Final = Text(
    en="actions in this cluster run under your own name, but your e-mail address cannot be a user name there",
    zh="该处的操作以您本人的身份执行，而您的邮箱地址不能用作集群中的用户名",
)
ACTS_OTHER_DOMAIN: Final = Text(
    en="actions in this cluster run under your own name, but the domain of your e-mail address is not listed in the"
    " section “impersonation” of the policy",
    zh="该集群的操作以您本人的身份执行，但您邮箱地址的域名不在策略的“impersonation”部分所列域名之中",
)
# Of a place that is hidden here, of one where actions are disabled, and of one where this person may not run one.
NOT_SHOWN: Final = Text(en="{} may not be shown here", zh="此处不能显示 {}")
SWITCHED_OFF: Final = Text(
    en="actions are disabled for {}; the section “remediation” of the policy enables them",
    zh="{} 未启用操作；可在策略的“remediation”部分启用",
)
NOT_GRANTED: Final = Text(
    en="the policy does not allow you to run this action here for {}; its section “acting” says who may",
    zh="按照策略，您不能在此对 {} 执行此操作；策略的“acting”部分规定了谁可以",
)
# Of a rule.
ALLOWED: Final = Text(en="allowed by {} of the policy", zh="策略的 {} 允许此操作")
MAY_APPROVE: Final = Text(en="{} of the policy lets you approve", zh="策略的 {} 允许您批准")
NO_APPROVER: Final = Text(en="{} of the policy names other approvers", zh="策略的 {} 指定了其他批准人")
_NAMESPACE: Final = Text(en="namespace {1} of {0}", zh="{0} 的命名空间 {1}")
_OUTSIDE: Final = Text(en="cluster-scoped objects of {}", zh="{} 的集群级对象")
_GROUPS_UNREAD: Final = Text(
    en="{}. User group members could not be read, so no group entry applies: {}",
    zh="{}。无法读取用户组成员，因此视为不属于任何用户组：{}",
)


_PRESSING: Final[Mapping[Text, Text]] = {
    GUEST: Text(
        en="guests cannot press buttons that change a cluster; ask a member of this workspace",
        zh="访客不能按下会更改集群的按钮；请联系本工作区的成员",
    ),
    EXTERNAL: Text(
        en="buttons that change a cluster cannot be pressed in channels shared with another organisation, or by its"
        " members",
        zh="在与其他组织共享的频道中，或由外部人员，不能按下会更改集群的按钮",
    ),
    NOT_NAMED: Text(
        en="the policy does not allow changes to a cluster from this channel", zh="按照策略，不能在此频道更改集群"
    ),
    NOT_NAMED_DIRECT: Text(
        en="the policy does not allow changes to a cluster from your direct messages",
        zh="按照策略，不能在私信中更改集群",
    ),
}


def for_press(reading: Text) -> Text:
    """Return why a button may not be pressed, for the reason why nothing of the cluster may be read."""
    return _PRESSING.get(reading, reading)


def place_of(cluster: str, namespace: str) -> Text:
    """Return the words for a namespace of a cluster, or for its cluster-scoped objects."""
    return _NAMESPACE.filled(cluster, namespace) if namespace else _OUTSIDE.filled(cluster)


def other_labels(rules: Iterable[tuple[str, Mapping[str, str]]]) -> Text:
    """Return the refusal for an object without the labels that the matching entries require."""
    required = [(rule, ", ".join(f"{key}={value}" for key, value in sorted(wanted.items()))) for rule, wanted in rules]
    return Text(
        en="the object lacks the labels that the policy requires: "
        + "; ".join(f"{labels} ({rule})" for rule, labels in required),
        zh="该对象没有策略所要求的标签：" + "；".join(f"{labels}（{rule}）" for rule, labels in required),
    )


def with_groups_unread(says: Text, unread: Text | None) -> Text:
    """Extend a refusal that unreadable group memberships may have caused."""
    return says if unread is None else _GROUPS_UNREAD.filled(says, unread)
