"""Build the reminder of what is open in an incident channel. It notifies the commander and nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from intents.chronicle.nudges import Nudge, OpenKind, OpenThing
from intents.domain import Language, Text
from responses import words
from responses.chronicle.fact_formatter import FactFormatter
from responses.chronicle.markdown import Spans, plain
from responses.slack import blocks
from responses.slack.channel_answers import REMINDERS
from responses.slack.chronicle.leaves import LeafWriter, Names, Permalink
from responses.slack.message import Message, fallback
from responses.slack.presses import Press, action_id

_TITLE: Final = Text(en="Still open", zh="仍待处理")
_SAYS: Final[Mapping[OpenKind, Text]] = {
    OpenKind.STATUS: Text(en="No status for {}", zh="已有 {}未说明状态"),
    OpenKind.QUESTION: Text(en="Not answered for {}", zh="已有 {}无人答复"),
    OpenKind.ACTION: Text(en="No owner for {}", zh="已有 {}无人负责"),
}
_LAST: Final = Text(en="; the last one was ", zh="，最近一次为")
_OFF: Final = Text(en="No reminders here", zh="此频道不再提醒")


def nudge_message(nudge: Nudge, *, now: datetime, language: Language, permalink: Permalink, names: Names) -> Message:
    """Return the reminder; each line links to its source.

    The commander is mentioned if Slack knows them: they are among `names`.
    """
    formatter = FactFormatter(language)
    leaves = LeafWriter(permalink=permalink, names=names, now=now, mention=False)
    title = f"⏰ {formatter.text(_TITLE)}"
    head = [blocks.bold(title)]
    if nudge.commander in names:
        head += [blocks.text(formatter.text(words.COMMA)), blocks.user(nudge.commander)]
    said = [(_says(one, now, formatter), one) for one in nudge.things]
    lines = [leaves.with_link((plain(says), *_quoted(one, formatter)), one.fact) for says, one in said]
    button = blocks.button(formatter.text(_OFF), action_id=action_id(Press.NUDGES_OFF), value=REMINDERS)
    shown = (blocks.rich(blocks.line(*head), blocks.bullets(lines)), blocks.actions(button))
    return Message(text=fallback(title, *(says for says, _ in said)), blocks=shown)


def _says(one: OpenThing, now: datetime, formatter: FactFormatter) -> str:
    return formatter.text(_SAYS[one.kind]).format(formatter.duration(now - one.since))


def _quoted(one: OpenThing, formatter: FactFormatter) -> Spans:
    if one.fact is None:
        return ()
    before = _LAST if one.kind is OpenKind.STATUS else words.COLON
    return (plain(formatter.text(before)), *formatter.quote(one.fact.says), *formatter.attribution(one.fact))
