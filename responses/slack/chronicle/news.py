"""Show one person what they missed: status, impact, cause and next step, then at most eight lines of what happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from intents.chronicle.facts import IncidentStatus
from intents.chronicle.news import News
from intents.domain import Language, Text
from responses import words
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.sources import source
from responses.chronicle.spans import Person, SourceLink, Spans, TextSpan, Timestamp
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.chronicle.leaves import NO_NAMES, LeafWriter, Names, Permalink
from responses.slack.chronicle.timeline import moment_leaves
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback


def catch_up_message(
    news: News,
    *,
    name: str,
    now: datetime,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
    mention: bool = True,
) -> Message:
    """Return the news of channel `name`. `names` and `mention` as in `LeafWriter`."""
    leaves = LeafWriter(permalink=permalink, names=names, now=now, mention=mention)
    formatter = FactFormatter(language)
    sign, status = incident_words.STANDINGS[news.status]
    headline = f"{sign} {formatter.text(status)}"
    head: Spans = (TextSpan(text=headline, bold=True), TextSpan(text=" "), *formatter.since(news.status_since))
    if news.commander:
        role = f" · {formatter.text(incident_words.ROLES[news.commander.role])}{formatter.text(words.COLON)}"
        head = (*head, TextSpan(text=role), Person(news.commander.user))
    title = incident_words.SO_FAR if news.since is None else incident_words.MISSED
    since: Spans = () if news.since is None else (TextSpan(text=" ("), Timestamp(news.since), TextSpan(text=")"))
    elements: list[Element] = [
        blocks.line(*leaves.with_link(head, news.said)),
        *_head(news, formatter, leaves),
        blocks.line(*leaves.line((TextSpan(text=formatter.text(title), bold=True), *since))),
    ]
    if news.lines:
        elements.append(blocks.bullets(moment_leaves(moment, formatter, leaves) for moment in news.lines))
    else:
        elements.append(blocks.line(blocks.text(formatter.text(incident_words.NO_NEWS))))
    if news.left_out:
        elements.append(
            blocks.line(blocks.text(formatter.text(incident_words.OLDER).format(news.left_out), italic=True))
        )
    return Message(text=fallback(f"{headline} · #{line(name, 80)}"), blocks=(blocks.rich(*elements),))


def _head(news: News, formatter: FactFormatter, leaves: LeafWriter) -> Iterator[Element]:
    """Yield impact, cause and next step. A late joiner gets all three, with words where nothing is known."""
    is_first = news.since is None
    if news.impact or is_first:
        yield blocks.line(*_labelled("💥", incident_words.IMPACT, _impact(news, formatter), formatter, leaves))
    if news.cause:
        fact = news.cause.fact
        spans = (*formatter.hypothesis(fact), *source(fact, formatter))
        yield blocks.line(*_labelled("🎯", incident_words.CAUSE, spans, formatter, leaves))
    elif is_first:
        unknown: Spans = (TextSpan(text=formatter.text(incident_words.NOT_KNOWN_YET)),)
        yield blocks.line(*_labelled("🎯", incident_words.CAUSE, unknown, formatter, leaves))
    if news.next_step:
        step = (*formatter.next_step(news.next_step), SourceLink(news.next_step.fact))
        yield blocks.line(*_labelled("➡️", incident_words.NEXT, step, formatter, leaves))
    elif is_first and news.status is not IncidentStatus.RESOLVED:
        none: Spans = (TextSpan(text=formatter.text(incident_words.NEXT_NOT_STATED)),)
        yield blocks.line(*_labelled("➡️", incident_words.NEXT, none, formatter, leaves))


def _impact(news: News, formatter: FactFormatter) -> Spans:
    if news.impact is None:
        return (TextSpan(text=formatter.text(incident_words.NO_IMPACT_STATED)),)
    return (*formatter.quote(news.impact.says), *source(news.impact, formatter))


def _labelled(sign: str, label: Text, spans: Spans, formatter: FactFormatter, leaves: LeafWriter) -> list[Leaf]:
    title = TextSpan(text=f"{sign} {formatter.text(label)}{formatter.text(words.COLON)}", bold=True)
    return leaves.line((title, *spans))
