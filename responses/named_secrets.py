"""Hide the value of a name that announces a secret, in whatever grammar the two stand.

A pattern finds a name. What follows it says how the value is attached: by a sign of assignment, a colon, an XML
attribute, a space after a flag, a cell border, a line break, or words such as "is" and 是. The value is read there and
judged by how much the name says, by that separator, and by its own look. Values that are plainly no secret stay: a
placeholder, a path, the name of a Secret object, or the next part of an error message (`cannot fetch token: x509: …`).
Works on UTF-8 bytes: RE2 then needs no conversion of offsets, and every delimiter is ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import re2

from responses.secret_buffer import FILL, Match, hidden, hide_groups, looks_generated, looks_random
from responses.secret_looks import (
    Look,
    bare,
    is_compound,
    is_quoted_password,
    is_set,
    is_told_word,
    look_of,
)
from responses.secret_markup import after_markup
from responses.secret_names import CODE_KINDS, FOREIGN, KEY_KINDS, Level, is_password_name, level_of
from responses.secret_separators import (
    CHANGED,
    CLOSE,
    CONTINUED,
    GAPS,
    LATER_QUOTE,
    LIST,
    MOST_WORDS,
    SENTENCE_WORD,
    SPACE,
    TELLS,
)
from responses.secret_values import (
    CHINESE_STOP,
    Value,
    assigned_phrase_end,
    closing_quote,
    fits,
    hidden_end,
    hide_assigned,
    is_disguised,
    is_no_secret,
    is_phrase,
    is_prose,
    is_sentence,
    looks_mixed,
    read_value,
)

_FOREIGN_NAME: Final = "|".join(FOREIGN).encode()
_KINDS: Final = "|".join(sorted(KEY_KINDS)).encode()
_CODES: Final = "|".join(sorted(CODE_KINDS)).encode()
_WORDED: Final = (
    rb"(?i:(?:" + _KINDS + rb")[ ]key(?:[ ][0-9]{1,2}\b)?"
    rb"|(?:" + _CODES + rb")[ _-]codes?"
    rb"|pass[ ](?:word|phrase|code)|ak/sk)"
)
_NAME: Final = re2.compile(
    rb"\b" + _WORDED + rb"|[A-Za-z0-9_.$-]*(?:(?i:pass|pasw|psas|pssw|pwd|pw|secret|senha|heslo|haslo|contrasena"
    rb"|psw|mdp|clave|geheimnis|kennwort|wachtwoord|losenord|salasana|jelszo|parola|sifre|token|cred|psk|mnemonic|auth|jwt|otp|hmac|cookie|session|csrf|xsrf"
    rb"|bearer|signature|(?:"
    + _KINDS
    + rb")[_.-]?key|key\b)|(?:\b|_)(?i:sk|ak|sig|pin|pat|sid|c?nonce|seed|salt|pepper|phrase)\b)[A-Za-z0-9_.-]*"
    rb"|(?i:" + _FOREIGN_NAME + rb")"
)
# In a text with more names, which nobody writes by hand, what follows a name in its line is hidden unread.
_MOST_NAMES: Final = 3_000
_REST_OF_LINE: Final = re2.compile(
    rb"(?i:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api_?key|" + _FOREIGN_NAME + rb")([^\n]+)"
)
_LOOK_BACK: Final = 80
_LONGEST_NAME: Final = 120
# No separator is longer.
_LOOK_AHEAD: Final = 200

_BEFORE_VALUE: Final = re2.compile(
    rb"(?i:\bvalue)\\*[\"']?\s*:\s*(\\*[\"']?)([^\s\"'\\][^\"'\\\n]*?)(\\*[\"']?)\s*,?\s*"
    rb"\\*[\"']?(?i:name|key)\\*[\"']?\s*:\s*\\*[\"']?$"
)
_VERB: Final = re.compile(
    rb"\b(?:export|setenv|SetEnv|setx|define|fastcgi_param|declare -x|ENV|ARG|SET|set|set -x|set -gx|requ"
    rb"irepass|masterauth|config set"
    rb"|configure set)[ \t]+\Z"
)
_TOLD_BEFORE: Final = re.compile(
    rb"([!#-&*-_a-~]{6,64})([\"'`])?(?:[ \t]+(?:(?:as|is)(?:[ ](?:the|my|our|your|new|a))?|>{1,2})[ \t]+["
    rb"\"'`./\w -]{0,20}"
    rb"|[ \t]+\([\w ]{0,16}|[ \t]*(?:<-{1,2}|"
    + "←".encode()
    + rb")[ \t]*[\w ]{0,16}|[ ]?(?:"
    + "是|作为|就是|当|做".encode()
    + rb")[\x80-\xff]{0,12})\Z"
)
# etcd's cluster token, the token of a list's next page, the checksum of a Secret in a pod template.
_OTHER_BEFORE: Final = re.compile(
    rb"(?:(?i:\b(?:cluster|page|next|continue|primary|foreign|sort|partition)[ ])|checksum/|--from-(?:env-)?file[= ]|^--- |\n\s*--- )\Z"
)
# A table of names and values; what is asked for right above.
_VALUE_COLUMN: Final = re.compile(
    rb"(?i)(?:\A|\n)[ \t|+*-]*(?:key|name|variable(?:_name)?|field|setting|property|option|parameter|attribute|env\w*)\**"
    rb"[ \t|,;]+\**(?:(?:current|default)[ _])?value\b[^\n]*\n(?:[^\n]*\S[^\n]*\n)*[^\n]*\Z"
)
# What an expression falls back to, unless it is a key of a mapping or an argument by name.
_FALLBACK: Final = re.compile(
    rb"(?:\|\||\?\?|\bor\b|\belse\b|\bdefault\b[ \t(:=]*|[?{:])[ \t]*[\"'`]([^\"'`\n]{3,100})[\"'`]"
)
# "…" \ and "…" + in the next lines; the lines of a quoted value.
_NEXT_PIECE: Final = re.compile(
    rb"[ \t]*(?:[\\+.&][ \t]*\r?\n[ \t]*|\r?\n[ \t]*[+.&][ \t]*|[ \t]*[+.][ \t]*)[\"']([^\"'\n]+)[\"']"
)
_MORE_LINES: Final = re.compile(rb"\r?\n((?:[^\"'\n=:]{1,200}\r?\n){0,3}?[^\"'\n=:]{1,200})([\"'])(?=[\s;,)]|\Z)")
_OF_USER: Final = tuple(word.encode() for word in ("для", "用户", "用户名", "у"))
_OLD: Final = re.compile(rb"\bfrom[ \t]+[\"'`]?([^\s\"'`]{4,40})[\"'`]?[ \t]+to\b")
_WITH_DIGIT: Final = re.compile(rb"[0-9!@#$%^&*+=?~]")
_TABLE_ABOVE: Final = 1_500
_FAILURE_BEFORE: Final = re.compile(
    rb"(?i)\b(?:invalid|incorrect|wrong|bad|fail\w*|cannot|can't|unable|missing|error|verif\w*|check\w*|pars\w+|decod\w+"
    rb"|read\w*|get\w*|fetch\w*|expected|validat\w+|no|denied|unknown|unsupported)\b"
)
_OBJECT: Final = re.compile(rb"[a-z]{1,12}(?:[/_-][a-z]{1,12})+")
_OTHER_PAIR: Final = re.compile(rb"[A-Za-z_.-]{2,}[=:][^=]")
_FLAG: Final = re.compile(rb"(?:\A|[\s\"'\[({,;=`|])--?\Z")
_LINE_START: Final = re.compile(rb"(?:\A|\n)[\s>#+*|\"'`_-]*\Z")


@dataclass(frozen=True)
class _Place:
    """A name in the text with its surroundings."""

    buffer: bytes
    start: int
    end: int
    name: bytes
    level: Level

    @cached_property
    def before(self) -> bytes:
        return self.buffer[max(0, self.start - _LOOK_BACK) : self.start]

    @property
    def is_flag(self) -> bool:
        return bool(_FLAG.search(self.before + self._dashes))

    @property
    def _dashes(self) -> bytes:
        raw = self.buffer[self.start : self.end]
        return raw[: len(raw) - len(raw.lstrip(b"-"))]

    @property
    def is_first_in_line(self) -> bool:
        before = self.before
        return bool(_LINE_START.search(before)) and (self.start <= _LOOK_BACK or b"\n" in before)


# If this does not match, `hide_by_name` leaves a text as it is.
PATTERNS: Final = (_NAME,)


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
    for found in _NAME.finditer(buffer):
        if found.start() < done:
            continue
        place = _place(buffer, found)
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


def _place(buffer: bytes, found: Match) -> _Place:
    # Only the end of a name tells, and it is kept in a cache.
    raw = bytes(found[0])
    # A Java option: -Ddb.password=…
    name = raw[2 if raw[:2] in (b"-D", b"-P") else 0 :][-_LONGEST_NAME:].strip(b"-_.$")
    level = level_of(name.decode("utf-8", "replace"))
    start, end = found.span()
    if level and (buffer[start - 2 : start] == b"${" and buffer[end : end + 2] == b":?"):
        # What a shell says if the variable is not set.
        level = Level.NONE
    if level and (_OTHER_BEFORE.search(buffer[max(0, start - 16) : start]) or _is_in_arn(buffer, start)):
        level = Level.NONE
    # An arrow or leaders may follow the name directly.
    return _Place(buffer, found.start(), found.start() + len(raw.rstrip(b"-.")), name, level)


def _is_in_arn(buffer: bytes, start: int) -> bool:
    """Return whether the name is a part of a resource of AWS: arn:aws:secretsmanager:eu-central-1:1:secret:db"""
    words = buffer[max(0, start - _LOOK_BACK) : start].split() if buffer[start - 1 : start] == b":" else ()
    return any(b"arn:" in word for word in words[-1:])


def _value_spans(place: _Place) -> list[tuple[int, int]]:
    """Return the parts of the text after this name (rarely: before it) that are secret."""
    buffer, end = place.buffer, place.end
    marked = after_markup(place.buffer, place.end, place.before)
    if marked is not None:
        value = read_value(buffer, marked, element=buffer[end:marked].rstrip().endswith(b">"))
        return _inner(value) if value and _is_secret(place, "assign", value) else []
    if (reverse := _value_before(place)) is not None:
        return [reverse]
    for kind, gap, at in _gaps(place):
        if kind == "block":
            return _block(place, at)
        value = read_value(buffer, at)
        if value is None:
            continue
        is_expression = not value.quoted or value.start > at + 1
        if kind in ("assign", "colon") and is_expression and (found := _fallbacks(place, at)):
            return found
        if kind == "assign" and not value.quoted:
            return _assigned(place, value, gap, at) or _changed_values(place, value)
        if kind in ("assign", "colon") and _is_quote_of_name(place, at):
            continue
        if kind == "colon" and is_phrase(buffer, value) and is_password_name(place.name):
            end = buffer.find(b"\n", at)
            return [(at, len(buffer) if end < 0 else end)]
        if _is_secret(place, kind, value, gap):
            old = _OLD.search(gap) if kind == "words" else None
            return ([(at - len(gap) + old.start(1), at - len(gap) + old.end(1))] if old else []) + _inner(
                value, closers=b">)]}" if kind == "bracket" else b""
            )
        if kind in ("assign", "colon", "comma", "line"):
            return _changed_values(place, value)
    return []


def _is_quote_of_name(place: _Place, at: int) -> bool:
    """Return whether the quote after the sign closes the one before the name: grep for "password=" and see."""
    before = place.buffer[place.start - 1 : place.start]
    end = place.buffer[place.end : at]
    return before in (b'"', b"'") and place.buffer[at : at + 1] == before and before not in end


def _fallbacks(place: _Place, at: int) -> list[tuple[int, int]]:
    """Return the literals that an expression falls back to: password = given || "…"."""
    if place.level is not Level.TELLING:
        return []
    end = place.buffer.find(b"\n", at, at + _LOOK_AHEAD)
    line = place.buffer[at : end if end >= 0 else at + _LOOK_AHEAD]
    least = Look.WORD if is_password_name(place.name) else Look.CHOSEN
    return [
        (at + found.start(1), at + found.end(1))
        for found in _FALLBACK.finditer(line)
        if look_of(place.name, found[1]) >= least
        and not is_sentence(found[1])
        and (found[0][:1] != b":" or b"?" in line[: found.start()])
        and (found[0][:1] == b"?" or line[found.end() :].lstrip()[:1] not in (b":", b"="))
    ]


def _assigned(place: _Place, value: Value, gap: bytes, at: int) -> list[tuple[int, int]]:
    """Return the secret parts of a bare value that a sign assigns, with the words and lines that belong to it."""
    buffer = place.buffer
    group = LIST.match(buffer, at, at + _LOOK_AHEAD) if gap == b"=" and place.level is Level.TELLING else None
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
    while spans and (rest := CONTINUED.match(buffer, spans[-1][1], spans[-1][1] + _LOOK_AHEAD)):
        spans.append(rest.span(1))
    return spans


def _gaps(place: _Place) -> Iterator[tuple[str, bytes, int]]:
    """Yield the separators that may follow the name: kind, text and end."""
    end = place.end
    window = place.buffer[end : end + _LOOK_AHEAD]
    close = CLOSE.match(window)
    start = close.end() if close else 0
    if start >= len(window):
        return
    has_value = b"alue" in window
    for kind, pattern in GAPS:
        if kind == "valued" and not has_value:
            continue
        if found := pattern.match(window, start):
            yield kind, window[: found.end()], end + found.end()
    if (words := TELLS.match(window, start)) and words.end() > start:
        yield "words", window[: words.end()], end + words.end()
    space = SPACE.match(window, start)
    at = space.end() if space else start
    yield "space", window[:at], end + at
    if place.level is not Level.TELLING:
        return
    words_end = _after_words(window, start)
    if words_end is not None:
        yield "sentence", window[:words_end], end + words_end
    if later := LATER_QUOTE.match(window, start):
        yield "quoted", window[: later.end()], end + later.end()


def _after_words(window: bytes, start: int) -> int | None:
    """Return where the first token of the line begins that is not a word."""
    line = window[start:].partition(b"\n")[0]
    at = start
    for token in line.split(None, MOST_WORDS + 1)[: MOST_WORDS + 1]:
        at = window.find(token, at)
        if not SENTENCE_WORD.match(token):
            return at if at > start else None
        at += len(token)
    return None


def _value_before(place: _Place) -> tuple[int, int] | None:
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


def _changed_values(place: _Place | None, value: Value) -> list[tuple[int, int]]:
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
        rest = _MORE_LINES.match(buffer, at, at + _LOOK_AHEAD * 2)
        return [rest.span(1)] if rest and rest[2] == quote else []
    while piece := _NEXT_PIECE.match(buffer, at, at + _LOOK_AHEAD):
        spans.append(piece.span(1))
        at = piece.end()
    return spans


def _block(place: _Place, at: int) -> list[tuple[int, int]]:
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


def _is_secret(place: _Place, kind: str, value: Value, gap: bytes = b"") -> bool:
    """Return whether the value is a secret, by the name, the separator and its look."""
    if value.text.endswith(b":") and not value.quoted:
        return False
    if is_no_secret(place.name, value.text) or (kind in _APART and _OTHER_PAIR.match(value.text)):
        return False
    if place.level is not Level.TELLING:
        return fits(place.level, bare(value)) and _may_follow(place, kind, gap, value)
    if kind == "assign":
        # fail("API_KEY is missing")
        return place.buffer[value.start - 2 : value.start - 1] != b"(" or not is_sentence(value.text)
    if kind == "colon":
        if is_told_word(place.name, value) and not _FAILURE_BEFORE.search(place.before[-40:]):
            return True
        is_phrase_of_text = b" " in place.name and not value.quoted and not place.is_first_in_line
        if is_phrase_of_text and gap[-1:].isspace() and _look(place, value) < Look.CHOSEN:
            return False
        return not is_prose(place.buffer, place.start, place.name, gap, value, first=place.is_first_in_line)
    if kind == "line":
        return _is_lone_line(place, gap, value)
    if kind == "space":
        return _is_next_word(place, gap, value)
    return _TESTS[kind](place, value)


def _may_follow(place: _Place, kind: str, gap: bytes, value: Value) -> bool:
    """Return whether a value may follow a name that says little in this way."""
    if kind == "line":
        return _is_lone_line(place, gap, value)
    if place.level is Level.FAINT:
        return kind in ("assign", "colon")
    if kind == "label":
        return False
    return kind != "space" or bool(gap.strip(b"\\\"'`*_~)]")) or not place.name.isascii()


# Kinds without a sign between the name and its value.
_APART: Final = ("space", "words", "sentence", "cell", "valued", "label", "for", "foreign")
_TESTS: Final[dict[str, Callable[[_Place, Value], bool]]] = {
    "chinese": lambda place, value: value.text.isascii() and len(value.text) >= 4,
    "comma": lambda place, value: value.quoted and (looks_random(value.text) or _is_argument(place, value)),
    "call": lambda place, value: value.quoted and (_look(place, value) >= Look.CHOSEN or is_set(place.name, value)),
    "valued": lambda place, value: value.quoted or _look(place, value) >= Look.CHOSEN,
    "sentence": lambda place, value: looks_generated(bare(value)),
    "quoted": lambda place, value: (
        value.outer > value.end and value.quoted and b" " not in value.text and looks_mixed(bare(value))
    ),
    "nested": lambda place, value: _look(place, value) >= Look.CHOSEN,
    "bracket": lambda place, value: (
        looks_generated(bare(value))
        or is_disguised(bare(value).rstrip("）".encode()))
        or (is_password_name(place.name) and _look(place, value) >= Look.CHOSEN)
    ),
    "words": lambda place, value: (
        _look(place, value) >= Look.CHOSEN or is_quoted_password(place.name, value) or is_told_word(place.name, value)
    ),
    "for": lambda place, value: _look(place, value) >= Look.CHOSEN or is_told_word(place.name, value),
    "label": lambda place, value: is_password_name(place.name) and _look(place, value) >= Look.CHOSEN,
    "cell": lambda place, value: _look(place, value) >= Look.CHOSEN or _is_in_table(place),
    "foreign": lambda place, value: _is_told_in_other_script(place, value),
}


def _is_told_in_other_script(place: _Place, value: Value) -> bool:
    """Return whether a value with digits or signs follows a name in another script with a few words between them."""
    if place.name.isascii() or place.buffer[place.end : value.start].rstrip().endswith(_OF_USER):
        return False
    return bool(_WITH_DIGIT.search(bare(value))) and _look(place, value) >= Look.CHOSEN


def _look(place: _Place, value: Value) -> Look:
    return look_of(place.name, bare(value))


def _is_in_table(place: _Place) -> bool:
    """Return whether the name is a row of a table that has a column of values."""
    if not place.is_first_in_line:
        return False
    return bool(_VALUE_COLUMN.search(place.buffer[max(0, place.start - _TABLE_ABOVE) : place.start]))


def _is_argument(place: _Place, value: Value) -> bool:
    """Return whether a call is given a name and its value, both quoted: setenv("PASSWORD", "…")."""
    is_quoted = place.buffer[place.start - 1 : place.start] == place.buffer[place.end : place.end + 1] != b""
    return is_quoted and not is_sentence(value.text) and not value.rest.startswith(b":")


def _is_next_word(place: _Place, gap: bytes, value: Value) -> bool:
    """Return whether the word after the name is its value."""
    text = value.text
    if gap.strip(b" \t\"'`*_~\\)]") == b"" and not gap[-1:].isspace():
        # Nothing separates the two, except in Chinese: 密码「x」.
        return not place.name.isascii() and (len(text) >= 3 if value.quoted else looks_random(text))
    if place.is_flag:
        if not is_password_name(place.name) and _OBJECT.fullmatch(text):
            # aws … --secret-id prod/shop-db
            return False
        return not text.startswith(b"-") and (value.quoted or len(text) >= 6)
    is_line = value.alone and place.is_first_in_line
    if is_line and (_look(place, value) >= Look.CHOSEN or is_compound(place.name) or _is_in_table(place)):
        # A line of a configuration: bindpw s3cr3t-value
        return not is_sentence(text)
    if is_line and value.quoted and gap.strip() in (b'"', b"'"):
        # "password" "x"
        return is_password_name(place.name) and not is_sentence(text)
    return _is_plain_word(place, gap, value)


def _is_plain_word(place: _Place, gap: bytes, value: Value) -> bool:
    """Return whether a word in running text is the value of the name before it."""
    if not gap.strip() and is_quoted_password(place.name, value):
        return True
    if not gap.strip() and is_disguised(bare(value).rstrip(b";,")):
        return True
    if value.alone and is_password_name(place.name) and _WITH_DIGIT.search(bare(value)):
        return _look(place, value) >= Look.CHOSEN
    return bool(_VERB.search(place.before)) or looks_random(bare(value))


def _is_lone_line(place: _Place, gap: bytes, value: Value) -> bool:
    """Return whether the value is all of the line after the one that ends with the name."""
    colon = gap.rstrip(b" \t\r\n|>+-").endswith((b":", b"=", "：".encode()))
    placed = colon or not place.name.isascii() or place.is_first_in_line
    likely = looks_mixed(value.text) or (value.quoted and looks_generated(value.text))
    if not value.alone or not (placed or likely) or value.text.endswith(b":") or b": " in value.text:
        return False
    if place.is_flag:
        return not value.text.startswith(b"-")
    if _OTHER_PAIR.match(value.text):
        return False
    if looks_random(value.text) or (value.quoted and colon):
        return True
    if FILL in value.text or CHINESE_STOP.search(value.text):
        return False
    likely = _look(place, value) >= Look.CHOSEN or (colon and is_told_word(place.name, value))
    return likely and place.is_first_in_line
