"""Build the summary of an incident: the one message that is kept up to date in its channel.

Its reader is tired and on a phone: five lines say how it stands, then comes what somebody has to look after, then the
rest. Nothing is said twice. Every line has a small link to the message it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.summary import Affected, Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language, ObjectRef, Text
from responses import words
from responses.chronicle import incident_words
from responses.chronicle.acts import acts_of
from responses.chronicle.brief import brief_of, care_lists, keys_in
from responses.chronicle.fact_formatter import FactFormatter, line, newest
from responses.chronicle.markdown import Person, Spans, plain
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.chronicle.leaves import (
    NO_NAMES,
    Entry,
    LeafWriter,
    Names,
    Permalink,
    Section,
    brief_block,
    first_and_newest,
    fit_sections,
    headline,
    section_block,
)
from responses.slack.chronicle.readers import care_sections
from responses.slack.message import Block, Message, fallback, visible_length

# Entries per section. Each has at most some 600 characters, so one per section always fits.
_OBJECTS: Final = 4
_REPORTS: Final = 3
_OTHERS: Final = 3
_DONE: Final = 6
_CARED: Final = 4
_COMMS: Final = 2
_FOLLOWUPS: Final = 4
_ERRORS: Final = 3
_DEPLOYS: Final = 2
_PINNED: Final = 4
_LINKS: Final = 4
_PEOPLE: Final = 8
_PLACES: Final = 4
_PLACE: Final = 60
_COMMAND: Final = 300
# Room for the notes that count what is not shown.
_NOTES: Final = 700


def summary_message(
    summary: Summary, *, language: Language, permalink: Permalink, names: Names = NO_NAMES, mention: bool = True
) -> Message:
    """Return the summary within Slack's limits.

    `names` and `mention` as in `LeafWriter`; pass `mention=False` where the message is new, so that nobody is
    notified.
    """
    page = _Page(summary, language, LeafWriter(permalink=permalink, names=names, now=summary.now, mention=mention))
    head, footer = page.head(), page.footer()
    sections = fit_sections(page.sections(), limits.BUDGET_VISIBLE - visible_length([*head, footer]) - _NOTES)
    shown = (*head, *(section_block(section, language) for section in sections), footer)
    return Message(text=fallback(*page.headlines()), blocks=shown)


class _Page:
    """The blocks of one summary."""

    def __init__(self, summary: Summary, language: Language, leaves: LeafWriter) -> None:
        self._summary = summary
        self._leaves = leaves
        self._formatter = FactFormatter(language, clusters=summary.impact.clusters)
        self._text, self._label = self._formatter.text, self._formatter.label
        # Keys of the facts shown so far: no fact is shown in two sections.
        self._shown: set[str] = set()

    # --- the head ---------------------------------------------------------------------------------------------------

    def headlines(self) -> Iterator[str]:
        """Yield the first lines as words, for notifications."""
        yield headline(self._summary, self._formatter)
        leading = self._summary.cause
        if leading:
            sign, verdict = self._formatter.verdict_label(leading.fact)
            yield f"{sign} {verdict} · {self._formatter.title(leading.fact)}"

    def head(self) -> list[Block]:
        """Return title and brief: what is broken, the status, the cause, who does what, what is next."""
        brief = brief_of(self._summary, self._formatter)
        self._shown |= keys_in(brief)
        title = headline(self._summary, self._formatter)
        return [blocks.header(title), brief_block(brief, self._formatter, self._leaves)]

    def footer(self) -> Block:
        """Return when it was updated, and the commands."""
        updated = self._text(incident_words.UPDATED).format(blocks.utc(self._summary.now))
        return blocks.context(updated, self._text(incident_words.COMMANDS))

    # --- sections ---------------------------------------------------------------------------------------------------

    def sections(self) -> tuple[Section, ...]:
        """Return the sections in reading order; a pinned message is listed only if no other section shows it."""
        summary = self._summary
        above = (
            *self._cared(),
            self._done(),
            self._impact(),
            self._evidence(),
            self._moments(incident_words.SUSPECTED, self._unseen(summary.suspected), _OTHERS, rank=2),
            self._moments(incident_words.OTHERS, summary.proven, _OTHERS, rank=3),
            self._moments(incident_words.RULED_OUT, summary.ruled_out, _OTHERS, rank=4),
            self._who(),
            self._listed(incident_words.TOLD_TO, summary.comms, _COMMS, rank=4),
            self._listed(incident_words.FOLLOWUPS, summary.followups, _FOLLOWUPS, rank=4),
        )
        below = (
            self._moments(incident_words.ERRORS, summary.errors, _ERRORS, rank=3, newest_last=True, at_last=True),
            self._listed(incident_words.DEPLOYS, summary.deploys, _DEPLOYS, rank=4),
            self._links(),
        )
        return (*above, self._listed(incident_words.PINNED_LINES, summary.pinned, _PINNED, rank=1), *below)

    def _cared(self) -> list[Section]:
        cared = care_sections(self._summary, self._formatter, self._leaves, besides=frozenset(self._shown), most=_CARED)
        sections = list(cared)
        for care in care_lists(self._summary, self._formatter):
            self._shown.update(fact.key for _, fact in care.lines)
        return sections

    def _unseen(self, moments: Sequence[TimelineEntry]) -> list[TimelineEntry]:
        return [moment for moment in moments if moment.fact.key not in self._shown]

    def _impact(self) -> Section:
        impact = self._summary.impact
        named = ((incident_words.IN_CLUSTERS, impact.clusters), (incident_words.IN_NAMESPACES, impact.namespaces))
        places = [self._text(says).format(_some(names)) for says, names in named if names]
        title = [blocks.bold(self._text(incident_words.AFFECTED))]
        title += [blocks.text(f" · {' · '.join(places)}")] if places else []
        grouped = _by_fact(impact.objects)
        objects = []
        for fact, subjects in grouped[:_OBJECTS]:
            spans = (*self._formatter.objects(subjects), *self._formatter.where(fact))
            objects.append(Entry(at=fact.at, leaves=self._leaves.with_link(spans, fact)))
        earlier = [fact for fact in impact.reports if fact not in self._summary.second]
        reports = self._listed(incident_words.AFFECTED, earlier, _REPORTS, rank=3)
        left = len(grouped) - len(objects) + reports.left_out
        second = [self._entry(_alone(fact), fact) for fact in self._summary.second[:1]]
        if second:
            note = blocks.text(f"{self._text(incident_words.SECOND)} ", italic=True)
            second = [Entry(at=second[0].at, leaves=[note, *second[0].leaves])]
        entries = (*reports.entries, *second, *reversed(objects))
        if places and not entries:
            entries = (Entry(at=self._summary.opened, leaves=[blocks.text(" · ".join(places))]),)
        return Section(title=title, entries=entries, rank=3, left_out=left)

    def _evidence(self) -> Section:
        """Return the evidence of our leading diagnosis, which is above, and how to check it."""
        leading = self._summary.leading
        if leading is None:
            return Section(title=[], entries=())
        fact = leading.fact
        command = shown_line(fact.reproduce, limit=_COMMAND)
        spans = (*self._formatter.evidence(fact), *self._before(leading))
        below = (blocks.preformatted(command),) if command else ()
        entry = Entry(at=leading.last, leaves=self._leaves.with_link(spans, fact), below=below)
        return self._section(incident_words.EVIDENCE, [entry] if spans or below else [])

    def _before(self, leading: TimelineEntry) -> Spans:
        """Return the verdict before the last change; () if it never changed."""
        former = next((fact for fact in reversed(leading.also) if fact.state != leading.fact.state), None)
        if former is None:
            return ()
        was = self._text(incident_words.WAS).format(self._formatter.verdict_label(former)[1])
        return (plain(f" · {was}", italic=True),)

    def _done(self) -> Section:
        """Return button presses and people's actions, each once, by time; the next step is shown at the top."""
        acts = [act for act in acts_of(self._summary) if not any(fact.key in self._shown for fact in act.facts)]
        kept = first_and_newest(acts[::-1], _DONE, at=lambda act: act.last.at)
        self._shown.update(fact.key for act in kept for fact in act.facts)
        entries = [Entry(at=act.last.at, leaves=self._leaves.line(self._formatter.act(act))) for act in reversed(kept)]
        return self._section(incident_words.DONE, entries, rank=1, left_out=len(acts) - len(kept))

    def _links(self) -> Section:
        """Return each link once, the newest last."""
        by_url = {link.url: (fact, link) for fact in self._summary.links for link in fact.links}
        found = list(by_url.values())
        entries = []
        for fact, link in found[-_LINKS:]:
            spans = (self._formatter.posted_link(link), *self._formatter.attribution(fact))
            entries.append(Entry(at=fact.at, leaves=self._leaves.with_link(spans, fact)))
        return self._section(incident_words.LINKS_TITLE, entries, rank=5, left_out=len(found) - len(entries))

    def _who(self) -> Section:
        holders = self._summary.roles
        entries = []
        told = [holder for holder in holders if holder.fact.key not in self._shown]
        for holder in told:
            role = plain(self._label(incident_words.ROLES[holder.role]))
            spans: Spans = (role, Person(holder.user))
            entries.append(Entry(at=holder.fact.at, leaves=self._leaves.with_link(spans, holder.fact)))
        others = [user for user in self._summary.people if user not in {holder.user for holder in holders}]
        if others:
            leaves = [blocks.text(self._text(incident_words.ALSO_HERE))]
            leaves += blocks.joined(map(self._leaves.person, others[:_PEOPLE]))
            if len(others) > _PEOPLE:
                leaves.append(blocks.text(f" {self._text(words.MORE).format(len(others) - _PEOPLE)}"))
            entries.append(Entry(at=self._summary.opened, leaves=leaves))
        return self._section(incident_words.WHO, entries)

    # --- their entries ----------------------------------------------------------------------------------------------

    def _listed(self, title: Text, facts: Sequence[Fact], most: int, *, rank: int) -> Section:
        """Return the newest facts, the newest last."""
        moments = self._unseen([_alone(fact) for fact in reversed(facts)])
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
        """Return the first `most` moments and the newest.

        `newest_last` reverses their order; `at_last` links each to its last occurrence.
        """
        kept = first_and_newest(moments, most, at=lambda moment: moment.last)
        self._shown.update(fact.key for moment in kept for fact in (moment.fact, *moment.also))
        entries = [self._entry(moment, newest(moment) if at_last else moment.fact) for moment in kept]
        shown = entries[::-1] if newest_last else entries
        return self._section(title, shown, rank=rank, left_out=len(moments) - len(kept))

    def _section(self, title: Text, entries: Sequence[Entry], *, rank: int = 0, left_out: int = 0) -> Section:
        return Section(title=[blocks.bold(self._text(title))], entries=tuple(entries), rank=rank, left_out=left_out)

    def _entry(self, moment: TimelineEntry, rests_on: Fact) -> Entry:
        fact = moment.fact
        if moment.count > 1 and fact.kind is not FactKind.HYPOTHESIS:
            spans: Spans = (*self._formatter.moment(moment), *self._formatter.attribution(fact))
        else:
            spans = (*self._formatter.event(fact), *self._formatter.attribution(fact), *self._formatter.when(fact.at))
        return Entry(at=moment.last, leaves=self._leaves.with_link(spans, rests_on))


def _alone(fact: Fact) -> TimelineEntry:
    return TimelineEntry(at=fact.at, last=fact.at, count=1, fact=fact)


def _by_fact(objects: Iterable[Affected]) -> list[tuple[Fact, tuple[ObjectRef, ...]]]:
    """Group affected objects by the newest fact that names them, in their order."""
    grouped: dict[str, tuple[Fact, list[ObjectRef]]] = {}
    for one in objects:
        grouped.setdefault(one.fact.key, (one.fact, []))[1].append(one.subject)
    return [(fact, tuple(subjects)) for fact, subjects in grouped.values()]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(line(name, _PLACE) for name in names[:_PLACES])
    return shown if len(names) <= _PLACES else f"{shown} +{len(names) - _PLACES}"
