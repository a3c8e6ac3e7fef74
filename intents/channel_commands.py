"""Parse the commands of `/diagnose` for a channel: what is answered there, and an incident's status and timeline.

`summary` is a command of its own because it is typed most, and may name its reader or a time; the others follow
`incident`. English and Chinese, with or
without a space between Chinese words. A sentence that begins with these words is not a command. Pure, never raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from intents.domain import Text
from intents.spelling import Misuse, misspelt, slips
from intents.talk.since import since


class ChannelAction(StrEnum):
    """The action of a command; the value is how it is typed after `incident`."""

    SUMMARY = "summary"  # what I missed
    STATUS = "status"  # the pinned summary as of now
    TIMELINE = "timeline"
    EXPORT = "export"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    DISMISS = "dismiss"
    OPEN = "open"


# Actions that only show something.
READ_ONLY: Final = frozenset({ChannelAction.SUMMARY, ChannelAction.STATUS, ChannelAction.TIMELINE})


class Reader(StrEnum):
    """Whom a summary is for."""

    LATE = "late"  # who joined late, or was away
    COMMANDER = "commander"
    OUTSIDE = "outside"  # who reads the status page


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCommand:
    """A command for an incident channel. With `here`, an export goes to the channel instead of the requester.

    A summary is for a `reader`, or of what happened `since` a time in the requester's words ("15m", "14:05").
    """

    action: ChannelAction
    here: bool = False
    reader: Reader = Reader.LATE
    since: str = ""


_SUMMARY: Final = frozenset({
    "summary", "summarize", "summarise", "tldr", "tl;dr", "catchup", "catch-up", "摘要", "总结", "小结", "概要",
})  # fmt: skip
_INCIDENT: Final = frozenset({"incident", "incidents", "inc", "故障", "事件", "事故"})
_ASKS_SUMMARY: Final = re.compile(
    rf"(?:(?P<of>{'|'.join(sorted(_INCIDENT, reverse=True))})(?:\s+|(?=[^\x00-\x7f])))?"
    rf"(?:(?:{'|'.join(sorted(filter(str.isascii, _SUMMARY), reverse=True))}|catch up)(?![a-z0-9_/-])"
    rf"|{'|'.join(sorted(word for word in _SUMMARY if not word.isascii()))})\s*(?P<more>.*)"
)
_READERS: Final[Mapping[Reader, re.Pattern[str]]] = {
    Reader.OUTSIDE: re.compile(
        r"(?:for )?(?:the |our )?(?:status[ -]?page|outside|public|customers?)"
        r"|(?:给|到|用于|面向)?\s*(?:状态页面?|外部|对外|客户|用户)(?:用?的)?"
    ),
    Reader.COMMANDER: re.compile(
        r"(?:for )?(?:the )?(?:incident )?(?:commander|ic)|(?:给|用于)?\s*(?:总?指挥|负责人)(?:用?的)?"
    ),
}
# All that a time consists of; `talk.since` reads it.
_TIME: Final = re.compile(
    r"(?:\d[\d.:：]*|since|from|after|of|for|in|the|last|past|half|an?|m|min(?:ute)?s?|h|hrs?|hours?|d|days?|ago|yesterday"
    r"|today|[最近过去从自半一两二三四五六七八九十几个分钟小时点天昨晚今前后内起以来之的开始]|\s)+"
)
# What introduces a reader or a time.
_INTRODUCES: Final = ("for", "since", "给", "从", "自")
_ANY_TIME: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
_ACTIONS: Final[Mapping[str, ChannelAction]] = {
    **dict.fromkeys(_SUMMARY, ChannelAction.SUMMARY),
    **dict.fromkeys(("status", "state", "show", "状态", "现状", "情况"), ChannelAction.STATUS),
    **dict.fromkeys(("timeline", "history", "时间线", "时间轴", "经过"), ChannelAction.TIMELINE),
    **dict.fromkeys(("export", "postmortem", "post-mortem", "导出", "复盘"), ChannelAction.EXPORT),
    **dict.fromkeys(
        ("resolve", "resolved", "close", "解决", "已解决", "恢复", "已恢复", "结束", "关闭"), ChannelAction.RESOLVE
    ),
    **dict.fromkeys(("reopen", "re-open", "重新打开", "重开", "再次打开"), ChannelAction.REOPEN),
    **dict.fromkeys(("dismiss", "dismissed", "忽略", "不是故障", "误报", "撤销"), ChannelAction.DISMISS),
    **dict.fromkeys(("open", "start", "declare", "打开", "开启", "开始", "新建"), ChannelAction.OPEN),
}
_HERE: Final = frozenset({"here", "channel", "此处", "频道", "这里", "到频道"})
_TO_ME: Final = frozenset({"me", "dm", "私信", "给我"})
# More words are a sentence: "incident status page is down".
_MOST_WORDS: Final = 3
_SLIPS: Final = 2
_AROUND: Final = ":：,，;；。.!！*_"
# "incident resolved?" is a question and resolves nothing.
_ASKING: Final = "?？"
_KNOWN: Final = ", ".join(action.value for action in ChannelAction if action is not ChannelAction.SUMMARY)


def channel_command(words: Sequence[str]) -> ChannelCommand | Misuse | None:
    """Return the command for the channel in the words after `/diagnose`; None if they are about something else."""
    said = _split([bare for word in words if (bare := word.lower().strip(_AROUND))])
    if found := _ASKS_SUMMARY.fullmatch(" ".join(said).rstrip(_ASKING)):
        return _summary(found["more"], of_incident=bool(found["of"]))
    if not said or len(said) > _MOST_WORDS:
        return None
    first, rest = said[0], said[1:]
    if first not in _INCIDENT:
        return _misspelt(first, rest)
    if not rest:
        says = Text(en=f"incident needs one of: {_KNOWN}", zh=f"incident 后面需要以下之一：{_KNOWN}")
        return Misuse(says=says, closest="incident status")
    if "/" in rest[0]:
        return None  # the name of an object: there may be a kind called Incident
    action = _ACTIONS.get(rest[0])
    if action is None and (asked := _ACTIONS.get(rest[0].rstrip(_ASKING))) in READ_ONLY:
        action = asked
    if action is None:
        return _unknown(rest)
    return _with_more(action, rest[1:])


def mentioned_command(words: Sequence[str]) -> ChannelCommand | Misuse | None:
    """Return the command in a mention or direct message. There only words after `incident` count as misspelt."""
    command = channel_command(words)
    if isinstance(command, Misuse):
        first = next((bare for word in words if (bare := word.lower().strip(_AROUND))), "")
        return command if first in _INCIDENT else None
    return command


def _split(words: Sequence[str]) -> list[str]:
    """Split words that are typed without a space, such as `故障时间线`."""
    if words and (prefix := next((one for one in _INCIDENT if words[0] != one and words[0].startswith(one)), "")):
        behind = words[0].removeprefix(prefix)
        if behind.rstrip(_ASKING) in _ACTIONS and not behind.isascii():
            return [prefix, behind, *words[1:]]
    return [*words]


def _summary(more: str, *, of_incident: bool) -> ChannelCommand | Misuse | None:
    """Return the summary for a reader or of a time; None if more is said than that."""
    summary = ChannelCommand(action=ChannelAction.SUMMARY)
    if not more:
        return summary
    for reader, named in _READERS.items():
        if named.fullmatch(more):
            return replace(summary, reader=reader)
    if _TIME.fullmatch(more) and since(f"since {more}", _ANY_TIME) is not None:
        return replace(summary, since=more)
    if len(more.split()) >= _MOST_WORDS or not (of_incident or more.startswith(_INTRODUCES)):
        return None
    says = Text(
        en="a summary is for the status page, for the commander, or since a time such as 15m, 2h, 14:05",
        zh="摘要后面可以是：给状态页、给指挥，或一段时间（最近15分钟、2小时、14:05）",
    )
    return Misuse(says=says, usage="summary [for status page|for commander|since 15m]")


def _with_more(action: ChannelAction, more: Sequence[str]) -> ChannelCommand | Misuse:
    if not more:
        return ChannelCommand(action=action)
    if action is ChannelAction.EXPORT and more[0] in _HERE | _TO_ME:
        return ChannelCommand(action=action, here=more[0] in _HERE)
    says = Text(en=f"incident {action} takes no further words", zh=f"incident {action} 后面不需要其他内容")
    if action is ChannelAction.EXPORT:
        says = Text(en='after export only "here" is allowed', zh="export 后面只能加 here（发到频道）")
    return Misuse(says=says, closest=f"incident {action}")


def _unknown(rest: Sequence[str]) -> Misuse | None:
    if rest[0].isascii() and (known := misspelt(rest[0], filter(str.isascii, _ACTIONS))):
        says = Text(en=f'incident has no command "{rest[0]}"', zh=f"incident 没有“{rest[0]}”这个操作")
        return Misuse(says=says, closest=" ".join(["incident", _ACTIONS[known], *rest[1:]]))
    if len(rest) > 1:
        return None
    says = Text(
        en=f'incident has no command "{rest[0]}"; use one of: {_KNOWN}',
        zh=f"incident 没有“{rest[0]}”这个操作；可用的有：{_KNOWN}",
    )
    return Misuse(says=says, closest="incident status")


def _misspelt(first: str, rest: Sequence[str]) -> Misuse | None:
    """Return the misuse for a misspelt `incident`, or for its second word alone."""
    if rest and rest[0] in _ACTIONS and first.isascii() and slips(first, "incident") <= _SLIPS:
        says = Text(en=f'there is no command "{first}"', zh=f"“{first}”不是可用的命令")
        return Misuse(says=says, closest=f"incident {_ACTIONS[rest[0]]}")
    action = _ACTIONS.get(first)
    if action is not None and not rest:
        says = Text(en=f'"{first}" needs "incident" before it', zh=f"“{first}”前面需要加 incident")
        return Misuse(says=says, closest=f"incident {action}")
    return None


_WORDS: Final = frozenset({"learned", "已保存"})
_USAGE: Final = "learned edit|share|unshare|delete ID"


class LearnedAction(StrEnum):
    """What is done with a saved incident."""

    LIST = "list"
    EDIT = "edit"
    SHARE = "share"
    UNSHARE = "unshare"
    DELETE = "delete"


_LEARNED_ACTIONS: Final = {
    **{str(action): action for action in LearnedAction},
    "编辑": LearnedAction.EDIT,
    "共享": LearnedAction.SHARE,
    "取消共享": LearnedAction.UNSHARE,
    "删除": LearnedAction.DELETE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedCommand:
    """A request to list the saved incidents, or to do something with the one of this `id`."""

    action: LearnedAction = LearnedAction.LIST
    id: str = ""


def learned_command(words: Sequence[str]) -> LearnedCommand | Misuse | None:
    """Read `learned [ACTION ID]`; None for anything that does not begin with learned."""
    if words[0].lower() not in _WORDS:
        return None
    if len(words) == 1:
        return LearnedCommand()
    action = _LEARNED_ACTIONS.get(words[1].lower())
    if action is LearnedAction.LIST and len(words) == 2:
        return LearnedCommand()
    if action is None or action is LearnedAction.LIST or len(words) != 3:
        says = Text(
            en="learned takes an action and an id: /diagnose learned lists them",
            zh="learned 后面需要操作与 ID：/diagnose learned 可列出",
        )
        return Misuse(says=says, usage=_USAGE)
    return LearnedCommand(action=action, id=words[2].strip("`"))


class Wanted(StrEnum):
    """Which messages a channel wants answered unasked."""

    ALL = "all"  # reports of trouble, pasted errors, alerts
    ERRORS = "errors"  # pasted errors and alerts
    ADDRESSED = "addressed"  # nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCommand:
    """A request to show what this channel wants answered, or to set it; with `default` it is as configured again."""

    wanted: Wanted | None = None
    default: bool = False


_CHANNEL: Final = frozenset({"channel", "频道"})
_ANSWERS: Final = frozenset({"answers", "answer", "答复", "回答"})
_WANTED: Final[Mapping[str, Wanted]] = {
    **{str(each): each for each in Wanted},
    **dict.fromkeys(("全部", "所有"), Wanted.ALL),
    **dict.fromkeys(("error", "报错", "错误"), Wanted.ERRORS),
    **dict.fromkeys(("mentions", "仅提及", "仅被提及"), Wanted.ADDRESSED),
}
_DEFAULT: Final = frozenset({"default", "reset", "默认"})


def wanted_command(words: Sequence[str]) -> WantedCommand | Misuse | None:
    """Read `channel [answers WHAT]`; None for anything else, such as an object whose kind is called Channel."""
    said = [word.lower().strip(_AROUND) for word in words]
    if said[0] not in _CHANNEL or (len(said) > 1 and said[1] not in _ANSWERS):
        return None
    if len(said) == 1:
        return WantedCommand()
    what = said[2] if len(said) == 3 else ""
    if what in _DEFAULT:
        return WantedCommand(default=True)
    if what in _WANTED:
        return WantedCommand(wanted=_WANTED[what])
    says = Text(
        en="channel answers takes one of: all, errors, addressed, default",
        zh="channel answers 后面需要以下之一：all、errors、addressed、default",
    )
    return Misuse(says=says, usage="channel answers all|errors|addressed|default")
