"""Hide the value of a name that announces a secret, in whatever grammar the two stand.

A pattern finds a name. What follows it says how the value is attached: by a sign of assignment, a colon, an XML
attribute, a space after a flag, a cell border, a line break, or words such as "is" and 是. The value is read there and
judged by how much the name says, by that separator, and by its own look. Values that are plainly no secret stay: a
placeholder, a path, the name of a Secret object, or the next part of an error message (`cannot fetch token: x509: …`).
Works on UTF-8 bytes: RE2 then needs no conversion of offsets, and every delimiter is ASCII.
"""

from __future__ import annotations

from typing import Final

from responses.late_patterns import LateBacktracking, LatePattern
from responses.secret_buffer import hidden, hide_groups, looks_generated, looks_random
from responses.secret_judgement import is_secret
from responses.secret_looks import (
    Look,
    look_of,
)
from responses.secret_markup import after_markup
from responses.secret_names import Level, is_password_name, level_of
from responses.secret_places import FOREIGN_NAME, LOOK_AHEAD, NAME, Place, gaps_after, place_of
from responses.secret_separators import (
    CHANGED,
    CONTINUED,
    LIST,
)
from responses.secret_values import (
    Value,
    assigned_phrase_end,
    closing_quote,
    fits,
    hidden_end,
    hide_assigned,
    is_disguised,
    is_no_secret,
    is_phrase,
    is_sentence,
    read_value,
)

# In a text with more names, which nobody writes by hand, what follows a name in its line is hidden unread.
_MOST_NAMES: Final = 3_000
_REST_OF_LINE: Final = LatePattern(
    rb"(?i:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api_?key|" + FOREIGN_NAME + rb")([^\n]+)"
)
_BEFORE_VALUE: Final = LatePattern(
    rb"(?i:\bvalue)\\*[\"']?\s*:\s*(\\*[\"']?)([^\s\"'\\][^\"'\\\n]*?)(\\*[\"']?)\s*,?\s*"
    rb"\\*[\"']?(?i:name|key)\\*[\"']?\s*:\s*\\*[\"']?$"
)
_TOLD_BEFORE: Final = LateBacktracking(
    rb"([!#-&*-_a-~]{6,64})([\"'`])?(?:[ \t]+(?:(?:as|is)(?:[ ](?:the|my|our|your|new|a))?|>{1,2})[ \t]+["
    rb"\"'`./\w -]{0,20}"
    rb"|[ \t]+\([\w ]{0,16}|[ \t]*(?:<-{1,2}|"
    + "←".encode()
    + rb")[ \t]*[\w ]{0,16}|[ ]?(?:"
    + "是|作为|就是|当|做".encode()
    + rb")[\x80-\xff]{0,12})\Z"
)
# What an expression falls back to, unless it is a key of a mapping or an argument by name.
_FALLBACK: Final = LateBacktracking(
    rb"(?:\|\||\?\?|\bor\b|\belse\b|\bdefault\b[ \t(:=]*|[?{:])[ \t]*[\"'`]([^\"'`\n]{3,100})[\"'`]"
)
# "…" \ and "…" + in the next lines; the lines of a quoted value.
_NEXT_PIECE: Final = LateBacktracking(
    rb"[ \t]*(?:[\\+.&][ \t]*\r?\n[ \t]*|\r?\n[ \t]*[+.&][ \t]*|[ \t]*[+.][ \t]*)[\"']([^\"'\n]+)[\"']"
)
_MORE_LINES: Final = LateBacktracking(rb"\r?\n((?:[^\"'\n=:]{1,200}\r?\n){0,3}?[^\"'\n=:]{1,200})([\"'])(?=[\s;,)]|\Z)")
_OLD: Final = LateBacktracking(rb"\bfrom[ \t]+[\"'`]?([^\s\"'`]{4,40})[\"'`]?[ \t]+to\b")
# If this does not match, `hide_by_name` leaves a text as it is.
PATTERNS: Final = (NAME,)


def holds_secret(name: str, value: str) -> bool:
    """Return whether the value of this key, variable or flag is a credential: DB_PASSWORD, clientSecret, api-key."""
    # Annotation keys are domain/name.
    name = name.rpartition("/")[2]
    level = level_of(name)
    raw = value.encode("utf-8", "replace")
    if level is Level.NONE or is_no_secret(name.encode("utf-8", "replace"), raw):
        return False
    return level is Level.TELLING or fits(level, raw)


def hide_by_name(buffer: bytes) -> bytes:
    """Return the buffer with the values of names that announce a secret hidden."""
    spans: list[tuple[int, int]] = []
    done = judged = 0
    for found in NAME.finditer(buffer):
        if found.start() < done:
            continue
        place = place_of(buffer, found)
        if place.level is Level.NONE:
            continue
        judged += 1
        if judged > _MOST_NAMES:
            shown = _hide_spans(buffer, spans)
            rest = _REST_OF_LINE.sub(lambda line: hide_groups(line, 1), shown[found.start() :])
            return shown[: found.start()] + bytes(rest)
        for first, last in _value_spans(place):
            spans.append((first, last))
            done = max(done, last)
    return _hide_spans(buffer, spans)


def _hide_spans(buffer: bytes, spans: list[tuple[int, int]]) -> bytes:
    if not spans:
        return buffer
    shown = bytearray(buffer)
    for first, last in spans:
        shown[first:last] = hidden(buffer[first:last])
    return bytes(shown)


def _value_spans(place: Place) -> list[tuple[int, int]]:
    """Return the parts of the text after this name (rarely: before it) that are secret."""
    buffer, end = place.buffer, place.end
    marked = after_markup(place.buffer, place.end, place.before)
    if marked is not None:
        value = read_value(buffer, marked, element=buffer[end:marked].rstrip().endswith(b">"))
        return _inner(value) if value and is_secret(place, "assign", value) else []
    if (reverse := _value_before(place)) is not None:
        return [reverse]
    for kind, gap, at in gaps_after(place):
        spans = _spans_after(place, kind, gap, at)
        if spans is not None:
            return spans
    return []


def _spans_after(place: Place, kind: str, gap: bytes, at: int) -> list[tuple[int, int]] | None:
    """Return the secret parts after this gap, or None if the next kind of gap may fit."""
    if kind == "block":
        return _block(place, at)
    value = read_value(place.buffer, at)
    if value is None:
        return None
    if kind in ("assign", "colon"):
        is_expression = not value.quoted or value.start > at + 1
        if is_expression and (found := _fallbacks(place, at)):
            return found
        if kind == "assign" and not value.quoted:
            return _assigned(place, value, gap, at) or _changed_values(place, value)
        if _is_quote_of_name(place, at):
            return None
    if kind == "colon" and is_phrase(place.buffer, value) and is_password_name(place.name):
        end = place.buffer.find(b"\n", at)
        return [(at, len(place.buffer) if end < 0 else end)]
    if is_secret(place, kind, value, gap):
        old = _OLD.search(gap) if kind == "words" else None
        before = [(at - len(gap) + old.start(1), at - len(gap) + old.end(1))] if old else []
        return before + _inner(value, closers=b">)]}" if kind == "bracket" else b"")
    return _changed_values(place, value) if kind in ("assign", "colon", "comma", "line") else None


def _is_quote_of_name(place: Place, at: int) -> bool:
    """Return whether the quote after the sign closes the one before the name: grep for "password=" and see."""
    before = place.buffer[place.start - 1 : place.start]
    end = place.buffer[place.end : at]
    return before in (b'"', b"'") and place.buffer[at : at + 1] == before and before not in end


def _fallbacks(place: Place, at: int) -> list[tuple[int, int]]:
    """Return the literals that an expression falls back to: password = given || "…"."""
    if place.level is not Level.TELLING:
        return []
    end = place.buffer.find(b"\n", at, at + LOOK_AHEAD)
    line = place.buffer[at : end if end >= 0 else at + LOOK_AHEAD]
    least = Look.WORD if is_password_name(place.name) else Look.CHOSEN
    return [
        (at + found.start(1), at + found.end(1))
        for found in _FALLBACK.finditer(line)
        if look_of(place.name, found[1]) >= least
        and not is_sentence(found[1])
        and (found[0][:1] != b":" or b"?" in line[: found.start()])
        and (found[0][:1] == b"?" or line[found.end() :].lstrip()[:1] not in (b":", b"="))
    ]


def _assigned(place: Place, value: Value, gap: bytes, at: int) -> list[tuple[int, int]]:
    """Return the secret parts of a bare value that a sign assigns, with the words and lines that belong to it."""
    buffer = place.buffer
    group = LIST.match(buffer, at, at + LOOK_AHEAD) if gap == b"=" and place.level is Level.TELLING else None
    if group and (b" " in group[1] or looks_random(group[1])):
        return [group.span(1)]
    if value.text.endswith(b":") and level_of(value.text[:-1].decode("utf-8", "replace")) is Level.TELLING:
        # An arrow to the next name: argocd-initial-admin-secret -> password: …
        return []
    spans = hide_assigned(place.name, place.level, value, gap)
    argument = closing_quote(buffer, place.start, at) if gap == b"=" and place.level is Level.TELLING else at
    if argument > at and not is_no_secret(place.name, buffer[at:argument]):
        # One quoted argument: 'db_password=two words'
        return [(at, argument)]
    if spans and gap == b"=" and place.is_first_in_line and is_password_name(place.name):
        spans.append((spans[-1][1], max(spans[-1][1], assigned_phrase_end(value))))
    while spans and (rest := CONTINUED.match(buffer, spans[-1][1], spans[-1][1] + LOOK_AHEAD)):
        spans.append(rest.span(1))
    return spans


def _value_before(place: Place) -> tuple[int, int] | None:
    """Return the value that comes before its name: in an entry, or as in "I used … as password"."""
    before = place.before
    tail = before[-28:] if place.level is Level.TELLING else b""
    told = (
        _TOLD_BEFORE.search(before)
        if any(sign in tail for sign in (b" as ", b" is ", b">", b"(", b"<", b"\x86\x90")) or tail[-1:] >= b"\x80"
        else None
    )
    if told and (
        looks_generated(told[1])
        or (
            (told[2] or is_password_name(place.name) or is_disguised(told[1]))
            and look_of(place.name, told[1]) >= Look.CHOSEN
        )
    ):
        base = place.start - len(before)
        return base + told.start(1), base + told.end(1)
    if place.level is not Level.TELLING or b"alue" not in before.lower():
        return None
    found = _BEFORE_VALUE.search(before)
    if not found or is_no_secret(place.name, found[2]):
        return None
    base = place.start - len(before)
    return base + found.start(2), base + found.end(2)


def _inner(value: Value, closers: bytes = b"") -> list[tuple[int, int]]:
    end = value.end - (len(value.text) - len(value.text.rstrip(closers))) if closers else hidden_end(value)
    if end <= value.start:
        return []
    return [(value.start, end), *_changed_values(None, value), *_continued(value)]


def _changed_values(place: Place | None, value: Value) -> list[tuple[int, int]]:
    """Return the new value after the old one of a name: password = "…" -> "…"."""
    changed = CHANGED.match(value.buffer, value.outer, value.outer + 20)
    new = read_value(value.buffer, changed.end()) if changed else None
    if not new or not (new.quoted or looks_random(new.text)) or is_no_secret(b"password", new.text):
        return []
    return _inner(new) if place is None or place.level is Level.TELLING else []


def _continued(value: Value) -> list[tuple[int, int]]:
    """Return the next pieces of a quoted value: literals that are joined, or the lines up to its closing quote."""
    buffer, at = value.buffer, value.outer
    spans = []
    quote = buffer[value.start - 1 : value.start]
    if not value.quoted or quote not in (b'"', b"'"):
        return []
    if buffer[at - 1 : at] != quote or at == value.end:
        rest = _MORE_LINES.match(buffer, at, at + LOOK_AHEAD * 2)
        return [rest.span(1)] if rest and rest[2] == quote else []
    while piece := _NEXT_PIECE.match(buffer, at, at + LOOK_AHEAD):
        spans.append(piece.span(1))
        at = piece.end()
    return spans


def _block(place: Place, at: int) -> list[tuple[int, int]]:
    """Return the lines of a YAML block scalar: those that are indented deeper than its key."""
    buffer = place.buffer
    line = buffer.rfind(b"\n", 0, place.start) + 1
    key = place.start - line
    spans = []
    if place.level is not Level.TELLING:
        return []
    while at < len(buffer):
        end = buffer.find(b"\n", at)
        end = len(buffer) if end < 0 else end
        text = buffer[at:end]
        indent = len(text) - len(text.lstrip(b" >+-"))
        if text.strip() and indent <= key:
            break
        if text.strip() and not is_no_secret(place.name, text.strip()):
            spans.append((at + indent, at + len(text.rstrip())))
        at = end + 1
    return spans
