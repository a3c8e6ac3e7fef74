"""Write the entry of a saved incident: a sandbox entry from a pasted line and what people found out. Pure.

The entry has no reads, no evidence and no remedies: it may only say "possible". A reviewer adds those, and the other
language, before the entry joins a catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import yaml
from pydantic import ValidationError

from intents.background import ordinary_lines
from intents.catalog.schema import Incident
from intents.catalog.yaml_nodes import Document, YamlError
from intents.patterns import NAMES, phrase_words
from intents.symptoms import plain_symptoms, read_symptoms
from intents.text_cleanup import without_time
from intents.tokens import words_of

LONGEST_TITLE: Final = 120
LONGEST_LINE: Final = 400
LONGEST_TEXT: Final = 1_500
MOST_STEPS: Final = 10
PREFIX: Final = "learned-"
_FEWEST_WORDS: Final = 3
_WIDTH: Final = 118
_SLUG: Final = 40

_SKIPPED: Final = "<_>"
# The parts of a line that differ at its next occurrence, the most specific first.
_VARYING: Final = re.compile(
    r"\[redacted[^\]\n]{0,40}\]|\*{4,}"
    r"|https?://[^\s\"'<>]+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b[a-z0-9.-]+_[a-z0-9-]+\([0-9a-f-]{4,}\)"
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\bsha256:[0-9a-f]{6,64}\b"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?::\d{1,5})?\b"
    r"|(?<![\w/.])/(?:[\w.@-]+/)+[\w.@-]*"
    r"|\b0x[0-9a-fA-F]+\b"
    r"|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b"
    r"|\b(?=[\w.-]*\d)[a-z0-9]+(?:[-.][a-z0-9]+)+(?:[:/][\w.-]+)?\b"
    r"|(?<![\w-])-?\d+(?:[.,:]\d+)*(?:%|[a-zA-Zµ]{1,3})?(?![\w-])"
)
_REPEATED: Final = re.compile(r"<_>(?:[\s\"'`,;:=|/()\[\]{}-]*<_>)+")
_LEADING: Final = re.compile(r"^(?:<_>|[\s\"'`,;:=|()\[\]{}-])+")
_TRAILING: Final = re.compile(r"(?:<_>|[\s\"'`,;:=|()\[\]{}.-])+$")
_KLOG: Final = re.compile(r"^\s*\d+\s+[\w./-]+\.go:\d+\]\s*")
_JSON_MESSAGE: Final = re.compile(r'^\s*\{.*?"(?:msg|message|error)"\s*:\s*"((?:[^"\\]|\\.){8,})"')
_LEVEL: Final = re.compile(r"^[\[(]?(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|PANIC|CRITICAL)[\])]?[:\s]+", re.I)


class UnusableLine(ValueError):
    """Error: the chosen line has too few words of its own to be recognised again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedIncident:
    """An incident as people saved it: the `line` that shows it, its cause and what was done, without credentials.

    `channel` is the name of the channel and `by` the person's, as the entry shows them.
    """

    title: str
    line: str
    root_cause: str
    done: str = ""
    channel: str = ""
    by: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Collisions:
    """Texts that a new signature also matches: (entry, text) of examples, and ordinary lines.

    `known` are the entries that already recognise the chosen line.
    """

    examples: tuple[tuple[str, str], ...] = ()
    ordinary: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.examples or self.ordinary or self.known)


def signature_of(line: str) -> str:
    """Return the stable part of a line as a signature. Raise UnusableLine if hardly any words are left."""
    if in_json := _JSON_MESSAGE.match(line):
        line = in_json[1]
    text = _LEVEL.sub("", _KLOG.sub("", without_time(line)).strip())
    text = text.replace("<", " ").replace(">", " ")
    for symptom in read_symptoms(text)[:1]:
        text = _with_names(symptom.text, ((entity.kind, entity.value) for entity in symptom.entities if entity.certain))
    parts = re.split(r"(<[a-z_]+>)", text)
    text = "".join(part if part.startswith("<") else _VARYING.sub(_SKIPPED, part) for part in parts)
    text = _REPEATED.sub(_SKIPPED, " ".join(text.split()))
    text = _TRAILING.sub("", _LEADING.sub("", text))
    if len(set(phrase_words(text))) < _FEWEST_WORDS:
        raise UnusableLine(text)
    return text


def _with_names(text: str, names: Iterable[tuple[str, str]]) -> str:
    """Return the text with a placeholder for each name of an object; each kind is captured once."""
    captured: set[str] = set()
    for kind, value in names:
        if len(value) < 2 or kind not in NAMES:
            continue
        placeholder = f"<{kind}>" if kind not in captured else _SKIPPED
        replaced = re.sub(rf"(?<![\w<-]){re.escape(value)}(?![\w>-])", placeholder, text, count=1)
        if replaced != text:
            captured.add(kind)
            text = replaced
    return text


def is_learned(id: str) -> bool:
    """Return whether an id is that of a saved incident."""
    return id.startswith(PREFIX)


def entry_id(title: str, key: str) -> str:
    """Return the id of a new entry; `key` makes it different from others of the same title, and repeatable."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    slug = "-".join(words)[:_SLUG].strip("-")
    digest = blake2b(key.encode(), digest_size=3).hexdigest()
    return PREFIX + "-".join(filter(None, (slug, digest)))


def entry_yaml(saved: SavedIncident, *, id: str) -> str:
    """Return the entry as a YAML file. Raise UnusableLine."""
    channel, by = _escaped(saved.channel or "?"), _escaped(saved.by or "?")
    done = [line for line in saved.done.splitlines() if line.strip()]
    ask = {"en": f"Ask {by}, who saved this in #{channel}.", "zh": f"请询问在 #{channel} 中保存此条目的 {by}。"}
    entry: dict[str, Any] = {
        "id": id,
        "status": "sandbox",
        "strongest": "possible",
        "title": _plain(saved.title),
        "severity": "warning",
        "signatures": [signature_of(saved.line)],
        "root_cause": _escaped(saved.root_cause),
        "impact": {
            "en": f"Learned from #{channel}, by {by}, version {saved.version}.",
            "zh": f"来自 #{channel} 的经验，由 {by} 保存，版本 {saved.version}。",
        },
        "runbook": [{"says": _escaped(line)} for line in done[:MOST_STEPS]] or [ask],
        "examples": {"match": [" ".join(saved.line.split())], "other": []},
    }
    return yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=_WIDTH)


def saved_in(incident: Incident, *, channel: str, by: str, version: int) -> SavedIncident:
    """Return what an entry of a saved incident was written from, for its dialog."""
    done = [_unescaped(step.says.en) for step in incident.runbook if step.says.en == step.says.zh]
    return SavedIncident(
        title=incident.title.en,
        line=incident.examples.match[0],
        root_cause=_unescaped(incident.root_cause.en),
        done="\n".join(done),
        channel=channel,
        by=by,
        version=version,
    )


def read_entry(text: str) -> Incident | None:
    """Return the entry of a stored YAML text; None if this version cannot read it."""
    try:
        return Incident.model_validate(Document(text).value, context={"words": {}})
    except (YamlError, ValidationError):
        return None


def collisions(incident: Incident, others: Iterable[Incident], *, known: Iterable[str] = ()) -> Collisions:
    """Return which examples of other entries, and which ordinary lines, the new entry would match.

    `known` are the entries that the line already leads to. Takes a tenth of a second: keep it off the event loop.
    """
    from intents.scores import THRESHOLD  # noqa: PLC0415 - the finder's imports are slow, and only this needs them
    from intents.signature_finder import SignatureFinder  # noqa: PLC0415 - as above

    finder = SignatureFinder([incident], scaled=False)

    def matches(text: str) -> bool:
        found, _ = finder.find(plain_symptoms(text))
        return any(one.score >= THRESHOLD for one in found)

    words = {word for signature in incident.signatures for each in signature.phrases for word in phrase_words(each)}
    examples: list[tuple[str, str]] = []
    for other in others:
        texts = (*other.examples.match, *other.examples.other) if other.id != incident.id else ()
        examples += ((other.id, text) for text in texts if not words.isdisjoint(words_of(text)) and matches(text))
    return Collisions(examples=tuple(examples), ordinary=tuple(filter(matches, ordinary_lines())), known=tuple(known))


def _plain(text: str) -> str:
    """Return a title: one line without braces, which a template would read."""
    return " ".join(text.split()).replace("{", "(").replace("}", ")")


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("{", "{{").replace("}", "}}")


def _unescaped(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")
