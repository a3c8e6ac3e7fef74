"""Define all that an answer shows, and build what is below it: results of presses, buttons to press, the footer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from intents.domain import Language, Text
from responses import sentences, words
from responses.safety import SafeDiagnosis
from responses.sentences import whole
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.blocks import Element, Part
from responses.slack.channel_answers import NOT_HELPFUL, stopped_part
from responses.slack.choices import Picker
from responses.slack.message import Block, Message, fallback
from responses.slack.presses import Press, action_id, choice_value
from responses.slack.remedy_states import RemedyShown, RemedyState, remedy_lines

_OFFERED: Final = 600
_PRESS: Final = Text(
    en="Nothing is changed yet: the button shows what would change, and you confirm it there.",
    zh="尚未做任何更改：按钮会先显示变更预览，确认后才执行。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyButton:
    """A button for a remedy: `plan_id` names a stored plan, `risk` is the remedy's."""

    plan_id: str
    label: Text
    risk: str = "low"
    style: blocks.Style = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """An answer to show. `seconds` is the wall time of the diagnosis.

    `observed` are the text's error lines, shown where no hypothesis matches. `details_value` is the value of the
    Details button; with "", for no button, the first steps of the runbook are in the answer, unless `runbook` says that
    they are found elsewhere. `count` says how often the same was asked, `last_seen` when last. `text_only_reason` says
    why no cluster was queried, `because` why this one of several; `pick` offers the others. `controls` shows the menu
    to mark the answer as wrong and to mute it, `feedback` Slack's buttons to judge it. `not_it_by` and `muted_by` are
    ids of users, `corrections` what users said it was, `muted_why` is the reason to mute it. `unasked` is the kind of
    text that was answered although nobody asked, `kind` its key, `lowered_by` who said that such answers do not help
    here. `secrets` are the kinds of secrets that the text held. `related` are links to answers about the same fault.
    `ended` says that the alert which was answered is over: what it was stays, nothing is offered any more.
    """

    diagnosis: SafeDiagnosis
    language: Language
    request_id: str
    seconds: float
    of_text: bool
    buttons: tuple[RemedyButton, ...] = ()
    details_value: str = ""
    runbook: bool = True
    count: int = 1
    last_seen: datetime | None = None
    observed: tuple[str, ...] = ()
    text_only_reason: Text | None = None
    controls: bool = True
    feedback: bool = False
    remedy_states: Sequence[RemedyShown] = ()
    not_it_by: Sequence[str] = ()
    corrections: Mapping[str, Text] = field(default_factory=dict)
    muted_by: str = ""
    muted_why: str = ""
    unasked: Text | None = None
    kind: str = ""
    lowered_by: str = ""
    because: Text | None = None
    pick: Picker | None = None
    secrets: tuple[Text, ...] = ()
    related: Sequence[str] = ()
    ended: Text | None = None


# Clients of Slack cut longer labels of buttons, in characters.
LABEL: Final = 30
_REMEDIES: Final = 5
_NAMES: Final = 3
_REASON: Final = 200
_DATA_LOSS: Final = "data-loss"


def labelled(buttons: Sequence[RemedyButton], names: Sequence[str]) -> tuple[RemedyButton, ...]:
    """Return the buttons with the names of their objects where two would have the same label."""
    labels = [button.label for button in buttons]
    return tuple(
        replace(button, label=_with_name(button.label, name)) if labels.count(button.label) > 1 else button
        for button, name in zip(buttons, names, strict=True)
    )


def _with_name(label: Text, name: str) -> Text:
    return Text(en=blocks.cut(f"{label.en} {name}", LABEL), zh=blocks.cut(f"{label.zh} {name}", LABEL))


def pressed_parts(shown: Sequence[RemedyShown], *, cluster: str, language: Language) -> Iterable[Part]:
    """Yield the states of pressed remedies, and the buttons to approve and to undo them."""
    if shown:
        yield Part(rank=0, blocks=(blocks.rich(*remedy_lines(shown, cluster=cluster, language=language)),))
        yield from _next(shown, language)


def state_parts(view: AnswerView) -> Iterable[Part]:
    """Yield the states of pressed remedies, who marked the answer as wrong, and who muted it and why.

    A remedy that was applied in another cluster than the answer's names its own.
    """
    language = view.language
    yield from pressed_parts(view.remedy_states, cluster=view.diagnosis.cluster, language=language)
    lines = _not_it(view.not_it_by, view.corrections, language)
    if view.muted_by:
        says = blocks.text(words.MUTED_BY.in_(language), italic=True)
        why = f"{words.COLON.in_(language)}{shown_line(view.muted_why, limit=_REASON)}"
        reason = [blocks.text(why)] if view.muted_why else []
        lines.append(blocks.line(says, blocks.user(view.muted_by), *reason))
    if lines:
        yield Part(rank=0, blocks=(blocks.rich(*lines),))
    if view.unasked and view.lowered_by:
        yield stopped_part(view.unasked, view.kind, view.lowered_by, language)


def _not_it(users: Sequence[str], corrections: Mapping[str, Text], language: Language) -> list[Element]:
    """Return a line of those who marked the answer as wrong, and one for each who said what it was."""
    lines: list[Element] = []
    says = blocks.text(words.NOT_IT_BY.in_(language), italic=True)
    plain = [user for user in users if user not in corrections]
    if plain:
        who = blocks.joined(map(blocks.user, plain[:_NAMES]))
        if len(plain) > _NAMES:
            who.append(blocks.text(f" {words.MORE.in_(language).format(len(plain) - _NAMES)}"))
        lines.append(blocks.line(says, *who))
    for user_id, was in list(corrections.items())[-_NAMES:]:
        told = f"{words.COLON.in_(language)}{shown_line(was.in_(language), limit=_REASON)}"
        lines.append(blocks.line(says, blocks.user(user_id), blocks.text(told)))
    return lines + blocks.left_out(len(corrections) - _NAMES, language)


def _next(shown: Sequence[RemedyShown], language: Language) -> Iterable[Part]:
    """Yield a button for each remedy that waits for approval, and for each that can still be undone."""
    pressed = {state.plan_id for state in shown}
    elements = []
    for index, state in enumerate(shown[-_NAMES:]):
        if state.state is RemedyState.AWAITING:
            label, plan = words.APPROVE, state.plan_id
        elif state.undo and state.undo not in pressed:
            label, plan = words.UNDO, state.undo
        else:
            continue
        title = blocks.unmarked(shown_line(state.title.in_(language)))
        id_ = action_id(Press.REMEDY, _REMEDIES + index)
        shown_label = f"{label.in_(language)}{words.COLON.in_(language)}{title}"
        fits = len(shown_label) <= LABEL
        elements.append(
            blocks.button(shown_label if fits else label.in_(language), action_id=id_, value=plan, reads=shown_label)
        )
    if elements:
        yield Part(rank=0, blocks=(blocks.actions(*elements),))


def control_parts(view: AnswerView, buttons: Sequence[RemedyButton]) -> Iterable[Part]:
    """Yield remedies, Details, and the menu behind "…"."""
    language = view.language
    elements = [remedy_element(button, index, language) for index, button in enumerate(buttons[:_REMEDIES])]
    if view.details_value and view.diagnosis.hypotheses:
        label = words.DETAILS.in_(language)
        elements.append(blocks.button(label, action_id=action_id(Press.DETAILS), value=view.details_value))
    if view.request_id and view.controls and (options := list(_opinions(view))):
        chosen = [(label.in_(language), choice_value(press, view.request_id)) for label, press in options]
        if len(chosen) >= limits.OVERFLOW_LEAST:
            elements.append(blocks.overflow(chosen, action_id=action_id(Press.MORE)))
        else:
            # Slack may refuse a menu of one.
            says, press = options[0]
            elements.append(blocks.button(says.in_(language), action_id=action_id(press), value=view.request_id))
    if elements:
        yield Part(rank=0, blocks=(blocks.actions(*elements),))
    if view.feedback and view.request_id and view.controls and view.diagnosis.hypotheses:
        good, bad = (
            (label.in_(language), choice_value(press, view.request_id))
            for label, press in ((words.HELPFUL, Press.HELPFUL), (words.NOT_IT, Press.NOT_IT))
        )
        yield Part(rank=1, blocks=(blocks.feedback_buttons(good, bad, action_id=action_id(Press.FEEDBACK)),))


def _opinions(view: AnswerView) -> Iterator[tuple[Text, Press]]:
    if view.diagnosis.hypotheses:
        yield words.NOT_IT, Press.NOT_IT
        yield (words.UNMUTE_HERE, Press.UNMUTE) if view.muted_by else (words.MUTE_HERE, Press.MUTE)
    if view.unasked and not view.lowered_by:
        yield NOT_HELPFUL, Press.NOT_HELPFUL


def remedy_element(button: RemedyButton, index: int, language: Language) -> Element:
    """Return the button of a remedy; its plan is in its value, and `index` tells it from others of the message."""
    label = blocks.unmarked(blocks.cut(shown_line(button.label.in_(language)), LABEL))
    risk = words.RISKS[button.risk].in_(language) if button.risk in words.RISKS else shown_line(button.risk)
    return blocks.button(
        label,
        action_id=action_id(Press.REMEDY, index),
        value=button.plan_id,
        style=button.style,
        reads=f"{label}, {risk}",
    )


def data_loss_lines(buttons: Sequence[RemedyButton], language: Language) -> list[Element]:
    """Return a warning for each button that can lose data."""
    return [
        blocks.sentence(words.CAN_LOSE_DATA.in_(language).format(shown_line(each.label.in_(language))))
        for each in buttons[:_REMEDIES]
        if each.risk == _DATA_LOSS
    ]


def footer(view: AnswerView, looked_at: datetime | None) -> Block:
    """Return the cluster, why it was queried and when, the seconds this took, and how often the same was asked.

    `looked_at` is the time of a look after the diagnosis.
    """
    diagnosis, language = view.diagnosis, view.language
    cluster = words.CLUSTER.in_(language).format(diagnosis.cluster) if diagnosis.cluster else ""
    if cluster and view.because:
        cluster = words.WITH_REASON.in_(language).format(blocks.cut(cluster, 200), view.because.in_(language))
    at = (looked_at or diagnosis.observed_at) if diagnosis.cluster else None
    as_of = words.AS_OF.in_(language).format(at.astimezone(UTC)) if at else ""
    seen = ""
    if view.count > 1 and view.last_seen:
        when = view.last_seen.astimezone(UTC) if view.last_seen.tzinfo else view.last_seen
        seen = words.SEEN_TIMES.in_(language).format(view.count, f"{when:%Y-%m-%d %H:%M} UTC")
    elif view.count > 1:
        seen = words.SEEN_TIMES_ONLY.in_(language).format(view.count)
    took = words.SECONDS.in_(language).format(view.seconds)
    return blocks.context(sentences.joined(blocks.cut(cluster, 300), as_of, took, seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedAction:
    """The content of a post with one button. `says` is a line that names the object and its state.

    `why` says why there is no button; `states` are the results of presses.
    """

    says: Text
    cluster: str = ""
    button: RemedyButton | None = None
    why: tuple[Text, ...] = ()
    states: Sequence[RemedyShown] = ()


def offered_action(shown: OfferedAction, *, language: Language) -> Message:
    """Return the message; a button that was pressed is not offered again."""
    pressed = {state.plan_id for state in shown.states}
    button = shown.button if shown.button and shown.button.plan_id not in pressed else None
    head = shown_line(shown.says.in_(language), limit=_OFFERED)
    below = [whole(one, language, limit=_OFFERED) for one in shown.why]
    if button:
        below.append(_PRESS.in_(language))
    parts = [blocks.rich(blocks.sentence(head, bold=True), *map(blocks.sentence, below))]
    for part in pressed_parts(shown.states, cluster=shown.cluster, language=language):
        parts += part.blocks
    if button:
        parts.append(blocks.actions(remedy_element(button, 0, language)))
    return Message(text=fallback(head, *below), blocks=tuple(parts))
