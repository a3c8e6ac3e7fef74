"""Build the dialog that asks what it was instead, and the report of what people called wrong or nothing explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from intents.domain import Language, Text
from intents.feedback import LONGEST_REMARK, NONE_OF_THEM, FeedbackSummary, WrongEntry
from responses import words
from responses.sentences import finished
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.blocks import Leaf, Part, fit_parts
from responses.slack.message import Message, View, fallback
from responses.slack.presses import Press

TITLE: Final = Text(en="What was it?", zh="实际是什么问题？")
ANSWER_SAID: Final = Text(en="The answer said: {}", zh="答复的判断：{}")
ENTRY: Final = Text(en="Known incident", zh="已知问题")
SEARCH: Final = Text(en="Type a title or an id", zh="输入标题或 id 搜索")
NONE_OF_THESE: Final = Text(en="None of these", zh="都不是")
NOT_LISTED: Final = Text(en="Not in the list", zh="不在列表中")
SAVED: Final = Text(en="Saved incidents", zh="已保存的问题")
REMARK: Final = Text(en="In your own words", zh="用自己的话说明")
REMARK_HINT: Final = Text(en="Credentials are removed before it is stored.", zh="保存前会去除凭据。")
SUBMIT: Final = Text(en="Send correction", zh="提交更正")
WHAT_HAPPENS: Final = Text(
    en="The answer shows it, and the operators read it in the feedback report. Nothing changes by itself. If you close "
    "this dialog, the answer stays marked as wrong",
    zh="答复中会显示此更正，运维人员可在反馈报告中看到。不会自动修改任何内容。关闭此对话框后，答复仍标记为误判",
)
CHOOSE_OR_TYPE: Final = Text(en="Choose an incident or type a few words", zh="请选择一个问题或填写说明")
ENTRY_GONE: Final = Text(
    en="This incident is no longer in the catalog. Choose another one", zh="此问题已不在目录中，请重新选择"
)
NOT_KNOWN: Final = Text(en="none of the known incidents", zh="不是任何已知问题")
ANSWER_GONE: Final = Text(
    en="the answer was deleted meanwhile, so the correction was not stored", zh="答复已被删除，更正未保存"
)

REPORT: Final = Text(en="Feedback from {} to {}", zh="{} 至 {} 的反馈")
COUNTS: Final = Text(
    en="entries called wrong: {} · texts that no entry explains: {}",
    zh="被标记为误判的条目：{} · 没有条目可解释的文本：{}",
)
CALLED_WRONG: Final = Text(en="Entries that people called wrong", zh="被标记为误判的条目")
UNKNOWN: Final = Text(
    en="Texts that no entry explains: candidates for entries", zh="没有条目可解释的文本：可考虑新增条目"
)
WRONG_OF: Final = Text(en="wrong in {} of {} answers", zh="{1} 个答复中有 {0} 个误判")
IT_WAS: Final = Text(en="it was {}", zh="实际是 {}")
TIMES: Final = Text(en="{}×", zh="{} 次")
A_SAVED_ONE: Final = Text(en="a saved incident of another channel", zh="其他频道保存的问题")
WITHHELD: Final = Text(en="Texts from private channels, left out here: {}", zh="来自私有频道的文本，此处已略去：{}")
MARKED_HELPFUL: Final = Text(en="Answers marked as helpful: {}", zh="被标记为有帮助的答复：{}")
ALL_OF_IT: Final = Text(
    en="Nothing changes by itself. All of it: casebook feedback", zh="不会自动修改任何内容。完整内容：casebook feedback"
)


_BETWEEN: Final = " · "


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionChoices:
    """The entries to choose from, in groups: the titles by id for each area, and those of saved incidents."""

    areas: Mapping[str, Mapping[str, Text]]
    saved: Mapping[str, Text] = field(default_factory=dict)


def correction_dialog(
    choices: CorrectionChoices, *, request_id: str, said: Text, entry: str, remark: str, language: Language
) -> View:
    """Return the dialog. `said` is the title in the answer, `entry` and `remark` what this person said before."""

    def text(says: Text) -> str:
        return says.in_(language)

    groups = [
        (text(NOT_LISTED), [(text(NONE_OF_THESE), NONE_OF_THEM)]),
        *((area, _options(titles, language)) for area, titles in choices.areas.items()),
        (text(SAVED), _options(choices.saved, language)),
    ]
    said_line = text(ANSWER_SAID).format(shown_line(text(said), limit=limits.HEADER_TEXT))
    return blocks.modal(
        text(TITLE),
        [
            blocks.rich(blocks.sentence(said_line)),
            blocks.grouped_select_input(
                text(ENTRY), groups, id=str(Press.WAS), placeholder=text(SEARCH), initial=entry
            ),
            blocks.text_input(
                text(REMARK),
                id=str(Press.WAS_TEXT),
                hint=text(REMARK_HINT),
                initial=remark,
                longest=LONGEST_REMARK,
                multiline=True,
                optional=True,
            ),
            blocks.context(text(WHAT_HAPPENS)),
        ],
        close=text(words.CLOSE),
        submit=text(SUBMIT),
        callback_id=str(Press.CORRECT),
        private_metadata=request_id,
    )


def _options(titles: Mapping[str, Text], language: Language) -> Sequence[tuple[str, str]]:
    """Return (label, id) of entries whose id a menu can carry: the label has title and id, and people search both."""
    return [
        (_label(shown_line(title.in_(language)), id), id)
        for id, title in titles.items()
        if len(id) <= limits.OPTION_VALUE
    ]


def _label(title: str, id: str) -> str:
    room = limits.OPTION_TEXT - len(id) - len(_BETWEEN)
    return f"{blocks.cut(title, room)}{_BETWEEN}{id}" if room > len(_BETWEEN) else blocks.cut(id, limits.OPTION_TEXT)


# With the limits below, both lists fit into one message at their longest.
_ENTRIES: Final = 8
_CANDIDATES: Final = 8
_NAMED: Final = 3
_REMARKS: Final = 3
_REMARK: Final = 100
_TITLE: Final = 80


def feedback_message(
    summary: FeedbackSummary, titles: Mapping[str, Text], *, since: datetime, until: datetime, language: Language
) -> Message:
    """Return the report of a period. `titles` are those of the entries that its readers may see, by id."""

    def text(says: Text, *values: object) -> str:
        return says.in_(language).format(*values)

    heading = text(REPORT, f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}")
    parts = [Part(rank=0, blocks=(blocks.header(heading),))]
    if summary.wrong:
        items = [_wrong(one, titles, language) for one in summary.wrong[:_ENTRIES]]
        parts += _section(text(CALLED_WRONG), items, len(summary.wrong), rank=1, language=language)
    if summary.candidates:
        colon = words.COLON.in_(language)
        items = [
            [blocks.text(f"{text(TIMES, one.count)}{colon}"), blocks.code(shown_line(one.template))]
            for one in summary.candidates[:_CANDIDATES]
        ]
        parts += _section(text(UNKNOWN), items, len(summary.candidates), rank=2, language=language)
    below = [text(MARKED_HELPFUL, summary.helpful)] if summary.helpful else []
    below += [text(WITHHELD, summary.withheld)] if summary.withheld else []
    below.append(text(ALL_OF_IT))
    last = blocks.context(" ".join(finished(each, language) for each in below))
    fitted, _ = fit_parts([*parts, Part(rank=0, blocks=(last,))])
    counts = text(COUNTS, len(summary.wrong), len(summary.candidates) + summary.withheld)
    return Message(text=fallback(heading, counts), blocks=fitted)


def _section(title: str, items: list[list[Leaf]], of: int, *, rank: int, language: Language) -> list[Part]:
    left = blocks.left_out(of - len(items), language)
    elements = (blocks.sentence(title, bold=True), blocks.bullets(items), *left)
    return [Part(rank=rank, blocks=(blocks.rich(*elements),))]


def _wrong(one: WrongEntry, titles: Mapping[str, Text], language: Language) -> list[Leaf]:
    counts = WRONG_OF.in_(language).format(one.wrong, one.answers)
    told = [f"{words.COLON.in_(language)}{counts}"]
    if one.instead:
        named = [f"{_title(id, titles, language)} ×{count}" for id, count in one.instead[:_NAMED]]
        if len(one.instead) > _NAMED:
            named.append(words.MORE.in_(language).format(len(one.instead) - _NAMED))
        told.append(IT_WAS.in_(language).format(words.ENUMERATION.in_(language).join(named)))
    told += [f"“{shown_line(remark, limit=_REMARK)}”" for remark in one.remarks[:_REMARKS]]
    if one.id not in titles:
        return [blocks.text(f"{_title(one.id, titles, language)}{' · '.join(told)}")]
    return [blocks.code(shown_line(one.id, limit=_TITLE)), blocks.text(" · ".join(told))]


def _title(id: str, titles: Mapping[str, Text], language: Language) -> str:
    """Return the title of an entry; readers who may not see a saved incident learn only that it is one."""
    if id == NONE_OF_THEM:
        return NOT_KNOWN.in_(language)
    title = titles.get(id, A_SAVED_ONE)
    return shown_line(title.in_(language), limit=_TITLE)
