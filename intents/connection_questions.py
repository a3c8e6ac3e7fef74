"""Read a question about a connection: `connection shop/frontend backend:80`, "can frontend reach backend?".

It becomes the sentence that the incident connection-broken knows. Pure, never raises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from intents.domain import Text
from intents.kinds import SPELLINGS
from intents.named_objects import LABEL
from intents.places import IS_NAME, Where
from intents.spelling import Misuse
from intents.spoken_names import is_word

_WORDS: Final = frozenset({"connection", "connections"})
_WORDS_ZH: Final = frozenset({"连接", "连通性"})
_BETWEEN: Final = frozenset({"from", "to", "->", "→", "=>", "从", "到"})
_TARGET: Final = re.compile(
    r"(?:[a-z]+://)?(?:(?P<namespace>[a-z0-9][-a-z0-9]*)/)?(?P<host>[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9.])?)(?P<port>:\d{1,5})?/?"
)
_NAME: Final = r"[a-z0-9](?:[-a-z0-9./]*[a-z0-9])?"
_KIND: Final = r"(?:(?:the\s+)?(?:service|svc|deployment|deploy|pod|app|application|statefulset)\s+)?(?:the\s+)?"
# Before what is called an article shows that it is described, not named: "the database".
_CALLED_KIND: Final = r"(?:(?:the\s+)?(?:service|svc)\s+)?"
# What people call without the name of a Service.
_DESCRIBED: Final = frozenset({
    "apiserver", "cluster", "database", "databases", "db", "dns", "everything", "external", "gateway", "google", "host",
    "internet", "localhost", "master", "network", "node", "outside", "pods", "server", "services", "vpn", "web",
})  # fmt: skip
_SPOKEN: Final = re.compile(
    rf"(?:why\s+)?(?:can(?:['’]t|not)?|could|does(?:n['’]t)?|is)\s+(?P<kind>{_KIND})(?P<source>{_NAME})\s+"
    rf"(?:not\s+|still\s+|able\s+to\s+|even\s+)*(?:reach|connect\s+to|talk\s+to|call|access)\s+{_CALLED_KIND}"
    rf"(?P<target>{_NAME}(?::\d{{1,5}})?)(?:\s+(?:from\s+there|any\s*more|now))?\s*[?.!]*",
    re.IGNORECASE,
)
_SPOKEN_STATED: Final = re.compile(
    rf"(?P<kind>{_KIND})(?P<source>{_NAME})\s+(?:can['’]t|cannot|can\s+not|is\s+unable\s+to|does\s+not|doesn['’]t)\s+"
    rf"(?:reach|connect\s+to|talk\s+to)\s+{_CALLED_KIND}(?P<target>{_NAME}(?::\d{{1,5}})?)\s*[?.!]*",
    re.IGNORECASE,
)
_SPOKEN_ZH: Final = re.compile(
    rf"(?:为什么|请问)?\s*(?P<kind>)(?P<source>{_NAME})\s*(?:能不能|能否|是否能|可以|能|不能|无法|为什么)?\s*"
    rf"(?:访问|连接|连上|连通|调用|连不上|访问不了|访问不到)(?:到|通)?\s*(?P<target>{_NAME}(?::\d{{1,5}})?)\s*(?:吗|么)?\s*[?？。!！]*"
)
# Nobody reaches it: there is no client to begin at.
_NOBODY: Final = re.compile(
    r"(?:why\s+)?(?:(?:can['’]?t|cannot|can\s+not)\s+any(?:body|\s?one)|(?:(?:can|does|is)\s+)?(?:nobody|no\s?one|no\s+client))\s+"
    r"(?:(?:can|is\s+able\s+to|able\s+to)\s+)?(?:reach|connect\s+to|talk\s+to|call|access|open|get\s+to)(?:e?s)?\s+"
    rf"(?P<kind>{_CALLED_KIND})(?P<target>{_NAME}(?::\d{{1,5}})?)"
    rf"(?:\s+in\s+(?:the\s+)?(?:namespace\s+|ns\s+)?(?P<home>{LABEL})(?:\s+namespace)?)?(?:\s+any\s*more|\s+now)?\s*[?.!]*",
    re.IGNORECASE,
)
_NOBODY_ZH: Final = re.compile(
    rf"(?:为什么|请问)?\s*(?:(?:命名空间\s*)?(?P<home>{LABEL})\s*(?:命名空间)?(?:里|中)的?\s*)?(?:没有?人|谁都|任何人都)\s*(?:能够?|可以|无法|不能)?\s*"
    r"(?:访问不[了到]|访问|连接不上|连不上|连接|连上|打不开|打开|调用不了|调用)(?:到|通)?\s*(?P<kind>服务|service|svc)?\s*"
    rf"(?P<target>{_NAME}(?::\d{{1,5}})?)\s*[?？。!！]*"
)
# In characters: a longer text is a paste.
_LONGEST: Final = 200
_USAGE: Final = Misuse(
    says=Text(en="connection needs what is called, and who calls it", zh="connection 后面需要调用方和被调用的地址"),
    usage="connection NAMESPACE/CLIENT SERVICE:PORT",
)


def connection_command(words: Sequence[str], where: Where) -> str | Misuse | None:
    """Read `connection [[KIND/][NS/]CLIENT] SERVICE[.NS][:PORT]`; None for words that only begin so."""
    first = words[0].lower() if words else ""
    if first not in _WORDS | _WORDS_ZH:
        return None
    ends = [word for word in words[1:] if word.lower() not in _BETWEEN]
    if not ends:
        return _USAGE
    *sources, last = ends
    target = _target(last, where)
    if len(sources) > 2 or not target or not _is_telling(sources, last, where):
        return None
    source = _source(sources, where)
    if sources and not source:
        return None
    return connection_check(source, target, namespace=where.namespace, zh=first in _WORDS_ZH)


def spoken_connection(said: str) -> str:
    """Return the sentence for "can frontend reach backend?" or "nobody reaches backend", "" for any other text."""
    said = said.strip()
    for pattern in (_NOBODY, _NOBODY_ZH) if len(said) <= _LONGEST else ():
        if (found := pattern.fullmatch(said)) and _is_target(
            found["target"], told=bool(found["kind"] or found["home"])
        ):
            target = _target("/".join(filter(None, (found["home"], found["target"]))), Where())
            return connection_check("", target, zh=pattern is _NOBODY_ZH) if target else ""
    for pattern in (_SPOKEN, _SPOKEN_STATED, _SPOKEN_ZH) if len(said) <= _LONGEST else ():
        found = pattern.fullmatch(said)
        if found and _is_named(found["source"]) and _is_target(found["target"]):
            kind = SPELLINGS.get(found["kind"].strip().lower().removeprefix("the ").strip(), "")
            source = " ".join(filter(None, (kind, found["source"])))
            return connection_check(source, found["target"], zh=pattern is _SPOKEN_ZH)
    return ""


def _is_named(word: str) -> bool:
    """Tell whether a word is a name, not a word of the language or of everybody's trade."""
    return not (is_word(word) or word.lower() in _DESCRIBED)


def _is_target(word: str, *, told: bool = False) -> bool:
    """Tell whether a word is what is called; `told` says that its kind or namespace shows that it is a name."""
    return ":" in word or _is_named(word) or (told and word.lower() not in _DESCRIBED)


def _is_telling(sources: Sequence[str], target: str, where: Where) -> bool:
    """Tell whether the words are a command, not the beginning of an error: "connection timed out"."""
    marks = any(mark in target for mark in ".:/") or any("/" in each for each in sources)
    return marks or bool(sources and where.namespace)


def _source(words: Sequence[str], where: Where) -> str:
    """Return the client as a text names it: `deployment shop/frontend`; "" for none, or what is no name."""
    if not words:
        return ""
    parts = [part for word in words for part in word.split("/")]
    kind = SPELLINGS.get(parts[0].lower(), "") if len(parts) > 1 else ""
    names = parts[1:] if kind else parts
    if len(names) not in (1, 2) or not all(map(IS_NAME.fullmatch, names)):
        return ""
    place = names if len(names) == 2 or not where.namespace else (where.namespace, *names)
    return " ".join(filter(None, (kind, "/".join(place))))


def _target(word: str, where: Where) -> str:
    """Return what is called as a client writes it: NS/NAME becomes NAME.NS."""
    found = _TARGET.fullmatch(word)
    if found is None:
        return ""
    host = f"{found['host']}.{found['namespace']}" if found["namespace"] else found["host"]
    return f"{host}{found['port'] or ''}"


def connection_check(source: str, target: str, *, zh: bool, namespace: str = "") -> str:
    """Return the sentence that asks whether a client, "" for any, reaches `target`, looked up in a namespace."""
    if zh:
        return f"连接检查：从 {source} 到 {target}" if source else f"连接检查：到 {target}"
    if source:
        return f"connection check: from {source} to {target}"
    home = f" in namespace {namespace}" if namespace else ""
    return f"connection check: to {target}{home}"
