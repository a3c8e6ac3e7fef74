"""What a channel wants answered, as `/diagnose channel` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from intents.channel_commands import Wanted
from intents.domain import Language, Text
from responses.slack.ask_dialog import AskView, ask_dialog
from responses.slack.channel_answers import ChannelAnswersShown, LoweredShown, channel_message, kind_words
from responses.slack.message import Message, View

_LOWERED = LoweredShown(
    key="evidence container-oom-killed",
    says=kind_words("evidence", Text(en="The container runs out of memory", zh="容器内存不足")),
    by="U2",
    at=datetime(2026, 3, 2, 12, tzinfo=UTC),
)


def channel_specimens(language: Language) -> Iterator[tuple[str, Message | View]]:
    """Yield (name, message or dialog)."""
    yield "channel-answers", channel_message(ChannelAnswersShown(wanted=Wanted.ALL), language=language)
    lowered = ChannelAnswersShown(wanted=Wanted.ERRORS, by="U1", lowered=[_LOWERED])
    yield "channel-answers-lowered", channel_message(lowered, language=language)
    asked = AskView(clusters=["prod", "staging"], metadata="{}", cluster="prod", namespace="shop")
    yield "ask-dialog", ask_dialog(asked, language=language)
    half = Text(en='what kind of object is "api"?', zh="“api”是什么类型的对象？")
    known = replace(asked, clusters=["prod"], kind="Pod", name="api", says=half, closest="pod api")
    yield "ask-dialog-half-named", ask_dialog(known, language=language)
    yield "ask-dialog-text-only", ask_dialog(replace(asked, clusters=()), language=language)
