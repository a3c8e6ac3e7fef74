"""Build the dialog that asks before an incident is resolved, and the message with the button that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from intents.chronicle.facts import Fact
from intents.chronicle.news import UNKNOWN, Resolution, choice_of
from intents.chronicle.summary import Summary
from intents.domain import Language
from intents.templates import capitalised
from responses.chronicle import incident_replies, incident_words
from responses.chronicle.fact_formatter import MENTIONED, FactFormatter
from responses.chronicle.markdown import Spans, plain
from responses.chronicle.sources import source
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element
from responses.slack.chronicle.leaves import NO_NAMES, LeafWriter, Names, Permalink
from responses.slack.message import Message, View
from responses.slack.notices import notice
from responses.slack.presses import Press, action_id

_ACTIONS: Final = 10


def resolve_dialog(
    summary: Summary,
    asks: Resolution,
    *,
    channel: str,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
) -> View:
    """Return the dialog: open impact, open actions, and the root cause to choose or to type.

    Its `private_metadata` is the channel. `names` are those of the people that a choice mentions. What people stated as
    the cause is chosen already.
    """
    formatter = FactFormatter(language, clusters=summary.impact.clusters)
    leaves = LeafWriter(permalink=permalink, names=names, now=summary.now, mention=True)
    text = formatter.text
    options = [
        *((_label(fact, formatter, names), choice_of(fact)) for fact in asks.causes),
        (capitalised(text(incident_words.NOT_KNOWN_YET)), UNKNOWN),
    ]
    shown = [
        blocks.rich(*_impact(asks, formatter, leaves)),
        blocks.rich(*_actions(asks, formatter, leaves)),
        blocks.select_input(
            text(incident_words.ROOT_CAUSE),
            options,
            id=str(Press.ROOT_CAUSE),
            placeholder=text(incident_replies.CHOOSE),
            initial=choice_of(asks.established) if asks.established else "",
        ),
        blocks.text_input(
            text(incident_replies.OR_TYPE),
            id=str(Press.ROOT_CAUSE_TEXT),
            hint=text(incident_replies.OR_TYPE_HINT),
            optional=True,
        ),
        blocks.context(text(incident_replies.WHAT_HAPPENS)),
    ]
    title, submit = incident_replies.TITLE, incident_replies.SUBMIT
    return blocks.form(title, shown, submit=submit, press=Press.RESOLVED, carries=channel, language=language)


def resolve_button(language: Language) -> Message:
    """Return the message with the button that opens the dialog; a mention cannot open one."""
    says = notice(incident_replies.PRESS_TO_RESOLVE, language=language)
    button = blocks.button(incident_replies.BUTTON.in_(language), action_id=action_id(Press.RESOLVE), value="resolve")
    return replace(says, blocks=(*says.blocks, blocks.actions(button)))


def _impact(asks: Resolution, formatter: FactFormatter, leaves: LeafWriter) -> Iterator[Element]:
    yield blocks.sentence(formatter.text(incident_words.IMPACT), bold=True)
    if asks.impact is None:
        yield blocks.sentence(formatter.text(incident_replies.NO_OPEN_IMPACT))
        return
    spans: Spans = (*formatter.quote(asks.impact.says), *source(asks.impact, formatter))
    yield blocks.line(*leaves.line((plain("⚠️ "), *spans)))


def _actions(asks: Resolution, formatter: FactFormatter, leaves: LeafWriter) -> Iterator[Element]:
    yield blocks.sentence(formatter.text(incident_replies.OPEN_ACTIONS), bold=True)
    if not asks.open_actions:
        yield blocks.sentence(formatter.text(incident_replies.NO_OPEN_ACTIONS))
        return
    yield blocks.bullets(leaves.line(formatter.act(work)) for work in asks.open_actions[-_ACTIONS:])
    yield from blocks.left_out(len(asks.open_actions) - _ACTIONS, formatter.language)


def _label(fact: Fact, formatter: FactFormatter, names: Names) -> str:
    """Return the words of an option; Slack shows no mentions there, so people are named."""
    if fact.incident or fact.title:
        says = f"{formatter.title(fact)} · {formatter.text(incident_words.DIAGNOSIS)}"
        return shown_line(says if not fact.key.startswith("r:") else formatter.title(fact))
    says = MENTIONED.sub(lambda found: f"@{names.get(found[1], '…')}", fact.says)
    return shown_line(f"“{says}”")
