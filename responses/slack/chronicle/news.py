"""Show one person what they missed: the status, at most eight lines of what happened, and the next step."""

from __future__ import annotations

from datetime import datetime

from intents.chronicle.news import News
from intents.domain import Language
from responses import words
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.spans import Person, Spans, TextSpan, Timestamp
from responses.slack import blocks
from responses.slack.blocks import Element
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
    if news.next_step:
        arrow = TextSpan(text=f"➡️ {formatter.text(incident_words.NEXT)}{formatter.text(words.COLON)}", bold=True)
        step: Spans = (arrow, *formatter.next_step(news.next_step))
        elements.append(blocks.line(*leaves.with_link(step, news.next_step.fact)))
    return Message(text=fallback(f"{headline} · #{line(name, 80)}"), blocks=(blocks.rich(*elements),))
