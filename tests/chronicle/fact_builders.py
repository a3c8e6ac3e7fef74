"""Build incident channels and their facts in short form."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from intents.chronicle.channel_reader import ChannelMessage, facts_of_channel
from intents.chronicle.facts import Fact, FactKind
from intents.domain import ObjectRef

_MENTIONED = re.compile(r"<@(\w+)>")
OPENED = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def ts(minutes: float) -> str:
    return f"{at(minutes).timestamp():.6f}"


def message(
    minutes: float, text: str, *, user: str = "U0AN", bot: str = "", thread: float | None = None
) -> ChannelMessage:
    """Return a message; `thread` is the minute of its thread's root."""
    return ChannelMessage(
        ts=ts(minutes),
        at=at(minutes),
        text=text,
        user="" if bot else user,
        bot=bot,
        thread_ts="" if thread is None else ts(thread),
    )


def channel(*lines: str) -> list[ChannelMessage]:
    """Return messages "who: text" of users U0WHO, a minute apart; `who ^2: text` replies in the thread of line 2."""
    messages = []
    for number, line in enumerate(lines, start=1):
        who, text = line.split(": ", 1)
        name, _, root = who.partition(" ^")
        text = _MENTIONED.sub(lambda found: f"<@U0{found[1].upper()}>", text)
        messages.append(message(number, text, user=f"U0{name.upper()}", thread=int(root) if root else None))
    return messages


def read(*lines: str) -> tuple[Fact, ...]:
    """Return the facts of a channel of such lines."""
    return facts_of_channel(channel(*lines))


def fact(minutes: float, kind: FactKind, says: str = "", **more: Any) -> Fact:
    """Return a fact of a person's message."""
    key = more.pop("key", f"m:{ts(minutes)}:{kind}")
    about = more.pop("about", key if kind in (FactKind.ACTION, FactKind.HYPOTHESIS) else "")
    return Fact(
        key=key, kind=kind, at=at(minutes), says=says or str(kind), user=more.pop("user", "U0AN"), ts=ts(minutes),
        about=about, **more,
    )  # fmt: skip


def diagnosed(minutes: float, incident: str, state: str, **more: Any) -> Fact:
    """Return one of our hypotheses."""
    request = more.pop("request", "r1")
    return Fact(
        key=f"a:{request}:{incident}",
        kind=FactKind.HYPOTHESIS,
        at=at(minutes),
        says=f"evidence of {incident}",
        incident=incident,
        state=state,
        **more,
    )


def remedied(minutes: float, plan: str, state: str, **more: Any) -> Fact:
    return Fact(key=f"r:{plan}", kind=FactKind.REMEDY, at=at(minutes), says="roll back checkout", state=state, **more)


def pod(name: str, namespace: str = "shop", uid: str = "") -> ObjectRef:
    return ObjectRef(kind="Pod", namespace=namespace, name=name, uid=uid)
