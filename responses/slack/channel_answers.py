"""Show what a channel wants answered that nobody asked, and how to change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intents.channel_commands import Wanted
from intents.domain import Language, Text
from intents.talk.acts import Act
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf, Part
from responses.slack.message import Message, fallback
from responses.slack.presses import Press, action_id

DIRECT: Final = Text(
    en="Every direct message is answered: there is nothing to set here", zh="私信均会答复，此处无需设置"
)
NOT_ALLOWED: Final = Text(
    en="only people who may see the answers in this channel can change what is answered here",
    zh="只有可在此频道查看答复的人才能更改此处的答复范围",
)
_TITLE: Final = Text(en="Answered in this channel without being asked", zh="此频道中未被提问时的答复范围")
_WANTED: Final = {
    Wanted.ALL: Text(en="all: reports of trouble, pasted errors, alerts", zh="all：故障描述、粘贴的报错、告警"),
    Wanted.ERRORS: Text(en="errors: pasted errors and alerts only", zh="errors：仅粘贴的报错与告警"),
    Wanted.ADDRESSED: Text(
        en="addressed: nothing; mention it or use /diagnose", zh="addressed：无；请 @提及或使用 /diagnose"
    ),
}
_SET_BY: Final = Text(en=", set by ", zh="，设置者：")
_IN_FILE: Final = Text(en=", as in the channels file", zh="，依据频道配置文件")
_BY_DEFAULT: Final = Text(en=", the default", zh="，默认")
_CHANGE: Final = Text(en="Change it: ", zh="更改：")
_USAGE: Final = "/diagnose channel answers all|errors|addressed|default"
_LOWERED: Final = Text(en="Switched off here, because it did not help", zh="因无帮助而已关闭")
_AGAIN: Final = Text(en="Switch on again", zh="重新开启")
# Stands where a kind of text is named: reminders of what is open in an incident channel.
REMINDERS: Final = "reminders"
_REMINDERS: Final = Text(en="reminders of what is open in the incident", zh="故障待处理事项的提醒")
_KINDS: Final = {
    Act.EVIDENCE: Text(en="pasted errors and alerts", zh="粘贴的报错与告警"),
    Act.TROUBLE: Text(en="reports of trouble", zh="故障描述"),
}
_ABOUT: Final = Text(en="{} that suggest “{}”", zh="提示“{1}”的{0}")
_WITHOUT: Final = Text(en="{} without a known error", zh="不含已知报错的{}")
_STOPPED: Final = Text(
    en="No longer answered in this channel unless asked: {}. Set by ", zh="此频道不再主动答复：{}。操作人："
)
NOT_HELPFUL: Final = Text(en="Not helpful here", zh="此处无帮助")
# More of them would not fit below each other.
_SHOWN: Final = 20


def kind_words(act: str, incident: Text) -> Text:
    """Return a kind of text in words; `incident` is the title of the incident that it suggests, empty for none."""
    if act == REMINDERS:
        return _REMINDERS
    kind = _KINDS.get(Act(act), Text.same(act)) if act in set(Act) else Text.same(act)
    if not incident.en:
        return _WITHOUT.filled(kind)
    return _ABOUT.filled(kind, incident)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweredShown:
    """A kind of text that is not answered, in words; `key` is the value of the button that ends this."""

    key: str
    says: Text
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAnswersShown:
    """What a channel wants answered: set `by` a person, or as `in_file`, or by default."""

    wanted: Wanted
    by: str = ""
    in_file: bool = False
    lowered: Sequence[LoweredShown] = ()


def channel_message(view: ChannelAnswersShown, *, language: Language) -> Message:
    """Return the page of `/diagnose channel`, shown to the requester alone."""
    title, wanted = _TITLE.in_(language), _WANTED[view.wanted].in_(language)
    source: list[Leaf] = [blocks.text((_IN_FILE if view.in_file else _BY_DEFAULT).in_(language))]
    if view.by:
        source = [blocks.text(_SET_BY.in_(language)), blocks.user(view.by)]
    elements = [
        blocks.sentence(title, bold=True),
        blocks.line(blocks.text(wanted), *source),
        blocks.line(blocks.text(_CHANGE.in_(language)), blocks.code(_USAGE)),
    ]
    made = [blocks.rich(*elements)]
    if view.lowered:
        made.append(blocks.rich(blocks.sentence(_LOWERED.in_(language), bold=True)))
    for index, each in enumerate(view.lowered[:_SHOWN]):
        says = shown_line(each.says.in_(language), limit=200)
        made.append(blocks.section(says, accessory=again_button(each.key, language, index=index)))
    if left := blocks.left_out(len(view.lowered) - _SHOWN, language):
        made.append(blocks.rich(*left))
    return Message(text=fallback(title, wanted), blocks=tuple(made))


def again_button(key: str, language: Language, *, index: int | None = None) -> Element:
    """Return the button that answers a kind of text again."""
    return blocks.button(_AGAIN.in_(language), action_id=action_id(Press.ANSWER_AGAIN, index), value=key)


def stopped_part(kind: Text, key: str, by: str, language: Language) -> Part:
    """Return who said below an answer that such texts need none, and the button that undoes it."""
    says = _STOPPED.in_(language).format(shown_line(kind.in_(language), limit=200))
    stopped = blocks.rich(blocks.said_by(says, by, italic=True))
    return Part(rank=0, blocks=(stopped, blocks.actions(again_button(key, language))))
