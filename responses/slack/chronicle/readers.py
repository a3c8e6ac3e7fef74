"""Build the summaries of an incident for one reader: who was away or joins late, the commander, the status page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from intents.chronicle.facts import Fact
from intents.chronicle.news import News, newest_news
from intents.chronicle.summary import Summary
from intents.domain import Language
from responses.chronicle import incident_words
from responses.chronicle.brief import brief_of, care_lists, keys_in, status_line
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.markdown import Spans, Timestamp, plain
from responses.chronicle.outside import status_update
from responses.slack import blocks, limits
from responses.slack.blocks import Element
from responses.slack.chronicle.announcements import moment_leaves
from responses.slack.chronicle.leaves import (
    Entry,
    LeafWriter,
    Names,
    Permalink,
    Section,
    brief_block,
    fit_sections,
    headline,
    section_block,
)
from responses.slack.message import Block, Message, fallback

_CARED: Final = 10
# Room for title, status and the notes that count what is not shown.
_NOTES: Final = 1_200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderMessages:
    """The messages about one summary. `names` and `mention` as in `LeafWriter`."""

    summary: Summary
    language: Language
    permalink: Permalink
    names: Names = field(default_factory=dict)
    mention: bool = True

    def missed(self, news: News) -> Message:
        """Return how the incident stands in five lines, then what happened while the reader was away."""
        title = self._formatter.text(incident_words.SO_FAR if news.since is None else incident_words.MISSED)
        return self._message(self._brief, self._news(title, news))

    def happened(self, news: News) -> Message:
        """Return the status, then what happened since the time that the reader named."""
        assert news.since is not None
        ago = self._formatter.duration(self.summary.now - news.since)
        title = self._formatter.text(incident_words.HAPPENED_SINCE).format(ago)
        return self._message(self._status, self._news(title, news))

    def welcome(self, facts: Iterable[Fact]) -> Message:
        """Return how the incident stands in five lines, and the newest of what these do not say."""
        news = newest_news(facts, besides=keys_in(brief_of(self.summary, self._formatter)))
        newest = [self._news(self._formatter.text(incident_words.NEWEST), news)] if news.lines else []
        return self._message(self._brief, *newest)

    def for_commander(self) -> Message:
        """Return what the commander has to look after."""
        title = f"🧭 {self._formatter.text(incident_words.FOR_COMMANDER)} · #{line(self.summary.name, 80)}"
        cared = fit_sections(care_sections(self.summary, self._formatter, self._leaves), limits.BUDGET_VISIBLE - _NOTES)
        nothing = blocks.rich(blocks.sentence(self._formatter.text(incident_words.NOTHING_WAITS)))
        shown = [section_block(each, self.language) for each in cared] or [nothing]
        return Message(text=fallback(title), blocks=(blocks.header(title), self._status, *shown))

    def for_status_page(self, facts: Iterable[Fact], people: Mapping[str, str]) -> Message:
        """Return the update to copy; `people` are the display names of everybody in the channel that is known."""
        update = status_update(self.summary, facts, people=people, language=self.language)
        title = f"📢 {self._formatter.text(incident_words.FOR_STATUS_PAGE)} · #{line(self.summary.name, 80)}"
        elements = (
            blocks.sentence(title, bold=True),
            blocks.preformatted(update),
            blocks.sentence(self._formatter.text(incident_words.CHECK_FIRST), italic=True),
        )
        return Message(text=fallback(title), blocks=(blocks.rich(*elements),))

    @property
    def _formatter(self) -> FactFormatter:
        return FactFormatter(self.language, clusters=self.summary.impact.clusters)

    @property
    def _leaves(self) -> LeafWriter:
        return LeafWriter(permalink=self.permalink, names=self.names, now=self.summary.now, mention=self.mention)

    @property
    def _brief(self) -> Block:
        return brief_block(brief_of(self.summary, self._formatter), self._formatter, self._leaves)

    @property
    def _status(self) -> Block:
        return brief_block([status_line(self.summary, self._formatter)], self._formatter, self._leaves)

    def _message(self, *shown: Block) -> Message:
        return Message(text=fallback(headline(self.summary, self._formatter)), blocks=shown)

    def _news(self, title: str, news: News) -> Block:
        since: Spans = () if news.since is None else (plain(" ("), Timestamp(news.since), plain(")"))
        elements: list[Element] = [blocks.line(blocks.bold(title), *self._leaves.line(since))]
        if news.lines:
            elements.append(blocks.bullets(moment_leaves(each, self._formatter, self._leaves) for each in news.lines))
        else:
            elements.append(blocks.sentence(self._formatter.text(incident_words.NO_NEWS)))
        if news.left_out:
            says = self._formatter.text(incident_words.OLDER).format(news.left_out)
            elements.append(blocks.sentence(says, italic=True))
        return blocks.rich(*elements)


def care_sections(
    summary: Summary,
    formatter: FactFormatter,
    leaves: LeafWriter,
    *,
    besides: Collection[str] = (),
    most: int = _CARED,
) -> Iterator[Section]:
    """Yield what the commander has to look after, without the facts of the keys `besides`."""
    for care in care_lists(summary, formatter):
        lines: Sequence[tuple[Spans, Fact]] = [each for each in care.lines if each[1].key not in besides]
        entries = [Entry(at=fact.at, leaves=leaves.with_link(spans, fact)) for spans, fact in lines[-most:]]
        title = [blocks.bold(formatter.text(care.title))]
        yield Section(title=title, entries=tuple(entries), rank=1, left_out=len(lines) - len(entries))
