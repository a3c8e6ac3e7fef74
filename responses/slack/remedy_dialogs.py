"""Build the dialogs of a remedy: the preview to confirm, the values to fill in, and refusals.

The reader was just woken up: object and cluster come first, then the risk and whether it can be undone, then the
effects, and last the diff. The button names the action, never "OK".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import ExternalManager, Language, ObjectRef, Question, Text
from intents.templates import capitalised
from intents.typed_values import may_be_left_out
from responses import words
from responses.safety import safe
from responses.sentences import whole
from responses.shown import fitting, shown_line, shown_lines, shown_text
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
    """The content of the dialog that confirms a remedy. Texts may be untrusted; `plan_id` and `fill` are ours.

    `fill` is the id of this preview. `title` and `submit` name the action in 24 characters: "Restart pod". `purpose` is
    the label of the pressed button, `what` what the action does. `diff` is unified text, "" where no field of an object
    changes (a deletion says so in `what`). `effects` are the effects on running workloads, one sentence each.
    `warnings` are those that must be read before confirming; `warning` is the catalog entry's own. `custodian` is a
    controller that will revert the change. `undoable_minutes` says how long an undo is offered, 0 for none; `undoes`
    says that this is an undo. `typed_name_required` is the name to type, "" for none. `needs_approval` says that
    confirming requests approval; `asked_by` is the id of the requester whose request this approves.
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
    custodian: ExternalManager | None = None
    warning: Text | None = None
    typed_name_required: str = ""
    needs_approval: bool = False
    asked_by: str = ""

    @property
    def button(self) -> Text:
        """Return the label of the submit button."""
        if self.asked_by:
            return words.APPROVE_AND_APPLY
        return words.ASK_APPROVAL if self.needs_approval else self.submit


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesForm:
    """A remedy that needs values from the user. `plan_id` is ours; texts may be untrusted."""

    plan_id: str
    title: Text
    cluster: str
    target: ObjectRef
    purpose: Text
    what: Text
    questions: Sequence[Question]


def loading_dialog(language: Language) -> View:
    """Return the dialog that a press opens at once: Slack allows three seconds, and checking takes longer."""
    says = f"⏳ {words.LOADING.in_(language)}"
    return blocks.modal(
        words.DIALOG_TITLE.in_(language), [blocks.rich(blocks.sentence(says))], close=words.CANCEL.in_(language)
    )


def confirmation_dialog(shown: Confirmation, *, language: Language) -> View:
    """Return the dialog that shows the preview of a remedy and asks for confirmation.

    Its `private_metadata` is what `dialog_metadata` returns, and nothing else.
    """
    page = [
        _about(shown, language),
        *_approval(shown, language),
        *_warnings(shown, language),
        *_effects(shown, language),
        *_change(shown, language),
        *_typed(shown, language),
    ]
    button, carries = shown_text(shown.button), dialog_metadata(shown.plan_id, shown.fill)
    submit = button if button.in_(language).strip() else words.DIALOG_TITLE
    title = shown_text(shown.title)
    return blocks.form(title, page, submit=submit, press=Press.CONFIRM, carries=carries, language=language)


def values_dialog(shown: ValuesForm, *, language: Language) -> View:
    """Return the dialog that asks for the values of a remedy: one field each, filled in as far as known."""
    about = [*_named(shown, language), blocks.sentence(words.NOTHING_YET.in_(language))]
    inputs = [
        blocks.text_input(
            shown_line(each.label.in_(language)),
            id=each.id,
            initial=shown_line(each.default, limit=253),
            optional=may_be_left_out(each),
        )
        for each in shown.questions
    ]
    title, page = shown_text(shown.title), [blocks.rich(*about), *inputs]
    return blocks.form(title, page, submit=words.PREVIEW, press=Press.ANSWER, carries=shown.plan_id, language=language)


def source_warning_dialog(carries: str, custodian: ExternalManager, *, language: Language) -> View:
    """Return the second confirmation, needed where a controller will revert the change from its source.

    `carries` is the metadata of the first dialog.
    """
    elements = (*_custody(custodian, language), blocks.sentence(words.CHANGE_THE_SOURCE.in_(language)))
    title, submit, press = words.DIALOG_TITLE, words.APPLY_ANYWAY, Press.CONFIRM_AGAIN
    return blocks.form(title, [blocks.rich(*elements)], submit=submit, press=press, carries=carries, language=language)


def refusal_dialog(reason: Text, *, language: Language) -> View:
    """Return why a remedy is not applied: not allowed, no longer needed, changed since, expired, or refused."""
    says = whole(reason, language, limit=_SAYS)
    return blocks.modal(
        words.REFUSED_TITLE.in_(language),
        [blocks.rich(blocks.sentence(f"🚫 {says}"), blocks.sentence(words.NOTHING_CHANGED.in_(language), italic=True))],
        close=words.CLOSE.in_(language),
    )


def _named(shown: Confirmation | ValuesForm, language: Language) -> list[Element]:
    """Return what is done to which object, and in which cluster."""
    target, cluster = shown_line(str(shown.target), limit=600), shown_line(shown.cluster, limit=300)
    return [
        blocks.sentence(shown_line(shown.purpose.in_(language), limit=_SAYS), bold=True),
        blocks.sentence(shown_line(shown.what.in_(language), limit=_SAYS)),
        blocks.line(_label(words.OBJECT, language), blocks.code(target)),
        blocks.line(_label(words.IN_CLUSTER, language), blocks.code(cluster)),
    ]


def _label(says: Text, language: Language) -> Leaf:
    return blocks.text(f"{says.in_(language)}{words.COLON.in_(language)}")


def _about(shown: Confirmation, language: Language) -> Block:
    risk = words.RISKS[shown.risk].in_(language) if shown.risk in words.RISKS else shown_line(shown.risk, limit=100)
    back = words.UNDOABLE if shown.undoable_minutes else words.UNDO_IS_FINAL if shown.undoes else words.NOT_UNDOABLE
    after = blocks.text(f" · {back.in_(language).format(shown.undoable_minutes)}")
    last = blocks.line(blocks.bold(f"{_sign(shown)}{capitalised(risk)}"), after)
    return blocks.rich(*_named(shown, language), last)


def _sign(shown: Confirmation) -> str:
    return "" if shown.risk == _HARMLESS else "⚠️ "


def _warnings(shown: Confirmation, language: Language) -> list[Block]:
    """Return the warnings. Where the risk is low, the entry's own warning is a note and comes last."""
    lines = _custody(shown.custodian, language) if shown.custodian else []
    signed = [("⚠️ ", each) for each in shown.warnings]
    if shown.warning:
        signed.insert(0 if _sign(shown) else len(signed), (_sign(shown) or "ℹ️ ", shown.warning))
    told = [f"{sign}{shown_line(says.in_(language), limit=_SAYS)}" for sign, says in signed[:_EFFECTS]]
    lines += [*map(blocks.sentence, told), *blocks.left_out(len(signed) - _EFFECTS, language)]
    return [blocks.rich(*lines)] if lines else []


def _change(shown: Confirmation, language: Language) -> list[Block]:
    """Return the diff, cut by whole lines; the lines left out are counted."""
    if not shown.diff.strip():
        return [blocks.rich(blocks.sentence(words.NO_DIFF.in_(language), italic=True))]
    lines = shown_lines(safe(shown.diff, limit=200_000).strip("\n").split("\n"))
    cut = (blocks.cut(line, _DIFF_LINE) for line in lines[:_DIFF_LINES])
    kept = fitting(cut, _DIFF_CHARACTERS, size=lambda line: len(line) + 1)
    elements = [blocks.sentence(words.DRY_RUN.in_(language), bold=True), blocks.preformatted("\n".join(kept))]
    if left := len(lines) - len(kept):
        elements.append(blocks.sentence(words.DIFF_CUT.in_(language).format(left), italic=True))
    return [blocks.rich(*elements)]


def _effects(shown: Confirmation, language: Language) -> list[Block]:
    if not shown.effects:
        return []
    items = [[blocks.text(shown_line(says.in_(language), limit=_SAYS))] for says in shown.effects[:_EFFECTS]]
    heading = blocks.sentence(words.EFFECTS.in_(language), bold=True)
    return [blocks.rich(heading, blocks.bullets(items), *blocks.left_out(len(shown.effects) - _EFFECTS, language))]


def _custody(custodian: ExternalManager, language: Language) -> list[Element]:
    """Return which controller reverts the change and how soon, where to make it instead, and what could not be read."""
    lines = [blocks.sentence(f"⚠️ {shown_line(custodian.says.in_(language), limit=_SAYS)}")]
    if custodian.sources:
        titled = [(source.url, shown_line(source.title, limit=_SAYS)) for source in custodian.sources]
        shown = (blocks.link(url, title) if url.startswith("https://") else blocks.text(title) for url, title in titled)
        lines.append(blocks.line(_label(words.SOURCE, language), *blocks.joined(shown, by=" · ")))
    unread = (shown_line(each.in_(language), limit=_SAYS) for each in custodian.unread)
    return [*lines, *(blocks.sentence(says, italic=True) for says in unread)]


def _approval(shown: Confirmation, language: Language) -> list[Block]:
    """Return that two people are needed: the first requests, the second approves."""
    if shown.asked_by:
        return [blocks.rich(blocks.said_by(f"✋ {words.APPROVING.in_(language)}", shown.asked_by))]
    if shown.needs_approval:
        return [blocks.rich(blocks.sentence(f"✋ {words.NEEDS_APPROVAL.in_(language)}"))]
    return []


def _typed(shown: Confirmation, language: Language) -> list[Block]:
    name = shown.typed_name_required
    if not name:
        return []
    hint = words.TYPE_NAME_HINT.in_(language) if shown.risk == _DATA_LOSS else ""
    return [
        blocks.text_input(
            words.TYPE_NAME.in_(language).format(shown_line(name, limit=253)),
            id=str(Press.TYPED_NAME),
            placeholder=shown_line(name, limit=150),
            hint=hint,
        )
    ]
