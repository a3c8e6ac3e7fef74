"""What somebody missed, told to them alone: how it stands, at most eight lines of what happened, what is next."""

from __future__ import annotations

from datetime import datetime

from intents.chronicle.news import News
from intents.domain import Language
from responses import words as common
from responses.chronicle import words
from responses.chronicle.spans import Clock, Person, Spans, Words
from responses.chronicle.telling import Telling, line
from responses.slack import blocks
from responses.slack.blocks import Element
from responses.slack.chronicle.leaves import NO_NAMES, Leaves, Names, Permalink
from responses.slack.chronicle.timeline import told_moment
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback


def catch_up(
    news: News,
    *,
    name: str,
    now: datetime,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
    mention: bool = True,
) -> Message:
    """The news of channel `name`. `names`, `mention` as in `Leaves`."""
    leaves = Leaves(permalink=permalink, names=names, now=now, mention=mention)
    telling = Telling(language)
    sign, status = words.STANDINGS[news.status]
    headline = f"{sign} {telling.say(status)}"
    head: Spans = (Words(text=headline, bold=True), Words(text=" "), *telling.since(news.status_since))
    if news.commander:
        role = f" · {telling.say(words.ROLES[news.commander.role])}{telling.say(common.COLON)}"
        head = (*head, Words(text=role), Person(news.commander.user))
    title = words.SO_FAR if news.since is None else words.MISSED
    since: Spans = () if news.since is None else (Words(text=" ("), Clock(news.since), Words(text=")"))
    elements: list[Element] = [
        blocks.line(*leaves.linked(head, news.said)),
        blocks.line(*leaves.of((Words(text=telling.say(title), bold=True), *since))),
    ]
    if news.lines:
        elements.append(blocks.bullets(told_moment(moment, telling, leaves) for moment in news.lines))
    else:
        elements.append(blocks.line(blocks.text(telling.say(words.NO_NEWS))))
    if news.left_out:
        elements.append(blocks.line(blocks.text(telling.say(words.OLDER).format(news.left_out), italic=True)))
    if news.next_step:
        arrow = Words(text=f"➡️ {telling.say(words.NEXT)}{telling.say(common.COLON)}", bold=True)
        step: Spans = (arrow, *telling.next_step(news.next_step))
        elements.append(blocks.line(*leaves.linked(step, news.next_step.fact)))
    return Message(text=fallback(f"{headline} · #{line(name, 80)}"), blocks=(blocks.rich(*elements),))
