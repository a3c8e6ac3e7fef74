"""Hide secrets by the structure they stand in: collections, manifests of Secrets, and columns of tables.

A collection is a mapping or list under a name such as `passwords`, in braces or indented; a section of an INI file; a
resource of Terraform that generates passwords; or what a command prints that reads a Secret or a secret of Vault. Of a
manifest every value under `data` is hidden, whatever its key: in YAML and JSON, escaped within a line, quoted, as a
diff, or with its line breaks lost. Tables are CSV, tabs, Markdown, psql, aligned columns and INSERT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from responses.redaction.buffer import LateBacktracking, LatePattern, Match, hidden, hide_if, hide_inner, hide_spans
from responses.redaction.names import Level, Look, is_no_secret, is_password_name, level_of, look_of

_MEMBERS: Final = (
    rb"(?i:[\w.-]*(?:secrets?|passwords?|passwds|passphrases?|tokens?|credentials?|creds|api_?keys?|access_?keys?"
    rb"|secret_?keys?|private_?keys?|logins?|auths?|pass|pwds?|pws?|psks?)(?:_?map|_?data)?)"
)
# passwords: {…}, tokens = { … }, "credentials" => [ …
_FLOW: Final = LatePattern(rb"\b(" + _MEMBERS + rb")\\*[\"']?[ \t]*(?::|=>|=|)[ \t]*([{\[])")
_BLOCK: Final = LatePattern(rb"(?m)^([ \t>+-]*)(?:- )?[\"']?(" + _MEMBERS + rb")[\"']?[ \t]*:[ \t]*(?:#[^\n]*)?\r?\n")
_SECTION: Final = LatePattern(rb"(?m)^[ \t]*\[{1,2}[\"']?(" + _MEMBERS + rb")(?:[. ][^\]\n]*)?[\"']?\]{1,2}[ \t]*\r?\n")
_GENERATED: Final = LatePattern(
    rb"\b(random_(?:password|string|bytes|id)|tls_private_key|[\w-]*_secret_version)\b[^\n{]{0,80}\{"
)
_STATE: Final = LatePattern(rb"\b(random_password|random_bytes|tls_private_key)\b[^\n]*\n")
# What the command prints comes right below it; so do the values below the heading of Vault.
_PRINTED: Final = LatePattern(
    rb"(?m)^[^\n]*(?:\bget[ \t]+secrets?\b[^\n]*(?:jsonpath|template|jq\b)|\bvault[ \t]+(?:kv[ \t]+get|read)\b"
    rb"|\bview-secret\b|\bsops[ \t]+(?:-d|--decrypt|decrypt)\b|\bsecretsmanager[ \t]+get-secret-value\b"
    rb"|\bansible-vault[ \t]+(?:view|decrypt)\b|=[ \t]+(?:Secret[ \t]+)?Data[ \t]+=)[^\n]*\r?\n"
)
PATTERNS: Final = (_FLOW, _BLOCK, _SECTION, _GENERATED, _STATE, _PRINTED)

_PAIR: Final = LatePattern(
    rb"(?:^|[\n{\[,;( \t])[ \t>+~|-]*(?:\\*[\"'])?:?([A-Za-z0-9_][\w./@-]{0,60})(?:\\*[\"'])?"
    rb"[ \t]*(=>|:=|:|=|[ \t]{2,}|\t)[ \t]*"
    rb"(?:\\*\"([^\"\n\\]+)\\*\"|'([^'\n]+)'|([^\s\"'{}\[\],;|>&*#][^\s\"'{}\[\],;]*))"
)
_ITEM: Final = LatePattern(
    rb"(?:^|[\n,\[])[ \t>+-]*(?:-[ \t]+)?(?:\"([^\"\n\\]+)\"|'([^'\n]+)'|([^\s\"'{}\[\],;:]+))[ \t]*(?:\r?\n|[,\]]|\z)"
)
# Members that say where a secret is, whose it is, or what it may do.
_OPEN: Final = LateBacktracking(
    rb"(?i)(?:.*[_.-]|(?-i:.*[a-z](?=[A-Z])))?(?:names?|namespace|keys?|kind|type|version|apiversion|users?|usernames?|login|email|host(?:name)?|port"
    rb"|path|file(?:name)?|url|uri|endpoint|region|ids?|uid|ref|enabled|optional|created?|create|driver|external|labels?|length"
    rb"|annotations?|provider|description|realm|scopes?|database|mode|items|source|from|target|store|issuer|subject|algorithm|method"
    rb"|image|tag|digest|checksum|hash|sha[0-9]*|fingerprint|revision|timestamp|time|date|at|ttl|expir\w*|expires(?:_?in|_?at)?|lease\w*|duration|renewable|accessor|policies"
    rb"|account|client|env|environment|mount\w*|required|used|total|count|limit|max|min\w*|lower|upper|special|numeric|override\w*|keepers|status|state|reason|message|prefix|suffix|field|property"
    rb"|format|encoding|role|team|owner|title|icon|index|order|position|line|column|data|metadata|cas|destroyed|deletion\w*)"
)
# Of these the values alone are secret; the other members are settings.
_RESULT: Final = LateBacktracking(
    rb"(?i)result|value|hex|b64\w*|bcrypt_hash|secret_(?:string|data|value)|dec|private_key\w*|content|plaintext"
)
_PLURAL: Final = LateBacktracking(
    rb"(?i).*(?:passwords|passwds|passphrases|secrets|tokens|creds|credentials|keys)(?:_?map|_?data)?"
)
_OF_PASSWORDS: Final = LateBacktracking(rb"(?i).*(?:passwords|passwds|passphrases|logins)(?:_?map)?")
_OBJECT: Final = LateBacktracking(rb"[a-z0-9]+(?:[-./_][a-z0-9]+)+")
_PROMPT: Final = LateBacktracking(rb"[^\n]{0,60}[$#%][ \t]|\s*\Z")
_LONGEST: Final = 4_000
_MOST_LINES: Final = 60
_MOST_READINGS: Final = 3


def hide_in_containers(buffer: bytes) -> bytes:
    """Return the buffer with the values of such collections hidden."""
    spans: list[tuple[int, int]] = []
    # Collections may be nested; the effort stays proportional to the text.
    left = _MOST_READINGS * len(buffer) + _LONGEST
    for name, first, last in _regions(buffer):
        left -= last - first
        if left < 0:
            break
        spans += _members(buffer, name, first, last)
    return hide_spans(buffer, spans)


def _regions(buffer: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each collection and where its members begin and end."""
    for found in _FLOW.finditer(buffer):
        yield bytes(found[1]), found.end(), _closing(buffer, found.end(), bytes(found[2]))
    for found in _BLOCK.finditer(buffer):
        yield bytes(found[2]), found.end() - 1, _dedent(buffer, found.end(), found.end(1) - found.start())
    for found in _SECTION.finditer(buffer):
        end = buffer.find(b"\n[", found.end(), found.end() + _LONGEST)
        yield b"passwords", found.end() - 1, end if end >= 0 else min(len(buffer), found.end() + _LONGEST)
    for found in _GENERATED.finditer(buffer):
        yield b"result", found.end(), _closing(buffer, found.end(), b"{")
    for found in _STATE.finditer(buffer):
        yield b"result", found.end() - 1, _blank_line(buffer, found.end())
    for found in _PRINTED.finditer(buffer):
        yield b"passwords", found.end() - 1, _blank_line(buffer, found.end())


def _closing(buffer: bytes, at: int, opening: bytes) -> int:
    """Return where the bracket closes that opened before this place, or where the longest collection would end."""
    closing = b"}" if opening == b"{" else b"]"
    depth = 1
    limit = min(len(buffer), at + _LONGEST)
    for found in _BRACKET.finditer(buffer, at, limit):
        if found[0] == opening:
            depth += 1
        elif found[0] == closing:
            depth -= 1
            if not depth:
                return int(found.start())
    return limit


_BRACKET: Final = LateBacktracking(rb"[{}\[\]]")


def _dedent(buffer: bytes, at: int, indent: int) -> int:
    """Return where the lines end that are indented deeper."""
    for _ in range(_MOST_LINES):
        end = buffer.find(b"\n", at) + 1 or len(buffer)
        line = buffer[at:end]
        text = line.lstrip(b" \t>+")
        depth = len(line) - len(text)
        if text.strip() and (depth < indent or (depth == indent and not text.startswith(b"-"))):
            return at
        if end == len(buffer):
            return end
        at = end
    return at


def _blank_line(buffer: bytes, at: int) -> int:
    """Return where the lines that a command prints end: at a blank line or the next prompt."""
    for _ in range(_MOST_LINES):
        end = buffer.find(b"\n", at) + 1 or len(buffer)
        if _PROMPT.match(buffer, at, end) or end == len(buffer):
            return at if _PROMPT.match(buffer, at, end) else end
        at = end
    return at


def _members(buffer: bytes, name: bytes, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield where the secret values of a collection are."""
    region = buffer[first:last]
    for found in _PAIR.finditer(region):
        group = found.lastindex
        if _is_secret(name, bytes(found[1]), bytes(found[group]), quoted=group != 5):
            yield first + found.start(group), first + found.end(group)
    if not _PLURAL.fullmatch(name):
        return
    for found in _ITEM.finditer(region):
        group = found.lastindex
        value = bytes(found[group])
        if look_of(name, value) >= (Look.CHOSEN if _OF_PASSWORDS.fullmatch(name) else Look.GENERATED):
            yield first + found.start(group), first + found.end(group)


def _is_secret(name: bytes, key: bytes, value: bytes, *, quoted: bool) -> bool:
    if name == b"result":
        return bool(_RESULT.fullmatch(key)) and look_of(b"password", value) > Look.HARMLESS
    if _OPEN.fullmatch(key):
        return key.lower().endswith(b"key") and look_of(key, value) is Look.GENERATED
    if _OF_PASSWORDS.fullmatch(name):
        return look_of(b"password", value) > Look.HARMLESS
    look = look_of(b"password" if _PLURAL.fullmatch(name) and not _OBJECT.fullmatch(value) else key, value)
    if look is Look.WORD and _RESULT.fullmatch(key) and is_password_name(name):
        return True
    if look >= Look.CHOSEN:
        return True
    return look is Look.WORD and bool(_PLURAL.fullmatch(name)) and (quoted or b"-" not in value) and value.isalpha()


# --- manifests of Secrets -------------------------------------------------------------------------------------------
# Less than any indentation.
_NOWHERE: Final = -1
MANIFEST: Final = LatePattern(rb"(?m)kind\\*[\"']?\s*:\s*\\*[\"']?Secret\\*[\"']?\s*(?:[,}]|$|\\+n|[ ])")
# A diff or a quotation puts a sign before each line.
_SIGN: Final = re.compile(rb"^[>+-](?:[ ]|$|[\w\"'])")
_DATA_BLOCK: Final = re.compile(rb"^([ ]*)(?:- )?(?:data|stringData):\s*$")
_DATA_LINE: Final = re.compile(rb"^([ ]+)([\w./\"'-]+:[ \t]+)(\S.*?)(\s*)$")
_DATA_FLOW: Final = LatePattern(rb"\b(?:data|stringData)\\*[\"']?\s*:\s*\{")
# Only a comma leads to the next entry, so a mapping that was cut off ends there.
_FLOW_ENTRY: Final = LatePattern(
    rb"[\s>|+-]*\\*[\"']?[\w./-]+\\*[\"']?\s*:\s*(\"(?:[^\"\\\n]|\\.)*\"?|\\+\"[^\"\\\n]*(?:\\+\")?|'[^'\n]*'?"
    rb"|[^,{}\s\"'\\][^,{}\n]*)\s*(,?)"
)
# A manifest within one line, with its line breaks written as \\n.
_DATA_ESCAPED: Final = LatePattern(rb"\\+n[ ]*(?:data|stringData):(?:\\+n[ ]+[\w.-]+:[ ]+[^\s\\\"]+)+")
_VALUE_ESCAPED: Final = LatePattern(rb":[ ]+([^\s\\\"]+)")
# A manifest whose line breaks became spaces.
_DATA_INLINE: Final = LatePattern(
    rb"\b((?:data|stringData):)((?:[ ]+[\w.-]+:[ ]+(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"':{}]+))+)"
)
_INLINE_PAIR: Final = LatePattern(rb"([\w.-]+):[ ]+(\"[^\"\n]*\"|'[^'\n]*'|[^\s\"']+)")
_OTHER_KEYS: Final = frozenset((b"kind", b"type", b"apiVersion", b"metadata", b"immutable", b"name", b"namespace"))
_QUOTES: Final = b"\\\"'"


def hide_manifests(buffer: bytes) -> bytes:
    """Return the buffer with every value under `data` hidden, if it holds the manifest of a Secret."""
    if not MANIFEST.search(buffer):
        return buffer
    buffer = _hide_flows(buffer)
    buffer = _DATA_ESCAPED.sub(lambda block: _VALUE_ESCAPED.sub(_hide_value, block[0]), buffer)
    buffer = _DATA_INLINE.sub(lambda block: bytes(block[1]) + _INLINE_PAIR.sub(_hide_pair, block[2]), buffer)
    return _hide_lines(buffer)


def _hide_flows(buffer: bytes) -> bytes:
    """Hide the values of `data: {…}`."""
    shown = bytearray(buffer)
    for flow in _DATA_FLOW.finditer(buffer):
        at = flow.end()
        while entry := _FLOW_ENTRY.match(buffer, at):
            shown[entry.start() : entry.end()] = _hide_value(entry)
            if not entry[2]:
                break
            at = entry.end()
    return bytes(shown)


def _hide_value(found: Match) -> bytes:
    """Hide the first group without its quotes."""
    return hide_inner(found, 1, _QUOTES, _QUOTES + b" ")


def _hide_pair(found: Match) -> bytes:
    return hide_if(found[1] not in _OTHER_KEYS, found, 2)


def _hide_lines(buffer: bytes) -> bytes:
    shown: list[bytes] = []
    block = key = _NOWHERE
    for whole in buffer.split(b"\n"):
        sign = whole[:1] if _SIGN.match(whole) else b""
        line = whole[len(sign) :]
        indent = len(line) - len(line.lstrip(b" "))
        if opening := _DATA_BLOCK.match(line):
            block, key = len(opening[1]), _NOWHERE
            shown.append(whole)
            continue
        if line.strip() and indent <= block:
            block = key = _NOWHERE
        shown.append(whole)
        if block == _NOWHERE or not line.strip():
            continue
        if indent > key != _NOWHERE:
            # A line of a block scalar, deeper than its key.
            shown[-1] = sign + line[:indent] + hidden(line[indent:])
        elif entry := _DATA_LINE.match(line):
            is_block = entry[3][:1] in (b"|", b">")
            key = indent if is_block else _NOWHERE
            if not is_block:
                shown[-1] = sign + entry[1] + entry[2] + hidden(entry[3]) + entry[4]
    return b"\n".join(shown)


# --- tables ---------------------------------------------------------------------------------------------------------
# How columns are separated, in the order in which they are tried.
_DELIMITERS: Final = tuple(
    LatePattern(each) for each in (rb"\t", rb"\||" + "│|║|┃".encode(), rb",", rb";", rb"[ ]{2,}")
)
_CELL: Final = LatePattern(rb"[\s*_`\"'#]*[A-Za-z\x{80}-\x{ffff}][\w\x{80}-\x{ffff} .()/*`\"'-]{0,40}[\s*_`\"']*|\s*")
_RULE: Final = LatePattern(rb"[\s|+:=\x{2500}-\x{257f}-]+")
_HINT: Final = re.compile(rb"(?i)pass|pw|secret|token|cred|psk|key|auth")
_INSERT: Final = LatePattern(
    rb"(?i)\binsert\s+into\s+[\w.`\"]+\s*\(([^()]{1,400})\)\s*values\s*((?:\((?:'[^'\n]*'|[^()'])*\)[\s,]*)+)"
)
_ROW: Final = LatePattern(rb"\(((?:'[^'\n]*'|[^()'])*)\)")
_ROW_VALUE: Final = LatePattern(rb"\s*(?:'([^'\n]*)'|[^,']+)\s*,?")
_LONGEST_HEADER: Final = 400
_MOST_COLUMNS: Final = 40


# Delimiter, telling columns with their names, number of columns.
Header = tuple[Any, tuple[tuple[int, bytes], ...], int]


def hide_columns(buffer: bytes) -> bytes:
    """Return the buffer with the cells of such columns hidden."""
    buffer = bytes(_INSERT.sub(_hide_rows, buffer)) if b"nsert" in buffer.lower() else buffer
    header: Header | None = None
    above = b""
    shown: list[bytes] = []
    for line in buffer.splitlines(keepends=True):
        treated = _hide_row(line, *header) if header else None
        if treated is None:
            header = _header(line.rstrip(b"\r\n"), above)
        shown.append(line if treated is None else treated)
        # The rule under a header does not begin another table.
        above = above if _RULE.fullmatch(line) and line.strip() else line
    return b"".join(shown)


def _hide_rows(found: Match) -> bytes:
    """Hide the values of an INSERT statement that belong to telling columns."""
    names = [_bare(name) for name in bytes(found[1]).split(b",")]
    rows = found.start(2) - found.start()
    spans: list[tuple[int, int]] = []
    for row in _ROW.finditer(found[2]):
        for name, value in zip(names, _ROW_VALUE.finditer(row[1]), strict=False):
            if _is_telling(name) and value[1] and not is_no_secret(name, bytes(value[1])):
                start = rows + row.start(1)
                spans.append((start + value.start(1), start + value.end(1)))
    return hide_spans(bytes(found[0]), spans)


def _hide_row(line: bytes, delimiter: Any, columns: tuple[tuple[int, bytes], ...], width: int) -> bytes | None:
    """Return the row with its secrets hidden, or None if the table has ended."""
    if not line.strip():
        return None
    if _RULE.fullmatch(line):
        return line
    cells = len(_cells(line, delimiter))
    if cells > width > 1 and columns[-1][0] == width - 1 and delimiter in _DELIMITERS[2:4]:
        # The last value has the delimiter in it.
        first = _cells(line, delimiter)[width - 1][0]
        return _hide_cell(line, first, len(line.rstrip()), columns[-1][1])
    if cells != width:
        return None
    for column, name in columns:
        line = _hide_cell(line, *_cells(line, delimiter)[column], name)
    return line


def _header(line: bytes, above: bytes) -> Header | None:
    """Return the delimiter, the telling columns and the number of columns of a header line, the first of its table."""
    if len(line) > _LONGEST_HEADER or b":" in line or b"=" in line or not _HINT.search(line):
        return None
    for delimiter in _DELIMITERS:
        cells = _cells(line, delimiter)
        if not 2 <= len(cells) <= _MOST_COLUMNS:
            continue
        names = [line[first:last] for first, last in cells]
        if not all(_CELL.fullmatch(name) for name in names):
            return None
        telling = tuple((number, _bare(name)) for number, name in enumerate(names) if _is_telling(_bare(name)))
        return (delimiter, telling, len(cells)) if telling and not _is_row(above, delimiter, len(cells)) else None
    return None


def _is_row(line: bytes, delimiter: Any, width: int) -> bool:
    """Return whether the line is part of the table. Commas and spaces also divide the sentence before a table."""
    if delimiter not in _DELIMITERS[:2] or not line.strip() or _RULE.fullmatch(line):
        return False
    return len(_cells(line, delimiter)) == width


def _bare(name: bytes) -> bytes:
    return name.strip(b" \t\r*_`\"'")


def _is_telling(name: bytes) -> bool:
    # `kubectl get` names the Secret of an object in this column.
    return name not in (b"SECRET", b"TOKEN") and level_of(name.decode("utf-8", "replace")) is Level.TELLING


def _cells(line: bytes, delimiter: Any) -> list[tuple[int, int]]:
    cells = []
    at = 0
    for found in delimiter.finditer(line):
        cells.append((at, found.start()))
        at = found.end()
    cells.append((at, len(line)))
    return cells


def _hide_cell(line: bytes, first: int, last: int, name: bytes) -> bytes:
    inner = line[first:last].strip(b" \t\r\n\"'`*")
    if not inner or inner == name or is_no_secret(name, inner):
        return line
    start = line.find(inner, first)
    return hide_spans(line, [(start, start + len(inner))])
