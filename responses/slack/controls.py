"""Build what is below an answer: results of pressed buttons, buttons to press, and the footer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from intents.domain import Diagnosis, Language, Text
from responses import sentences, words
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.budget import Part
from responses.slack.message import Block
from responses.slack.presses import Press, action_id, choice_value
from responses.slack.remedy_states import RemedyShown, RemedyState, remedy_lines

# Clients of Slack cut longer labels of buttons, in characters.
LABEL: Final = 30
_REMEDIES: Final = 5
_NAMES: Final = 3
_REASON: Final = 200
_DATA_LOSS: Final = "data-loss"
NO_CORRECTIONS: Final[Mapping[str, Text]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyButton:
    """A button for a remedy: `plan_id` names a stored plan, `risk` is the remedy's."""

    plan_id: str
    label: Text
    risk: str = "low"
    style: blocks.Style = ""


def labelled(buttons: Sequence[RemedyButton], names: Sequence[str]) -> tuple[RemedyButton, ...]:
    """Return the buttons with the names of their objects where two would have the same label."""
    labels = [button.label for button in buttons]
    return tuple(
        replace(button, label=_with_name(button.label, name)) if labels.count(button.label) > 1 else button
        for button, name in zip(buttons, names, strict=True)
    )


def _with_name(label: Text, name: str) -> Text:
    return Text(en=blocks.cut(f"{label.en} {name}", LABEL), zh=blocks.cut(f"{label.zh} {name}", LABEL))


def state_parts(
    shown: Sequence[RemedyShown],
    not_it_by: Sequence[str],
    muted: tuple[str, str],
    *,
    cluster: str,
    language: Language,
    corrections: Mapping[str, Text] = NO_CORRECTIONS,
) -> Iterable[Part]:
    """Yield the states of pressed remedies, who marked the answer as wrong, and who muted it and why.

    `corrections` are what people said it was, by user.

    A remedy that was applied in another cluster than `cluster` names its own.
    """
    if shown:
        yield Part(rank=0, blocks=(blocks.rich(*remedy_lines(shown, cluster=cluster, language=language)),))
        yield from _next(shown, language)
    lines = _not_it(not_it_by, corrections, language)
    muted_by, why = muted
    if muted_by:
        says = blocks.text(words.MUTED_BY.in_(language), italic=True)
        reason = [blocks.text(f"{words.COLON.in_(language)}{shown_line(why, limit=_REASON)}")] if why else []
        lines.append(blocks.line(says, blocks.user(muted_by), *reason))
    if lines:
        yield Part(rank=0, blocks=(blocks.rich(*lines),))


def _not_it(users: Sequence[str], corrections: Mapping[str, Text], language: Language) -> list[Element]:
    """Return a line of those who marked the answer as wrong, and one for each who said what it was."""
    lines: list[Element] = []
    says = blocks.text(words.NOT_IT_BY.in_(language), italic=True)
    plain = [user for user in users if user not in corrections]
    if plain:
        who: list[Leaf] = []
        for user_id in plain[:_NAMES]:
            who += [blocks.text(", ")] if who else []
            who.append(blocks.user(user_id))
        if len(plain) > _NAMES:
            who.append(blocks.text(f" {words.MORE.in_(language).format(len(plain) - _NAMES)}"))
        lines.append(blocks.line(says, *who))
    for user_id, was in list(corrections.items())[-_NAMES:]:
        told = f"{words.COLON.in_(language)}{shown_line(was.in_(language), limit=_REASON)}"
        lines.append(blocks.line(says, blocks.user(user_id), blocks.text(told)))
    if (more := len(corrections) - _NAMES) > 0:
        lines.append(blocks.line(blocks.text(words.MORE.in_(language).format(more), italic=True)))
    return lines


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


def control_parts(
    diagnosis: Diagnosis,
    buttons: Sequence[RemedyButton],
    *,
    details_value: str,
    request_id: str,
    muted: bool,
    language: Language,
) -> Iterable[Part]:
    """Yield remedies, Details, and the menu behind "…"; no menu without a `request_id`."""
    elements = [_remedy(button, index, language) for index, button in enumerate(buttons[:_REMEDIES])]
    if details_value and diagnosis.hypotheses:
        label = words.DETAILS.in_(language)
        elements.append(blocks.button(label, action_id=action_id(Press.DETAILS), value=details_value))
    if request_id and diagnosis.hypotheses:
        mute = (words.UNMUTE_HERE, Press.UNMUTE) if muted else (words.MUTE_HERE, Press.MUTE)
        options = [(words.NOT_IT, Press.NOT_IT), mute]
        chosen = [(label.in_(language), choice_value(press, request_id)) for label, press in options]
        elements.append(blocks.overflow(chosen, action_id=action_id(Press.MORE)))
    if elements:
        yield Part(rank=0, blocks=(blocks.actions(*elements),))


def _remedy(button: RemedyButton, index: int, language: Language) -> Element:
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
        blocks.line(blocks.text(words.CAN_LOSE_DATA.in_(language).format(shown_line(each.label.in_(language)))))
        for each in buttons[:_REMEDIES]
        if each.risk == _DATA_LOSS
    ]


def footer(
    diagnosis: Diagnosis,
    language: Language,
    *,
    seconds: float,
    count: int,
    last_seen: datetime | None,
    because: Text | None = None,
    looked_at: datetime | None = None,
) -> Block:
    """Return the cluster, why it was queried and when, the seconds this took, and how often the same was asked.

    `looked_at` is the time of a look after the diagnosis.
    """
    cluster = words.CLUSTER.in_(language).format(diagnosis.cluster) if diagnosis.cluster else ""
    if cluster and because:
        cluster = words.WITH_REASON.in_(language).format(blocks.cut(cluster, 200), because.in_(language))
    at = (looked_at or diagnosis.observed_at) if diagnosis.cluster else None
    as_of = words.AS_OF.in_(language).format(at.astimezone(UTC)) if at else ""
    seen = ""
    if count > 1 and last_seen:
        when = last_seen.astimezone(UTC) if last_seen.tzinfo else last_seen
        seen = words.SEEN_TIMES.in_(language).format(count, f"{when:%Y-%m-%d %H:%M} UTC")
    elif count > 1:
        seen = words.SEEN_TIMES_ONLY.in_(language).format(count)
    took = words.SECONDS.in_(language).format(seconds)
    return blocks.context(sentences.joined(blocks.cut(cluster, 300), as_of, took, seen))
