"""The dialogs of a remedy: what would be done to what, and why not where it is not.

Whoever reads them was woken up: the object and its cluster stand first, then how bad it can get and whether it can be
taken back, then what happens, and last the change line by line. The button says the verb, never "OK".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intents.asking import may_be_left_out
from intents.domain import Custodian, Language, ObjectRef, Question, Text
from responses import words
from responses.safety import safe, safe_line
from responses.sentences import capitalised
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.message import Block, View
from responses.slack.presses import Press, dialog_metadata

_DIFF_LINES: Final = 80
_DIFF_CHARACTERS: Final = 6_000
_DIFF_LINE: Final = 300
_EFFECTS: Final = 10
_SAYS: Final = 1_000
_DATA_LOSS: Final = "data-loss"
_HARMLESS: Final = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What is about to be done. Texts may be untrusted; `plan_id` and `fill`, which names what is shown, are ours.

    `title` and `submit` say the verb and fit into 24 characters: "Restart pod"; `purpose` is what the pressed button
    said, `what` what the action does. `diff` is unified text, "" where no field of an object changes (a deletion says
    so in `what`). `effects` are what it does to what runs, one sentence each; `warnings` are those that somebody would
    regret not to have read, `warning` is the entry's own. `custodian` will take the change back. `undoable_minutes`:
    how long an undo is offered, 0 if none is; `undoes`: this is one itself. `typed_name_required` is the name to be
    typed, "" for none. `needs_approval`: confirming it asks a second person; `asked_by` is the id of whoever has asked
    this one.
    """

    plan_id: str
    fill: str = ""
    title: Text
    submit: Text
    cluster: str
    target: ObjectRef
    purpose: Text
    what: Text
    risk: str = _HARMLESS
    undoable_minutes: int = 0
    undoes: bool = False
    diff: str = ""
    effects: Sequence[Text] = ()
    warnings: Sequence[Text] = ()
    custodian: Custodian | None = None
    warning: Text | None = None
    typed_name_required: str = ""
    needs_approval: bool = False
    asked_by: str = ""

    @property
    def button(self) -> Text:
        if self.asked_by:
            return words.APPROVE_AND_APPLY
        return words.ASK_APPROVAL if self.needs_approval else self.submit


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesForm:
    """A remedy whose values are asked for. `plan_id` is ours; texts may be untrusted."""

    plan_id: str
    title: Text
    cluster: str
    target: ObjectRef
    purpose: Text
    what: Text
    questions: Sequence[Question]


def loading_dialog(language: Language) -> View:
    """What a press opens at once, since Slack waits three seconds for a dialog and checking takes longer."""
    says = f"⏳ {words.LOADING.in_(language)}"
    return blocks.modal(
        words.DIALOG_TITLE.in_(language),
        [blocks.rich(blocks.line(blocks.text(says)))],
        close=words.CANCEL.in_(language),
    )


def confirmation_dialog(shown: Confirmation, *, language: Language) -> View:
    """The question before a remedy is applied. `private_metadata` is what is `carried` and nothing else."""
    submit = safe_line(shown.button.in_(language))
    return blocks.modal(
        safe_line(shown.title.in_(language)),
        [
            _about(shown, language),
            *_approval(shown, language),
            *_warnings(shown, language),
            *_effects(shown, language),
            *_change(shown, language),
            *_typed(shown, language),
        ],
        close=words.CANCEL.in_(language),
        submit=submit if submit.strip() else words.DIALOG_TITLE.in_(language),
        callback_id=str(Press.CONFIRM),
        private_metadata=dialog_metadata(shown.plan_id, shown.fill),
    )


def values_dialog(shown: ValuesForm, *, language: Language) -> View:
    """What has to be known before a remedy can be previewed: one line to type for each value, filled in as far as is
    known."""
    about = [*_named(shown, language), [blocks.text(words.NOTHING_YET.in_(language))]]
    inputs = [
        blocks.text_input(
            safe_line(each.label.in_(language)),
            block_id=each.id,
            action_id=each.id,
            initial=safe_line(each.default, limit=253),
            optional=may_be_left_out(each),
        )
        for each in shown.questions
    ]
    return blocks.modal(
        safe_line(shown.title.in_(language)),
        [blocks.rich(*(blocks.line(*leaves) for leaves in about)), *inputs],
        close=words.CANCEL.in_(language),
        submit=words.PREVIEW.in_(language),
        callback_id=str(Press.ANSWER),
        private_metadata=shown.plan_id,
    )


def source_warning_dialog(carries: str, custodian: Custodian, *, language: Language) -> View:
    """The second question where somebody applies the object from a source, and takes back what is changed here.

    `carries` is what the first one carried.
    """
    return blocks.modal(
        words.DIALOG_TITLE.in_(language),
        [
            blocks.rich(
                blocks.line(*_custody(custodian, language)),
                blocks.line(blocks.text(words.CHANGE_THE_SOURCE.in_(language))),
            )
        ],
        close=words.CANCEL.in_(language),
        submit=words.APPLY_ANYWAY.in_(language),
        callback_id=str(Press.CONFIRM_AGAIN),
        private_metadata=carries,
    )


def refusal_dialog(reason: Text, *, language: Language) -> View:
    """Why a remedy is not applied: not allowed, no longer needed, changed since, expired, refused by the API server."""
    return blocks.modal(
        words.REFUSED_TITLE.in_(language),
        [
            blocks.rich(
                blocks.line(blocks.text(f"🚫 {capitalised(safe(reason.in_(language), limit=_SAYS))}")),
                blocks.line(blocks.text(words.NOTHING_CHANGED.in_(language), italic=True)),
            )
        ],
        close=words.CLOSE.in_(language),
    )


def _named(shown: Confirmation | ValuesForm, language: Language) -> list[Sequence[Leaf]]:
    """What is done to what, and where."""
    return [
        [blocks.bold(safe_line(shown.purpose.in_(language), limit=_SAYS))],
        [blocks.text(safe_line(shown.what.in_(language), limit=_SAYS))],
        [
            blocks.text(f"{words.OBJECT.in_(language)}{words.COLON.in_(language)}"),
            blocks.code(safe_line(str(shown.target), limit=600)),
        ],
        [
            blocks.text(f"{words.IN_CLUSTER.in_(language)}{words.COLON.in_(language)}"),
            blocks.code(safe_line(shown.cluster, limit=300)),
        ],
    ]


def _about(shown: Confirmation, language: Language) -> Block:
    risk = words.RISKS[shown.risk].in_(language) if shown.risk in words.RISKS else safe_line(shown.risk, limit=100)
    back = words.UNDOABLE if shown.undoable_minutes else words.UNDO_IS_FINAL if shown.undoes else words.NOT_UNDOABLE
    lines = [
        *_named(shown, language),
        [
            blocks.bold(f"{_sign(shown)}{capitalised(risk)}"),
            blocks.text(f" · {back.in_(language).format(shown.undoable_minutes)}"),
        ],
    ]
    return blocks.rich(*(blocks.line(*leaves) for leaves in lines))


def _sign(shown: Confirmation) -> str:
    return "" if shown.risk == _HARMLESS else "⚠️ "


def _warnings(shown: Confirmation, language: Language) -> list[Block]:
    """What would stop somebody. Where the risk is low the entry's own word is a mere note, and comes last."""
    told: list[Sequence[Leaf]] = []
    if shown.custodian:
        told.append(_custody(shown.custodian, language))
    signed = [*(("⚠️ ", each) for each in shown.warnings)]
    if shown.warning:
        signed.insert(0 if _sign(shown) else len(signed), (_sign(shown) or "ℹ️ ", shown.warning))
    told += [[blocks.text(f"{sign}{safe(says.in_(language), limit=_SAYS)}")] for sign, says in signed[:_EFFECTS]]
    return [blocks.rich(*(blocks.line(*leaves) for leaves in told), *_left_out(signed, language))] if told else []


def _left_out(told: Sequence[object], language: Language) -> list[Element]:
    if len(told) <= _EFFECTS:
        return []
    left = words.MORE.in_(language).format(len(told) - _EFFECTS)
    return [blocks.line(blocks.text(left, italic=True))]


def _change(shown: Confirmation, language: Language) -> list[Block]:
    """The difference, cut by whole lines: what is not shown is counted."""
    if not shown.diff.strip():
        return [blocks.rich(blocks.line(blocks.text(words.NO_DIFF.in_(language), italic=True)))]
    lines = safe(shown.diff, limit=200_000).strip("\n").split("\n")
    kept: list[str] = []
    used = 0
    for line in (blocks.cut(line, _DIFF_LINE) for line in lines[:_DIFF_LINES]):
        used += len(line) + 1
        if used > _DIFF_CHARACTERS:
            break
        kept.append(line)
    elements = [
        blocks.line(blocks.bold(words.DRY_RUN.in_(language))),
        blocks.preformatted("\n".join(kept)),
    ]
    if left := len(lines) - len(kept):
        elements.append(blocks.line(blocks.text(words.DIFF_CUT.in_(language).format(left), italic=True)))
    return [blocks.rich(*elements)]


def _effects(shown: Confirmation, language: Language) -> list[Block]:
    if not shown.effects:
        return []
    items = [[blocks.text(safe(says.in_(language), limit=_SAYS))] for says in shown.effects[:_EFFECTS]]
    heading = blocks.line(blocks.bold(words.EFFECTS.in_(language)))
    return [blocks.rich(heading, blocks.bullets(items), *_left_out(shown.effects, language))]


def _custody(custodian: Custodian, language: Language) -> list[Leaf]:
    """Who takes the change back and how soon, where it belongs instead, and what could not be read of that."""
    leaves = [blocks.text(f"⚠️ {safe(custodian.says.in_(language), limit=_SAYS)}")]
    for number, source in enumerate(custodian.sources):
        leaves.append(blocks.text(" · " if number else f"\n{words.SOURCE.in_(language)}{words.COLON.in_(language)}"))
        title = safe_line(source.title, limit=_SAYS)
        leaves.append(blocks.link(source.url, title) if source.url.startswith("https://") else blocks.text(title))
    leaves += [blocks.text(f"\n{safe(each.in_(language), limit=_SAYS)}", italic=True) for each in custodian.unread]
    return leaves


def _approval(shown: Confirmation, language: Language) -> list[Block]:
    """That this confirmation is one of two: the first asks, the second does."""
    if shown.asked_by:
        who = blocks.user(shown.asked_by)
        return [blocks.rich(blocks.line(blocks.text(f"✋ {words.APPROVING.in_(language)}"), who))]
    if shown.needs_approval:
        return [blocks.rich(blocks.line(blocks.text(f"✋ {words.NEEDS_APPROVAL.in_(language)}")))]
    return []


def _typed(shown: Confirmation, language: Language) -> list[Block]:
    name = shown.typed_name_required
    if not name:
        return []
    hint = words.TYPE_NAME_HINT.in_(language) if shown.risk == _DATA_LOSS else ""
    return [
        blocks.text_input(
            words.TYPE_NAME.in_(language).format(safe_line(name, limit=253)),
            block_id=str(Press.TYPED_NAME),
            action_id=str(Press.TYPED_NAME),
            placeholder=safe_line(name, limit=150),
            hint=hint,
        )
    ]
