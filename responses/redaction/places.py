"""Find names that announce a secret, and where their values may begin.

A place is a name with its surroundings. Its gaps are what may stand between it and its value: signs, line breaks, cell
borders, brackets and words, matched right after the name in the order of `GAPS`. Each kind has its own test for the
value, in `responses.redaction.named`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from responses.redaction.buffer import LateBacktracking, LatePattern, Match, looks_generated
from responses.redaction.names import (
    CODE_KINDS,
    FOREIGN,
    KEY_KINDS,
    Level,
    Look,
    is_disguised,
    is_no_secret,
    is_password_name,
    is_sentence,
    level_of,
    look_of,
)
from responses.redaction.values import LOOK_AHEAD

# Windows of at most two hundred bytes are read with `re`, which starts faster than RE2.
# Marks that close a name: quotes, an index, marks of a chat, a variable's second percent sign.
CLOSE: Final = LateBacktracking(
    rb"(?:</[a-z]{1,6}>|%(?=[ \t]*=)|[\\\"'`*_~\])]|" + "”|’|」|』|】|»|›".encode() + rb"){0,6}"
)
_TYPE: Final = (
    r"(?:\[[0-9]*\]|[ \t]+(?:\*?string|\[\]byte)(?=[ \t]*=)"
    r"|[ \t]*:[ \t]*&?(?:'static )?(?i:string|str|bytes?|any|char|secretstr|final|optional\[str\])\??)?"
)
_COLON: Final = r"(?:::?|：)"
TELLS: Final = LatePattern(
    (
        r"[?!]{0,3}(?:[ \t]*\([^()\n]{0,40}\))?(?:[ \t]+(?i:is|was|are|now|to|as|changed|reset|rotated|updated|set"
        r"|still|currently|new|its|it's|just|simply|probably|actually|should|must|will|got|from[ \t]+\S{1,40}[ \t]+to"
        r"|has|have|been|be|used to be|c'est|equals|(?:for|of|in|on|at)(?:[ \t]+[\w.'@-]+){1,4}?[ \t]+(?:is|was|are|to"
        r"|now)|(?:for|of)[ \t]+[\w.-]+|with[ \t]+value|ist|lautet|est|es|jest)\b|[ \t]+é|は|является)+[ \t]*:?[ \t]*"
        r"|[ ](?:-|–|—)[ ]"
    ).encode()
)
_TELLS_CHINESE: Final = (
    r"(?:已经|已|现在|现|重新|默认|统一|应该|就|还|都)?(?:被)?(?:改成|改为|换成|换为|设为|设成|设置为|设置成|重置为|更新为|变成|是|为|填"
    r"|用|输入|叫|默认)(?:了)?[ \t]*(?:：|:)?"
)
# In a sentence the value may come a few words later; it then has to look generated.
SENTENCE_WORD: Final = LateBacktracking(
    rb"(?:[A-Za-z']{1,12}[,;:]?|\([^()\s]{0,20}\)[,;:]?|>{1,2}|~|/|--?|\.{2,3}|[,;:]|[^\x00-\x7f]{1,24})\Z"
)
MOST_WORDS: Final = 8
_REMARK: Final = r"(?:[ \t]*\([^()\n]{0,40}\)|（(?:(?!）)[^\n]){0,60}）)?"
# Tags of YAML that look a value up.
_LOOKUP_TAG: Final = r"(?i:ref|sub|getatt|importvalue|secret|env\w*|join|select|reference)\b"
_LABEL_END: Final = (
    rf"(?:(?:[*_`~]{{1,2}}|!{{1,2}}(?!{_LOOKUP_TAG})[\w:/.-]*|&\w+|(?i:its|it's|it is|still|now))[ \t]+)?"
)
_SIGN: Final = r"(?::=|\|\|=?|\?\?=?|//=|[=~-]{1,12}>|===?|!==?|\?=|\+=|=|<-|<<<|→|⇒|➜|＝|←)"
# The kinds of separators, in the order in which they are tried.
GAPS: Final = tuple(
    (kind, LateBacktracking(pattern.encode()))
    for kind, pattern in {
        "assign": rf"(?:[ \t]*[(\[][^()\[\]\n]{{1,30}}[)\]](?=[ \t]*=))?{_TYPE}(?:\s{{0,8}}|[ \t]{{9,60}}){_SIGN}"
        r"[ \t]*(?:<<[-~]?[\"']?\w+[\"']?\r?\n[ \t]*)?(?:\\\r?\n[ \t]*)?(?:[*_`~]{1,2}[ \t]+)?",
        "block": r"[ \t]*:[ \t]*[|>][+-]?[ \t]*\r?\n",
        # An object below the name: password:\n  value: …
        "nested": r"[^\n]{0,60}\n[ \t>|+-]*[\"']?(?i:(?:new|old|current)?[ _-]?(?:value|val))[\"']?"
        r"[ \t]*(?::|=>?)[ \t]*",
        "line": rf"{_REMARK}[ \t]*(?:(?:is|was|are|below)[ \t]*)?(?:{_COLON}|=|\|)?[ \t]*"
        r"(?:\r?\n[ \t]*-{3,}[ \t]*(?=\r?\n[^|\n]+(?:\n|\Z)))?(?:\r?\n[ \t>|+-]*(?:```\w*)?){1,3}(?::[ \t]+)?",
        # A chat's bold label ends after its colon: *password:* …; YAML has tags and anchors there.
        "colon": rf"{_REMARK}(?:[ \t]?\.){{0,30}}[ \t]*{_COLON}[ \t]*{_LABEL_END}",
        "for": r"[ \t]+(?:(?:for|of|on|in|do|da|de|del|des|du|der|vom|von|auf|pour|para|für)"
        rf"(?:[ \t]+[\"'`]?[\w.@/-]{{1,30}}[\"'`]?){{1,4}}?)[ \t]*(?:(?:{_SIGN}|{_COLON})[ \t]*"
        r"(?:\r?\n[ \t>]*(?:```\w*\r?\n)?)?|(?:below|here)[ \t]*:?[ \t]*\r?\n[ \t>]*)",
        # password prod: …
        "label": r"[ \t]+[A-Za-z][\w.@-]{0,19}[ \t]*:[ \t]+",
        # … with value 'x', has the value [x], (value=x)
        "valued": r"[^\n:=]{0,60}?\b(?:with|has|had|got|the|a|its|and|,|\()[ \t]*(?i:value)(?:[ \t]+(?:is|was|of))?"
        r"[ \t]*[:=]?[ \t]*\[?",
        "call": r"(?:\.(?i:equals(?:ignorecase)?|compareto))?\([ \t]*(?=[bru]?[\"'`])|[ \t]+eq[ \t]+(?=[\"'])",
        "comma": r"(?<=[\"'])\s*,\s*|(?<=[\"'])[ \t]*\r?\n[ \t]*[0-9]{1,3}\)[ \t]*(?=[\"'])"
        r"|[,;|]{1,2}[ \t]*[\[({<]{0,3}?(?=[\[({]?[\"'])|\(\s*(?=[\"'])",
        "cell": r"(?:[ ]*(?:\||│|║|┃|｜)[ ]*|[ ]*\t[ \t]*|(?:[,;]|、|，)(?=[^\s,;])"
        r"|[ ]?(?:(?:\.[ ]?){3,}|-{3,}|>{1,2}|…{1,4})[ ]?)",
        "bracket": r"[ \t]*(?:[?!]{1,2}[ \t]+|[<\[({]|（)(?=[^\s\"'<>(){}\[\]])",
        "chinese": rf"[ \t]*{_TELLS_CHINESE}[ \t]*",
        "foreign": r"[ \t]*[\x80-\xff]{2,24}(?:[ \t]+[\x80-\xff]{2,24}){0,4}[ \t]*(?=[!-~])",
    }.items()
)
# Network devices put the kind of encryption there: secret 5 …
SPACE: Final = LateBacktracking(rb"[ \t]*(?:(?<=[ \t])[0-9]{1,2}[ \t]+(?=\S{8}))?")
# Old and new value: password = "…" -> "…"
CHANGED: Final = LateBacktracking(rb"[\"'`]?[ \t]*(?:->|=>|" + "→|⇒|➜".encode() + rb")[ \t]*")
# A quoted string later in this line or in the next, which then has to look generated: token = client.login("…")
LATER_QUOTE: Final = LateBacktracking(
    rb"[^\n\"']{1,60}(?:\n[^\n\"']{0,60})?(?:[\"'][\w.-]{1,30}[\"'][^\n\"']{1,10})?(?=[\"'])"
)
# Words of an array in a shell, a value in braces of ODBC: PASSWORDS=(… …), PWD={…}
LIST: Final = LateBacktracking(rb"[({]([^(){}\"'$:=\n]*[^(){}\"'$:=\s])[ \t]*[)}]")
# A value that goes on in the next line.
CONTINUED: Final = LateBacktracking(rb"\\\r?\n[ \t]*([^\s\\\"']{2,})")
# --- markup ---------------------------------------------------------------------------------------------------------
# XML: <name>, <x name="name">, <x key="name" value=, and entries of JSON and YAML.
_TAG: Final = re.compile(rb"[^<>\n]{0,80}>\s{0,20}(?:<(?:value|val|string)>\s{0,8})?")
_NEXT_ELEMENT: Final = re.compile(rb"</[\w:.-]{1,30}>\s{0,20}<[\w:.-]{1,30}>\s{0,8}")
_BODY: Final = re.compile(rb"[\"']\s*\{[^{}\"]{0,120}?\b(?:default|value)\s*=\s*")
_ATTRIBUTE: Final = re.compile(rb"[\"'][^<>\n]{0,80}\b(?i:value|val|content)\s{0,4}=\s{0,4}")
_OWN_ATTRIBUTE: Final = re.compile(rb"[ \t][^<>\n]{0,80}\b(?i:value|val|content)\s{0,4}=\s{0,4}(?=[\"'])")
_ENTRY: Final = re.compile(
    rb"\\*[\"']?\s*,?\s*(?:#[^\n]{0,80}\s*)?(?:[\\\"'\w]{1,30}\s*:\s*[^\s,{}]{0,40},\s*){0,3}\\*[\"']?(?i"
    rb":val(?:ue)?)\\*[\"']?\s*[:=][ \t]*"
)
_BEFORE_TAG: Final = re.compile(rb"<[\w.-]*:?\Z")
_BEFORE_ATTRIBUTE: Final = re.compile(rb"<[\w:.-]+[^<>]*=\s*[\"']\Z")
_BEFORE_ENTRY: Final = re.compile(
    rb"(?i:name|key|variable|field|property|param(?:eter)?)\\*[\"']?\s*[:=]\s*\\*[\"']?\Z"
)


def after_markup(buffer: bytes, end: int, before: bytes) -> int | None:
    """Return where the value begins if the name is an XML tag, an attribute's value, or names an entry."""
    pattern = None
    if buffer[end : end + 2] == b"</" and (element := _NEXT_ELEMENT.match(buffer, end, end + LOOK_AHEAD)):
        return element.end()
    if buffer[end : end + 1] in (b'"', b"'") and (body := _BODY.match(buffer, end, end + LOOK_AHEAD)):
        return body.end()
    last = before[-1:]
    if last in b"<:" and _BEFORE_TAG.search(before):
        pattern = _TAG
        if own := _OWN_ATTRIBUTE.match(buffer, end, end + LOOK_AHEAD):
            return own.end()
        if buffer[end : end + 1] not in (b">", b" ", b"\t"):
            return None
    elif last in b"\"'" and _BEFORE_ATTRIBUTE.search(before):
        attribute = _ATTRIBUTE.match(buffer, end, end + LOOK_AHEAD)
        if attribute:
            return attribute.end()
        pattern = _TAG
    elif _BEFORE_ENTRY.search(before):
        pattern = _ENTRY
    found = pattern.match(buffer, end, end + LOOK_AHEAD) if pattern else None
    return None if not found or found[0].rstrip().endswith(b"/>") else found.end()


# --- names with their surroundings ----------------------------------------------------------------------------------
FOREIGN_NAME: Final = "|".join(FOREIGN).encode()
_KINDS: Final = "|".join(sorted(KEY_KINDS)).encode()
_CODES: Final = "|".join(sorted(CODE_KINDS)).encode()
_WORDED: Final = (
    rb"(?i:(?:" + _KINDS + rb")[ ]key(?:[ ][0-9]{1,2}\b)?"
    rb"|(?:" + _CODES + rb")[ _-]codes?"
    rb"|pass[ ](?:word|phrase|code)|ak/sk)"
)
NAME: Final = LatePattern(
    rb"\b" + _WORDED + rb"|[A-Za-z0-9_.$-]*(?:(?i:pass|pasw|psas|pssw|pwd|pw|secret|senha|heslo|haslo|contrasena"
    rb"|psw|mdp|clave|geheimnis|kennwort|wachtwoord|losenord|salasana|jelszo|parola|sifre|token|cred|psk|mnemonic|auth|jwt|otp|hmac|cookie|session|csrf|xsrf"
    rb"|bearer|signature|(?:"
    + _KINDS
    + rb")[_.-]?key|key\b)|(?:\b|_)(?i:sk|ak|sig|pin|pat|sid|c?nonce|seed|salt|pepper|phrase)\b)[A-Za-z0-9_.-]*"
    rb"|(?i:" + FOREIGN_NAME + rb")"
)
_LOOK_BACK: Final = 80
_LONGEST_NAME: Final = 120
# etcd's cluster token, the token of a list's next page, the checksum of a Secret in a pod template.
_OTHER_BEFORE: Final = re.compile(
    rb"(?:(?i:\b(?:cluster|page|next|continue|primary|foreign|sort|partition)[ ])"
    rb"|checksum/|--from-(?:env-)?file[= ]|^--- |\n\s*--- )\Z"
)
_FLAG: Final = re.compile(rb"(?:\A|[\s\"'\[({,;=`|])--?\Z")
_LINE_START: Final = re.compile(rb"(?:\A|\n)[\s>#+*|\"'`_-]*\Z")


@dataclass(frozen=True)
class Place:
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


def place_of(buffer: bytes, found: Match) -> Place:
    """Return the place of a name that was found in the text."""
    # Only the end of a name tells, and it is kept in a cache.
    raw = bytes(found[0]).partition(b"..")[0]
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
    return Place(buffer, found.start(), found.start() + len(raw.rstrip(b"-.")), name, level)


def _is_in_arn(buffer: bytes, start: int) -> bool:
    """Return whether the name is a part of a resource of AWS: arn:aws:secretsmanager:eu-central-1:1:secret:db"""
    words = buffer[max(0, start - _LOOK_BACK) : start].split() if buffer[start - 1 : start] == b":" else ()
    return any(b"arn:" in word for word in words[-1:])


def gaps_after(place: Place) -> Iterator[tuple[str, bytes, int]]:
    """Yield the separators that may follow the name: kind, text and end."""
    end = place.end
    window = place.buffer[end : end + LOOK_AHEAD]
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


_BEFORE_VALUE: Final = LatePattern(
    rb"(?i:\bvalue)\\*[\"']?\s*:\s*(\\*[\"']?)([^\s\"'\\][^\"'\\\n]*?)(\\*[\"']?)\s*,?\s*"
    rb"\\*[\"']?(?i:name|key)\\*[\"']?\s*:\s*\\*[\"']?$"
)
_TOLD_BEFORE: Final = LateBacktracking(
    rb"([!#-&*-_a-~]{6,64})([\"'`])?(?:[ \t]+(?:(?:as|is)(?:[ ](?:the|my|our|your|new|a))?|>{1,2})[ \t]+"
    rb"[\"'`./\w -]{0,20}"
    rb"|[ \t]+\([\w ]{0,16}|[ \t]*(?:<-{1,2}|"
    + "←".encode()
    + rb")[ \t]*[\w ]{0,16}|[ ]?(?:"
    + "是|作为|就是|当|做".encode()
    + rb")[\x80-\xff]{0,12})\Z"
)


def value_before(place: Place) -> tuple[int, int] | None:
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


# What an expression falls back to, unless it is a key of a mapping or an argument by name.
_FALLBACK: Final = LateBacktracking(
    rb"(?:\|\||\?\?|\bor\b|\belse\b|\bdefault\b[ \t(:=]*|[?{:])[ \t]*[\"'`]([^\"'`\n]{3,100})[\"'`]"
)


def fallbacks(place: Place, at: int) -> list[tuple[int, int]]:
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


def block_lines(place: Place, at: int) -> list[tuple[int, int]]:
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
