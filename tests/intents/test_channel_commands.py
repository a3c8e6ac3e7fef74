"""Test the commands of incident channels as typed in a hurry, and texts that are not commands."""

import pytest

from intents.channel_commands import ChannelCommand, Doing
from intents.misuse import Misused
from intents.slash import AskObject, AskText, parse_command, parse_message


@pytest.mark.parametrize(
    ("text", "doing"),
    [
        ("summary", Doing.SUMMARY),
        ("Summary", Doing.SUMMARY),
        ("tl;dr", Doing.SUMMARY),
        ("catch up", Doing.SUMMARY),
        ("incident summary", Doing.SUMMARY),
        ("总结", Doing.SUMMARY),
        ("incident status", Doing.STATUS),
        ("inc status", Doing.STATUS),
        ("事件状态", Doing.STATUS),
        ("故障 现状", Doing.STATUS),
        ("incident timeline", Doing.TIMELINE),
        ("故障时间线", Doing.TIMELINE),
        ("incident resolve", Doing.RESOLVE),
        ("incident resolved!", Doing.RESOLVE),
        ("事故已恢复。", Doing.RESOLVE),
        ("incident: resolve", Doing.RESOLVE),
        ("incident reopen", Doing.REOPEN),
        ("incident re-open", Doing.REOPEN),
        ("故障重新打开", Doing.REOPEN),
        ("incident export", Doing.EXPORT),
        ("incident export me", Doing.EXPORT),
        ("事件导出", Doing.EXPORT),
        ("incident dismiss", Doing.DISMISS),
        ("故障误报", Doing.DISMISS),
        ("incident open", Doing.OPEN),
        ("故障开始", Doing.OPEN),
    ],
)
def test_typed_command_is_understood(text, doing):
    assert parse_command(text) == ChannelCommand(doing=doing)


@pytest.mark.parametrize("text", ["incident export here", "incident export channel", "故障导出 频道"])
def test_export_can_go_to_the_channel(text):
    assert parse_command(text) == ChannelCommand(doing=Doing.EXPORT, here=True)


@pytest.mark.parametrize(
    ("text", "closest"),
    [
        ("summry", "summary"),
        ("incident", "incident status"),
        ("incidnet", "incident"),
        ("incident resovle", "incident resolve"),
        ("incident tmieline", "incident timeline"),
        ("incident banana", "incident status"),
        ("incidnet resolve", "incident resolve"),
        ("indicent timeline", "incident timeline"),
        ("resolve", "incident resolve"),
        ("timeline", "incident timeline"),
        ("时间线", "incident timeline"),
        ("incident resolve now", "incident resolve"),
        ("incident export everywhere", "incident export"),
        ("incident exprot here", "incident export here"),
    ],
)
def test_typo_suggests_the_closest_command(text, closest):
    command = parse_command(text)

    assert isinstance(command, Misused)
    assert command.closest == closest


@pytest.mark.parametrize(
    "text",
    [
        "incident status page is down",
        "incident\nstatus",
        "summary of errors: 12 failed",
        "incident resolution failed: timeout",
        "catch up with the leader failed",
        "故障时间线不完整 timeout waiting for leader",
    ],
)
def test_sentence_that_begins_like_a_command_is_a_text(text):
    assert parse_command(text) == AskText(text=text)


def test_object_of_kind_incident_is_an_object():
    assert parse_command("incident ops/db-42") == AskObject(kind="incident", namespace="ops", name="db-42")


@pytest.mark.parametrize(
    ("text", "doing"),
    [
        ("<@U0BOT> summary", Doing.SUMMARY),
        ("<@U0BOT>: summary", Doing.SUMMARY),
        ("<@U0BOT>, incident status?", Doing.STATUS),
        ("<@U0BOT> 总结", Doing.SUMMARY),
        ("<@U0BOT> 故障时间线？", Doing.TIMELINE),
        ("<@U0BOT> incident resolve", Doing.RESOLVE),
        ("<@U0BOT> *summary*", Doing.SUMMARY),
        ("<@U0BOT> /diagnose incident resolve", Doing.RESOLVE),
    ],
)
def test_mention_gives_the_same_command(text, doing):
    assert parse_message(text) == ChannelCommand(doing=doing)


@pytest.mark.parametrize(
    ("text", "closest"),
    [
        ("<@U0BOT> incident", "incident status"),
        ("<@U0BOT> incident tmieline", "incident timeline"),
        ("<@U0BOT> incident resolved?", "incident resolve"),  # a question does not resolve the incident
    ],
)
def test_typo_after_a_mention_suggests_the_closest_command(text, closest):
    command = parse_message(text)

    assert isinstance(command, Misused)
    assert command.closest == closest


@pytest.mark.parametrize(
    "text", ["<@U0BOT> show", "<@U0BOT> history", "<@U0BOT> resolved?", "<@U0BOT> incident is over?"]
)
def test_small_talk_after_a_mention_is_not_a_command(text):
    assert isinstance(parse_message(text), AskText)
