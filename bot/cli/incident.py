"""Run `casebook incident`: print the summary, timeline or postmortem of an exported channel. Nothing is sent."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.cli.console import note
from bot.cli.errors import CommandError, ExitCode, told
from bot.slack.channel_messages import ChannelExport, ExportError, read_export
from intents.chronicle.channel_reader import facts_of_channel
from intents.chronicle.facts import Fact, kind_of
from intents.chronicle.summary import Summary, summary_of
from intents.chronicle.timeline import timeline_of
from intents.domain import Language
from intents.languages import language_of
from intents.templates import counted
from responses.chronicle.document import summary_lines, timeline_lines
from responses.chronicle.outside import status_update
from responses.postmortem import postmortem
from responses.safety import safe_value


def run(arguments: argparse.Namespace) -> ExitCode:
    """Read FILE and print what is asked for."""
    path = Path(arguments.file)
    with told(ExportError), told(OSError, what=f"cannot read {path}"):
        channel = read_export(path)
    if channel.skipped:
        note(f"{counted(channel.skipped, 'messages')} without a time could not be read")
    if not channel.messages:
        raise CommandError(f"{path} has no messages")
    facts = facts_of_channel(
        channel.messages, people={name.lower(): user for user, name in channel.names.items() if name}
    )
    first, last = (pick(message.at for message in channel.messages) for pick in (min, max))
    summary = summary_of(facts, name=path.stem, opened=first, now=last + timedelta(minutes=1))
    if arguments.output == "json":
        document = safe_value({"channel": path.stem, "messages": len(channel.messages), **_fields(summary, facts)})
        sys.stdout.write(f"{json.dumps(document, ensure_ascii=False)}\n")
        return ExitCode.ANSWERED
    language = Language(arguments.lang) if arguments.lang else _language(channel)
    sys.stdout.writelines(f"{line}\n" for line in _lines(arguments, summary, facts, channel, language))
    return ExitCode.ANSWERED


def _lines(
    arguments: argparse.Namespace,
    summary: Summary,
    facts: tuple[Fact, ...],
    channel: ChannelExport,
    language: Language,
) -> Iterator[str]:
    match arguments.view:
        case "summary" if arguments.reader == "outside":
            yield status_update(summary, facts, people=channel.names, language=language)
        case "summary":
            yield from summary_lines(summary, language=language, names=channel.names)
        case "timeline":
            yield from timeline_lines(timeline_of(facts), language=language, names=channel.names)
        case _:
            draft = postmortem(
                summary, timeline_of(facts), language=language, permalink=lambda _: "", names=channel.names
            )
            yield draft.content.rstrip("\n")


def _fields(summary: Summary, facts: tuple[Fact, ...]) -> dict[str, Any]:
    """Return the summary as JSON; scripts rely on these keys."""
    return {
        "status": str(summary.status),
        "since": summary.since.isoformat(),
        "impact": summary.impact.current.says if summary.impact.current else None,
        "cause": summary.cause.fact.says if summary.cause else None,
        "next": summary.next_step.fact.says if summary.next_step else None,
        "roles": {str(holder.role): holder.user for holder in summary.roles},
        "actions": [
            {"says": action.said.says, "state": str(action.course), "owner": action.owner or None}
            for action in summary.tracked_actions
        ],
        "facts": [
            {
                "kind": kind_of(fact),
                "messages": [fact.ts],
                **({"state": fact.state} if fact.state else {}),
                "says": fact.says,
                **({"by": fact.user or fact.bot} if fact.user or fact.bot else {}),
            }
            for fact in facts
        ],
    }


def _language(channel: ChannelExport) -> Language:
    """Return the language of most messages."""
    chinese = sum(language_of(message.text) is Language.ZH for message in channel.messages)
    return Language.ZH if chinese * 2 > len(channel.messages) else Language.EN
