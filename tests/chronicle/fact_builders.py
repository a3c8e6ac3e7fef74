"""Build the facts of a chronicle in short form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.statements import ChannelMessage, facts_of
from intents.domain import ObjectRef

OPENED = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def said(
    minutes: float, text: str, *, user: str = "U0AN", bot: str = "", thread: float | None = None
) -> tuple[Fact, ...]:
    """Return the facts of a message; `thread` is the minute of its thread's root."""
    return facts_of(
        ChannelMessage(
            ts=ts(minutes),
            at=at(minutes),
            text=text,
            user="" if bot else user,
            bot=bot,
            thread_ts="" if thread is None else ts(thread),
        )
    )


def ts(minutes: float) -> str:
    return f"{at(minutes).timestamp():.6f}"


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
