"""Format facts of an incident as lines: what happened, who did it, and its status."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from intents.chronicle.facts import ActionState, Fact, FactKind, MessageLink
from intents.chronicle.summary import NextKind, NextStep
from intents.chronicle.timeline import TimelineEntry
from intents.chronicle.tracked_actions import TrackedAction
from intents.domain import Language, ObjectRef, Text, Verdict
from intents.languages import quotable, quoted
from responses import words
from responses.chronicle import incident_words
from responses.chronicle.acts import Act, PressedRemedy
from responses.chronicle.markdown import Person, PostedLink, SourceLink, Span, Spans, Timestamp, plain
from responses.shown import shown_line

# Longer than any fact's `says`, so that no text is cut twice.
_SAYS: Final = 300
_TITLE: Final = 150
_NAME: Final = 120
_BOT: Final = 60
_URL: Final = 500
_ADDRESS: Final = 48
_LINKS: Final = 2
_OBJECTS: Final = 3
_PEOPLE: Final = 8
# A mention as facts store it; the digit distinguishes an id from a word in capitals.
MENTIONED: Final = re.compile(r"@((?=[A-Z]*[0-9])[UW][A-Z0-9]{5,20})(?![A-Za-z0-9])")
_QUIET: Final[Mapping[str, str]] = {
    FactKind.REPORT: incident_words.REPORTED,
    FactKind.QUESTION: incident_words.ASKED,
    FactKind.PINNED: incident_words.PINNED,
    FactKind.NAMED: incident_words.NAMED,
    FactKind.LINK: incident_words.LINKED,
    FactKind.ANSWER: incident_words.ANSWERED,
    FactKind.DECISION: incident_words.DECIDED,
    FactKind.NEXT: incident_words.NEXT_SIGN,
    FactKind.COMMS: incident_words.TOLD,
    FactKind.FOLLOWUP: incident_words.LATER,
}
_SIGNED: Final[Mapping[str, Mapping[str, incident_words.Signed]]] = {
    FactKind.ALERT: incident_words.FIRINGS,
    FactKind.DEPLOY: incident_words.SHIPPINGS,
    FactKind.ACTION: incident_words.COURSES,
    FactKind.STATUS: incident_words.STANDINGS,
    FactKind.REMEDY: incident_words.REMEDIES,
    FactKind.ROOT_CAUSE: incident_words.ROOT_CAUSES,
}
_MINUTE: Final = timedelta(minutes=1)


class FactFormatter:
    """Formats facts in one language. Every string of a fact passes `responses.safety` here, and only here."""

    def __init__(self, language: Language, *, clusters: Sequence[str] = ()) -> None:
        """Name the `clusters` of the incident: if there are several, each object is shown with its own."""
        self.language = language
        self._several = len(clusters) > 1

    def text(self, text: Text) -> str:
        """Return a text in the language of this formatter."""
        return text.in_(self.language)

    def label(self, text: Text) -> str:
        """Return a text with a colon."""
        return f"{self.text(text)}{self.text(words.COLON)}"

    def when(self, at: datetime) -> Spans:
        """Return the time after a comma."""
        return (plain(self.text(words.COMMA)), Timestamp(at))

    # --- a line -----------------------------------------------------------------------------------------------------

    def moment(self, moment: TimelineEntry) -> Spans:
        """Return what happened and how often (×12, last 12:30), without time and author."""
        last = f"{self.text(words.COMMA)}{self.text(incident_words.LAST)}"
        if moment.fact.kind is FactKind.JOIN and moment.also:
            # Each person once, as many as fit.
            people = list(dict.fromkeys(fact.user for fact in (moment.fact, *moment.also) if fact.user))
            spans = (plain(f"{incident_words.HERE} "), *self._first(list(map(Person, people)), _PEOPLE))
            return (*spans, plain(f" {self.text(incident_words.JOINED)}{last} "), Timestamp(moment.last))
        if moment.count < 2:
            return self.event(moment.fact)
        times = incident_words.TIMES.format(moment.count)
        return (*self.event(moment.fact), plain(f" {times}{last} "), Timestamp(moment.last))

    def outcome_of_moment(self, moment: TimelineEntry) -> Spans:
        """Return · done 12:04 ↗, to follow the line and its link; () while there is no outcome."""
        by = moment.settled_by
        if by is None:
            return ()
        match moment.fact.kind:
            case FactKind.QUESTION:
                says = incident_words.ANSWERED_AT
            case FactKind.ALERT:
                says = incident_words.CLEARED
            case _:
                says = incident_words.COURSES[moment.came_to or ActionState.DONE][1]
        return self._elsewhere(says, by)

    def act(self, act: Act) -> Spans:
        """Return ☑️ done · owner: “rolled back” — who, 12:04 ↗ · announced 12:01 ↗, with all its links."""
        if isinstance(act, PressedRemedy):
            fact, spans, outcome = act.remedy, self.event(act.remedy), self.announcement(act.announced)
        else:
            fact, (sign, says) = act.said, self.course_label(act)
            owner: Spans = (plain(" · "), Person(act.owner)) if act.owner else ()
            quoted = (plain(f"{sign} {says}"), *owner, plain(self.text(words.COLON)), *self.quote(fact.says))
            spans, outcome = self._with_links(fact, quoted), self.outcome_of_work(act)
        is_owner = isinstance(act, TrackedAction) and fact.user == act.owner
        by = () if is_owner else self.attribution(fact)
        return (*spans, *by, *self.when(fact.at), SourceLink(fact), *outcome)

    def quiet(self, work: TrackedAction, now: datetime) -> Spans:
        """Return · nothing heard for 25 min; () for work that was heard of lately."""
        if not work.is_stale(now):
            return ()
        says = self.text(incident_words.QUIET_FOR).format(self.duration(now - work.last.at))
        return (plain(f" · {says}", bold=True),)

    def announcement(self, work: TrackedAction | None) -> Spans:
        """Return · announced 12:01 ↗, to follow the button press."""
        return self._elsewhere(incident_words.ANNOUNCED, work.facts[0]) if work else ()

    def outcome_of_work(self, work: TrackedAction) -> Spans:
        """Return what ended the work or announced it; () where that is the same message."""
        fact, end, first = work.said, work.ended_by, work.facts[0]
        if end is not None and end.ts != fact.ts:
            shipped = end.kind is FactKind.DEPLOY
            says = incident_words.SHIPPINGS[end.state][1] if shipped else incident_words.REPORTED_AT
            return self._elsewhere(says, end)
        return self._elsewhere(incident_words.ANNOUNCED, first) if first.ts != fact.ts else ()

    def course_label(self, work: TrackedAction) -> tuple[str, str]:
        """Return the (sign, words) of the progress of some work."""
        signed = (incident_words.LEFT if work.left else incident_words.COURSES).get(
            work.course, incident_words.COURSES[work.course]
        )
        return signed[0], self.text(signed[1])

    def _elsewhere(self, says: Text, fact: Fact) -> Spans:
        return (plain(f" · {self.text(says)} "), Timestamp(fact.at), SourceLink(fact))

    def event(self, fact: Fact) -> Spans:
        """Return what happened. For a role or a person who joined this includes the person."""
        match fact.kind:
            case FactKind.HYPOTHESIS:
                return self.hypothesis(fact)
            case FactKind.ERROR:
                return (plain(f"{incident_words.ERROR} "), plain(quoted(line(fact.says))))
            case FactKind.REMEDY:
                sign, says = self.state_label(fact)
                title = (plain(f"{sign} "), plain(self.title(fact), bold=True), *self.about(fact))
                return (*title, plain(f"{self.text(words.COLON)}{says}"), *self.shown_by(fact))
            case FactKind.ROLE | FactKind.HANDOVER:
                return self._role(fact)
            case FactKind.JOIN:
                who = (Person(fact.user),) if fact.user else self.quote(fact.says)
                return (plain(f"{incident_words.HERE} "), *who, plain(f" {self.text(incident_words.JOINED)}"))
            case FactKind.LINK:
                return (plain(f"{incident_words.LINKED} "), *self._with_links(fact, self._unless_address(fact)))
            case FactKind.ALERT | FactKind.DEPLOY | FactKind.ACTION | FactKind.STATUS | FactKind.ROOT_CAUSE:
                return self._with_links(fact, self._signed(fact))
            case _:
                sign = _QUIET.get(fact.kind, "·")
                return self._with_links(fact, (plain(f"{sign} "), *self.quote(fact.says)))

    def author(self, fact: Fact) -> Spans:
        """Return who said or did it; () for Casebook itself, or where the event names the person."""
        if fact.kind in (FactKind.ROLE, FactKind.HANDOVER, FactKind.JOIN):
            return ()
        if fact.user:
            return (Person(fact.user),)
        return (plain(line(fact.bot, _BOT), italic=True),) if fact.bot else ()

    def quote(self, says: str) -> Spans:
        """Return the words in quotation marks, with mentions as people."""
        before, after = self.text(incident_words.QUOTE).split("{}")
        pieces = MENTIONED.split(quotable(line(says)))
        spans: list[Span] = [plain(before)]
        for number, piece in enumerate(pieces):
            if piece:
                spans.append(Person(piece) if number % 2 else plain(piece))
        return (*spans, plain(after))

    # --- kinds ------------------------------------------------------------------------------------------------------

    def hypothesis(self, fact: Fact) -> Spans:
        """Return 🔴 CONFIRMED · the title; for a hypothesis of a person, their words."""
        sign, verdict = self.verdict_label(fact)
        head = plain(f"{sign} {verdict} · ")
        if not is_from_catalog(fact):
            return (head, *self.quote(fact.says))
        return (head, plain(self.title(fact), bold=True), *self.about(fact))

    def verdict_label(self, fact: Fact) -> tuple[str, str]:
        """Return (sign, words): a verdict of the cluster, or what a person stated."""
        if not is_from_catalog(fact):
            said = incident_words.SAID.get(fact.state)
            return incident_words.SAID_SIGN, self.text(said) if said else line(fact.state, _NAME)
        if fact.state not in set(Verdict):
            return "·", line(fact.state, _NAME)
        verdict = Verdict(fact.state)
        return words.SIGNS[verdict], words.verdict_word(verdict, self.language)

    def title(self, fact: Fact) -> str:
        """Return the title of an incident or a remedy; without either, the quoted words of a person."""
        if known := fact.title.in_(self.language) if fact.title else fact.incident:
            return line(known, _TITLE)
        return self.text(incident_words.QUOTE).format(quotable(line(fact.says, _TITLE)))

    def about(self, fact: Fact) -> Spans:
        """Return " · Pod shop/api-0", the objects of a fact and their cluster; () for none."""
        return (plain(" · "), *self.objects(fact.objects), *self.where(fact)) if fact.objects else ()

    def where(self, fact: Fact) -> Spans:
        """Return " · prod", if the incident has several clusters."""
        named = self._several and fact.cluster
        return (plain(" · "), plain(line(fact.cluster, _NAME), code=True)) if named else ()

    def objects(self, objects: tuple[ObjectRef, ...]) -> Spans:
        """Return the first objects, and how many more there are."""
        return self._first([plain(line(str(subject), _NAME), code=True) for subject in objects], _OBJECTS)

    def _first(self, items: Sequence[Span], most: int) -> Spans:
        """Return the first items with commas, and how many more there are."""
        listed = [span for item in items[:most] for span in (plain(", "), item)][1:]
        left = len(items) - most
        return (*listed, plain(f" {self.text(words.MORE).format(left)}")) if left > 0 else tuple(listed)

    def state_label(self, fact: Fact) -> tuple[str, str]:
        """Return the (sign, words) of a fact's state."""
        signed = _SIGNED.get(fact.kind, {}).get(fact.state)
        return (signed[0], self.text(signed[1])) if signed else ("·", line(fact.state, _NAME))

    def evidence(self, fact: Fact) -> Spans:
        """Return the evidence of a catalog hypothesis verbatim; () where it only repeats the title."""
        says = line(fact.says)
        return (plain(says),) if says and says != self.title(fact) else ()

    def shown_by(self, fact: Fact) -> Spans:
        """Return — and the evidence; () for none."""
        says = self.evidence(fact)
        return (plain(" — "), *says) if says else ()

    def posted_link(self, link: MessageLink) -> PostedLink:
        """Return a link named by its kind and place: "graph grafana.example/d/abc"."""
        url = line(link.url, _URL)
        try:
            parts = urlsplit(url)
        except ValueError:
            place = ""
        else:
            place = f"{parts.netloc}{parts.path}".rstrip("/")
        shown = place if len(place) <= _ADDRESS else f"{place[: _ADDRESS - 1]}…"
        kind = incident_words.LINKS.get(link.what, incident_words.LINKS["other"])
        return PostedLink(url=url, title=f"{self.text(kind)} {shown}".strip())

    def _signed(self, fact: Fact) -> Spans:
        sign, says = self.state_label(fact)
        return (plain(f"{sign} {says}{self.text(words.COLON) if says else ''}"), *self.quote(fact.says))

    def _role(self, fact: Fact) -> Spans:
        known = incident_words.ROLES.get(fact.role)
        role = self.text(known) if known else line(fact.role, _NAME)
        now: Spans = (Person(fact.of),) if fact.of else self.quote(fact.says)
        if fact.kind is FactKind.HANDOVER and fact.user and fact.user != fact.of:
            over = self.text(incident_words.HANDS_OVER_ROLE if role else incident_words.HANDS_OVER).format(role)
            return (plain(f"{incident_words.HERE} "), Person(fact.user), plain(f" {over} "), *now)
        return (plain(f"{incident_words.HERE} {role}{self.text(words.COLON)}"), *now)

    def _unless_address(self, fact: Fact) -> Spans:
        """Return the words around a link; () where there are only links."""
        is_bare = line(fact.says) in {line(link.url) for link in fact.links}
        return () if is_bare or not fact.says.strip() else self.quote(fact.says)

    def _with_links(self, fact: Fact, spans: Spans) -> Spans:
        whole = list(spans)
        for link in fact.links[:_LINKS]:
            whole += [plain(" ")] if whole else []
            whole.append(self.posted_link(link))
        return tuple(whole)

    # --- how it stands ----------------------------------------------------------------------------------------------

    def since(self, at: datetime) -> Spans:
        """Return since 12:04."""
        since = plain(f"{self.text(incident_words.SINCE)} ")
        return (since, Timestamp(at), *_filled(self.text(incident_words.SINCE_AFTER)))

    def next_step(self, step: NextStep) -> Spans:
        """Return the next step and who named it."""
        fact = step.fact
        if step.kind is NextKind.OFFERED and fact.offers:
            return (plain(self.text(incident_words.NEXT_OFFERED).format(line(fact.offers.in_(self.language), _TITLE))),)
        spans = self.quote(fact.says)
        if step.kind is NextKind.QUESTION:
            before, after = self.text(incident_words.NEXT_QUESTION).split("{}")
            spans = (*_filled(before), *spans, *_filled(after))
        if step.course == ActionState.UNDER_WAY:
            spans = (*spans, plain(f" ({self.text(incident_words.COURSES[ActionState.UNDER_WAY][1])})"))
        return (*spans, *self.attribution(fact))

    def attribution(self, fact: Fact) -> Spans:
        """Return — and who said or did it; () for Casebook itself, or where the event names the person."""
        who = self.author(fact)
        return (plain(" — "), *who) if who else ()

    # --- how long ---------------------------------------------------------------------------------------------------

    def duration(self, time: timedelta) -> str:
        """Return 1 h 12 min, in the two largest units."""
        if time < _MINUTE:
            return self.text(incident_words.UNDER_A_MINUTE)
        minutes = time // _MINUTE
        units = (
            (incident_words.DAYS, minutes // 1440),
            (incident_words.HOURS, minutes // 60 % 24),
            (incident_words.MINUTES, minutes % 60),
        )
        first = next(number for number, (_, amount) in enumerate(units) if amount)
        return " ".join(self.text(unit).format(amount) for unit, amount in units[first : first + 2] if amount)

    def elapsed(self, start: datetime | None, end: datetime | None) -> str:
        """Return the time between the two; "" where either is unknown."""
        return self.duration(end - start) if start and end and end >= start else ""


def is_from_catalog(fact: Fact) -> bool:
    """Return whether a hypothesis is a catalog incident judged by Casebook, not the opinion of a person."""
    return bool(fact.incident)


def newest(moment: TimelineEntry) -> Fact:
    """Return the newest fact of a moment: its line links to it where the newest time is shown."""
    return max((moment.fact, *moment.also), key=lambda fact: (fact.at, fact.key))


def line(text: str, most: int = _SAYS) -> str:
    """Return a safe text on one line, cut to `most` characters."""
    return shown_line(text, limit=most)


def _filled(text: str) -> Spans:
    return (plain(text),) if text else ()
