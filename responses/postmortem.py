"""The draft of a postmortem as Markdown: what the channel tells, in the order people expect, and room for the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.chronicle.tracked_actions import TrackedAction
from intents.domain import Language, Text
from responses import words as common
from responses.chronicle import words
from responses.chronicle.acts import Act, Pressed, acts_of
from responses.chronicle.markdown import Markdown, clock, dated, escaped, fenced, link, table
from responses.chronicle.spans import There, Words
from responses.chronicle.telling import Telling, is_ours, line
from responses.safety import safe_line
from responses.slack.message import Snippet

_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
# A file may have 1 MB. In bytes of UTF-8; the rest has its own bounds.
_TIMELINE: Final = 600_000
_ACTED: Final = 300
_OBJECTS: Final = 50
_REPORTS: Final = 20
_COMMANDS: Final = 20
_COMMAND: Final = 1_000
_LINKS: Final = 50
_NOT_A_NAME: Final = re.compile(r"[^\w-]+")


def postmortem(
    summary: Summary,
    moments: Sequence[TimelineEntry],
    *,
    language: Language,
    permalink: Callable[[Fact], str],
    names: Mapping[str, str] = _NO_NAMES,
) -> Snippet:
    """The draft as a file. `permalink` is the address of the message that a fact rests on, "" for none; `names` are
    display names by user id: a file cannot look them up."""
    draft = _Draft(summary, moments, language, Markdown(permalink=permalink, names=names))
    name = line(summary.name, 80)
    return Snippet(
        name=f"postmortem-{_NOT_A_NAME.sub('-', name).strip('-') or 'incident'}.md",
        title=words.POSTMORTEM_DRAFT.in_(language).format(f"#{name}"),
        content="\n".join(draft.lines()) + "\n",
    )


class _Draft:
    def __init__(
        self, summary: Summary, moments: Sequence[TimelineEntry], language: Language, markdown: Markdown
    ) -> None:
        self._summary = summary
        self._moments = moments
        self._markdown = markdown
        self._telling = Telling(language, clusters=summary.impact.clusters)
        self._say = self._telling.say

    def lines(self) -> Iterator[str]:
        title = f"{self._say(words.POSTMORTEM)}{self._say(common.COLON)}{self._title()}"
        yield f"# {escaped(title)}"
        yield ""
        yield f"*{self._say(words.DRAFT)}*"
        for heading, body in (
            (words.SUMMARY, self._short()),
            (words.IMPACT, self._impact()),
            (words.TIMES_TITLE, self._times()),
            (words.ROOT_CAUSE, self._cause()),
            (words.ACTIONS, self._actions()),
            (words.TIMELINE, self._timeline()),
            (words.WENT_WELL, iter(("-",))),
            (words.WENT_WRONG, iter(("-",))),
            (words.ACTION_ITEMS, iter(("- [ ]",))),
            (words.LINKS_TITLE, self._links()),
        ):
            yield ""
            yield f"## {self._say(heading)}"
            yield ""
            yield from self._or_none(body)

    def _title(self) -> str:
        leading = self._summary.leading
        about = self._telling.title(leading.fact) if leading and is_ours(leading.fact) else ""
        return " · ".join(part for part in (f"#{line(self._summary.name, 80)}", about) if part)

    def _short(self) -> Iterator[str]:
        summary = self._summary
        sign, status = words.STANDINGS[summary.status]
        since = self._telling.since(summary.since)
        yield f"- {sign} **{self._say(status)}** {self._markdown.linked(since, summary.said)}"
        if summary.leading:
            yield f"- {self._moment_of(summary.leading.fact)}"
        yield from (f"- {self._moment_of(fact)}" for fact in summary.impact.reports[:1])
        for holder in summary.roles:
            role = self._say(words.ROLES[holder.role])
            name = self._markdown.person(holder.user)
            there = self._markdown.there(holder.fact)
            yield f"- {role}{self._say(common.COLON)}{name} {there}".rstrip()

    def _impact(self) -> Iterator[str]:
        impact = self._summary.impact
        for label, places in ((words.IN_CLUSTERS, impact.clusters), (words.IN_NAMESPACES, impact.namespaces)):
            if places:
                shown = ", ".join(line(place, 120) for place in places[:_OBJECTS])
                yield f"- {escaped(self._say(label).format(shown))}"
        for one in impact.objects[:_OBJECTS]:
            subject = Words(text=line(str(one.subject), 300), code=True)
            yield f"- {self._markdown.linked((subject, *self._telling.where(one.fact)), one.fact)}"
        yield from self._rest(len(impact.objects) - _OBJECTS)
        yield from (f"- {self._moment_of(fact)}" for fact in impact.reports[:_REPORTS])
        yield from self._rest(len(impact.reports) - _REPORTS)

    def _times(self) -> Iterator[str]:
        """When, and how long after it was detected. When it began nobody says in a channel: people find out later."""
        summary = self._summary
        detected = summary.detected_at

        def row(label: Text, at: datetime | None) -> tuple[str, str, str]:
            when = dated(at) if at else f"*{self._say(words.NOT_KNOWN)}*"
            took = self._telling.after(detected, at) if label in (words.MITIGATED, words.RESOLVED) else ""
            return self._say(label), when, took

        yield from table(
            ("", self._say(words.COLUMN_TIME), self._say(words.COLUMN_TOOK)),
            (
                (self._say(words.BEGAN), f"*{self._say(words.TO_FILL_IN)}*", ""),
                row(words.DETECTED, detected),
                row(words.CHANNEL_OPENED, summary.opened),
                row(words.MITIGATED, summary.mitigated_at),
                row(words.RESOLVED, summary.resolved_at),
            ),
        )

    def _cause(self) -> Iterator[str]:
        summary = self._summary
        if summary.leading is None:
            return
        fact = summary.leading.fact
        yield self._moment_of(fact)
        if is_ours(fact) and (evidence := self._telling.evidence(fact)):
            yield ""
            yield f"> {self._markdown.of(evidence)}"
        elif not is_ours(fact):
            yield ""
            yield f"*{self._say(words.NOT_PROVEN)}*"
        standing = [moment.fact for moment in (summary.leading, *summary.others)]
        commands = dict.fromkeys(safe_line(each.reproduce, limit=_COMMAND) for each in standing if each.reproduce)
        if commands:
            yield ""
            yield f"{self._say(words.REPRODUCE)}{self._say(common.COLON).rstrip()}"
            yield ""
            yield from fenced(list(commands)[:_COMMANDS])
        for heading, others in ((words.OTHERS, summary.others), (words.RULED_OUT, summary.ruled_out)):
            if others:
                yield ""
                yield f"{self._say(heading)}{self._say(common.COLON).rstrip()}"
                yield ""
                yield from (f"- {self._moment_of(moment.fact)}" for moment in others[:_REPORTS])
                yield from self._rest(len(others) - _REPORTS)

    def _actions(self) -> Iterator[str]:
        """What was pressed and what people did, with what came of it; what was only planned is in the timeline."""
        acted = [act for act in acts_of(self._summary) if act.is_begun]
        if not acted:
            return
        rows = [self._act(act) for act in acted[-_ACTED:]]
        heads = (words.COLUMN_TIME, words.COLUMN_WHAT, words.COLUMN_OUTCOME, words.COLUMN_WHO)
        yield from table([self._say(head) for head in heads], rows)
        if left := len(acted) - len(rows):
            yield ""
            yield self._say(words.CUT_OFF).format(left)

    def _act(self, act: Act) -> tuple[str, str, str, str]:
        """When it was begun, what, what came of it and when, who."""
        if isinstance(act, Pressed):
            return self._pressed(act.remedy, act.announced)
        sign, state = self._telling.course(act)
        what = (*self._telling.quoted(act.said.says), There(act.said))
        came = self._markdown.of((Words(text=f"{sign} {state}"), *self._telling.came(act)))
        return clock(act.facts[0].at), self._markdown.of(what), came, self._who(act.said)

    def _pressed(self, fact: Fact, announced: TrackedAction | None) -> tuple[str, str, str, str]:
        sign, state = self._telling.state(fact)
        title = Words(text=self._telling.title(fact), bold=True)
        name = (title, *self._telling.about(fact), There(fact), *self._telling.announced(announced))
        says = self._markdown.of(self._telling.evidence(fact))
        outcome = " — ".join(part for part in (f"{sign} {escaped(state)}", says) if part)
        return clock(fact.at), self._markdown.of(name), outcome, self._who(fact)

    def _timeline(self) -> Iterator[str]:
        if not self._moments:
            return
        rows: list[tuple[str, str, str]] = []
        room = _TIMELINE
        for moment in reversed(self._moments):
            told = (*self._telling.happened(moment), There(moment.fact), *self._telling.settled(moment))
            what = self._markdown.of(told)
            row = (clock(moment.at), self._who(moment.fact), what)
            room -= len("".join(row).encode())
            if room < 0:
                break
            rows.append(row)
        heads = (words.COLUMN_TIME, words.COLUMN_WHO, words.COLUMN_WHAT)
        yield from table([self._say(head) for head in heads], reversed(rows))
        if left := len(self._moments) - len(rows):
            yield ""
            yield self._say(words.CUT_OFF).format(left)

    def _links(self) -> Iterator[str]:
        by_url = {found.url: (fact, found) for fact in self._summary.links for found in fact.links}
        for fact, found in list(by_url.values())[:_LINKS]:
            address = self._telling.address(found)
            yield f"- {link(address.title, address.url)} {self._markdown.there(fact)}".rstrip()
        yield from self._rest(len(by_url) - _LINKS)

    def _moment_of(self, fact: Fact) -> str:
        """What happened, who said so, where."""
        spans = (*self._telling.what(fact), *self._telling.by(fact))
        return self._markdown.linked(spans, fact)

    def _who(self, fact: Fact) -> str:
        who = self._telling.who(fact)
        if who:
            return self._markdown.of(who)
        # A role's line names people already; else it was our own doing.
        return "" if fact.user else self._say(words.CASEBOOK)

    def _rest(self, left: int) -> Iterator[str]:
        if left > 0:
            yield f"- {self._say(words.CUT_OFF).format(left)}"

    def _or_none(self, body: Iterator[str]) -> Iterator[str]:
        empty = True
        for one in body:
            empty = False
            yield one
        if empty:
            yield self._say(words.NONE)
