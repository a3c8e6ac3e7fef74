"""Find pasted lines that indicate a failure, and recognise repetitions of them.

The template of a line is a digest of its words without numbers, identifiers and captured names, so that the same error
of another pod gets the same template.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from intents.domain import Entity, ObjectRef
from intents.kinds import CLUSTER_SCOPED, KINDS
from intents.spoken_names import is_telling
from intents.symptoms import read_symptoms
from intents.tokens import words_of

# Only the first different errors of a message become facts; later ones usually follow from them.
MOST_ERRORS: Final = 3
_MOST_OBJECTS: Final = 8

_TROUBLE: Final = re.compile(
    r"(?i)error|exception|\bfail|fatal|panic|refused|denied|forbidden|unauthorized|timed? ?-?out|timeout|deadline"
    r"|unable to|cannot|lost|evict|back-?off|oomkill|out of memory|not found|unavailable|insufficient|exceeded"
    r"|was low on|oversubscri|exhausted|throttl|pressure|conflict|mismatch|invalid|unknown host|reset by peer|sigsegv"
    r"|segfault|segmentation|disconnect|crash|\bno such|broken pipe|deadlock|x509|notready|unhealthy"
    r"|^[EF]\d{4} |\b50[0234]\b|too many|no space left|took too long|overloaded|\"level\":\"(?:error|fatal|warn)"
)
# `kubectl describe` prints a more useful message after these lines.
_STATE_ALONE: Final = re.compile(r"^\s*(?:Status|Phase|State|Last State|Reason):\s+\w+\s*$")
# Beginnings of lines that programs print: a log's prefix, an exception, an event.
_PRINTED: Final = re.compile(
    r"^\s*(?:(?=\S{0,60}\d)[\w.-]{1,60}(?:[:|]| \|)\s{1,4})?(?:[EWF]\d{4} \d\d:"
    r"|\[?\d{4}[-/]\d\d[-/]\d\d[T _]\d\d:|\[?\w{3} {1,2}\d{1,2} \d\d:\d\d:\d\d|(?i:error"
    r"|fatal|panic|err|exception)(?: from server)?(?: \([^)]*\))?: \S|(?:ERROR|FATAL|PANIC|CRITICAL"
    r"|WARN(?:ING)?)\b[\s:\]]|\[(?:ERROR|FATAL|WARN(?:ING)?)\]|(?:Unable to|Failed to|Cannot|Could not) \w+ .*: \S"
    r"|rpc error: code|Traceback \("
    r"|(?:[a-z_]\w*\.)+[A-Z]\w*(?:Exception|Error)\b|[A-Z]\w+(?:Exception|Error): |(?:Warning|Normal)\s{2,}\S"
    r"|upstream (?:connect|request)|\{\"|level=(?:error|fatal|warn)|ts=\d|time=\""
    r"|curl: \(\d+\)|kubelet|x509: |dial tcp|failed to \w+ \S+[:\"]"
    r"|(?:Status|Reason|Message|State|Last State|Exit Code|Conditions|Phase):\s{2,}\S"
    r"|Error response from daemon|HTTP/\d|ORA-\d|ERROR \d{4} \()"
)
# The prefix of a kubectl event: its source, age and count are not part of the message.
_EVENT_HEAD: Final = re.compile(
    r"^\s*(?:Warning|Normal)\s+(\w+)\s+\S+(?:\s+\(x\d+ over [\w.]+\))?\s+[\w./-]+(?:,\s?[\w.-]+)?\s+"
)
_VARYING: Final = re.compile(
    r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|https?://\S+|[\w./:@-]*\d[\w./:@-]*|\b[a-z0-9-]+/[\w./-]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedError:
    """One pasted error and the objects it names."""

    says: str
    template: str
    objects: tuple[ObjectRef, ...]
    cluster: str


def is_printed(line: str) -> bool:
    """Return whether a program printed the line."""
    return _PRINTED.search(line) is not None


def errors_in(fenced: str, printed: Iterable[str]) -> tuple[PastedError, ...]:
    """Return the first different errors in code blocks and in lines that look printed."""
    found: dict[str, PastedError] = {}
    for symptom in read_symptoms("\n".join((fenced, *printed))):
        if not _TROUBLE.search(symptom.text) or _STATE_ALONE.search(symptom.text):
            continue
        template = template_of(symptom.text, symptom.entities)
        if template and template not in found:
            found[template] = PastedError(
                says=symptom.text,
                template=template,
                objects=objects_of(symptom.entities),
                cluster=cluster_of(symptom.entities),
            )
        if len(found) >= MOST_ERRORS:
            break
    return tuple(found.values())


def named_in(text: str) -> tuple[tuple[ObjectRef, ...], str]:
    """Return the objects and the cluster that a text names."""
    entities = tuple(entity for symptom in read_symptoms(text) for entity in symptom.entities)
    return objects_of(entities), cluster_of(entities)


def template_of(line: str, entities: Iterable[Entity] = ()) -> str:
    """Return the digest of the words that stay when numbers and names change; "" if none are left."""
    for value in sorted({entity.value for entity in entities}, key=lambda value: (-len(value), value)):
        if len(value) > 2:
            line = line.replace(value, " ")
    words = words_of(_VARYING.sub(" ", _EVENT_HEAD.sub(r"\1 ", line)))
    return hashlib.blake2s(" ".join(words).encode(), digest_size=6).hexdigest() if words else ""


def objects_of(entities: Iterable[Entity]) -> tuple[ObjectRef, ...]:
    """Return the objects that a line certainly names, in their namespace, else in the only one of the line."""
    named = [entity for entity in entities if entity.certain or is_telling(entity.value)]
    namespaces = {entity.value for entity in named if entity.kind == "namespace"}
    home = min(namespaces) if len(namespaces) == 1 else ""
    refs = [
        ObjectRef(kind=kind, namespace="" if kind in CLUSTER_SCOPED else entity.namespace or home, name=entity.value)
        for entity in named
        if (kind := KINDS.get(entity.kind))
    ]
    if not refs and home:
        refs = [ObjectRef(kind="Namespace", name=home)]
    return tuple(dict.fromkeys(refs))[:_MOST_OBJECTS]


def cluster_of(entities: Iterable[Entity]) -> str:
    """Return the cluster that a line names, "" for none or several."""
    clusters = {entity.value for entity in entities if entity.kind == "cluster"}
    return min(clusters) if len(clusters) == 1 else ""
