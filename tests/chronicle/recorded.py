"""Load recorded incident channels: their events, and what people expect to read of them afterwards.

Both are files in `recordings`: `<name>.yaml` holds the events in order, `<name>.expected.yaml` the expectations,
written by hand before any code had read the events. This module does not depend on how the events reach their reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.summary import Summary, summary_of
from intents.chronicle.timeline import TimelineEntry, timeline_of

RECORDINGS: Final = Path(__file__).parent / "recordings"
NAMES: Final = tuple(sorted(path.stem for path in RECORDINGS.glob("*.yaml") if ".expected" not in path.name))
# Only their words are read: replaying a channel through the app takes seconds and gives the same result.
READ_ALONE: Final = frozenset({"inc-319-ledger-drain", "inc-77-media-search", "sev2-0814-seatmaps", "inc-1013-chudan"})
REPLAYED: Final = tuple(name for name in NAMES if name not in READ_ALONE)

_OFFSET: Final = re.compile(r"(\d+)m(\d\d)")
# Events of the channel, not of a message.
_OF_THE_CHANNEL: Final = frozenset({FactKind.JOIN, FactKind.NAMED})
# One of our answers: its finding is judged by the leading cause, not as a message.
_OURS: Final = "a:"
# What people do and ask besides is labelled neither as wanted nor as noise.
_BESIDES: Final = frozenset({"action", "question", "next", "decision", "comms", "follow-up", "answer"})
# Recordings tell actions from decisions no more finely than this.
_AS_WELL: Final = {"decision": {"action", "next"}, "status": {"next", "hypothesis"}, "link": {"follow-up"}}
_ACTS: Final = ("say", "paste", "edit", "delete", "react", "join", "leave", "rename", "press")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. `act` is one of `_ACTS`; `of` is its object: a message's label, a person, a name.

    `label` names a message in the recording; an unnamed one has its number and beginning as label.
    """

    at: datetime
    act: str
    of: str = ""
    by: str = ""
    bot: str = ""
    label: str = ""
    text: str = ""
    thread: str = ""
    reaction: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()
    file: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The expectations of a recording; messages are named by their labels.

    `timeline` maps messages to their allowed kinds, `may` lists optional ones; all others are noise. `statuses` hold
    from their message on, until the next. `leading` and the times name messages, any of which is right; a cause that
    the cluster confirmed for the recording's own incident may lead as well. The `ruled_out` causes must be gone.
    """

    timeline: Mapping[str, tuple[str, ...]]
    may: frozenset[str]
    counted: Mapping[str, int]
    reads: Mapping[str, Mapping[str, str]]
    nowhere: tuple[str, ...]
    statuses: tuple[tuple[timedelta, str], ...]
    roles: Mapping[str, str]
    detected: tuple[str, ...]
    mitigated: tuple[str, ...]
    resolved: tuple[str, ...]
    ruled_out: frozenset[str]
    leading: tuple[str, ...]
    open_questions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Return the people present from the beginning; the others join later."""

    name: str
    channel: str
    language: str
    began: datetime
    incident: str
    case: str
    people: tuple[str, ...]
    members: tuple[str, ...]
    events: tuple[Event, ...]
    expected: Expected

    @property
    def messages(self) -> int:
        return sum(event.act in ("say", "paste") for event in self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A comparison of the facts of a recording with its expectations; each line is for people.

    `found` and `wanted` count the messages that the timeline must have, `right` and `shown` those that it has.
    """

    found: int
    wanted: int
    right: int
    shown: int
    missed: tuple[str, ...]
    mistaken: tuple[str, ...]
    noise: tuple[str, ...]
    otherwise: tuple[str, ...]


def load(name: str) -> Recording:
    """Load a recording and its expectations."""
    document = yaml.safe_load((RECORDINGS / f"{name}.yaml").read_text(encoding="utf-8"))
    began = document["began"].astimezone(UTC)
    events = tuple(_event(number, raw, began) for number, raw in enumerate(document["events"], start=1))
    late = {event.of for event in events if event.act == "join"}
    people = tuple(document["people"])
    return Recording(
        name=name,
        channel=document["channel"],
        language=document["language"],
        began=began,
        incident=document["case"]["incident"],
        case=document["case"]["name"],
        people=people,
        members=tuple(person for person in people if person not in late),
        events=events,
        expected=_expected(yaml.safe_load((RECORDINGS / f"{name}.expected.yaml").read_text(encoding="utf-8"))),
    )


def mentioning(text: str, ids: Mapping[str, str]) -> str:
    """Return a text as Slack's composer sends it: mentioned names become user ids."""
    for person, user in ids.items():
        text = text.replace(f"@{person}", f"<@{user}>")
    return text


def judge(
    recording: Recording, facts: Sequence[Fact], *, labels: Mapping[str, str], ids: Mapping[str, str],
    without: frozenset[str] = frozenset(),
) -> Reading:  # fmt: skip
    """Compare the facts of a channel with the expectations. `labels` are by ts, `ids` by person.

    `without` lists messages that the way of making the facts cannot cover.
    """
    expected = recording.expected
    kinds, shown_times = _shown(facts, labels)
    wanted = {label: allowed for label, allowed in expected.timeline.items() if label not in without}
    missed = [label for label in wanted if label not in kinds]
    mistaken = [
        f"{label}: {', '.join(sorted(kinds[label]))} instead of {' or '.join(allowed)}"
        for label, allowed in wanted.items()
        if label in kinds and not kinds[label] & _allowed(allowed)
    ]
    welcome = {*expected.timeline, *expected.may}
    noise = [
        f"{label}: {', '.join(sorted(found))}"
        for label, found in kinds.items()
        if label not in welcome and found - _BESIDES
    ]
    return Reading(
        found=len(wanted) - len(missed) - len(mistaken),
        wanted=len(wanted),
        right=len(kinds) - len(noise) - len(mistaken),
        shown=len(kinds),
        missed=tuple(missed),
        mistaken=tuple(mistaken),
        noise=tuple(noise),
        otherwise=tuple(_otherwise(recording, facts, labels=labels, ids=ids, counted=shown_times)),
    )


def _allowed(kinds: Iterable[str]) -> set[str]:
    return {each for kind in kinds for each in (kind, *_AS_WELL.get(kind, ()))}


def _shown(facts: Iterable[Fact], labels: Mapping[str, str]) -> tuple[dict[str, set[str]], dict[str, int]]:
    """Return the kinds of each message on the timeline, and the count of its first fact."""
    kinds: dict[str, set[str]] = {}
    counted: dict[str, int] = {}
    for moment in timeline_of(facts):
        if moment.fact.kind in _OF_THE_CHANNEL or moment.fact.key.startswith(_OURS):
            continue
        for fact in (moment.fact, *moment.also):
            kinds.setdefault(labels.get(fact.ts, fact.key), set()).add(fact.kind.value)
        counted.setdefault(labels.get(moment.fact.ts, moment.fact.key), moment.count)
    return kinds, counted


def _otherwise(
    recording: Recording, facts: Sequence[Fact], *, labels: Mapping[str, str], ids: Mapping[str, str],
    counted: Mapping[str, int],
) -> Iterable[str]:  # fmt: skip
    """Yield the differences between the summary and the expectations."""
    expected = recording.expected
    last = recording.events[-1].at
    summary = _summary(recording, facts, last)
    for label, times in expected.counted.items():
        if counted.get(label) != times:
            yield f"{label} is counted {counted.get(label, 0)} times, not {times}"
    for label, words in expected.reads.items():
        says = " / ".join(fact.says for fact in facts if labels.get(fact.ts) == label)
        if words["has"] not in says or words["lacks"] in says:
            yield f"{label} reads {says!r}"
    for gone in expected.nowhere:
        yield from (f"{gone!r} is kept: {fact.says!r}" for fact in facts if gone in f"{fact}")
    for after, status in expected.statuses:
        then = recording.began + after + timedelta(seconds=2)
        standing = _summary(recording, [fact for fact in facts if fact.at <= then], then).status
        if standing != status:
            yield f"the status after {after} is {standing}, not {status}"
    names = {user: person for person, user in ids.items()}
    roles = {str(each.role): names.get(each.user, each.user) for each in summary.roles}
    if roles != dict(expected.roles):
        yield f"the roles are {roles}, not {dict(expected.roles)}"
    yield from _times(recording, summary, labels)
    still = {labels.get(fact.ts, fact.key) for one in (summary.cause, *summary.suspected) for fact in _all(one)}
    if wrong := expected.ruled_out & still:
        yield f"still standing, though ruled out: {', '.join(sorted(wrong))}"
    leading = {labels.get(fact.ts, fact.key) for fact in _all(summary.cause)}
    found = {(fact.incident, fact.state) for fact in _all(summary.cause)}
    if not leading & set(expected.leading) and (recording.incident, "confirmed") not in found:
        yield f"leading is {', '.join(sorted(leading)) or 'nothing'}, not {' or '.join(expected.leading)}"
    asked = {labels.get(fact.ts, fact.key) for fact in summary.questions}
    if asked != expected.open_questions:
        yield f"open questions: {', '.join(sorted(asked)) or 'none'}"


def _all(moment: TimelineEntry | None) -> tuple[Fact, ...]:
    return (moment.fact, *moment.also) if moment else ()


def _times(recording: Recording, summary: Summary, labels: Mapping[str, str]) -> Iterable[str]:
    said_at = {event.label: event.at for event in recording.events if event.label}
    expected = recording.expected
    for name, told, right in (
        ("detected", summary.detected_at, expected.detected),
        ("mitigated", summary.mitigated_at, expected.mitigated),
        ("resolved", summary.resolved_at, expected.resolved),
    ):
        if told is None or all(abs(told - said_at[label]) > timedelta(seconds=2) for label in right):
            yield f"{name} at {told}, not at that of {' or '.join(right)}"


def _summary(recording: Recording, facts: Iterable[Fact], now: datetime) -> Summary:
    return summary_of(facts, name=recording.channel, opened=recording.began, now=now)


def _event(number: int, raw: Mapping[str, Any], began: datetime) -> Event:
    act = next(each for each in _ACTS if each in raw and not (each == "say" and "edit" in raw))
    text = _filled(**raw["paste"]) if act == "paste" else str(raw.get("say", ""))
    of = "" if act in ("say", "paste") else str(raw[act])
    label = str(raw.get("id") or (f"#{number} {text[:40]!r}" if act == "say" else ""))
    file = raw.get("file")
    return Event(
        at=began + _offset(raw["at"]),
        act=act,
        of=of,
        by=str(raw.get("by", "")),
        bot=str(raw.get("bot", "")),
        label=label,
        text=text,
        thread=str(raw.get("in", "")),
        reaction=str(raw.get("with", "")),
        attachments=tuple(raw.get("attachments", ())),
        file=(str(file["name"]), str(file["text"])) if file else None,
    )


def _offset(written: str) -> timedelta:
    minutes, seconds = _groups(_OFFSET, written)
    return timedelta(minutes=int(minutes), seconds=int(seconds))


def _groups(pattern: re.Pattern[str], written: str) -> tuple[str, ...]:
    found = pattern.fullmatch(written)
    assert found, f"{written!r} is no time"
    return found.groups()


def _filled(*, line: str, chars: int) -> str:
    """Return a log of this many characters: one line repeated with other times."""
    lines: list[str] = []
    length = 0
    while length < chars:
        count = len(lines)
        lines.append(line.replace("{m}", f"{count // 60 % 60:02d}").replace("{s}", f"{count % 60:02d}"))
        length += len(lines[-1]) + 1
    return "\n".join(lines)[:chars]


def _expected(raw: Mapping[str, Any]) -> Expected:
    return Expected(
        timeline={label: tuple(kinds) for label, kinds in raw["timeline"].items()},
        may=frozenset(raw["may"]),
        counted=raw.get("counted", {}),
        reads=raw.get("reads", {}),
        nowhere=tuple(raw.get("nowhere", ())),
        statuses=tuple((_offset(at), status) for at, status in raw["statuses"]),
        roles=raw["roles"],
        detected=_any_of(raw["detected"]),
        mitigated=_any_of(raw["mitigated"]),
        resolved=_any_of(raw["resolved"]),
        ruled_out=frozenset(raw["ruled_out"]),
        leading=_any_of(raw["leading"]),
        open_questions=frozenset(raw["open_questions"]),
    )


def _any_of(written: str | Sequence[str]) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written)
