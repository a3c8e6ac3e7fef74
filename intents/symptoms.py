"""Read the symptoms of a text: its different lines, with the names and times in them, and those that are kept.

Never raises, whatever comes in. Input and output are limited: `text_cleanup.MAX_BYTES`, `MAX_SYMPTOMS`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from intents.domain import Entity, Symptom
from intents.entities import MOST_ENTITIES
from intents.kinds import NAMED
from intents.pasted_objects import sections_of
from intents.tables import EntityReader
from intents.text_cleanup import lines_of
from intents.times import is_dated

# The names that a signature may capture (<pod>, <namespace> …), and their meaning.
VOCABULARY: Final[Mapping[str, str]] = MappingProxyType({
    "kind": "a kind of object: Pod, StatefulSet, TidbCluster",
    "name": "the name of an object whose kind is not known, or of anything else",
    **{kind.word: kind.meaning for kind in NAMED},
    "container": "the name of a container",
    "image": "an image reference: registry/repository:tag or @digest",
    "registry": "a registry's host",
    "cluster": "the name of a cluster",
    "api": "an API's group and version: metrics.k8s.io/v1beta1",
    "field": "the path of a field: spec.containers[0].image",
    "value": "a value that was refused, or any other quoted value",
    "rule": "what a value must satisfy, as a validation message says it",
    "reason": "the rest of a message that says why",
    "resource": "a resource of nodes or of the API: cpu, nvidia.com/gpu, deployments, pods/log",
    "verb": "what a request does to a resource: get, list, patch",
    "api_group": "an API group: apps, monitoring.coreos.com",
    "scope": "the scope of a request that is for no namespace: cluster",
    "taint": "the key of a taint",
    "user": "a user name or uid",
    "code": "an exit code, errno or status code",
    "number": "a whole number",
    "count": "how many",
    "duration": "a time span as Go writes it: 107.6ms, 11m12s",
    "minutes": "a time span of a minute or more as Go writes it; a shorter one does not match",
    "heavy_use": "CPU and memory as `kubectl top` writes them: 100m and 100Mi or more, or 300Mi; less does not match",
    "address": "host or IP with a port",
    "host": "a host name or IP address",
    "port": "a port number",
    "url": "a URL",
    "file": "a path in a file system",
    "id": "an opaque identifier",
})  # fmt: skip

# So many different lines are kept; of more, those with an error or a warning first.
MAX_SYMPTOMS: Final = 4000
# Lines that differ in numbers only count as one, with the names of so many of them.
_NAMES_READ: Final = 12

_VARYING: Final = re.compile(r"\d[0-9a-f]*")
PROBLEM: Final = re.compile(
    r"(?i)error|fail|fatal|panic|warn|refused|denied|forbidden|invalid|timed? ?out|deadline|unable|cannot|can't|lost"
    r"|evict|backoff|not found|unavailable|insufficient|too |exceeded|mismatch|^[EFW]\d{4} |[失错误超慢]"
)


def read_symptoms(text: str | bytes) -> tuple[Symptom, ...]:
    """Return the lines of a text that differ in more than numbers, in order; at most `MAX_SYMPTOMS`.

    `Symptom.text` is the line without colours, markup, escapes and quote marks.
    """
    reader = EntityReader()
    kept: dict[tuple[bool, str], Symptom] = {}
    alike: dict[tuple[bool, str], int] = {}
    lines = tuple(lines_of(text))
    section = sections_of(lines)
    for index, (number, line) in enumerate(lines):
        told = section.told[index]
        key = (bool(told), _VARYING.sub("0", told or line))
        seen = alike.get(key, 0)
        alike[key] = seen + 1
        if seen >= _NAMES_READ:
            continue
        entities = _joined(section.names.get(index, ()), reader.entities(line))
        if seen:
            kept[key] = replace(kept[key], entities=_joined(kept[key].entities, entities))
        else:
            text = (told or line).strip()
            kept[key] = Symptom(line=number, text=text, entities=entities, dated=is_dated(line), told=bool(told))
    return _bounded(tuple(kept.values()))


def plain_symptoms(text: str) -> tuple[Symptom, ...]:
    """Return all lines of a short text without their names: quicker, if only the words matter."""
    return tuple(Symptom(line=number, text=line.strip(), dated=is_dated(line)) for number, line in lines_of(text))


def _joined(entities: tuple[Entity, ...], more: tuple[Entity, ...]) -> tuple[Entity, ...]:
    return tuple(dict.fromkeys(entities + more))[:MOST_ENTITIES]


def _bounded(symptoms: tuple[Symptom, ...]) -> tuple[Symptom, ...]:
    if len(symptoms) <= MAX_SYMPTOMS:
        return symptoms
    problems = [index for index, symptom in enumerate(symptoms) if symptom.told and PROBLEM.search(symptom.text)]
    if len(problems) < MAX_SYMPTOMS:
        chosen = set(problems)
        rest = [index for index in range(len(symptoms)) if index not in chosen]
        problems += rest[: MAX_SYMPTOMS - len(problems)]
    # The first and the last lines tell more than those in the middle.
    elif len(problems) > MAX_SYMPTOMS:
        half = MAX_SYMPTOMS // 2
        problems = problems[:half] + problems[-half:]
    return tuple(symptoms[index] for index in sorted(problems))


_MOST_LINES: Final = 200
_LONGEST: Final = 400


def kept_text(text: str, *, quotes: Collection[str] = (), opening: bool = False) -> str:
    """Return the lines that tell of a problem, name an object or are among the `quotes` of a match.

    With `opening` the first line stays: in a text that was addressed to us it says what is asked. Idempotent.
    """
    reader = EntityReader()
    kept: dict[str, None] = {}
    for number, line in lines_of(text):
        stripped = line.strip()
        is_first = opening and number == 1
        is_quoted = any(quote and (quote in stripped or stripped in quote) for quote in quotes)
        if is_first or is_quoted or PROBLEM.search(line) or reader.entities(line):
            kept[stripped if len(stripped) <= _LONGEST or is_quoted else stripped[:_LONGEST].rstrip()] = None
        if len(kept) == _MOST_LINES:
            break
    return "\n".join(kept)
