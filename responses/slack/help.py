"""What `/diagnose` can be asked, what the bot reads, and what to do about a command that was not understood."""

from __future__ import annotations

from typing import Final

from intents.domain import Language, Text
from responses.safety import safe_line
from responses.sentences import capitalised
from responses.slack import blocks
from responses.slack.blocks import Element
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback

_TITLE: Final = Text(
    en="Casebook finds out why something in a cluster is broken, and proves it.",
    zh="Casebook 找出集群中故障的原因，并给出证据。",
)
_FORMS: Final = (
    ("/diagnose pod shop/api-0", Text(en="what is wrong with an object", zh="某个对象出了什么问题")),
    (
        "/diagnose deploy api -n shop",
        Text(en="any kind, by the names kubectl takes", zh="任何类型，名称写法与 kubectl 相同"),
    ),
    ("/diagnose explain <error>", Text(en="what an error means here", zh="某条报错在此集群中意味着什么")),
    ("/diagnose muted", Text(en="what is muted in this channel", zh="此频道静音了哪些问题")),
    ("/diagnose unmute <id>", Text(en="answer it again in this channel", zh="恢复此频道的自动答复")),
    (
        "/diagnose summary",
        Text(en="what you missed in this incident channel", zh="此故障频道中您错过的内容"),
    ),
    (
        "/diagnose incident status|timeline|export",
        Text(en="how it stands, what happened, all of it as a file", zh="现状、经过、全部记录（文件）"),
    ),
    (
        "/diagnose incident open|resolve|reopen|dismiss",
        Text(
            en="this channel is an incident; it is over; it is not; it was none",
            zh="将此频道设为故障频道；已恢复；重新打开；并非故障",
        ),
    ),
    ("/diagnose help", Text(en="this page", zh="本页")),
)
_ELSEWHERE: Final = (
    Text(
        en="Paste an error, a log or the output of kubectl describe into a channel the bot is in: it answers in the "
        "thread if it knows the incident, and stays silent if it does not.",
        zh="在机器人所在的频道粘贴报错、日志或 kubectl describe 的输出：认得的会在消息列中答复，不认得则保持沉默。",
    ),
    Text(
        en="Mention it, write to it directly, or use “Diagnose this” from a message's menu: then it always answers.",
        zh="@提及、私信，或使用消息菜单中的“Diagnose this”：一定会得到答复。",
    ),
    Text(
        en="Files and snippets are read as well. Anyone may ask on in the thread.",
        zh="文件与代码片段同样会被读取。任何人都可以在消息列中追问。",
    ),
    Text(
        en="In an incident channel, 📌 on a message puts it on the timeline, as “Add to timeline” in its menu does.",
        zh="在故障频道中，对消息添加 📌 表情或使用消息菜单中的“Add to timeline”，即可将其加入时间线。",
    ),
)
_READS: Final = Text(
    en="It only reads: objects, events and logs, never Secrets. A button that changes something shows what would "
    "change and asks first; it appears only where that was switched on. The same state gives the same answer: no "
    "language model is involved.",
    zh="它只读取对象、事件和日志，从不读取 Secret。会更改集群的按钮只在已启用之处出现，"
    "并先显示将要更改的内容、请求确认。状态相同则答复相同：不使用语言模型。",
)
_ASK: Final = Text(en="Ask", zh="提问")
_OR: Final = Text(en="Or", zh="或者")
_DID_YOU_MEAN: Final = Text(en="Did you mean ", zh="您是否想输入 ")
_SEE_HELP: Final = Text(en="/diagnose help shows what can be asked.", zh="/diagnose help 列出所有用法。")


def help_message(*, language: Language) -> Message:
    """The page of `/diagnose help`, shown to who asked."""
    forms = [[blocks.code(form), blocks.text(f"  {says.in_(language)}")] for form, says in _FORMS]
    elements: list[Element] = [
        blocks.line(blocks.bold(_TITLE.in_(language))),
        blocks.line(blocks.text(_ASK.in_(language), bold=True)),
        blocks.bullets(forms),
        blocks.line(blocks.text(_OR.in_(language), bold=True)),
        blocks.bullets([blocks.text(says.in_(language))] for says in _ELSEWHERE),
        blocks.quoted(blocks.text(_READS.in_(language))),
    ]
    lines = [_TITLE.in_(language), *(form for form, _ in _FORMS)]
    return Message(text=fallback(*lines), blocks=(blocks.rich(*elements),))


def misused(says: Text, closest: str = "", *, language: Language) -> Message:
    """A command that was not understood, with the one that was probably meant."""
    problem = capitalised(safe_line(says.in_(language), limit=600))
    elements = [blocks.line(blocks.text(problem))]
    lines = [problem]
    if closest:
        command = f"/diagnose {safe_line(closest, limit=600)}"
        mark = "？" if language is Language.ZH else "?"
        elements.append(
            blocks.line(blocks.text(_DID_YOU_MEAN.in_(language)), blocks.code(command), blocks.text(f" {mark}"))
        )
        lines.append(f"{_DID_YOU_MEAN.in_(language)}{command}")
    elements.append(blocks.line(blocks.text(_SEE_HELP.in_(language), italic=True)))
    return Message(text=fallback(*lines), blocks=(blocks.rich(*elements),))
