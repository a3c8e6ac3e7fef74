"""Find the value of a name in markup: an XML tag, an attribute, an entry with a key and a value in JSON or YAML."""

from __future__ import annotations

import re
from typing import Final

_LOOK_AHEAD: Final = 200

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
    if buffer[end : end + 2] == b"</" and (element := _NEXT_ELEMENT.match(buffer, end, end + _LOOK_AHEAD)):
        return element.end()
    if buffer[end : end + 1] in (b'"', b"'") and (body := _BODY.match(buffer, end, end + _LOOK_AHEAD)):
        return body.end()
    last = before[-1:]
    if last in b"<:" and _BEFORE_TAG.search(before):
        pattern = _TAG
        if own := _OWN_ATTRIBUTE.match(buffer, end, end + _LOOK_AHEAD):
            return own.end()
        if buffer[end : end + 1] not in (b">", b" ", b"\t"):
            return None
    elif last in b"\"'" and _BEFORE_ATTRIBUTE.search(before):
        attribute = _ATTRIBUTE.match(buffer, end, end + _LOOK_AHEAD)
        if attribute:
            return attribute.end()
        pattern = _TAG
    elif _BEFORE_ENTRY.search(before):
        pattern = _ENTRY
    found = pattern.match(buffer, end, end + _LOOK_AHEAD) if pattern else None
    return None if not found or found[0].rstrip().endswith(b"/>") else found.end()
