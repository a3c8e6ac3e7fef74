"""Extract the facts of an incident from a Slack message, and the users who pinned it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.slack.channel_events import moment_of
from bot.slack.message_events import files_of, markup_of
from bot.store import FactRow, RecordedMessage
from bot.workflows.chronicle.fact_rows import row_of
from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.message_text import excerpt, parse_message
from intents.chronicle.statements import ChannelMessage, facts_of
from responses.safety import safe, safe_line

_LONGEST_TEXT: Final = 40_000
# Emoji that add a message to the timeline: Slack's two pins.
REACTIONS: Final = frozenset({"pushpin", "round_pushpin"})


def pinned_by(message: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the users who added a pin reaction to a message; Slack names only some of many."""
    users: list[str] = []
    for reaction in message.get("reactions") or ():
        if isinstance(reaction, Mapping) and is_pin(reaction.get("name")):
            users += [str(user) for user in reaction.get("users") or ()]
    return tuple(dict.fromkeys(users))


def is_pin(reaction: object) -> bool:
    """Tell whether a reaction is a pin, in any skin tone."""
    return str(reaction or "").partition("::")[0] in REACTIONS


def recorded_message(message: Mapping[str, Any], *, version: str = "") -> RecordedMessage:
    """Return a message and its facts; `version` is the time of its last edit, "" for none."""
    redacted = channel_message(message)
    facts = facts_of(redacted)
    pinned = pinned_fact(message) if version else None
    return RecordedMessage(ts=redacted.ts, version=version, facts=tuple(map(row_of, facts)), pinned=pinned)


def channel_message(message: Mapping[str, Any]) -> ChannelMessage:
    """Return a message from Slack's data, with credentials removed."""
    ts = str(message.get("ts") or "")
    thread = str(message.get("thread_ts") or "")
    profile = message.get("bot_profile")
    named = profile.get("name") if isinstance(profile, Mapping) else ""
    bot = str(message.get("username") or named or message.get("bot_id") or "") if message.get("bot_id") else ""
    return ChannelMessage(
        ts=ts,
        at=moment_of(ts),
        text=safe(markup_of(message), limit=_LONGEST_TEXT),
        user="" if bot else str(message.get("user") or ""),
        bot=safe_line(bot, limit=80),
        thread_ts=thread if thread != ts else "",
    )


def pinned_fact(message: Mapping[str, Any]) -> FactRow | None:
    """Return the fact of a message that a user adds to the timeline; None if its other facts suffice."""
    redacted = channel_message(message)
    if any(fact.kind is not FactKind.ANSWERED for fact in facts_of(redacted)):
        return None
    read = parse_message(redacted.text)
    text = " ".join([*read.lines, read.fenced]).strip()
    names = [str(file.get("name") or "?") for file in files_of(message)]
    return row_of(
        Fact(
            key=f"p:{redacted.ts}",
            kind=FactKind.PINNED,
            at=redacted.at,
            says=excerpt(text or f"📎 {', '.join(names)}"),
            user=redacted.user,
            bot=redacted.bot,
            ts=redacted.ts,
            thread_ts=redacted.thread_ts,
        )
    )
