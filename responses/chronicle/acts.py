"""List the actions of an incident, each once, and tell which helped: as far as the channel says so."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import ClassVar, Final

from intents.chronicle.facts import ActionState, AlertState, Fact, FactKind
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.chronicle.tracked_actions import OVER, TrackedAction


@dataclass(frozen=True, slots=True, kw_only=True)
class PressedRemedy:
    """A remedy applied by a button, with the message that announced it."""

    remedy: Fact
    announced: TrackedAction | None = None
    # A pressed button is more than a plan.
    is_begun: ClassVar[bool] = True

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Return all facts about it."""
        return (self.remedy, *(self.announced.facts if self.announced else ()))

    @property
    def last(self) -> Fact:
        """Return the newest fact about it."""
        return self.remedy

    @property
    def owner(self) -> str:
        """Return who pressed the button."""
        return self.remedy.user


Act = PressedRemedy | TrackedAction


def acts_of(summary: Summary) -> tuple[Act, ...]:
    """Return the actions by the time of their newest fact, the newest last."""
    announced = {work.ended_by.key: work for work in summary.tracked_actions if work.ended_by}
    acts: list[Act] = [PressedRemedy(remedy=fact, announced=announced.get(fact.key)) for fact in summary.done]
    acts += (work for work in summary.tracked_actions if work.ended_by not in summary.done)
    return tuple(sorted(acts, key=lambda act: (act.last.at, act.last.key)))


class Outcome(StrEnum):
    """What became of an action."""

    HELPED = "helped"
    NO_HELP = "no help"
    NOT_STATED = "not stated"
    CALLED_OFF = "called off"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAct:
    """An action and its outcome; `by` is the statement right behind it that says that it is better."""

    act: Act
    outcome: Outcome
    by: Fact | None = None


_OF_REMEDY: Final = {
    "fixed": Outcome.HELPED,
    **dict.fromkeys(("not fixed", "worse", "not done", "partly done", "refused", "failed"), Outcome.NO_HELP),
    "undone": Outcome.CALLED_OFF,
    **dict.fromkeys(("awaiting", "applying"), Outcome.OPEN),
}
# What was not only planned: of these the last one counts.
_TRIED: Final = frozenset({Outcome.HELPED, Outcome.NO_HELP, Outcome.NOT_STATED})
_UNHELPFUL: Final = re.compile(
    r"\bno (?:change|effect|difference|improvement|luck|better)\b|\b(?:did|does|has|is|was)(?: not|n['’]?t) "
    r"(?:help|chang|fix|work|better|improv|recover)|\bnot (?:help|better|fixed|recover)|\bmade it worse\b"
    r"|\bstill (?:\w+ing|broken|down|bad|high|slow|red|the same|there|not)\b|\bunchanged\b"
    r"|没(?:有)?(?:什么)?(?:变化|效果|用|好转|改善|恢复|起色)|未(?:恢复|好转|见效)|无(?:效|变化|改善|好转)"
    r"|仍然|依旧|依然|还是(?:一样|老样子|不行|没|失败|报错| ?\d)|更糟|反而"
)
# "Dropping" alone may be said of orders: only what is bad may fall.
_BETTER: Final = re.compile(
    r"\b(?:recover(?:ed|ing|s)|back to normal|back to baseline)\b"
    r"|\b(?:errors?|error rate|failures?|failure rate|[45]xx|timeouts?|latency|lag|queue|backlog|age)\b[^,.;?]{0,40}"
    r"\b(?:falling|(?:going|coming|way) down|down (?:to|from)|draining|shrinking|dropping(?! [a-z]{4}))\b"
    r"|恢复正常|已经?恢复|(?:逐渐|陆续|慢慢|开始)恢复"
    r"|(?:错误|报错|失败|超时|延迟|积压|堆积|队列|告警|lag)[^，。；？]{0,20}(?:下降|回落|[降掉落]到|在[降掉]|[降掉]了)"
)
_TELLING: Final = frozenset({FactKind.REPORT, FactKind.STATUS})
# Who looks at something changes nothing.
_LOOKS: Final = re.compile(
    r"\b(?:look(?:s|ing|ed)?|check(?:s|ing|ed)?|investigat\w+|read(?:s|ing)?|watch(?:es|ing|ed)?|verif\w+|ask(?:s|ing|ed)?"
    r"|digging|comparing|tailing|grepping|monitor(?:s|ing)?|page[sd]?|paging)\b|查看|排查|核对|核查|检查|看下|看看|看一下|分析"
    r"|观察|确认"
)


def judged_acts(summary: Summary, moments: Sequence[TimelineEntry]) -> tuple[JudgedAct, ...]:
    """Return the actions with their outcome, in order.

    An action helped if its button was verified, or if right behind it, before any other action, somebody stated that
    the incident is mitigated or resolved, or that the impact falls. Nothing else is claimed.
    """
    acts = acts_of(summary)
    tried = [act for act in acts if _outcome(act) in _TRIED and not _LOOKS.search(_words(act))]
    times = [act.last.at for act in tried]
    better: dict[str, Fact] = {}
    for at, turn in _turns(summary, moments):
        last = tried[before - 1] if (before := bisect_left(times, at)) else None
        if last and _outcome(last) is Outcome.NOT_STATED and not _is_contradicted(last, at, summary):
            better.setdefault(last.last.key, turn)
    return tuple(
        JudgedAct(act=act, outcome=Outcome.HELPED, by=by)
        if (by := better.get(act.last.key))
        else JudgedAct(act=act, outcome=_final(act))
        for act in acts
    )


def _outcome(act: Act) -> Outcome:
    """Return what is known of an action from its own statements; of what was only begun, nothing."""
    if isinstance(act, PressedRemedy):
        return _OF_REMEDY.get(act.remedy.state, Outcome.NOT_STATED)
    match act.course:
        case ActionState.FAILED:
            return Outcome.NO_HELP
        case ActionState.CALLED_OFF:
            return Outcome.CALLED_OFF
        case ActionState.PLANNED:
            return Outcome.OPEN
    return Outcome.NO_HELP if act.ended_by and _UNHELPFUL.search(act.ended_by.says.lower()) else Outcome.NOT_STATED


def _final(act: Act) -> Outcome:
    is_pending = isinstance(act, TrackedAction) and act.ended_by is None
    return Outcome.OPEN if is_pending else _outcome(act)


def _words(act: Act) -> str:
    return "" if isinstance(act, PressedRemedy) else " ".join(fact.says.lower() for fact in act.facts)


def _turns(summary: Summary, moments: Sequence[TimelineEntry]) -> Iterator[tuple[datetime, Fact]]:
    """Yield the statements that it is better, up to the first one that it is over, and when it was better."""
    over = min(filter(None, (summary.mitigated_by, summary.resolved_by)), key=lambda fact: fact.at, default=None)
    ended = over.at if over else summary.now
    if over:
        # Watching begins when the impact has ended already.
        before = [one.fact for one in moments if one.fact.kind is FactKind.STATUS and one.fact.at <= ended]
        ended = min([ended, *(fact.at for fact in takewhile(lambda fact: fact.state in OVER, reversed(before)))])
    firing = {one.fact.about for one in summary.errors if one.fact.state == AlertState.FIRING}
    for fact in (one.fact for one in moments if one.at <= ended):
        if fact.kind is FactKind.ALERT:
            is_better = fact.state == AlertState.RESOLVED and fact.about not in firing
        else:
            says = fact.says.lower()
            is_better = fact.kind in _TELLING and bool(_BETTER.search(says)) and not _UNHELPFUL.search(says)
        if is_better:
            yield fact.at, fact
    if over:
        yield ended, over


def _is_contradicted(act: Act, at: datetime, summary: Summary) -> bool:
    """Return whether somebody reported before that nothing changed."""
    between = [fact for fact in summary.impact.reports if act.last.at < fact.at < at]
    return any(_UNHELPFUL.search(fact.says.lower()) for fact in between)
