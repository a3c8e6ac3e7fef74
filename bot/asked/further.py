"""Make the questions to go on with: each is a command of its own, so that its button means the same anywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.asked.contract import CLUSTER
from intents.domain import ObjectRef, Text
from intents.sheets import NextAsk
from intents.talk.asks import Ask

_LABELS: Final = {
    Ask.HEALTH: Text(en="What is wrong?", zh="有什么问题？"),
    Ask.LOGS: Text(en="Logs", zh="日志"),
    Ask.EVENTS: Text(en="Events", zh="事件"),
    Ask.CHANGES: Text(en="What changed?", zh="有何变更？"),
    Ask.REVISIONS: Text(en="History", zh="版本历史"),
    Ask.WHERE: Text(en="Where does it run?", zh="运行在哪？"),
}
_MORE: Final = Text(en="Show more", zh="显示更多")
_HOUR_S: Final = 3600


def in_full(ask: Ask, about: ObjectRef, *, within: timedelta | None = None) -> NextAsk:
    """Return the same question for more of what was shown, of the same time."""
    named = "" if about.kind == CLUSTER else _named(about)
    return NextAsk(label=_MORE, text=" ".join(filter(None, (ask, named, _span(within), "in full"))))


def _span(within: timedelta | None) -> str:
    if within is None:
        return ""
    seconds = int(within.total_seconds())
    return f"{seconds // _HOUR_S}h" if seconds % _HOUR_S == 0 else f"{seconds // 60}m"


def further(about: ObjectRef, *asks: Ask) -> tuple[NextAsk, ...]:
    """Return the questions about an object."""
    return tuple(NextAsk(label=_LABELS[ask], text=f"{ask} {_named(about)}") for ask in asks)


def logs_of(about: ObjectRef) -> NextAsk:
    """Return the question for the log of an object, with its name on the button."""
    label = Text(en=f"Logs of {about.name}", zh=f"{about.name} 的日志")
    return NextAsk(label=label, text=f"{Ask.LOGS} {_named(about)}")


def _named(about: ObjectRef) -> str:
    place = f"{about.namespace}/{about.name}" if about.namespace else about.name
    return f"{about.kind.lower()} {place}"
