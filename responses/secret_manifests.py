"""Hide every value under `data` in pasted manifests of Secrets, whatever its key.

Handles YAML and JSON, escaped within a line, quoted, as a diff, or with its line breaks lost. Works on UTF-8 bytes, as
`responses.named_secrets` does.
"""

from __future__ import annotations

import re
from typing import Final

from responses.late_patterns import LatePattern
from responses.secret_buffer import Match, hidden, hide_groups

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
    value = bytes(found[1])
    opening = len(value) - len(value.lstrip(_QUOTES))
    # A value of nothing but quotes is empty.
    closing = max(opening, len(value.rstrip(_QUOTES + b" ")))
    shown = value[:opening] + hidden(value[opening:closing]) + value[closing:]
    first = found.start(1) - found.start()
    return bytes(found[0][:first]) + shown + bytes(found[0][first + len(value) :])


def _hide_pair(found: Match) -> bytes:
    return bytes(found[0]) if found[1] in _OTHER_KEYS else hide_groups(found, 2)


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
