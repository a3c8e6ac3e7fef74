"""How an incident stands, as the one message that is kept in its channel.

Read by who was woken up and joins at 3 a.m., on a phone: status and the next step first, then what is broken, why, and
what was done about it. Every line ends in a small link to what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from intents.chronicle.facts import Fact, FactKind, IncidentStatus
from intents.chronicle.summary import Affected, NextKind, Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language, ObjectRef, Text
from responses import words as common
from responses.chronicle import words
from responses.chronicle.acts import acts_of
from responses.chronicle.spans import Address, Clock, Person, Spans, Words
from responses.chronicle.telling import Telling, is_ours, line, newest
from responses.safety import safe_line
from responses.slack import blocks, limits
from responses.slack.blocks import Leaf
from responses.slack.chronicle.leaves import NO_NAMES, Leaves, Names, Permalink, utc
from responses.slack.chronicle.sections import Entry, Section, block_of, chosen, fitting
from responses.slack.measuring import visible
from responses.slack.message import Block, Message
from responses.slack.mrkdwn import fallback

# Entries of a section. Each is at most some 600 characters long, so that one of each always fits.
_OBJECTS: Final = 4
_REPORTS: Final = 3
_OTHERS: Final = 3
_DONE: Final = 6
_QUESTIONS: Final = 4
_ERRORS: Final = 3
_DEPLOYS: Final = 2
_PINNED: Final = 4
_LINKS: Final = 4
_PEOPLE: Final = 8
_PLACES: Final = 4
_PLACE: Final = 60
_COMMAND: Final = 300
# Room for how much of each section is not shown.
_NOTES: Final = 700


def summary_message(
    summary: Summary,
    *,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
    mention: bool = True,
) -> Message:
    """The summary within what Slack takes. `names` and `mention` as `Leaves` has them: not to `mention` anybody where
    the message is posted anew."""
    page = _Page(summary, language, Leaves(permalink=permalink, names=names, now=summary.now, mention=mention))
    head, footer = page.head(), page.footer()
    sections = fitting(page.sections(), limits.BUDGET_VISIBLE - visible([*head, footer]) - _NOTES)
    shown = (*head, *(block_of(section, language) for section in sections), footer)
    return Message(text=fallback(*page.headlines()), blocks=shown)


class _Page:
    def __init__(self, summary: Summary, language: Language, leaves: Leaves) -> None:
        self._summary = summary
        self._language = language
        self._leaves = leaves
        self._telling = Telling(language, clusters=summary.impact.clusters)
        # Of no fact two sections tell.
        self._told: set[str] = set()

    # --- what stands above ------------------------------------------------------------------------------------------

    def headlines(self) -> Iterator[str]:
        """The first lines as words, for notifications."""
        yield self._headline()
        leading = self._summary.leading
        if leading:
            sign, verdict = self._telling.verdict(leading.fact)
            yield f"{sign} {verdict} · {self._telling.title(leading.fact)}"

    def head(self) -> list[Block]:
        lines = [blocks.line(*self._status())]
        if step := self._next():
            lines.append(blocks.line(*step))
        if self._summary.leading is None:
            lines.append(blocks.line(blocks.text(self._say(words.NO_CAUSE_YET), italic=True)))
        return [blocks.header(self._headline()), blocks.rich(*lines)]

    def footer(self) -> Block:
        updated = self._say(words.UPDATED).format(utc(self._summary.now, dated=True))
        return blocks.context(updated, self._say(words.COMMANDS))

    def _headline(self) -> str:
        sign, says = words.STANDINGS[self._summary.status]
        return f"{sign} {self._say(says)} · #{line(self._summary.name, 80)}"

    def _status(self) -> list[Leaf]:
        """Since when it stands so, and as who said."""
        summary = self._summary
        since = self._telling.since(summary.since, first=True)
        took = self._telling.after(summary.detected_at, summary.resolved_at)
        if summary.status is IncidentStatus.RESOLVED and took:
            since = (*since, Words(text=f" · {self._say(words.AFTER).format(took)}"))
        if summary.said is None:
            return self._leaves.of(since)
        self._told.add(summary.said.key)
        said = (Words(text=" · "), *self._telling.quoted(summary.said.says), *self._telling.by(summary.said))
        return self._leaves.linked((*since, *said), summary.said)

    def _next(self) -> list[Leaf]:
        step = self._summary.next_step
        if step is None:
            return []
        if step.kind is NextKind.DECISION:
            self._told.add(step.fact.key)
        title = f"➡️ {self._say(words.NEXT)}{self._say(common.COLON)}"
        return [blocks.bold(title), *self._leaves.linked(self._telling.next_step(step), step.fact)]

    # --- sections ---------------------------------------------------------------------------------------------------

    def sections(self) -> tuple[Section, ...]:
        """As they are read; what a person pinned stands apart only where nothing else tells it."""
        summary = self._summary
        above = (
            self._impact(),
            self._leading(),
            self._moments(words.OTHERS, summary.others, _OTHERS, rank=2),
            self._moments(words.RULED_OUT, summary.ruled_out, _OTHERS, rank=4),
            self._done(),
            self._listed(words.QUESTIONS, summary.questions, _QUESTIONS, rank=2),
            self._who(),
        )
        below = (
            self._moments(words.ERRORS, summary.errors, _ERRORS, rank=3, newest_last=True, at_last=True),
            self._listed(words.DEPLOYS, summary.deploys, _DEPLOYS, rank=4),
            self._links(),
        )
        return (*above, self._listed(words.PINNED_LINES, self._pinned(), _PINNED, rank=1), *below)

    def _impact(self) -> Section:
        impact = self._summary.impact
        places = [
            *([self._say(words.IN_CLUSTERS).format(_some(impact.clusters))] if impact.clusters else []),
            *([self._say(words.IN_NAMESPACES).format(_some(impact.namespaces))] if impact.namespaces else []),
        ]
        title = [blocks.bold(self._say(words.IMPACT)), *([blocks.text(f" · {' · '.join(places)}")] if places else [])]
        grouped = _by_fact(impact.objects)
        objects = [
            Entry(
                at=fact.at,
                leaves=self._leaves.linked((*self._telling.objects(subjects), *self._telling.where(fact)), fact),
            )
            for fact, subjects in grouped[:_OBJECTS]
        ]
        reports = self._listed(words.IMPACT, impact.reports, _REPORTS, rank=3)
        left = len(grouped) - len(objects) + reports.left_out
        entries = (*reports.entries, *reversed(objects))
        if places and not entries:
            entries = (Entry(at=self._summary.opened, leaves=[blocks.text(" · ".join(places))]),)
        return Section(title=title, entries=entries, rank=3, left_out=left)

    def _leading(self) -> Section:
        """The likeliest cause, with its verdict and the best that shows it."""
        leading = self._summary.leading
        if leading is None:
            return Section(title=[], entries=())
        fact = leading.fact
        self._told.add(fact.key)
        spans: Spans = (
            *self._telling.hypothesis(fact),
            *self._telling.by(fact),
            *self._when(fact.at),
            *self._before(leading),
        )
        below = []
        if is_ours(fact):
            if evidence := self._telling.evidence(fact):
                below.append(blocks.quoted(*self._leaves.of(evidence)))
            if command := safe_line(fact.reproduce, limit=_COMMAND):
                below.append(blocks.preformatted(command))
        else:
            below.append(blocks.quoted(blocks.text(self._say(words.NOT_PROVEN), italic=True)))
        entry = Entry(at=leading.last, leaves=self._leaves.linked(spans, fact), below=tuple(below))
        return Section(title=[blocks.bold(self._say(words.LEADING))], entries=(entry,))

    def _before(self, leading: TimelineEntry) -> Spans:
        """What it was held for until its verdict changed; () for one that did not."""
        former = next((fact for fact in reversed(leading.also) if fact.state != leading.fact.state), None)
        if former is None:
            return ()
        return (Words(text=f" · {self._say(words.WAS).format(self._telling.verdict(former)[1])}", italic=True),)

    def _done(self) -> Section:
        """Buttons pressed and what people set out to do, each once, by time. What is next stands above."""
        told = [act for act in acts_of(self._summary) if not any(fact.key in self._told for fact in act.facts)]
        kept = chosen(told[::-1], _DONE, at=lambda act: act.last.at)
        self._told.update(fact.key for act in kept for fact in act.facts)
        entries = [Entry(at=act.last.at, leaves=self._leaves.of(self._telling.act(act))) for act in reversed(kept)]
        title = [blocks.bold(self._say(words.DONE))]
        return Section(title=title, entries=tuple(entries), rank=1, left_out=len(told) - len(kept))

    def _pinned(self) -> list[Fact]:
        return [fact for fact in self._summary.pinned if fact.key not in self._told]

    def _links(self) -> Section:
        """Each address once, the newest last."""
        by_url = {link.url: (fact, link) for fact in self._summary.links for link in fact.links}
        found = list(by_url.values())
        entries = []
        for fact, link in found[-_LINKS:]:
            address: Address = self._telling.address(link)
            entries.append(Entry(at=fact.at, leaves=self._leaves.linked((address, *self._telling.by(fact)), fact)))
        title = [blocks.bold(self._say(words.LINKS_TITLE))]
        return Section(title=title, entries=tuple(entries), rank=5, left_out=len(found) - len(entries))

    def _who(self) -> Section:
        holders = self._summary.roles
        entries = []
        for holder in holders:
            role = Words(text=f"{self._say(words.ROLES[holder.role])}{self._say(common.COLON)}")
            spans: Spans = (role, Person(holder.user))
            entries.append(Entry(at=holder.fact.at, leaves=self._leaves.linked(spans, holder.fact)))
        others = [user for user in self._summary.people if user not in {holder.user for holder in holders}]
        if others:
            leaves = [blocks.text(self._say(words.ALSO_HERE))]
            for number, user in enumerate(others[:_PEOPLE]):
                leaves += [blocks.text(", ")] if number else []
                leaves.append(self._leaves.person(user))
            if len(others) > _PEOPLE:
                leaves.append(blocks.text(f" {self._say(common.MORE).format(len(others) - _PEOPLE)}"))
            entries.append(Entry(at=self._summary.opened, leaves=leaves))
        return Section(title=[blocks.bold(self._say(words.WHO))], entries=tuple(entries))

    # --- their entries ----------------------------------------------------------------------------------------------

    def _listed(self, title: Text, facts: Sequence[Fact], most: int, *, rank: int) -> Section:
        """The newest facts, the newest last."""
        moments = [TimelineEntry(at=fact.at, last=fact.at, count=1, fact=fact) for fact in reversed(facts)]
        return self._moments(title, moments, most, rank=rank, newest_last=True)

    def _moments(
        self,
        title: Text,
        moments: Sequence[TimelineEntry],
        most: int,
        *,
        rank: int,
        newest_last: bool = False,
        at_last: bool = False,
    ) -> Section:
        """The first `most` moments and the newest; `newest_last` turns them round, `at_last` leads to the last time."""
        kept = chosen(moments, most, at=lambda moment: moment.last)
        self._told.update(fact.key for moment in kept for fact in (moment.fact, *moment.also))
        entries = [self._entry(moment, newest(moment) if at_last else moment.fact) for moment in kept]
        shown = tuple(reversed(entries)) if newest_last else tuple(entries)
        return Section(
            title=[blocks.bold(self._say(title))], entries=shown, rank=rank, left_out=len(moments) - len(kept)
        )

    def _entry(self, moment: TimelineEntry, rests_on: Fact) -> Entry:
        fact = moment.fact
        if moment.count > 1 and fact.kind is not FactKind.HYPOTHESIS:
            spans: Spans = (*self._telling.happened(moment), *self._telling.by(fact))
        else:
            spans = (*self._telling.what(fact), *self._telling.by(fact), *self._when(fact.at))
        return Entry(at=moment.last, leaves=self._leaves.linked(spans, rests_on))

    def _when(self, at: datetime) -> Spans:
        return (Words(text=self._say(words.COMMA)), Clock(at))

    def _say(self, text: Text) -> str:
        return text.in_(self._language)


def _by_fact(objects: Iterable[Affected]) -> list[tuple[Fact, tuple[ObjectRef, ...]]]:
    """Affected objects by the newest fact that says so, in their order."""
    grouped: dict[str, tuple[Fact, list[ObjectRef]]] = {}
    for one in objects:
        grouped.setdefault(one.fact.key, (one.fact, []))[1].append(one.subject)
    return [(fact, tuple(subjects)) for fact, subjects in grouped.values()]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(line(name, _PLACE) for name in names[:_PLACES])
    return shown if len(names) <= _PLACES else f"{shown} +{len(names) - _PLACES}"
