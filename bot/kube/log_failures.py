"""Find the lines of a log that tell why a run failed, or what a running program keeps failing at.

A program that fails often logs the cause first and consequences after it ("connection refused", then "shutting down",
then the exit). So the search begins at the end, walks back over the burst of errors, and weighs its messages: an
exception that ended the program, then the words of the system or of a server, then the program's own; of equals the
first. Earlier errors that the program survived are left out. A log without any error has its last words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from bot.kube.log_causes import CONNECTING, NO_PEER, Peer, class_of, is_error, is_own_error, peer_in, weight_of
from bot.kube.log_records import LogRecord, Severity
from bot.kube.log_requests import REQUEST, failed_request, is_widespread
from bot.kube.objects import grouped
from bot.kube.timestamps import UNKNOWN

MOST_LINES: Final = 12
# Records without an error that a burst may contain in a row.
_GAP: Final = 8
# A telling line is shown up to this many characters.
_LONGEST: Final = 400
_ELIDED: Final = "…"
_FRAME: Final = re.compile(r"^\s+(?:at |File \"|\.\.\. \d+ |\d+: |in )|^\s*(?:goroutine \d+|created by )|^\t|^\s{4,}\S")
# A frame of code that is not the program's own.
_LIBRARY: Final = re.compile(
    r"site-packages|dist-packages|/lib/python|node_modules|node:internal|\bjava\.|\bjavax\.|\bjdk\.|\bsun\."
    r"|\borg\.springframework\.|\breactor\.|\bio\.netty\.|/usr/local/go/src|runtime\.|/rustc/|core::|std::|System\."
    r"|Microsoft\."
)
# Parts of a message that differ between repeats.
_VARIES: Final = re.compile(
    REQUEST.pattern
    # The key in a detail of PostgreSQL.
    + r"|(?<==)\([^)]*\)|0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}"
    # An identifier of a request has letters and digits.
    + r"|\b(?=[A-Za-z]*\d[A-Za-z]*\d)[A-Za-z0-9]{8,}\b|\d+"
)
# What came before was survived.
_RECOVERED: Final = re.compile(
    r"(?i)\b(?:retry|attempt|connection|reconnect\w*|import|request) succeeded\b|\b(?:re)?connected\b|\brecovered\b"
)
# Different causes of one log that are told: a time-out and an expired certificate.
_MOST_CAUSES: Final = 2
_LAST_WORDS: Final = 3
_NEAR_END: Final = 8
_ENDED: Final = 0.25
# The lines of a program's help come after the one that says what is wrong.
_USAGE: Final = re.compile(
    r"(?i)^\s*(?:usage|flags|options|commands|synopsis|examples?|available commands)\b.*:?|^\s+-{1,2}\w"
)
# A word that may name what a message is about.
_WORD: Final = re.compile(r"[A-Za-z]{5,}")
# Lines after a record that may hold the address that it does not name.
_NEXT: Final = 2
# A running program fails repeatedly if it logged the same error so often in so many seconds, the last time lately.
REPEATS: Final = 3
_WINDOW_S: Final = 900
_LATELY_S: Final = 300
# One that tries seldom fails still if it is not due for longer than two of its rounds, and says little else.
_SELDOM_S: Final = 3600
_ROUNDS: Final = 2
_LITTLE_ELSE: Final = 0.2
# A warning with such a word is one of something that failed.
_FAILS: Final = re.compile(r"(?i)\b(?:error|failed|failure|\w*Exception|rejected|denied|unable to)\b")
# Memory that runs out once may end the program without anybody killing it.
_ONCE: Final = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFailure:
    """One cause that a log tells, with its telling lines, at most twelve.

    `says` is the cause in one line, without time and level; `kind` its class, "" for none. `number` is the line of the
    log at which it begins, `first` the first with the same message, `last` that of its last repeat, `of` the number of
    lines that were read, `times` the number of records with the same message. `last_words`: no line reports an error,
    so these are the last ones. `earlier`: an error before those that are repeated, about the same thing.
    """

    says: str
    lines: tuple[str, ...]
    number: int
    first: int
    last: int
    of: int
    times: int
    kind: str = ""
    peer: Peer = NO_PEER
    last_words: bool = False
    earlier: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        """Return all that it says: the cause, then its lines."""
        return (self.says, *self.lines)

    @property
    def is_once(self) -> bool:
        """Tell whether it is a connection that a running program could not make, without a repeat."""
        return self.times < REPEATS and self.kind in CONNECTING


def failures_in(records: Sequence[LogRecord], *, ended: bool = True) -> tuple[LogFailure, ...]:
    """Return the causes that a log ends with, the most telling first; none if no line of it reports an error.

    A warning explains no end (`ended`) if later lines may.
    """
    burst = _last_burst(records)
    if not burst:
        return ()
    worst = max(each.severity for each in burst)
    if worst is Severity.WARNING and not _may_explain(burst, records, ended=ended):
        return ()
    told = [each for each in burst if each.severity >= min(worst, Severity.ERROR) or class_of(each.says)]
    if not any(map(weight_in, told)):
        # The errors are only consequences: the cause may stand before them without a level.
        told += [each for each in records[-_NEAR_END:] if each not in told and class_of(each.says)]
    ranked = sorted(told, key=lambda each: -weight_in(each))
    leading = _naming(ranked[0], ranked, records)
    # A warning beside an error was survived.
    others = [
        each
        for each in ranked
        if each.severity >= Severity.ERROR and class_of(each.says) not in ("", class_of(leading.says))
    ]
    fatal = next((each for each in told if each.severity is Severity.FATAL), None)
    shown = [leading] if fatal is None or fatal is leading else sorted((leading, fatal), key=lambda each: each.number)
    further = (failure_of(each, [each], records) for each in others[: _MOST_CAUSES - 1])
    return failure_of(leading, shown, records), *further


def _naming(leading: LogRecord, told: Sequence[LogRecord], records: Sequence[LogRecord]) -> LogRecord:
    """Return the record that names the other end, if the leading one tells of a connection and does not."""
    kind = class_of(leading.says)
    if kind not in CONNECTING or _peer(leading, records).host:
        return leading
    return next((each for each in told if class_of(each.says) == kind and _peer(each, records).host), leading)


def _may_explain(warnings: Sequence[LogRecord], records: Sequence[LogRecord], *, ended: bool) -> bool:
    """Tell whether warnings tell a cause, and no later line does; of an end any line but a consequence may."""
    after = (each for each in records if each.number > warnings[-1].number and not each.severity)
    survived = any(weight_in(each) > 0 if ended else is_error(each.says) for each in after)
    return not survived and any(class_of(each.says) for each in warnings)


def last_words_in(log: Iterable[LogRecord]) -> LogFailure | None:
    """Return the last lines of a log, None of an empty one. Help that a program prints is left out."""
    records = [each for each in log if each.lines[0].strip()]
    if not records:
        return None
    usage = next((at for at, each in enumerate(records) if _USAGE.match(each.lines[0])), len(records))
    said = records[:usage] or records
    # The system's words lead if they stand near the end; otherwise the last line does.
    near = [each for each in said[-_NEAR_END:] if class_of(each.says) and each.severity is not Severity.WARNING]
    leading = near[0] if near else max(reversed(said[-_LAST_WORDS:]), key=weight_in)
    at = said.index(leading)
    kept = said[at : at + _LAST_WORDS] if near else said[-_LAST_WORDS:]
    number = leading.number
    return replace(
        failure_of(leading, kept, records),
        lines=tuple(_cut(each.lines[0]) for each in kept),
        first=number,
        last=number,
        times=1,
        last_words=True,
    )


def repeats_in(log: Iterable[LogRecord], ages: Sequence[int]) -> tuple[LogFailure, ...]:
    """Return what a running program keeps failing at, the surest cause first.

    `ages` are those of the lines, in seconds; a line without a time counts as new. Requests that were not answered
    count if they are no exception, and errors that are logged as information if there are no others.
    """
    records = list(map(with_request, log))

    def age(record: LogRecord) -> int:
        return ages[record.number - 1] if record.number <= len(ages) else UNKNOWN

    def lasts(group: Sequence[LogRecord]) -> bool:
        return len(group) >= REPEATS and age(group[-1]) <= _LATELY_S

    def returns(group: Sequence[LogRecord]) -> bool:
        if len(group) < REPEATS:
            return False
        round_s = (age(group[0]) - age(group[-1])) / (len(group) - 1)
        since = [each for each in records if each.number >= group[0].number]
        return age(group[-1]) <= _ROUNDS * round_s and len(group) >= _LITTLE_ELSE * len(since)

    def repeated_in(within_s: int, goes_on: Callable[[Sequence[LogRecord]], bool]) -> list[list[LogRecord]]:
        new = [each for each in records if age(each) <= within_s]
        errors = [each for each in new if each.severity >= Severity.ERROR or (each.severity and _tells(each))]
        lines = [each.lines[0] for each in new]
        found = [
            each
            for each in grouped(errors, signature_of).values()
            if (goes_on(each) and is_widespread([one.lines[0] for one in each], lines))
            or class_of(each[-1].says) == _ONCE
        ]
        if found:
            return found
        recovered = max((each.number for each in new if _RECOVERED.search(each.says)), default=0)
        told = (each for each in new if each.number > recovered and is_own_error(each.says))
        return list(filter(goes_on, grouped(told, signature_of).values()))

    repeated = repeated_in(_WINDOW_S, lasts) or repeated_in(_SELDOM_S, returns)
    repeated.sort(key=lambda each: (-bool(class_of(each[-1].says)), -len(each)))
    by_kind = {each.kind: each for each in (_repeated(group, records) for group in reversed(repeated))}
    return tuple(by_kind.values())[::-1][:_MOST_CAUSES]


def failed_connection_in(records: Sequence[LogRecord], ages: Sequence[int]) -> tuple[LogFailure, ...]:
    """Return the connection that a running program could not make last, if that was lately; see `repeats_in`.

    Once may be an exception: it counts where nothing is behind the other end, which it names.
    """
    late = lately(records, ages)
    recovered = max((each.number for each in late if _RECOVERED.search(each.says)), default=0)
    failed = (each for each in reversed(late) if each.number > recovered and each.severity)
    connections = (each for each in failed if class_of(each.says) in CONNECTING and _peer(each, records).host)
    return tuple(failure_of(each, [each], records, repeats=[each]) for each in islice(connections, 1))


def lately(records: Iterable[LogRecord], ages: Sequence[int]) -> list[LogRecord]:
    """Return the records of the last hour, those without a time included; `ages` as in `repeats_in`."""
    return [each for each in records if each.number <= len(ages) and ages[each.number - 1] <= _SELDOM_S]


def _tells(warning: LogRecord) -> bool:
    """Tell whether a warning reports what fails: some clients log nothing above it."""
    return bool(class_of(warning.says) or _FAILS.search(warning.says))


def with_request(record: LogRecord) -> LogRecord:
    """Return the record of a request that was not answered as an error, any other as it is."""
    failed = record.severity is Severity.NONE and failed_request(record.lines[0])
    return replace(record, severity=Severity.ERROR, says=failed) if failed else record


def _repeated(repeats: Sequence[LogRecord], records: Sequence[LogRecord]) -> LogFailure:
    """Return what is repeated, with the error before it that is about the same thing.

    A connection that failed before requests did is what fails.
    """
    before = _before(repeats, records)
    if before and class_of(before.says) in CONNECTING and _asks_in_vain(before, repeats, records):
        return failure_of(before, [before], records, repeats=repeats)
    failure = failure_of(repeats[-1], repeats[-1:], records, repeats=repeats)
    return replace(failure, earlier=_cut(before.says)) if before else failure


def _asks_in_vain(before: LogRecord, repeats: Sequence[LogRecord], records: Sequence[LogRecord]) -> bool:
    """Tell whether requests fail for a connection that could not be made, and was not made since."""
    over = any(_RECOVERED.search(each.says) for each in records if before.number < each.number < repeats[-1].number)
    return bool(REQUEST.search(repeats[-1].says)) and not over and bool(_peer(before, records).host)


def _before(repeats: Sequence[LogRecord], records: Sequence[LogRecord]) -> LogRecord | None:
    """Return the one error before those that are repeated that is about the same thing, None if they tell a cause.

    Both use a word that no ordinary line of the log uses.
    """
    first = repeats[0]
    if class_of(first.says):
        return None
    earlier = [
        each
        for each in records
        if each.number < first.number and each.severity >= Severity.ERROR and signature_of(each) != signature_of(first)
    ]
    ordinary = {word for each in records if not each.severity for word in _words(each)}
    own = _words(first) - ordinary
    return next((each for each in reversed(earlier) if own & _words(each)), None)


def _words(record: LogRecord) -> set[str]:
    return set(map(str.lower, _WORD.findall(record.says)))


def weight_in(record: LogRecord) -> float:
    """Return how much a record says of a cause, 0 for a consequence."""
    # A trace names its exception; a level's word ("FATAL shutting down") says less than the error before it.
    weight = weight_of(record.says, unhandled=record.severity is Severity.FATAL and len(record.lines) > 1)
    if not class_of(record.says):
        return weight
    # Of two known causes the one that ended the program leads, and a warning was perhaps survived.
    return weight + (
        _ENDED if record.severity is Severity.FATAL else -_ENDED if record.severity < Severity.ERROR else 0
    )


def failure_of(
    record: LogRecord, shown: Sequence[LogRecord], records: Sequence[LogRecord], *, repeats: Sequence[LogRecord] = ()
) -> LogFailure:
    """Return the cause that a record of a log tells, with the lines of the records `shown`."""
    alike = (each for each in records if signature_of(each) == signature_of(record))
    same = repeats or list(alike)
    return LogFailure(
        says=_cut(record.says or record.lines[0].strip()),
        lines=_shown(shown),
        number=same[0].number if repeats else record.number,
        first=next(alike).number if repeats else same[0].number,
        last=same[-1].number,
        of=records[-1].end,
        times=len(same),
        kind=class_of(record.says),
        peer=_peer(record, records),
    )


def _peer(record: LogRecord, records: Sequence[LogRecord]) -> Peer:
    """Return the other end that a record names, else one of the next lines."""
    # Some loggers indent all lines of a record but the first.
    told = (line for line in record.lines if not _FRAME.match(line) or class_of(line) in CONNECTING)
    if (found := peer_in((record.says, *told))).host:
        return found
    after = (line for each in records if record.end < each.number <= record.end + _NEXT for line in each.lines)
    return peer_in((record.says, *after))


def _last_burst(records: Sequence[LogRecord]) -> list[LogRecord]:
    """Return the last records with an error, in their order, without gaps longer than a few records.

    Warnings count only in a log without errors.
    """
    for least in (Severity.ERROR, Severity.WARNING):
        burst: list[LogRecord] = []
        quiet = 0
        for record in reversed(records):
            if record.severity >= least or (burst and record.severity and class_of(record.says)):
                burst.append(record)
                quiet = 0
            elif _RECOVERED.search(record.says):
                break
            elif burst:
                quiet += 1
                if quiet > _GAP:
                    break
        if burst:
            return _without_repeats(burst[::-1])
    return []


def _without_repeats(burst: list[LogRecord]) -> list[LogRecord]:
    """Keep the last record of each message, so that a retry loop is one error at its last place."""
    last = {signature_of(record): record for record in burst}
    return [record for record in burst if last[signature_of(record)] is record]


def signature_of(record: LogRecord) -> str:
    """Return what the repeats of a message have in common."""
    return _VARIES.sub("#", record.says)


def _shown(telling: Iterable[LogRecord]) -> tuple[str, ...]:
    """Return the lines of the records that fit, with the frames of the program itself before those of libraries."""
    records = tuple(telling)
    room = MOST_LINES // len(records)
    lines: list[str] = []
    for record in records:
        lines += _condensed(record.lines, room)
    return tuple(_cut(line) for line in lines[:MOST_LINES])


def _condensed(lines: Sequence[str], room: int) -> list[str]:
    if len(lines) <= room:
        return [line for line in lines if line]
    frames = [at for at, line in enumerate(lines) if _FRAME.match(line)]
    told = [at for at in range(len(lines)) if at not in set(frames) and lines[at]]
    # The first and the last words of a trace tell most: the message, and the deepest cause or Python's exception.
    kept = set(told[:2] + told[-max(room - 4, 2) :]) if len(told) > room // 2 else set(told)
    own = [at for at in frames if not _LIBRARY.search(lines[at])] or frames
    for at in (own[-2:] if lines[0].startswith("Traceback") else own[:2]) + own:
        if len(kept) >= room - 2:
            break
        kept.add(at)
    shown: list[str] = []
    before = -1
    for at in sorted(kept):
        if at != before + 1 and shown:
            shown.append(_ELIDED)
        shown.append(lines[at])
        before = at
    return shown[:room]


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + _ELIDED
