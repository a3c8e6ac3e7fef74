"""Hide every value under `data` in pasted manifests of Secrets, whatever its key.

Handles YAML and JSON, escaped within a line, quoted or as a diff. Works on UTF-8 bytes, as `responses.named_secrets`
does.
"""

from __future__ import annotations

from typing import Final

import re2

from responses.named_secrets import MARK, masked

# Less than any indentation.
_NOWHERE: Final = -1
MANIFEST: Final = re2.compile(rb"(?m)kind\\*[\"']?\s*:\s*\\*[\"']?Secret\\*[\"']?\s*(?:[,}]|$|\\+n)")
# A diff or a quotation puts a sign before each line.
_SIGN: Final = re2.compile(rb"^[>+-](?:[ ]|$|[\w\"'])")
_DATA_BLOCK: Final = re2.compile(rb"^([ ]*)(?:data|stringData):\s*$")
_DATA_LINE: Final = re2.compile(rb"^([ ]+)([\w.-]+:[ \t]+)(\S.*?)(\s*)$")
_DATA_FLOW: Final = re2.compile(rb"\b(?:data|stringData):[ ]*\{[^{}\n\"]*\}")
_FLOW_VALUE: Final = re2.compile(rb"(:[ ]+)[^,{}\s]+")
# A manifest within one line, with its line breaks written as \\n.
_DATA_ESCAPED: Final = re2.compile(rb"\\+n[ ]*(?:data|stringData):(?:\\+n[ ]+[\w.-]+:[ ]+[^\s\\\"]+)+")
_VALUE_ESCAPED: Final = re2.compile(rb"(:[ ]+)[^\s\\\"]+")
_DATA_JSON: Final = re2.compile(rb"\\*\"(?:data|stringData)\\*\"\s*:\s*\{[^{}]*\}?")
_JSON_VALUE: Final = re2.compile(rb"(:\s*)(\"(?:[^\"\\]|\\.)*\"|\\+\"[^\"\\]*\\+\"|\\*\"[^\"\\]+)")


def hide_manifests(text: bytes) -> bytes:
    """Return `text` with `[redacted]` for every value under `data`, if it holds the manifest of a Secret."""
    if not MANIFEST.search(text):
        return text
    text = _DATA_JSON.sub(lambda block: _JSON_VALUE.sub(lambda pair: pair[1] + masked(pair[2]), block[0]), text)
    text = _DATA_FLOW.sub(lambda block: _FLOW_VALUE.sub(lambda pair: pair[1] + MARK, block[0]), text)
    text = _DATA_ESCAPED.sub(lambda block: _VALUE_ESCAPED.sub(lambda pair: pair[1] + MARK, block[0]), text)
    shown: list[bytes] = []
    block = key = _NOWHERE
    for whole in text.split(b"\n"):
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
            shown[-1] = sign + line[:indent] + MARK
        elif entry := _DATA_LINE.match(line):
            is_block = entry[3][:1] in (b"|", b">")
            key = indent if is_block else _NOWHERE
            shown[-1] = whole if is_block else bytes(sign + entry[1] + entry[2] + MARK + entry[4])
    return b"\n".join(shown)
