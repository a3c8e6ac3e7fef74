"""Build the page of `/diagnose help`, and the reply to a command that was not understood."""

from __future__ import annotations

from typing import Final

from intents.domain import Language, Text
from intents.templates import capitalised
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element
from responses.slack.message import Message, fallback

_TITLE: Final = Text(
    en="Casebook finds out why something in a cluster is broken, and proves it.",
    zh="Casebook 找出集群中故障的原因，并给出证据。",
)
_FORMS: Final = (
    ("/diagnose", Text(en="choose what to diagnose in a dialog", zh="在对话框中选择要诊断的对象")),
    ("/diagnose pod NAMESPACE/NAME", Text(en="diagnose an object", zh="诊断某个对象")),
    (
        "/diagnose deploy NAME -n NAMESPACE",
        Text(en="the same for any kind, written as in kubectl", zh="同上，适用于任何类型，写法与 kubectl 相同"),
    ),
    (
        "/diagnose connection NAMESPACE/CLIENT SERVICE:PORT",
        Text(en="find where a connection breaks, hop by hop", zh="逐跳检查连接在哪里断开"),
    ),
    (
        "/diagnose namespace NAME",
        Text(en="list what is wrong in a namespace, by root cause", zh="列出命名空间中的问题，按根因归并"),
    ),
    (
        "/diagnose cluster",
        Text(en="list what is wrong in the whole cluster, by root cause", zh="列出整个集群中的问题，按根因归并"),
    ),
    (
        "/diagnose explain ERROR",
        Text(en="explain an error and check the cluster for it", zh="解释某条报错，并在集群中核实"),
    ),
    (
        "/diagnose mute ID|KIND NAMESPACE/NAME|namespace NAME 7d REASON",
        Text(en="mute what is known already, in this channel", zh="在此频道静音已知的问题、对象或命名空间"),
    ),
    ("/diagnose muted", Text(en="list what is muted in this channel", zh="列出此频道静音的内容")),
    ("/diagnose unmute ID|KIND NAMESPACE/NAME", Text(en="unmute it", zh="取消静音")),
    (
        "/diagnose channel answers all|errors|addressed",
        Text(en="set what is answered in this channel without being asked", zh="设置此频道中未被提问时的答复范围"),
    ),
    (
        "/diagnose learned",
        Text(en="list, edit and share the incidents that people saved", zh="列出、编辑和共享已保存的问题"),
    ),
    (
        "/diagnose summary",
        Text(
            en="show how this incident stands and what you missed",
            zh="查看此故障的现状与您错过的内容",
        ),
    ),
    (
        "/diagnose summary for commander|for status page|since 15m",
        Text(
            en="show what waits for the commander, an update to paste, or what happened since 15m, 2h or 14:05",
            zh="查看待指挥处理的事项、可粘贴的状态页更新，或 15m、2h、14:05 以来的情况",
        ),
    ),
    (
        "/diagnose incident status|timeline|export",
        Text(
            en="show its status, show its timeline, or export the full record as a file",
            zh="查看现状、查看时间线，或将全部记录导出为文件",
        ),
    ),
    (
        "/diagnose incident open|resolve|reopen|dismiss",
        Text(
            en="open, resolve, reopen or dismiss the incident of this channel",
            zh="将此频道设为故障频道、标记为恢复、重新打开，或标记为“并非故障”",
        ),
    ),
    ("/diagnose help", Text(en="show this page", zh="显示本页")),
)
_ELSEWHERE: Final = (
    Text(
        en="Paste an error, a log or the output of kubectl describe into a channel with the bot. It answers in the "
        "thread if it recognises the incident, and stays silent otherwise.",
        zh="在机器人所在的频道粘贴报错、日志或 kubectl describe 的输出。能识别的问题会在消息列中答复，否则保持沉默。",
    ),
    Text(
        en="Mention it, send it a direct message, or use “Diagnose this” in a message's menu: then it always answers.",
        zh="@提及、私信，或使用消息菜单中的“Diagnose this”：一定会得到答复。",
    ),
    Text(
        en="In a thread, mention it instead: Slack runs no commands such as /diagnose in threads.",
        zh="在消息列中请改用 @提及：Slack 不支持在消息列中使用 /diagnose 等命令。",
    ),
    Text(
        en="It also reads files and snippets. Anyone can ask follow-up questions in the thread.",
        zh="它也会读取文件和代码片段。任何人都可以在消息列中追问。",
    ),
    Text(
        en="In an incident channel, “Mark as …” in a message's menu tells what it is: impact, cause, decision, "
        "action, … So does a reaction: 📌 timeline, 💥 impact, 🎯 root cause, ⚖️ decision, 🛠️ action, 📋 follow-up.",
        zh="在故障频道中，消息菜单中的“Mark as …”可标明该消息是什么：影响、原因、决定、行动等。表情回应也可以："
        "📌 时间线、💥 影响、🎯 根本原因、⚖️ 决定、🛠️ 行动、📋 后续事项。",
    ),
)
_READS: Final = Text(
    en="It reads objects, events and logs, never Secrets. Buttons that change the cluster appear only where they are "
    "enabled. They show a preview and ask for confirmation first. The same cluster state gives the same answer; no "
    "language model is involved.",
    zh="它只读取对象、事件和日志，从不读取 Secret。会更改集群的按钮仅在启用后出现，"
    "执行前会先显示变更预览并请求确认。集群状态相同则答复相同，不使用语言模型。",
)
_COMMANDS: Final = Text(en="Commands", zh="命令")
_OTHER_WAYS: Final = Text(en="Other ways to ask", zh="其他提问方式")
_DID_YOU_MEAN: Final = Text(en="Did you mean ", zh="您是否想输入 ")
_USAGE: Final = Text(en="Usage: ", zh="用法：")
_SEE_HELP: Final = Text(en="/diagnose help lists all commands.", zh="/diagnose help 列出所有命令。")


def help_message(*, language: Language) -> Message:
    """Return the page of `/diagnose help`, shown to the requester alone."""
    forms = [[blocks.code(form), blocks.text(f"  {says.in_(language)}")] for form, says in _FORMS]
    elements: list[Element] = [
        blocks.sentence(_TITLE.in_(language), bold=True),
        blocks.sentence(_COMMANDS.in_(language), bold=True),
        blocks.bullets(forms),
        blocks.sentence(_OTHER_WAYS.in_(language), bold=True),
        blocks.bullets([blocks.text(says.in_(language))] for says in _ELSEWHERE),
        blocks.quoted(blocks.text(_READS.in_(language))),
    ]
    lines = [_TITLE.in_(language), *(form for form, _ in _FORMS)]
    return Message(text=fallback(*lines), blocks=(blocks.rich(*elements),))


def misused(says: Text, closest: str = "", *, usage: str = "", language: Language) -> Message:
    """Return the reply to a command that was not understood, with the one that was probably meant or its usage."""
    problem = capitalised(shown_line(says.in_(language), limit=600))
    elements = [blocks.sentence(problem)]
    lines = [problem]
    mark = " ？" if language is Language.ZH else " ?"
    for label, written, after in ((_DID_YOU_MEAN, closest, [blocks.text(mark)]), (_USAGE, usage, [])):
        if written:
            command = f"/diagnose {shown_line(written, limit=600)}"
            elements.append(blocks.line(blocks.text(label.in_(language)), blocks.code(command), *after))
            lines.append(f"{label.in_(language)}{command}")
    elements.append(blocks.sentence(_SEE_HELP.in_(language), italic=True))
    return Message(text=fallback(*lines), blocks=(blocks.rich(*elements),))
