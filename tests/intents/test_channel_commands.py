"""Test the commands of incident channels as typed in a hurry, and texts that are not commands."""

import pytest

from intents.channel_commands import ChannelAction, ChannelCommand, Reader
from intents.slash import ObjectQuery, TextQuery, parse_command, parse_message
from intents.spelling import Misuse


@pytest.mark.parametrize(
    ("text", "doing"),
    [
        ("summary", ChannelAction.SUMMARY),
        ("Summary", ChannelAction.SUMMARY),
        ("tl;dr", ChannelAction.SUMMARY),
        ("catch up", ChannelAction.SUMMARY),
        ("incident summary", ChannelAction.SUMMARY),
        ("总结", ChannelAction.SUMMARY),
        ("incident status", ChannelAction.STATUS),
        ("inc status", ChannelAction.STATUS),
        ("事件状态", ChannelAction.STATUS),
        ("故障 现状", ChannelAction.STATUS),
        ("incident timeline", ChannelAction.TIMELINE),
        ("故障时间线", ChannelAction.TIMELINE),
        ("incident resolve", ChannelAction.RESOLVE),
        ("incident resolved!", ChannelAction.RESOLVE),
        ("事故已恢复。", ChannelAction.RESOLVE),
        ("incident: resolve", ChannelAction.RESOLVE),
        ("incident reopen", ChannelAction.REOPEN),
        ("incident re-open", ChannelAction.REOPEN),
        ("故障重新打开", ChannelAction.REOPEN),
        ("incident export", ChannelAction.EXPORT),
        ("incident export me", ChannelAction.EXPORT),
        ("事件导出", ChannelAction.EXPORT),
        ("incident dismiss", ChannelAction.DISMISS),
        ("故障误报", ChannelAction.DISMISS),
        ("incident open", ChannelAction.OPEN),
        ("故障开始", ChannelAction.OPEN),
    ],
)
def test_a_command_is_understood_as_it_is_typed(text, doing):
    assert parse_command(text) == ChannelCommand(action=doing)


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        ("summary for status page", Reader.OUTSIDE),
        ("Summary for the status page", Reader.OUTSIDE),
        ("summary status-page?", Reader.OUTSIDE),
        ("tl;dr for customers", Reader.OUTSIDE),
        ("incident summary for statuspage", Reader.OUTSIDE),
        ("总结 给状态页", Reader.OUTSIDE),
        ("总结给状态页", Reader.OUTSIDE),
        ("故障总结 给 状态页", Reader.OUTSIDE),
        ("摘要 对外", Reader.OUTSIDE),
        ("summary for commander", Reader.COMMANDER),
        ("summary for the incident commander", Reader.COMMANDER),
        ("incident summary: for IC", Reader.COMMANDER),
        ("总结 给指挥", Reader.COMMANDER),
        ("事件总结给总指挥", Reader.COMMANDER),
    ],
)
def test_a_summary_may_be_for_a_reader(text, reader):
    command = ChannelCommand(action=ChannelAction.SUMMARY, reader=reader)
    assert parse_command(text) == command
    assert parse_message(f"<@U0BOT> {text}") == command


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("summary since 15m", "since 15m"),
        ("summary since 15 min", "since 15 min"),
        ("summary 2h", "2h"),
        ("summary of the last hour", "of the last hour"),
        ("summary since 14:05", "since 14:05"),
        ("catch up since yesterday", "since yesterday"),
        ("incident summary last 15 minutes", "last 15 minutes"),
        ("总结 最近 15 分钟", "最近 15 分钟"),
        ("总结最近15分钟", "最近15分钟"),
        ("故障总结 从 14:05", "从 14:05"),
        ("摘要 最近两小时", "最近两小时"),
    ],
)
def test_a_summary_may_be_of_the_time_since(text, since):
    command = ChannelCommand(action=ChannelAction.SUMMARY, since=since)
    assert parse_command(text) == command
    assert parse_message(f"<@U0BOT> {text}") == command


@pytest.mark.parametrize("text", ["summary for shop", "summary since deploy", "incident summary banana", "总结 给老板"])
def test_a_summary_for_somebody_else_says_whom_it_may_be_for(text):
    command = parse_command(text)

    assert isinstance(command, Misuse)
    assert command.usage == "summary [for status page|for commander|since 15m]"


@pytest.mark.parametrize("text", ["incident export here", "incident export channel", "故障导出 频道"])
def test_an_export_may_go_to_the_channel(text):
    assert parse_command(text) == ChannelCommand(action=ChannelAction.EXPORT, here=True)


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

    assert isinstance(command, Misuse)
    assert command.closest == closest


@pytest.mark.parametrize(
    "text",
    [
        "incident status page is down",
        "incident\nstatus",
        "summary of errors: 12 failed",
        "summary since 10m pods crash",
        "summary for the shop is not rendered",
        "总结会议纪要",
        "incident resolution failed: timeout",
        "catch up with the leader failed",
        "故障时间线不完整 timeout waiting for leader",
    ],
)
def test_sentence_that_begins_like_a_command_is_a_text(text):
    assert parse_command(text) == TextQuery(text=text)


def test_object_of_kind_incident_is_an_object():
    assert parse_command("incident ops/db-42") == ObjectQuery(kind="incident", namespace="ops", name="db-42")


@pytest.mark.parametrize(
    ("text", "doing"),
    [
        ("<@U0BOT> summary", ChannelAction.SUMMARY),
        ("<@U0BOT>: summary", ChannelAction.SUMMARY),
        ("<@U0BOT>, incident status?", ChannelAction.STATUS),
        ("<@U0BOT> 总结", ChannelAction.SUMMARY),
        ("<@U0BOT> 故障时间线？", ChannelAction.TIMELINE),
        ("<@U0BOT> incident resolve", ChannelAction.RESOLVE),
        ("<@U0BOT> *summary*", ChannelAction.SUMMARY),
        ("<@U0BOT> /diagnose incident resolve", ChannelAction.RESOLVE),
    ],
)
def test_a_mention_asks_the_same(text, doing):
    assert parse_message(text) == ChannelCommand(action=doing)


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

    assert isinstance(command, Misuse)
    assert command.closest == closest


@pytest.mark.parametrize(
    "text", ["<@U0BOT> show", "<@U0BOT> history", "<@U0BOT> resolved?", "<@U0BOT> incident is over?"]
)
def test_small_talk_after_a_mention_is_not_a_command(text):
    assert isinstance(parse_message(text), TextQuery)
