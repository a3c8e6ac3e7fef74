"""Find the lines of a log that tell why a run failed: the first error of the last burst of errors before its end.

A program that fails often logs the cause first and consequences after it ("connection refused", then "shutting down",
then the exit). So the search begins at the end, walks back over the burst, and takes its first error; an unhandled
exception or panic of the burst is shown too. Earlier errors that the program survived are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.log_records import LogRecord, Severity, read_records

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
_VARIES: Final = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFailure:
    """The telling lines of a log, at most twelve.

    `says` is the error in one line, without time and level. `number` is the line of the log it begins at, `of` the
    number of lines that were read, `times` the number of records with the same message. `fatal`: the error was not
    handled, or is logged at such a level.
    """

    says: str
    lines: tuple[str, ...]
    number: int
    of: int
    times: int
    fatal: bool


def failure_in(text: str) -> LogFailure | None:
    """Return the failure that a log ends with, None if no line of it reports one."""
    records = list(read_records(text))
    burst = _last_burst(records)
    if not burst:
        return None
    worst = max(each.severity for each in burst)
    least = min(worst, Severity.ERROR)
    first = next(each for each in burst if each.severity >= least)
    fatal = next((each for each in burst if each.severity is Severity.FATAL), None)
    same = Counter(_signature(each) for each in records if each.severity is not Severity.NONE)
    telling = [first] if fatal is None or fatal is first else [first, fatal]
    # A trace names its exception; a level's word ("FATAL shutting down") says less than the error before it.
    leading = fatal if fatal is not None and len(fatal.lines) > 1 else first
    return LogFailure(
        says=_cut(leading.says or leading.lines[0].strip()),
        lines=_shown(telling),
        number=leading.number,
        of=records[-1].end,
        times=same[_signature(leading)],
        fatal=fatal is not None,
    )


def _last_burst(records: Sequence[LogRecord]) -> list[LogRecord]:
    """Return the last records with an error, in their order, without gaps longer than a few records.

    Warnings count only in a log without errors.
    """
    for least in (Severity.ERROR, Severity.WARNING):
        burst: list[LogRecord] = []
        quiet = 0
        for record in reversed(records):
            if record.severity >= least:
                burst.append(record)
                quiet = 0
            elif burst:
                quiet += 1
                if quiet > _GAP:
                    break
        if burst:
            return _without_repeats(burst[::-1])
    return []


def _without_repeats(burst: list[LogRecord]) -> list[LogRecord]:
    """Keep the last record of each message, so that a retry loop is one error at its last place."""
    last = {_signature(record): record for record in burst}
    return [record for record in burst if last[_signature(record)] is record]


def _signature(record: LogRecord) -> str:
    return _VARIES.sub("#", record.says)


def _shown(telling: Sequence[LogRecord]) -> tuple[str, ...]:
    """Return the lines of the records that fit, with the frames of the program itself before those of libraries."""
    room = MOST_LINES // len(telling)
    lines: list[str] = []
    for record in telling:
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
