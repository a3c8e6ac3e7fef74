"""Hide what a collection of secrets holds, whatever the names of its members.

Handles mappings and lists under a name such as `passwords`, in braces or indented; sections of an INI file; resources
of Terraform that generate passwords; and what a command prints that reads a Secret or a secret of Vault. Works on
UTF-8 bytes, as `responses.named_secrets` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from responses.late_patterns import LateBacktracking, LatePattern
from responses.secret_buffer import hidden
from responses.secret_looks import Look, look_of
from responses.secret_names import is_password_name

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
    shown = bytearray(buffer)
    # Collections may be nested; the effort stays proportional to the text.
    left = _MOST_READINGS * len(buffer) + _LONGEST
    for name, first, last in _regions(buffer):
        left -= last - first
        if left < 0:
            break
        for start, end in _members(buffer, name, first, last):
            shown[start:end] = hidden(buffer[start:end])
    return bytes(shown)


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
        group = next(number for number in (3, 4, 5) if found[number] is not None)
        if _is_secret(name, bytes(found[1]), bytes(found[group]), quoted=group != 5):
            yield first + found.start(group), first + found.end(group)
    if not _PLURAL.fullmatch(name):
        return
    for found in _ITEM.finditer(region):
        group = next(number for number in (1, 2, 3) if found[number] is not None)
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
