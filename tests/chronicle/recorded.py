"""Recorded incident channels: what was said and done there, and what people expect to read of it afterwards.

Both are files in `recordings`: `<name>.yaml` holds the events in order, `<name>.expected.yaml` what was expected of
them by hand, before anything had read them. Nothing here knows how the events reach whoever reads them.
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
from intents.chronicle.timeline import Moment, timeline_of

RECORDINGS: Final = Path(__file__).parent / "recordings"
NAMES: Final = tuple(sorted(path.stem for path in RECORDINGS.glob("*.yaml") if ".expected" not in path.name))
# Read for their words alone: to replay a channel through the app takes seconds, and shows the same each time.
READ_ALONE: Final = frozenset({"inc-319-ledger-drain", "inc-77-media-search", "sev2-0814-seatmaps", "inc-1013-chudan"})
REPLAYED: Final = tuple(name for name in NAMES if name not in READ_ALONE)

_OFFSET: Final = re.compile(r"(\d+)m(\d\d)")
# Of the channel, not of a message.
_OF_THE_CHANNEL: Final = frozenset({FactKind.JOIN, FactKind.NAMED})
# An answer of ours: what it found is judged by what leads, not as a message.
_OURS: Final = "a:"
_ACTS: Final = ("say", "paste", "edit", "delete", "react", "join", "leave", "rename", "press")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. `act` is one of `_ACTS`; `of` what it is done to: a message's label, a person, a name.

    `label` is what a message is called in the recording; one that nobody names is called by its number and beginning.
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
    """What a reader expects of a recording, messages by their labels.

    `timeline` says as which kinds a message may stand there, `may` which messages may stand there or not; any other is
    noise. `statuses` hold from then on, until the next. `leading` and the times name messages, any of which is right;
    what the cluster confirmed of the recording's own incident may lead as well. What was `ruled_out` must not stand any
    more.
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
    """`members` are there from the beginning, the others join."""

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
    """What was made of a recording, compared with what was expected. Each line is for people.

    `found` and `wanted` count the messages that had to be on the timeline, `right` and `shown` those that are there.
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
    """A recording and what is expected of it."""
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
    """A text as Slack's composer has it: people who are mentioned by name are mentioned by their ids."""
    for person, user in ids.items():
        text = text.replace(f"@{person}", f"<@{user}>")
    return text


def judge(
    recording: Recording, facts: Sequence[Fact], *, labels: Mapping[str, str], ids: Mapping[str, str],
    without: frozenset[str] = frozenset(),
) -> Reading:  # fmt: skip
    """Compare the facts of a channel with what was expected. `labels` are by ts, `ids` by person.

    `without` are messages that nothing could be made of in the way in which the facts were made.
    """
    expected = recording.expected
    kinds, shown_times = _shown(facts, labels)
    wanted = {label: allowed for label, allowed in expected.timeline.items() if label not in without}
    missed = [label for label in wanted if label not in kinds]
    mistaken = [
        f"{label}: {', '.join(sorted(kinds[label]))} instead of {' or '.join(allowed)}"
        for label, allowed in wanted.items()
        if label in kinds and not kinds[label] & set(allowed)
    ]
    welcome = {*expected.timeline, *expected.may}
    noise = [f"{label}: {', '.join(sorted(found))}" for label, found in kinds.items() if label not in welcome]
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


def _shown(facts: Iterable[Fact], labels: Mapping[str, str]) -> tuple[dict[str, set[str]], dict[str, int]]:
    """As which kinds each message stands on the timeline, and how often what it tells first was counted there."""
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
    """What the summary says that was expected otherwise."""
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
    still = {labels.get(fact.ts, fact.key) for one in (summary.leading, *summary.others) for fact in _all(one)}
    if wrong := expected.ruled_out & still:
        yield f"still standing, though ruled out: {', '.join(sorted(wrong))}"
    leading = {labels.get(fact.ts, fact.key) for fact in _all(summary.leading)}
    found = {(fact.incident, fact.state) for fact in _all(summary.leading)}
    if not leading & set(expected.leading) and (recording.incident, "confirmed") not in found:
        yield f"leading is {', '.join(sorted(leading)) or 'nothing'}, not {' or '.join(expected.leading)}"
    asked = {labels.get(fact.ts, fact.key) for fact in summary.questions}
    if asked != expected.open_questions:
        yield f"open questions: {', '.join(sorted(asked)) or 'none'}"


def _all(moment: Moment | None) -> tuple[Fact, ...]:
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
    """A log of so many characters: the line again and again, at other times."""
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
