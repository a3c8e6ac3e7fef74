"""Show the state of a pressed remedy in its answer, and write its audit line.

The answer has who pressed, when, and what was observed afterwards. The audit line, what was done to what, by whom, with
which result, is posted in the audit channel and, unless the answer shows a fix, in the thread of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from intents.domain import Language, ObjectRef, Text
from responses import words
from responses.follow_ups import ANSWERED_ABOVE, CHECK_AGAIN, EARLIER
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.message import Message, fallback

_SHOWN: Final = 3
# Room for the message of a webhook after our sentence about it.
_SAYS: Final = 600


class RemedyState(StrEnum):
    """The progress of a pressed remedy; the states from `refused` on are final."""

    AWAITING = "awaiting"  # confirmed by the requester, waiting for an approver
    CHECKING = "checking"
    APPLYING = "applying"
    APPLIED = "applied"
    VERIFYING = "verifying"
    REFUSED = "refused"
    FIXED = "fixed"
    CHANGED = "changed"  # the cause is gone, the symptom is still there
    LATER = "shows later"  # the cause is gone; the symptom can only be seen later
    NOT_FIXED = "not fixed"
    WORSE = "worse"
    WAITING = "waiting"  # applied, not verified before the deadline
    UNKNOWN = "unknown"  # it is not known whether it was applied
    FAILED = "failed"
    PARTLY = "partly done"  # some of its steps were applied
    DONE = "done"  # took effect; this is not a fix
    NOT_DONE = "not done"
    UNDONE = "undone"  # an undo took effect
    CARRIED_OUT = "carried out"  # took effect; a person asked for the action itself


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyShown:
    """A pressed remedy and its state.

    `who` is the id of the user who confirmed it, `at` when; `says` is what was observed, or why it was refused.
    `approver` is the id of the second person, if one had to approve it. `undo` is the plan that reverts it, "" for
    none. `cluster` is where it was applied, "" if there is only one.
    """

    plan_id: str
    title: Text
    state: RemedyState
    who: str = ""
    approver: str = ""
    at: datetime | None = None
    says: Text | None = None
    undo: str = ""
    cluster: str = ""

    def is_in(self, cluster: str) -> bool:
        """Return whether it was applied in this cluster: another one may have been chosen since."""
        return self.cluster in ("", cluster)


_STATES: Final[Mapping[RemedyState, tuple[str, Text]]] = {
    RemedyState.AWAITING: ("✋", Text(en="waiting for a second person to approve it", zh="等待另一人批准")),
    RemedyState.CHECKING: ("⏳", Text(en="checking whether it is still needed", zh="正在确认是否仍需处理")),
    RemedyState.APPLYING: ("⏳", Text(en="being applied", zh="正在执行")),
    RemedyState.APPLIED: ("⏳", Text(en="applied; effect not known yet", zh="已执行，效果待确认")),
    RemedyState.VERIFYING: (
        "⏳",
        Text(en="applied; verifying that the cause is gone", zh="已执行，正在确认问题是否消失"),
    ),
    RemedyState.REFUSED: ("🚫", Text(en="refused, nothing was changed", zh="被拒绝，未做任何更改")),
    RemedyState.FIXED: ("✅", Text(en="FIXED: the cause is gone", zh="已修复：问题已消失")),
    RemedyState.CHANGED: (
        "⚠️",
        Text(en="CHANGED, not yet better: the symptom is still there", zh="已修改，尚未好转：症状仍在"),
    ),
    RemedyState.LATER: (
        "🕓",
        Text(en="the change is in place; whether it helped shows later", zh="修改已到位；是否有效稍后才能看到"),
    ),
    RemedyState.NOT_FIXED: ("⚠️", Text(en="applied, but NOT FIXED", zh="已执行，但未修复")),
    RemedyState.WORSE: ("🔥", Text(en="applied, and it is WORSE than before", zh="已执行，情况比之前更糟")),
    RemedyState.WAITING: (
        "⌛",
        Text(en="applied; could not be verified before the deadline", zh="已执行；未能在期限内确认效果"),
    ),
    RemedyState.UNKNOWN: (
        "❓",
        Text(
            en="UNKNOWN whether it was applied: check the object before you retry",
            zh="不确定是否已执行：请先检查对象，再决定是否重试",
        ),
    ),
    RemedyState.FAILED: ("❌", Text(en="failed, nothing was changed", zh="失败，未做任何更改")),
    RemedyState.PARTLY: ("⚠️", Text(en="STOPPED half-way: some steps were applied", zh="中途停止：只执行了部分步骤")),
    RemedyState.DONE: ("🧰", Text(en="done; this does not fix the cause", zh="已完成；这不会消除原因")),
    RemedyState.UNDONE: ("↩", Text(en="undone", zh="已撤销")),
    RemedyState.CARRIED_OUT: ("✅", Text(en="done", zh="已完成")),
    RemedyState.NOT_DONE: ("⚠️", Text(en="applied, but it had NO EFFECT", zh="已执行，但没有生效")),
}


# The states in which the cause is gone: what the diagnosis says is then the past.
CAUSE_GONE: Final[Mapping[RemedyState, tuple[str, Text]]] = {
    RemedyState.FIXED: (words.FIXED_SIGN, words.FIXED),
    RemedyState.CHANGED: ("⚠️", words.CHANGED),
    RemedyState.LATER: ("🕓", words.IN_PLACE),
}


def cause_gone(states: Sequence[RemedyShown], *, cluster: str) -> RemedyShown | None:
    """Return the newest remedy in a cluster if the cause is gone since; one of another cluster says nothing here."""
    here = [state for state in states if state.is_in(cluster)]
    return here[-1] if here and here[-1].state in CAUSE_GONE else None


def remedy_lines(states: Sequence[RemedyShown], *, cluster: str, language: Language) -> tuple[Element, ...]:
    """Return one line per remedy, the newest last, with its result below; those before the last three are counted.

    A remedy that was applied in another cluster than `cluster` names its own.
    """
    lines = blocks.left_out(len(states) - _SHOWN, language)
    for state in states[-_SHOWN:]:
        where = "" if state.is_in(cluster) else shown_line(state.cluster, limit=300)
        about = [blocks.text(" · "), blocks.code(where)] if where else []
        lines += remedy_line(state, language=language, about=about)
    return tuple(lines)


def headline(shown: RemedyShown, language: Language) -> str:
    """Return the state of a remedy as one line of plain text."""
    title, says = shown_line(shown.title.in_(language), limit=150), _STATES[shown.state][1]
    return f"{title}{words.COLON.in_(language)}{says.in_(language)}"


def remedy_line(shown: RemedyShown, *, language: Language, about: Sequence[Leaf] = ()) -> list[Element]:
    """Return the state of one remedy, and below it what was observed; `about` names its object."""
    sign, says = _STATES[shown.state]
    leaves: list[Leaf] = [
        blocks.text(f"{sign} "),
        blocks.bold(shown_line(shown.title.in_(language), limit=150)),
        blocks.text(f"{words.COLON.in_(language)}{says.in_(language)}"),
        *about,
    ]
    for by, user in ((words.BY, shown.who), (words.APPROVED_BY, shown.approver)):
        if user:
            leaves += [blocks.text(f" · {by.in_(language)}"), blocks.user(user)]
    if shown.at:
        at = shown.at if shown.at.tzinfo else shown.at.replace(tzinfo=UTC)
        leaves += [blocks.text(" · "), blocks.time(at, "{time_secs}")]
    lines = [blocks.line(*leaves)]
    if shown.says and (seen := shown_line(shown.says.in_(language), limit=_SAYS)).strip():
        now = words.STATE_NOW if shown.state is RemedyState.FIXED else Text.same("{}")
        lines.append(blocks.quoted(blocks.text(now.in_(language).format(seen))))
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """A remedy with its cluster and target. `link` leads to the answer, "" where the line is posted beside it."""

    shown: RemedyShown
    cluster: str
    target: ObjectRef
    link: str = ""


def audit_message(entry: AuditLine, *, language: Language) -> Message:
    """Return the line as a message; object, cluster and time let a later reader find related events."""
    target, cluster = shown_line(str(entry.target), limit=600), shown_line(entry.cluster, limit=300)
    about: list[Leaf] = [blocks.text(" · "), blocks.code(target), blocks.text(" · "), blocks.code(cluster)]
    lines = remedy_line(entry.shown, language=language, about=about)
    if entry.link:
        lines.append(blocks.line(blocks.link(shown_line(entry.link), words.THE_ANSWER.in_(language))))
    text = fallback(headline(entry.shown, language), f"{target} · {cluster}")
    return Message(text=text, blocks=(blocks.rich(*lines),))


_LINE: Final = 600


def answered_above(link: str, *, language: Language) -> Message:
    """Return where in this thread the answer is."""
    says, again = ANSWERED_ABOVE.in_(language), CHECK_AGAIN.in_(language)
    earlier, address = EARLIER.in_(language), shown_line(link)
    line = blocks.line(blocks.text(says), blocks.link(address, earlier), blocks.text(again))
    return Message(text=fallback(f"{says}{earlier}{again}", address), blocks=(blocks.rich(line),))


def changed_since(lines: Sequence[str], *, sign: str, link: str, language: Language) -> Message:
    """Return what changed since the earlier answer, with a link to it."""
    head, *rest = [blocks.cut(line, _LINE) for line in lines]
    elements = [blocks.line(blocks.text(f"{sign} "), blocks.bold(head))]
    elements += [blocks.sentence(line) for line in rest]
    if link:
        elements.append(blocks.line(blocks.link(shown_line(link), EARLIER.in_(language))))
    return Message(text=fallback(f"{sign} {head}", *rest), blocks=(blocks.rich(*elements),))
