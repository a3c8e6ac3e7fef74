"""Clean a pasted text: numbered lines without colours, markup, escapes and quote marks, or a Slack message.

Nothing here knows about Kubernetes. Line numbers count the lines of the pasted text. Slack writes entities for `& < >`,
puts links and mentions into angle brackets, and links everything that looks like a host name; its clients make quotes
and dashes typographic. Pure, never raises.

The time of a line is read as exactly as it is written.
"""

from __future__ import annotations

import html
import re
from calendar import month_abbr
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from intents.domain import PastedTime

# Of a longer text only the first and the last half of this size are read, cut at line ends.
MAX_BYTES: Final = 1 << 20
# A longer line is read in pieces of this length, which share its number.
MAX_LINE: Final = 2000

_SLACK_LINK: Final = re.compile(r"<(?:https?|ftp|mailto)[^<>|\s]{1,4000}(?:\|[^<>\n]{0,4000})?>")
_SLACK_NAME: Final = re.compile(r"<([@#!])[^<>|\n]{1,200}(?:\|([^<>\n]{0,200}))?>")
_ENTITY: Final = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
# Colours as terminals send them, as `cat -v` shows them, and without a lost escape character.
_ANSI: Final = re.compile(
    r"(?:\x1b|\u241b|\^\[)(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,200}(?:\x07|\x1b\\)|[@-Z\\-_])"
    r"|\[(?:\d{1,3};){0,4}\d{1,3}m(?!\])"
)
_INVISIBLE: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffd]"
)
_TYPOGRAPHY: Final = str.maketrans({
    **dict.fromkeys("“”„‟″«»「」『』＂", '"'),
    **dict.fromkeys("‘’‚‛′＇`´", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " "),
})  # fmt: skip
# A quote in a JSON string within a JSON string has three backslashes; a line break in one is `\n`.
_ESCAPED_QUOTE: Final = re.compile(r"\\{1,16}(?=[\"'/])")
_ESCAPED_BREAK: Final = re.compile(r"\\{1,16}[nr](?![a-z]{1,3}\\)")
_ESCAPED_TAB: Final = re.compile(r"\\{1,16}t(?=[\s\"'\[(\w])")
_ESCAPED_CODE: Final = re.compile(r"\\{1,16}u00([0-7][0-9a-fA-F])")
_QUOTE_MARK: Final = re.compile(r"^(?:\s{0,8}>)+ ?")
_FENCE: Final = re.compile(r"^\s*(?:```|''')[\w+-]{0,20}\s*$")


def is_cut(text: str | bytes) -> bool:
    """Return whether the middle of the text is left out; an answer then says so."""
    return len(text) > MAX_BYTES


def lines_of(text: str | bytes) -> Iterator[tuple[int, str]]:
    """Yield (number, cleaned line) in order, without blank lines; pieces of a line share a number. Never raise."""
    for first, part in _within_bounds(_decoded(text)):
        for number, raw in enumerate(_cleaned(part).split("\n"), start=first):
            line = raw if raw.isascii() else raw.translate(_TYPOGRAPHY)
            line = _QUOTE_MARK.sub("", line) if ">" in line else line
            if not line or line.isspace() or (("```" in line or "'''" in line) and _FENCE.match(line)):
                continue
            if len(line) <= MAX_LINE and "\r" not in line:
                yield number, line.rstrip()
                continue
            for piece in _pieces(line):
                yield number, piece


def _decoded(text: str | bytes) -> str:
    if isinstance(text, bytes):
        # In UTF-16 the limit of characters is twice as many bytes.
        if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return text.decode("utf-16", "replace")
        return text.decode("utf-8", "replace")
    return text


def _within_bounds(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of the first line, text) of the parts that are read."""
    if len(text) <= MAX_BYTES:
        yield 1, text
        return
    half = MAX_BYTES // 2
    head_end = text.rfind("\n", half - MAX_LINE, half)
    head_end = head_end if head_end > 0 else half
    tail_start = text.find("\n", len(text) - half, len(text) - half + MAX_LINE) + 1 or len(text) - half
    yield 1, text[:head_end]
    yield text.count("\n", 0, tail_start) + 1, text[tail_start:]


def _cleaned(text: str) -> str:
    """Undo what terminals, chats and JSON did to the text. A carriage return alone splits a line."""
    text = text.replace("\r\n", "\n")
    if "<" in text:
        text = _SLACK_NAME.sub(_slack_name, _SLACK_LINK.sub(_slack_link, text))
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    if "[" in text:
        text = _ANSI.sub("", text)
    if "\\" in text:
        text = _ESCAPED_CODE.sub(lambda match: chr(int(match.group(1), 16)), text)
        text = _ESCAPED_QUOTE.sub("", text)
        text = _ESCAPED_TAB.sub(" ", _ESCAPED_BREAK.sub("\r", text))
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        # Half of a surrogate pair is not a character: later code could not encode it.
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\t", " ")


def _slack_link(match: re.Match[str]) -> str:
    url, bar, label = match.group()[1:-1].partition("|")
    return label if bar and label else url


def _slack_name(match: re.Match[str]) -> str:
    return match.group(1) + (match.group(2) or "")


def _pieces(line: str) -> Iterator[str]:
    for part in line.split("\r"):
        if not part or part.isspace():
            continue
        start = 0
        while len(part) - start > MAX_LINE:
            end = part.rfind(" ", start + MAX_LINE // 2, start + MAX_LINE)
            end = end if end > 0 else start + MAX_LINE
            yield part[start:end].rstrip()
            start = end
        if tail := part[start:].rstrip():
            yield tail


# A target and perhaps a label in angle brackets. A `<` that was typed arrives as an entity.
_BRACKETED: Final = re.compile(r"<([^<>|\n]{1,4096})(?:\|([^<>\n]{0,4096}))?>([ \t]?)")
_ADDRESS: Final = re.compile(r"(?:https?|ftps?|mailto|tel|slack)[:/]", re.IGNORECASE)
_PERSON: Final = re.compile(r"@[A-Z0-9]+")
_SLACK_ENTITY: Final = re.compile(r"&(amp|lt|gt);")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">"}
_SLACK_FENCE: Final = re.compile(r"[ \t]*```[ \t]*")
_SLACK_TYPOGRAPHY: Final = str.maketrans({
    **dict.fromkeys("“”„‟", '"'),
    **dict.fromkeys("‘’‚‛", "'"),
    "\u00a0": " ",
})  # fmt: skip


def unformatted(text: str) -> str:
    """Return the pasted text: links as labels, entities as characters, no mentions, code fences or smart quotes."""
    text = _BRACKETED.sub(_bracketed, text)
    text = _SLACK_ENTITY.sub(lambda found: _ENTITIES[found[1]], text)
    text = _without_fences(text).translate(_SLACK_TYPOGRAPHY)
    whole = text.strip()
    if len(whole) > 2 and whole[0] == whole[-1] == "`" and "`" not in whole[1:-1]:
        text = whole[1:-1]
    return text.strip()


def _bracketed(found: re.Match[str]) -> str:
    target, label, space = found[1], found[2] or "", found[3]
    if _PERSON.fullmatch(target):
        return ""  # with the space after it, so that the next word comes first
    if target.startswith("#"):
        return f"#{label}{space}" if label else ""
    if target.startswith("!"):
        # A date shows its label; @here, @channel and user groups are not part of an error.
        return f"{label}{space}" if target.startswith("!date^") else ""
    if _ADDRESS.match(target):
        return f"{label or target.removeprefix('mailto:').removeprefix('tel:')}{space}"
    return found[0]


def _without_fences(text: str) -> str:
    """Replace every ``` by a line break, unless there is one already."""
    if "```" not in text:
        return text
    pieces = _SLACK_FENCE.split(text)
    joined = pieces[0]
    for piece in pieces[1:]:
        needs_break = joined and piece and not joined.endswith("\n") and not piece.startswith("\n")
        joined += ("\n" if needs_break else "") + piece
    return joined


# A time is near the start of a line or after a key of a JSON line; farther right it is part of the message.
_WITHIN: Final = 300
_MONTHS: Final = {name: number for number, name in enumerate(month_abbr) if name}

_TIME: Final = re.compile(
    # RFC 3339, ISO 8601, TiDB's [2022/09/08 11:46:12.703 +08:00], Go's 2009/11/10 23:00:00
    r"(?<!\d)(?P<year>(?:19|20)\d\d)[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T _](?P<clock>\d\d:\d\d:\d\d)"
    r"(?:[.,](?P<fraction>\d{1,9}))? ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?"
    # klog: severity, month and day, no year, no zone
    r"|(?<![A-Za-z0-9])[IWEF](?P<kmonth>\d\d)(?P<kday>\d\d) (?P<kclock>\d\d:\d\d:\d\d)\.(?P<kfraction>\d{1,9})"
    # RFC 1123 as kubectl describe prints it: Thu, 06 Mar 2025 11:02:19 +0100
    r"|(?P<rday>\d\d?) (?P<rmonth>[A-Z][a-z]{2}) (?P<ryear>\d{4}) (?P<rclock>\d\d:\d\d:\d\d)"
    r"(?: (?P<rzone>GMT|UTC|[+-]\d{4}))?"
    # syslog: Mar  6 11:02:19, no year, no zone
    r"|(?<![A-Za-z])(?P<smonth>[A-Z][a-z]{2}) {1,2}(?P<sday>\d\d?) (?P<sclock>\d\d:\d\d:\d\d)"
    # zap: seconds since 1970 as a float
    r"|\"?(?:ts|time|timestamp)\"?[:=] ?\"?(?P<epoch>1\d{9})(?:\.(?P<efraction>\d{1,9}))?(?!\d)"
)


def is_dated(line: str) -> bool:
    """Return whether a line has a time."""
    return _TIME.search(line, 0, _WITHIN) is not None


def without_time(line: str) -> str:
    """Return a line without its first time; a JSON line keeps the key."""
    return _TIME.sub(" ", line[:_WITHIN], count=1) + line[_WITHIN:]


def time_in(line: str) -> PastedTime | None:
    """Return the first time in a line; None without a time, or if it does not exist in the calendar."""
    match = _TIME.search(line, 0, _WITHIN)
    if match is None:
        return None
    try:
        return _time(match)
    except (ValueError, OverflowError):
        return None


def _time(match: re.Match[str]) -> PastedTime:
    if match["epoch"]:
        at = datetime.fromtimestamp(int(match["epoch"]), tz=UTC) + _fraction(match["efraction"])
        return PastedTime(at=at, year_known=True, zone_known=True)
    named = match["rmonth"] or match["smonth"]
    year = int(match["year"] or match["ryear"] or 0)
    month = _MONTHS.get(named, 0) if named else int(match["month"] or match["kmonth"])
    day = int(match["day"] or match["kday"] or match["rday"] or match["sday"])
    clock = match["clock"] or match["kclock"] or match["rclock"] or match["sclock"]
    hour, minute, second = (int(part) for part in clock.split(":"))
    zone = match["zone"] or match["rzone"]
    # 29 February without a year has no certain date: 1900 had none, so it counts as no time.
    at = datetime(year or 1900, month, day, hour, minute, min(second, 59), tzinfo=_zone(zone))
    at += _fraction(match["fraction"] or match["kfraction"])
    return PastedTime(at=at, year_known=bool(year), zone_known=zone is not None)


def _fraction(digits: str | None) -> timedelta:
    return timedelta(microseconds=int(f"{digits:0<6}"[:6])) if digits else timedelta()


def _zone(written: str | None) -> timezone | None:
    if written is None:
        return None
    if written in ("Z", "UTC", "GMT"):
        return UTC
    digits = written.replace(":", "")
    minutes = int(digits[1:3]) * 60 + int(digits[3:5])
    return timezone(timedelta(minutes=-minutes if digits[0] == "-" else minutes))
