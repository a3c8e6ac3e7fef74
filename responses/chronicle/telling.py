"""What a fact says as one line: what happened, who did it, and the words of its kind and state."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from intents.chronicle.facts import DecisionState, Fact, FactKind, MessageLink
from intents.chronicle.summary import NextKind, NextStep
from intents.chronicle.timeline import TimelineEntry
from intents.chronicle.tracked_actions import TrackedAction
from intents.domain import Language, ObjectRef, Text, Verdict
from responses import words as common
from responses.chronicle import words
from responses.chronicle.acts import Act, Pressed
from responses.chronicle.spans import Address, Clock, Person, Span, Spans, There, Words
from responses.safety import safe_line
from responses.sentences import capitalised

# Longer than any fact's `says`, so that none is cut twice.
_SAYS: Final = 300
_TITLE: Final = 150
_NAME: Final = 120
_BOT: Final = 60
_URL: Final = 500
_ADDRESS: Final = 48
_LINKS: Final = 2
_OBJECTS: Final = 3
_PEOPLE: Final = 8
# As `facts` keep a mention; a digit tells an id from a word in capitals.
_MENTIONED: Final = re.compile(r"@((?=[A-Z]*[0-9])[UW][A-Z0-9]{5,20})(?![A-Za-z0-9])")
_QUIET: Final[Mapping[str, str]] = {
    FactKind.REPORT: words.REPORTED,
    FactKind.QUESTION: words.ASKED,
    FactKind.PINNED: words.PINNED,
    FactKind.NAMED: words.NAMED,
    FactKind.LINK: words.LINKED,
    FactKind.ANSWERED: words.ANSWERED,
}
_SIGNED: Final[Mapping[str, Mapping[str, words.Signed]]] = {
    FactKind.ALERT: words.FIRINGS,
    FactKind.DEPLOY: words.SHIPPINGS,
    FactKind.DECISION: words.COURSES,
    FactKind.STATUS: words.STANDINGS,
    FactKind.REMEDY: words.REMEDIES,
}
_MINUTE: Final = timedelta(minutes=1)


class Telling:
    """Facts in one language. Every string of a fact passes `responses.safety` here, and nowhere else."""

    def __init__(self, language: Language, *, clusters: Sequence[str] = ()) -> None:
        """`clusters` are those an incident is about: of several, each object is told with its own."""
        self.language = language
        self._several = len(clusters) > 1

    def say(self, text: Text) -> str:
        return text.in_(self.language)

    # --- a line -----------------------------------------------------------------------------------------------------

    def happened(self, moment: TimelineEntry) -> Spans:
        """What happened and how often, without when it first did and by whom."""
        if moment.fact.kind is FactKind.JOIN and moment.also:
            return self._joined(moment)
        return (*self.what(moment.fact), *self.repeated(moment))

    def settled(self, moment: TimelineEntry) -> Spans:
        """· done 12:04 ↗, to stand behind the line and its own link; () where nothing has come of it yet."""
        by = moment.settled_by
        if by is None:
            return ()
        match moment.fact.kind:
            case FactKind.QUESTION:
                says = words.ANSWERED_AT
            case FactKind.ALERT:
                says = words.CLEARED
            case _:
                says = words.COURSES[_came_to(by)][1]
        return self._elsewhere(says, by)

    def act(self, act: Act) -> Spans:
        """☑️ done: “rolled back” — who, 12:04 ↗ · announced 12:01 ↗; with all its links."""
        if isinstance(act, Pressed):
            fact, told, came = act.remedy, self.what(act.remedy), self.announced(act.announced)
        else:
            fact, (sign, says) = act.said, self.course(act)
            quoted = (_plain(f"{sign} {says}{self.say(common.COLON)}"), *self.quoted(fact.says))
            told, came = self._with_links(fact, quoted), self.came(act)
        return (*told, *self.by(fact), _plain(self.say(words.COMMA)), Clock(fact.at), There(fact), *came)

    def announced(self, work: TrackedAction | None) -> Spans:
        """· announced 12:01 ↗, behind the button that did it."""
        return self._elsewhere(words.ANNOUNCED, work.facts[0]) if work else ()

    def came(self, work: TrackedAction) -> Spans:
        """Behind what tells it best: what ended it, or where it came from; () where that is the same message."""
        fact, end, first = work.said, work.ended_by, work.facts[0]
        if end is not None and end.ts != fact.ts:
            is_deploy = end.kind is FactKind.DEPLOY
            return self._elsewhere(words.SHIPPINGS[end.state][1] if is_deploy else words.REPORTED_AT, end)
        return self._elsewhere(words.ANNOUNCED, first) if first.ts != fact.ts else ()

    def course(self, work: TrackedAction) -> tuple[str, str]:
        """(sign, words) of how far it has come."""
        signed = (words.LEFT if work.left else words.COURSES).get(work.course, words.COURSES[work.course])
        return signed[0], self.say(signed[1])

    def _elsewhere(self, says: Text, fact: Fact) -> Spans:
        return (_plain(f" · {self.say(says)} "), Clock(fact.at), There(fact))

    def _joined(self, moment: TimelineEntry) -> Spans:
        """Everybody by name, as far as there is room; nobody twice."""
        people = list(dict.fromkeys(fact.user for fact in (moment.fact, *moment.also) if fact.user))
        spans: list[Span] = [_plain(f"{words.HERE} ")]
        for number, user in enumerate(people[:_PEOPLE]):
            spans += [_plain(", ")] if number else []
            spans.append(Person(user))
        if len(people) > _PEOPLE:
            spans.append(_plain(f" {self.say(common.MORE).format(len(people) - _PEOPLE)}"))
        last = f"{self.say(words.COMMA)}{self.say(words.LAST)} "
        return (*spans, _plain(f" {self.say(words.JOINED)}{last}"), Clock(moment.last))

    def what(self, fact: Fact) -> Spans:
        """What happened; for a role or a joining that holds who, since nobody else is to be told."""
        match fact.kind:
            case FactKind.HYPOTHESIS:
                return self.hypothesis(fact)
            case FactKind.ERROR:
                return (_plain(f"{words.ERROR} "), Words(text=line(fact.says), code=True))
            case FactKind.REMEDY:
                return (*self.remedy(fact), *self._outcome(fact))
            case FactKind.ROLE | FactKind.HANDOVER:
                return self._role(fact)
            case FactKind.JOIN:
                who = (Person(fact.user),) if fact.user else self.quoted(fact.says)
                return (_plain(f"{words.HERE} "), *who, _plain(f" {self.say(words.JOINED)}"))
            case FactKind.LINK:
                return (_plain(f"{words.LINKED} "), *self._with_links(fact, self._unless_address(fact)))
            case FactKind.ALERT | FactKind.DEPLOY | FactKind.DECISION | FactKind.STATUS:
                return self._with_links(fact, self._signed(fact))
            case _:
                sign = _QUIET.get(fact.kind, "·")
                return self._with_links(fact, (_plain(f"{sign} "), *self.quoted(fact.says)))

    def who(self, fact: Fact) -> Spans:
        """Who said or did it; () where that is we, or is told already."""
        if fact.kind in (FactKind.ROLE, FactKind.HANDOVER, FactKind.JOIN):
            return ()
        if fact.user:
            return (Person(fact.user),)
        return (Words(text=line(fact.bot, _BOT), italic=True),) if fact.bot else ()

    def repeated(self, moment: TimelineEntry) -> Spans:
        """×12, last 12:30; () for what was once."""
        if moment.count < 2:
            return ()
        return (
            _plain(f" {words.TIMES.format(moment.count)}{self.say(words.COMMA)}{self.say(words.LAST)} "),
            Clock(moment.last),
        )

    def quoted(self, says: str) -> Spans:
        """As it was said, in quotation marks, with mentions as people."""
        before, after = self.say(words.QUOTE).split("{}")
        pieces = _MENTIONED.split(line(says))
        spans: list[Span] = [_plain(before)]
        for number, piece in enumerate(pieces):
            if piece:
                spans.append(Person(piece) if number % 2 else _plain(piece))
        return (*spans, _plain(after))

    # --- kinds ------------------------------------------------------------------------------------------------------

    def hypothesis(self, fact: Fact) -> Spans:
        """🔴 CONFIRMED · its title, or what a person suspects in their words."""
        sign, verdict = self.verdict(fact)
        head = _plain(f"{sign} {verdict} · ")
        if not is_ours(fact):
            return (head, *self.quoted(fact.says))
        return (head, Words(text=self.title(fact), bold=True), *self.about(fact))

    def verdict(self, fact: Fact) -> tuple[str, str]:
        """(sign, words): a verdict is what the cluster shows; what people say is told as said."""
        if not is_ours(fact):
            said = words.SAID.get(fact.state)
            return words.SAID_SIGN, self.say(said) if said else line(fact.state, _NAME)
        if fact.state not in set(Verdict):
            return "·", line(fact.state, _NAME)
        verdict = Verdict(fact.state)
        return common.SIGNS[verdict], common.verdict(verdict, self.language)

    def title(self, fact: Fact) -> str:
        """An incident's or a remedy's."""
        return line(fact.title.in_(self.language) if fact.title else fact.incident or fact.says, _TITLE)

    def about(self, fact: Fact) -> Spans:
        """ " · Pod shop/api-0", the objects of a fact, and where; () for none."""
        return (_plain(" · "), *self.objects(fact.objects), *self.where(fact)) if fact.objects else ()

    def where(self, fact: Fact) -> Spans:
        """ " · prod", where it could be another cluster."""
        named = self._several and fact.cluster
        return (_plain(" · "), Words(text=line(fact.cluster, _NAME), code=True)) if named else ()

    def objects(self, objects: tuple[ObjectRef, ...]) -> Spans:
        spans: list[Span] = []
        for subject in objects[:_OBJECTS]:
            spans += [_plain(", ")] if spans else []
            spans.append(Words(text=line(str(subject), _NAME), code=True))
        if len(objects) > _OBJECTS:
            spans.append(_plain(f" {self.say(common.MORE).format(len(objects) - _OBJECTS)}"))
        return tuple(spans)

    def remedy(self, fact: Fact) -> Spans:
        """✅ its title: what came of it"""
        sign, says = self.state(fact)
        return (
            _plain(f"{sign} "),
            Words(text=self.title(fact), bold=True),
            *self.about(fact),
            _plain(f"{self.say(common.COLON)}{says}"),
        )

    def state(self, fact: Fact) -> tuple[str, str]:
        """(sign, words) of a fact's state."""
        signed = _SIGNED.get(fact.kind, {}).get(fact.state)
        return (signed[0], self.say(signed[1])) if signed else ("·", line(fact.state, _NAME))

    def evidence(self, fact: Fact) -> Spans:
        """What a hypothesis of ours rests on, verbatim; () where that is only its title again."""
        says = line(fact.says)
        return (_plain(says),) if says and says != self.title(fact) else ()

    def address(self, link: MessageLink) -> Address:
        """Named by what it leads to and where: "graph grafana.example/d/abc"."""
        url = line(link.url, _URL)
        try:
            parts = urlsplit(url)
        except ValueError:
            place = ""
        else:
            place = f"{parts.netloc}{parts.path}".rstrip("/")
        shown = place if len(place) <= _ADDRESS else f"{place[: _ADDRESS - 1]}…"
        kind = words.LINKS.get(link.what, words.LINKS["other"])
        return Address(url=url, title=f"{self.say(kind)} {shown}".strip())

    def _signed(self, fact: Fact) -> Spans:
        sign, says = self.state(fact)
        return (_plain(f"{sign} {says}{self.say(common.COLON) if says else ''}"), *self.quoted(fact.says))

    def _outcome(self, fact: Fact) -> Spans:
        says = self.evidence(fact)
        return (_plain(" — "), *says) if says else ()

    def _role(self, fact: Fact) -> Spans:
        role = self.say(words.ROLES[fact.role]) if fact.role in words.ROLES else line(fact.role, _NAME)
        now: Spans = (Person(fact.of),) if fact.of else self.quoted(fact.says)
        if fact.kind is FactKind.HANDOVER and fact.user and fact.user != fact.of:
            over = self.say(words.HANDS_OVER_ROLE).format(role) if role else self.say(words.HANDS_OVER)
            return (_plain(f"{words.HERE} "), Person(fact.user), _plain(f" {over} "), *now)
        return (_plain(f"{words.HERE} {role}{self.say(common.COLON)}"), *now)

    def _unless_address(self, fact: Fact) -> Spans:
        """The words around a link; none where there are only links."""
        is_bare = line(fact.says) in {line(link.url) for link in fact.links}
        return () if is_bare or not fact.says.strip() else self.quoted(fact.says)

    def _with_links(self, fact: Fact, spans: Spans) -> Spans:
        whole = list(spans)
        for link in fact.links[:_LINKS]:
            whole += [_plain(" ")] if whole else []
            whole.append(self.address(link))
        return tuple(whole)

    # --- how it stands ----------------------------------------------------------------------------------------------

    def since(self, at: datetime, *, first: bool = False) -> Spans:
        """since 12:04; with a capital where it comes `first`"""
        since = self.say(words.SINCE)
        return (_plain(f"{capitalised(since) if first else since} "), Clock(at), *_filled(self.say(words.SINCE_AFTER)))

    def next_step(self, step: NextStep) -> Spans:
        """What is to be done next, and who said so."""
        fact = step.fact
        if step.kind is NextKind.OFFERED and fact.offers:
            return (_plain(self.say(words.NEXT_OFFERED).format(line(fact.offers.in_(self.language), _TITLE))),)
        spans = self.quoted(fact.says)
        if step.kind is NextKind.QUESTION:
            before, after = self.say(words.NEXT_QUESTION).split("{}")
            spans = (*_filled(before), *spans, *_filled(after))
        if step.course == DecisionState.UNDER_WAY:
            spans = (*spans, _plain(f" ({self.say(words.COURSES[DecisionState.UNDER_WAY][1])})"))
        return (*spans, *self.by(fact))

    def by(self, fact: Fact) -> Spans:
        """— who said or did it; () where that is we, or is told already."""
        who = self.who(fact)
        return (_plain(" — "), *who) if who else ()

    # --- how long ---------------------------------------------------------------------------------------------------

    def lasted(self, time: timedelta) -> str:
        """1 h 12 min, in the two units that tell most."""
        if time < _MINUTE:
            return self.say(words.UNDER_A_MINUTE)
        minutes = time // _MINUTE
        units = ((words.DAYS, minutes // 1440), (words.HOURS, minutes // 60 % 24), (words.MINUTES, minutes % 60))
        told = [self.say(unit).format(amount) for unit, amount in units if amount]
        first = next(number for number, (_, amount) in enumerate(units) if amount)
        second = units[first + 1][1] if first + 1 < len(units) else 0
        return " ".join(told[:2] if second else told[:1])

    def after(self, start: datetime | None, end: datetime | None) -> str:
        """How long from one to the other; "" where that cannot be told."""
        return self.lasted(end - start) if start and end and end >= start else ""


def is_ours(fact: Fact) -> bool:
    """Whether a hypothesis is an incident of the catalog, judged by us, and not what a person believes."""
    return bool(fact.incident)


def _came_to(by: Fact) -> DecisionState:
    """What came of a decision, by what ended it."""
    return (
        DecisionState.CALLED_OFF
        if by.kind is FactKind.DECISION and by.state != DecisionState.DONE
        else DecisionState.DONE
    )


def newest(moment: TimelineEntry) -> Fact:
    """The last of a moment's facts: what its line should lead to where its newest time is told."""
    return max((moment.fact, *moment.also), key=lambda fact: (fact.at, fact.key))


def line(text: str, most: int = _SAYS) -> str:
    return safe_line(text, limit=most)


def _plain(text: str) -> Words:
    return Words(text=text)


def _filled(text: str) -> Spans:
    return (_plain(text),) if text else ()
