"""Read the lines of a container's log as records: severity, message and time, whatever format the program writes.

Reads JSON (zap, logrus, pino, bunyan, log4j2, structlog …), logfmt, klog, and text with a level near the line's start.
Lines that continue the record before them, such as frames of a stack trace, belong to that record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from bot.kube.log_causes import class_of, is_error, peer_in
from bot.kube.timestamps import parse_time

# A longer line is cut: a program that writes a megabyte on one line says what is wrong at its start or in its level.
LONGEST_LINE: Final = 2_000


class Severity(IntEnum):
    """The severity of a record. `FATAL` ends the program or says that an exception was not handled."""

    NONE = 0
    WARNING = 1
    ERROR = 2
    FATAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One record of a log: the line it begins at, counted from 1, and its message without time and level."""

    number: int
    lines: tuple[str, ...]
    severity: Severity
    says: str

    @property
    def end(self) -> int:
        """Return the number of its last line."""
        return self.number + len(self.lines) - 1


_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LEVELS: Final[Mapping[str, Severity]] = {
    **dict.fromkeys(("warn", "warning", "wrn", "w"), Severity.WARNING),
    **dict.fromkeys(("error", "err", "eror", "severe", "e", "failed", "fail"), Severity.ERROR),
    **dict.fromkeys(
        ("fatal", "ftl", "f", "panic", "dpanic", "critical", "crit", "emerg", "emergency", "alert"), Severity.FATAL
    ),
}
_KNOWN: Final = frozenset(
    (*_LEVELS, "info", "inf", "i", "debug", "dbg", "d", "trace", "trc", "notice", "verbose", "log")
)

# Keys of structured logs, in the order in which they are looked for.
_LEVEL_KEYS: Final = ("level", "severity", "lvl", "log.level", "loglevel", "levelname", "@level", "severityText", "@l")
_MESSAGE_KEYS: Final = ("msg", "message", "@message", "event", "@m", "@mt", "short_message", "body")
_CAUSE_KEYS: Final = (
    *("error", "err", "exception", "exc_info", "@x", "cause", "reason", "err.detail", "error.detail", "err.message"),
    *("error.message", "exception.message", "detail", "details", "error_description"),
)
_STACK_KEYS: Final = ("stack", "stacktrace", "stack_trace", "exc_text", "full_message", "error.stack_trace")
# Numeric levels of pino and bunyan.
_PINO_WARNING, _PINO_ERROR, _PINO_FATAL = 40, 50, 60
_LONGEST_JSON: Final = 1 << 16
# Nested objects and lines of a structured record in which its cause is looked for.
_DEEPEST: Final = 6
_MOST_TEXTS: Final = 60

_STAMP: Final = re.compile(
    r"""\s*[\[(]?(?:
        \d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ,_]\d{1,2}:\d\d(?::\d\d)?(?:[.,:]\d{1,9})?)?
          (?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?
      | \d{1,2}[-/ ][A-Z][a-z]{2}[-/ ]\d{4}[: T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s[+-]\d{4})?
      | (?:[A-Z][a-z]{2}\s+)?[A-Z][a-z]{2}\s+\d{1,2}\s+\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s+\d{4})?
      | \d\d:\d\d:\d\d(?:[.,]\d+)?
      | \d{10}(?:\.\d{1,9}|\d{3})?
    )[\])]?\s*[|:-]?\s*""",
    re.VERBOSE,
)
_KLOG: Final = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ ([\w./-]+:\d+)\] ?")
_KLOG_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LOGFMT_LEVEL: Final = re.compile(r"""(?:^|\s)(?:level|lvl|severity)="?\w""")
_LOGFMT_FIELD: Final = re.compile(r"""(?:^|\s)([A-Za-z@][\w.@-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]\S*))""")
# Process, thread and logger, as Spring Boot writes them before the message, or the process of Erlang.
_LOGGER: Final = re.compile(r"^\d+ --- (?:\[[^\]]*\] )+\S+\s*: |^<\d+(?:\.\d+)+> ")
# Process and role before the time, and a sign as level after it, as Redis writes them.
_REDIS: Final = re.compile(r"^\d+:[A-Z] (\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d+) [#*.-] ")
# A level as a word of its own within the first words, in brackets or before a colon.
_WORD: Final = re.compile(r"(?:^|[\s\[<(|/:.])([A-Za-z]{1,9})(?=[\]>)|:\s/,.-]|$)")
_LEVEL_WITHIN: Final = 90

_FATAL_TEXT: Final = re.compile(
    r"""^\s*(?:
        致命错误 |
        panic:\s | fatal\ error:\s | Traceback\ \(most\ recent\ call\ last\) | Exception\ in\ thread\s
      | thread\ '.*'\ (?:\(\d+\)\ )?panicked\ at | (?:Unhandled|Uncaught)\b | FATAL\b | \*\*\*\ .*\ \*\*\*$
      | Segmentation\ fault | terminate\ called\b | (?:npm|yarn)\ (?:ERR!|error)\s | Killed$ | Aborted\b | Bus\ error
      | Illegal\ instruction | exec\ .*:\ (?:exec\ format\ error|no\ such\ file|permission\ denied)
      | .*\bexec\ format\ error$ | Error:\ Cannot\ find\ module | PHP\ Fatal\ error
      | SIG(?:SEGV|ABRT|BUS|ILL)\b | .*\bcore\ dumped\b | ==\d+==\ ?ERROR:
      | (?:Terminating\ due\ to\ )?java\.lang\.OutOfMemoryError
      | node:internal/ | .*JavaScript\ heap\ out\ of\ memory | Fatal\ Python\ error
    )""",
    re.VERBOSE,
)
_EXCEPTION: Final = re.compile(
    r"^\s*(?:Caused by: )?(?:[a-z_][\w$]*\.)*[A-Z]?[\w$]*"
    r"(?:Error|Exception|Fault|Failure|Panic|Exit|Interrupt)\b(?:\s*[:(]|$)"
)
# An exception of Java whose name does not say that it is one.
_QUALIFIED: Final = re.compile(r"^(?:[a-z_][\w$]*\.){2,}[A-Z][\w$]*: ")
_ERROR_TEXT: Final = re.compile(
    r"""(?ix)^\s*(?: error\b | \[error\] | \S{1,60}:\ (?:error|fatal|cannot|can't|unable|failed)\b | fail(?:ed|ure)?\b
      | cannot\s | can't\s | could\ not\s | unable\ to\s | invalid\s | missing\s+(?:required|environment|config)
      | nginx:\ \[emerg\] | err:?\s | 错误 | 异常 | 失败 )
      | :\ (?:command\ not\ found|not\ found|no\ such\ file\ or\ directory|permission\ denied|out\ of\ memory)\b
      | \b(?:connection\ refused|no\ such\ host|access\ denied)\b
      | \b(?:address\ already\ in\ use|no\ space\ left\ on\ device)\b"""
)
_HARMLESS: Final = re.compile(r"(?i)\b(?:0|no|without|zero)\s+(?:errors?|failures?|failed)\b|\berrors?[=:]\s*0\b")

# Values of several lines that hclog writes below the message.
_BLOCK: Final = re.compile(r"^\s+\| ?")

# What Node.js prints of an error that nothing caught; libraries may name theirs in lower case.
_THROWN: Final = re.compile(_EXCEPTION.pattern + r"|^error: ")
# A line that continues the record before it.
_CONTINUES: Final = re.compile(
    r"""(?:
        \s+\S | $ | \t | Caused\ by:\s | Suppressed:\s | \.\.\.\ \d+\ (?:more|common)
      | During\ handling\ of | The\ above\ exception | goroutine\ \d+ | created\ by\s | exit\ status\s\d
      | (?!.{0,90}\b(?:ERROR|FATAL|WARN(?:ING)?|INFO|DEBUG|NOTICE)\b).{0,90}\b(?:DETAIL|HINT|CONTEXT|STATEMENT):\s
      | \[signal\s | \*\ \S | [\w./*()-]{3,200}\(.*\)$ | at\s\S+ | stack\ (?:back|)trace(?:back)?: | note:\ \w | \^+ | }
    )""",
    re.VERBOSE,
)
_FRAME: Final = re.compile(r"\s+at\s|\s+File \"")
# What PostgreSQL adds to a message in a line of its own.
_DETAIL: Final = re.compile(r"\bDETAIL:\s+(.+)")
# A message that only announces what the next lines list, and a line of such a list.
_ANNOUNCES: Final = re.compile(
    r"(?i)(?:\bfollowing\b[^.:]{0,40}|\b(?:errors?|problems?|issues?|violations?)(?: occurred| found| were found)?"
    r"|\b(?:checks?|validations?|requirements?) failed|\bfailed \w{0,20} ?checks?)\s*[:.]?$"
)
_LISTED: Final = re.compile(r"\s*(?:\[?\d{1,3}[\].):]+|[-*•])\s+(?=\S)")
# Lines of a trace that only say where it went.
_STACK: Final = re.compile(r"\s*(?:at\s|File \"|\.\.\. \d+|from /|\d+: |goroutine )|^\s{4,}\S+\(|^\t\S+:\d+|^$")
_CAUSED: Final = re.compile(r"\s*(?:Caused by: |\[cause\]: )(.+)")
# .NET writes an inner exception after an arrow, on the same line or its own.
_INNER: Final = re.compile(r"---> ((?:\([^)]*\): )?[\w.]+(?:Exception|Error)[^-]*(?:-(?!-->)[^-]*)*)")
_RUST: Final = re.compile(r"^thread '.*' (?:\(\d+\) )?panicked at ")
_PYTHON: Final = re.compile(r"Traceback \(most recent call last\)")
# Unhandled errors of Node.js print their place first and the error after it.
_NODE_PLACE: Final = re.compile(r"^(?:file://)?[\w./@-]+\.[cm]?[jt]sx?:\d+$|^node:internal/\S+:\d+$")


def read_records(text: str) -> tuple[LogRecord, ...]:
    """Return the records of a log in their order. Accepts any text: control characters are removed, long lines cut."""
    lines = [_clean(line) for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    records: list[LogRecord] = []
    at = 0
    while at < len(lines):
        end = _end_of(lines, at)
        severity, says = _read(lines[at:end])
        records.append(LogRecord(number=at + 1, lines=tuple(lines[at:end]), severity=severity, says=says))
        at = end
    return tuple(records)


def _clean(line: str) -> str:
    return _CONTROL.sub(" ", _ANSI.sub("", line[: 2 * LONGEST_LINE])).rstrip()[:LONGEST_LINE]


def _end_of(lines: Sequence[str], at: int) -> int:
    """Return the index after the last line of the record that begins at `at`."""
    first, end = lines[at], at + 1
    if _NODE_PLACE.match(first):
        # The code, its marker and an empty line; then the error, whose frames follow as continuations.
        errors = (each for each in range(end, min(at + 6, len(lines))) if _THROWN.match(lines[each]))
        end = next(errors, at) + 1
    elif first.endswith(":") and _RUST.search(first):
        end = min(at + 2, len(lines))
    elif _begins_trace(lines, end) and not _EXCEPTION.match(first) and _STAMP.match(first):
        end += 1
    python = bool(_PYTHON.search(first))
    in_trace = python
    announced = _ANNOUNCES.search(first)
    while end < len(lines):
        line = lines[end]
        if python and _PYTHON.search(line):
            in_trace = True
        elif in_trace and _is_python_end(lines, end):
            in_trace = False
        elif not (_CONTINUES.match(line) or (announced and _LISTED.match(line))):
            break
        end += 1
    while end - at > 1 and not lines[end - 1]:
        end -= 1
    return end


def _begins_trace(lines: Sequence[str], at: int) -> bool:
    """Return whether the line names an exception and the next one is its first frame."""
    if at + 1 >= len(lines) or not _FRAME.match(lines[at + 1]):
        return False
    return bool(_EXCEPTION.match(lines[at]) or _QUALIFIED.match(lines[at]))


def _is_python_end(lines: Sequence[str], at: int) -> bool:
    """Return whether the line is the exception that ends a Python trace: the first one after it without an indent."""
    line = lines[at]
    return bool(line) and not line[0].isspace() and lines[at - 1].startswith((" ", "\t"))


def _read(lines: Sequence[str]) -> tuple[Severity, str]:
    """Return the severity and the message of a record; of one that only announces a list its first item."""
    details = [found for line in lines[1:] if (found := _DETAIL.search(line))]
    severity, says = _read_first([line for line in lines if not any(line is found.string for found in details)])
    if details:
        says = f"{says}: {details[0][1]}"
    listed = _LISTED.match(lines[1]) if len(lines) > 1 and _ANNOUNCES.search(lines[0]) else None
    return severity, lines[1][listed.end() :] if listed else says


def _read_first(lines: Sequence[str]) -> tuple[Severity, str]:
    lines = [*lines[:1], *(_BLOCK.sub("  ", line) for line in lines[1:])]
    first = _with_next(lines)
    if first.lstrip().startswith("{") and (structured := _json(first)):
        return structured
    if klog := _KLOG.match(first):
        return _LEVELS.get(klog[1].lower(), Severity.NONE), _klog_message(first[klog.end() :])
    if _LOGFMT_LEVEL.search(first):
        return _structured(_logfmt(first))
    first = _REDIS.sub(r"\1 ", first)
    stamp = _STAMP.match(first)
    rest = first[stamp.end() :] if stamp else first
    return _text(rest, lines, stamped=stamp is not None)


def _with_next(lines: Sequence[str]) -> str:
    """Return the first line, and the next one that says something if the first ends in a colon."""
    if not lines[0].endswith(":"):
        return lines[0]
    told = (line.strip() for line in lines[1:] if line.strip() and not _STACK.match(line))
    after = next((line for line in told if not line.endswith("=")), "")
    return f"{lines[0]} {after}".rstrip()


def _klog_message(rest: str) -> str:
    """Return the message and error of a structured line of klog, which are quoted; others as they are."""
    said = _KLOG_QUOTED.match(rest)
    if said is None:
        return rest
    fields = _logfmt(rest)
    return ": ".join(filter(None, (_unescaped(said[1]), fields.get("err") or fields.get("error"))))


def _logfmt(text: str) -> dict[str, str]:
    return {found[1]: _unescaped(found[2] or found[3] or "") for found in _LOGFMT_FIELD.finditer(text)}


def _unescaped(quoted: str) -> str:
    return quoted.replace('\\"', '"').replace("\\\\", "\\")


def _text(rest: str, lines: Sequence[str], *, stamped: bool) -> tuple[Severity, str]:
    trace = _exception_of(lines)
    if _RUST.match(rest) and len(lines) > 1:
        return Severity.FATAL, lines[1].strip()
    if _FATAL_TEXT.match(rest) or _NODE_PLACE.match(rest):
        return Severity.FATAL, trace or rest.strip()
    level, says = _level_in(rest)
    if trace and len(lines) > 1:
        return max(level or Severity.ERROR, Severity.ERROR), trace if not says else f"{says.strip()} ({trace})"
    if level is not None:
        return level, says
    if _HARMLESS.search(rest):
        return Severity.NONE, rest
    if _EXCEPTION.match(rest):
        return (Severity.ERROR if stamped else Severity.FATAL), rest.strip()
    return (Severity.ERROR if _ERROR_TEXT.search(rest) or is_error(rest) else Severity.NONE), rest.strip()


def _level_in(rest: str) -> tuple[Severity | None, str]:
    """Return the level near the start of a line, None if it has none, and the text after it."""
    for found in _WORD.finditer(rest[:_LEVEL_WITHIN]):
        word = found[1]
        # A level is written in capitals, or stands at the start or in brackets; "error" in a sentence is none.
        bracketed = rest[found.start(1) - 1 : found.start(1)] in ("[", "<", "(", "|") or found.start(1) == 0
        if word.lower() not in _KNOWN or not (word.isupper() or bracketed):
            continue
        if len(word) == 1 and not bracketed:
            continue
        if (
            found.start(1) == 0
            and not word.isupper()
            and rest[found.end(1) : found.end(1) + 1] not in (":", "]", "|", "\t")
        ):
            continue
        says = rest[found.end(1) :].lstrip("])>|:/,- \t.")
        return _LEVELS.get(word.lower(), Severity.NONE), _LOGGER.sub("", says)
    return None, rest


def _exception_of(lines: Sequence[str]) -> str:
    """Return the line of a trace that tells its cause.

    Of a chain it is the one in known words that names the other end, else the innermost in known words or of all.
    """
    chain = _chain(lines)
    known = [each for each in chain if class_of(each)]
    if known:
        return next((each for each in known if peer_in((each,)).host), known[0])
    told = [line.strip() for line in lines[1:] if line.strip() and not _STACK.match(line)]
    named = next((line.strip() for line in lines if _EXCEPTION.match(line)), "")
    after = [*told[1:], ""]
    listed = (_with_next(told[at:]) for at, each in enumerate(told) if is_error(each) or after[at].startswith("* "))
    if not class_of(named) and (cause := next(listed, "")):
        return cause
    first = lines[0].strip() if lines[0].lstrip().startswith("panic: ") else ""
    return next(filter(None, (*chain[:1], named, first)), "")


def _chain(lines: Sequence[str]) -> list[str]:
    """Return the exceptions of a chain, the innermost first: Java's causes, .NET's inner ones, Python's and Node's."""
    if causes := [found[1] for line in lines if (found := _CAUSED.match(line))]:
        return causes[::-1]
    if inner := [found[1].strip() for line in lines for found in _INNER.finditer(line)]:
        return inner[::-1]
    if any(_PYTHON.search(line) for line in lines):
        ends = [line for line in lines[1:] if line and not line[0].isspace() and not _CONTINUES.match(line)]
        # Python writes the first exception first. Without a known cause its last one names what the program lacks.
        told = [end.strip() for end in ends]
        return told if any(map(class_of, told)) else told[::-1]
    return []


def _json(line: str) -> tuple[Severity, str] | None:
    if len(line) > _LONGEST_JSON:
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return _cut_json(line)
    return _structured(record) if isinstance(record, dict) else None


def _structured(record: Mapping[str, Any]) -> tuple[Severity, str]:
    level = _first(record, _LEVEL_KEYS)
    severity = _numeric(level) if isinstance(level, int) else _LEVELS.get(str(level or "").lower(), Severity.NONE)
    says = _plain(_first(record, _MESSAGE_KEYS))
    cause = _structured_cause(record, says)
    if severity is Severity.NONE and level is None and (cause or _ERROR_TEXT.search(says)):
        severity = Severity.ERROR
    return severity, says if not cause or cause in says else f"{says}: {cause}" if says else cause


def _structured_cause(record: Mapping[str, Any], says: str) -> str:
    """Return the error of a structured record: that of a known key, or what any of its values says in known words."""
    cause = _plain(_first(record, _CAUSE_KEYS)) or (_plain(_first(record, _STACK_KEYS)).splitlines() or [""])[0]
    if class_of(cause) or class_of(says):
        return cause
    lines = [line.strip() for text in _texts(record) for line in text.splitlines()[:_MOST_TEXTS]]
    known = [line for line in lines[:_MOST_TEXTS] if line not in says and is_error(line)]
    return known[-1] if known else cause


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the texts in a value, not deeper than causes are nested in practice."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each, depth + 1)


def _cut_json(line: str) -> tuple[Severity, str] | None:
    """Read level and message of an object that was cut, or of the line's start."""
    pairs = dict(re.findall(r'"([\w.@]+)"\s*:\s*"((?:[^"\\]|\\.)*)"', line))
    level = _first(pairs, _LEVEL_KEYS)
    if level is None:
        return None
    return _LEVELS.get(str(level).lower(), Severity.NONE), _plain(_first(pairs, _MESSAGE_KEYS))


def _numeric(level: int) -> Severity:
    if level >= _PINO_FATAL:
        return Severity.FATAL
    if level >= _PINO_ERROR:
        return Severity.ERROR
    return Severity.WARNING if level >= _PINO_WARNING else Severity.NONE


def _first(record: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((record[key] for key in keys if record.get(key) not in (None, "", {}, [])), None)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        named = _first(value, ("message", "msg", "stringified", "reason"))
        kind = _first(value, ("type", "name", "class", "kind"))
        return f"{kind}: {_plain(named)}" if kind and named else _plain(named or kind)
    if isinstance(value, list):
        return _plain(value[0]) if value else ""
    return "" if value is None else str(value)


def split_stamps(text: str) -> tuple[str, list[str]]:
    """Return the log and the times of its lines, "" where missing, of a log that was read with the kubelet's times."""
    lines, stamps = [], []
    for line in text.splitlines():
        stamp, _, rest = line.partition(" ")
        known = parse_time(stamp) is not None
        stamps.append(stamp if known else "")
        lines.append(rest if known else line)
    return "\n".join(lines), stamps
