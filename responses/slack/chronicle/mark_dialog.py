"""Build the dialogs that ask what a message is, and which fact of the summary is to be corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from intents.chronicle.channel_reader import PINNED, WRONG
from intents.chronicle.facts import LONGEST_SAYS, ActionState, Fact, FactKind, IncidentStatus, kind_of
from intents.domain import Language, Text
from responses.chronicle import incident_words
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.message import Block, Message, View
from responses.slack.presses import Press, action_id

_SHORTCUT: Final = Text(en="Mark as …", zh="标记为 …")
_WHAT: Final = Text(en="This message is", zh="此消息是")
_WORDS: Final = Text(en="Words in the record", zh="记录中的文字")
_WORDS_HINT: Final = Text(
    en="Unchanged words follow the edits of the message.", zh="未改动的文字会随原消息的编辑而更新。"
)
_SET: Final = Text(en="Mark", zh="标记")
_CORRECT: Final = Text(en="Correct", zh="更正")
_WHICH: Final = Text(en="What is to be corrected", zh="要更正的内容")
_HOW: Final = Text(en="How", zh="如何更正")
_NEW_WORDS: Final = Text(en="New words, for “reads”", zh="新的文字（用于“改为”）")
TRY_AGAIN: Final = Text(en="the dialog opened too late; try again", zh="对话框打开超时，请重试")
CHOOSE_ONE: Final = Text(en="Choose one", zh="请选择一项")
NOTHING_TO_CORRECT: Final = Text(en="no statement of a message is recorded yet", zh="尚未记录任何消息中的陈述")
FACT_GONE: Final = Text(
    en="what you corrected is no longer stated: its message was changed meanwhile",
    zh="您更正的内容已不存在：其消息已被更改",
)
_ONLY_ACTIONS: Final = Text(en="Only an action can be done", zh="只有行动可以完成")
_ONLY_CAUSES: Final = Text(en="Only a suspicion or a cause can be ruled out", zh="只有怀疑或原因可以排除")
_TYPE_WORDS: Final = Text(en="Type the new words", zh="请填写新的文字")

_ACTION: Final = Text(en="action: {}", zh="行动：{}")
_STATUS: Final = Text(en="status: {}", zh="状态：{}")


def _of_action(state: ActionState) -> Text:
    return _ACTION.filled(incident_words.COURSES[state][1])


# What a person may set, by the kind of fact.
_CHOICES: Final[Mapping[str, Text]] = {
    "impact": incident_words.IMPACT,
    "suspected": Text(en="suspected cause", zh="疑似原因"),
    "ruled_out": Text(en="not the cause", zh="不是原因"),
    "cause": incident_words.ROOT_CAUSE,
    "decision": Text(en="decision", zh="决定"),
    "action.planned": _of_action(ActionState.PLANNED),
    "action.doing": _of_action(ActionState.UNDER_WAY),
    "action.done": _of_action(ActionState.DONE),
    "action.failed": _of_action(ActionState.FAILED),
    "next": Text(en="next step", zh="下一步"),
    **{
        f"status.{status}": _STATUS.filled(incident_words.STANDINGS[status][1])
        for status in (
            IncidentStatus.INVESTIGATING,
            IncidentStatus.IDENTIFIED,
            IncidentStatus.MITIGATED,
            IncidentStatus.MONITORING,
            IncidentStatus.RESOLVED,
        )
    },
    "question": Text(en="open question", zh="待解答的问题"),
    "comms": incident_words.TOLD_TO,
    "change": Text(en="change: deploy, flag, configuration", zh="变更：发布、开关、配置"),
    "followup": Text(en="follow-up", zh="后续事项"),
    PINNED: Text(en="worth a line on the timeline", zh="值得列入时间线"),
    WRONG: Text(en="nothing: it states nothing", zh="无：未陈述任何内容"),
}
_CORRECTED: Final[Mapping[str, Text]] = {**_CHOICES, "role": Text(en="role", zh="角色")}


class Correction(StrEnum):
    """What a person corrects about a fact."""

    WRONG = "wrong"
    DONE = "done"
    NOT_CAUSE = "not the cause"
    EDITED = "edited"


_CORRECTIONS: Final[Mapping[Correction, Text]] = {
    Correction.WRONG: Text(en="is wrong: remove it", zh="有误：删除"),
    Correction.DONE: Text(en="is done", zh="已完成"),
    Correction.NOT_CAUSE: Text(en="is not the cause", zh="不是原因"),
    Correction.EDITED: Text(en="reads:", zh="改为："),
}


def mark_dialog(says: str, *, metadata: str, language: Language) -> View:
    """Return the dialog that asks what a message is. It quotes what the message `says`."""
    kinds = [(_shown(label, language), kind) for kind, label in _CHOICES.items()]
    shown = [
        blocks.rich(blocks.quoted(blocks.text(shown_line(says) or "…"))),
        _choice(_WHAT, kinds, Press.MARK_AS, language),
        _reworded(_WORDS, Press.MARK_TEXT, language, hint=_WORDS_HINT.in_(language), initial=says),
    ]
    return blocks.form(_SHORTCUT, shown, submit=_SET, press=Press.MARK, carries=metadata, language=language)


def with_correct_button(message: Message, language: Language) -> Message:
    """Return the summary with the button that opens the dialog for corrections."""
    button = blocks.button(_CORRECT.in_(language), action_id=action_id(Press.CORRECT_FACT), value="correct")
    return replace(message, blocks=(*message.blocks, blocks.actions(button)))


def correction_dialog(facts: Sequence[Fact], *, channel: str, language: Language) -> View:
    """Return the dialog that asks what is wrong with one of these facts, of which Slack shows a hundred."""
    listed = [(_line(fact, language), fact.key) for fact in facts[: limits.SELECT_OPTIONS]]
    corrections = [(says.in_(language), str(what)) for what, says in _CORRECTIONS.items()]
    shown = [
        _choice(_WHICH, listed, Press.FACT, language),
        _choice(_HOW, corrections, Press.FACT_IS, language, initial=str(Correction.WRONG)),
        _reworded(_NEW_WORDS, Press.FACT_TEXT, language),
    ]
    return blocks.form(_CORRECT, shown, submit=_CORRECT, press=Press.CORRECT_FACT, carries=channel, language=language)


def _choice(
    label: Text, options: Sequence[tuple[str, str]], press: Press, language: Language, *, initial: str = ""
) -> Block:
    hint = CHOOSE_ONE.in_(language)
    return blocks.select_input(
        label.in_(language), options, id=str(press), placeholder=hint, initial=initial, optional=False
    )


def _reworded(label: Text, press: Press, language: Language, *, hint: str = "", initial: str = "") -> Block:
    return blocks.text_input(
        label.in_(language),
        id=str(press),
        hint=hint,
        initial=initial,
        optional=True,
        longest=LONGEST_SAYS,
        multiline=True,
    )


def kind_of_choice(key: str) -> FactKind | None:
    """Return the kind of the fact that an option's value names; None without one."""
    kind = key.split(":")[2] if key.count(":") > 1 else ""
    return FactKind(kind) if kind in set(FactKind) else None


def unfit(what: str, kind: FactKind, says: str) -> Mapping[str, Text]:
    """Return why a correction does not fit a fact of a kind, by input."""
    match what:
        case Correction.WRONG:
            return {}
        case Correction.DONE:
            return {} if kind is FactKind.ACTION else {str(Press.FACT_IS): _ONLY_ACTIONS}
        case Correction.NOT_CAUSE:
            return {} if kind is FactKind.HYPOTHESIS else {str(Press.FACT_IS): _ONLY_CAUSES}
        case Correction.EDITED:
            return {} if says else {str(Press.FACT_TEXT): _TYPE_WORDS}
        case _:
            return {str(Press.FACT_IS): CHOOSE_ONE}


def label_of(fact: Fact) -> Text | None:
    """Return what a fact is called in the dialog; None for one that it does not offer."""
    kind = kind_of(fact)
    return _CORRECTED.get(kind) or _CORRECTED.get(kind.partition(".")[0])


def _line(fact: Fact, language: Language) -> str:
    label = label_of(fact)
    before = f"{_shown(label, language)} · " if label else ""
    return shown_line(f"{before}{fact.at:%H:%M} “{fact.says}”")


def _shown(label: Text, language: Language) -> str:
    says = label.in_(language)
    return says[:1].upper() + says[1:]
