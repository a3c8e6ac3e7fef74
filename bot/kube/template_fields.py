"""Find the field that validation refused in a workload's manifest, tell whether it holds the value, suggest one.

Validation names fields of the pod (`spec.containers[0].image`), people edit a workload (`spec.template.spec.…`). For
some errors the value itself is not wrong: a name is not declared, or given twice, or missing.

A suggestion certainly satisfies the rule that was broken ("ACTOKEY" → "actokey"): it is checked with the rule's own
regular expression where the message has one. Only the author knows whether it is the value that was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import re2

from bot.kube import field_paths
from bot.kube.field_errors import FieldError, FieldErrorType
from bot.kube.field_paths import Path
from bot.kube.objects import metadata_of, spec_of
from intents.domain import Json
from intents.spelling import closest

_TEMPLATE: Final = ("spec", "template")
# A name cannot be changed: the workload must be created again.
_NAME: Final = ("metadata", "name")
_NUMBER: Final = re2.compile(r"(\d+)")
_EMPTY: Final[tuple[Any, ...]] = (None, "", False, [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldField:
    """A refused field in a manifest, with its `path` from the workload's root."""

    in_template: bool
    path: Path
    suggestion: str = ""


def locate(workload: Json, error: FieldError) -> HeldField:
    """Return where the workload's manifest has the field of an error, and a value that would be valid there."""
    steps = field_paths.parse(error.field)
    path = steps if steps[:2] == _TEMPLATE or error.kind != "Pod" else (*_TEMPLATE, *steps)
    if not field_paths.has(workload, path) and _comes_from_its_name(workload, error):
        return HeldField(in_template=True, path=_NAME)
    match error.type:
        case FieldErrorType.REQUIRED:
            return HeldField(in_template=field_paths.get(workload, path) in _EMPTY, path=path)
        case FieldErrorType.FORBIDDEN | FieldErrorType.INTERNAL:
            return HeldField(in_template=field_paths.get(workload, path) not in _EMPTY, path=path)
        case FieldErrorType.TOO_LONG | FieldErrorType.TOO_MANY:
            return _over_a_limit(workload, path, error)
        case FieldErrorType.DUPLICATE:
            return _given_twice(workload, path, error)
        case FieldErrorType.NOT_FOUND:
            return _not_declared(workload, path, error)
        case _:
            return _refused(workload, path, error)


def _refused(workload: Json, path: Path, error: FieldError) -> HeldField:
    if "must be unique" in error.rule:
        return _given_twice(workload, path, error)
    found = _where(workload, path, error.value)
    return HeldField(in_template=found is not None, path=found or path, suggestion=suggest(error))


def _where(workload: Json, path: Path, value: str) -> Path | None:
    """Return the path at which the manifest has a value that was refused at `path`."""
    if field_paths.has(workload, path) and _printed_as(field_paths.get(workload, path), value):
        return path
    near = field_paths.parent(workload, path)
    if len(near) < len(path) - 1:
        return None
    # The field is a mapping (resources.requests), or a sibling has another name (an affinity term's namespaces[]).
    found = field_paths.paths_holding(workload, value, under=near)
    return found[0] if len(found) == 1 else None


def _printed_as(now: Any, value: str) -> bool:
    if isinstance(now, dict | list):
        try:
            return bool(json.loads(value) == now)
        except ValueError:
            return False
    return field_paths.printed(now) == value


def _over_a_limit(workload: Json, path: Path, error: FieldError) -> HeldField:
    now = field_paths.get(workload, path)
    limit = int(found.group(1)) if (found := _NUMBER.search(error.rule)) else 0
    size = len(now.encode()) if isinstance(now, str) else len(now) if isinstance(now, list | dict) else 0
    value = now if isinstance(now, str) else ""
    return HeldField(
        in_template=size > limit,
        path=path,
        suggestion=suggest(replace(error, value=value)) if error.type is FieldErrorType.TOO_LONG else "",
    )


def _given_twice(workload: Json, path: Path, error: FieldError) -> HeldField:
    """Look for list items with the same value under one key; containers and init containers share their names."""
    taken: list[str] = []
    if len(path) >= 2 and isinstance(path[-2], int):
        lists = [path[:-2]]
        if path[-3] in ("containers", "initContainers"):
            lists = [(*path[:-3], each) for each in ("initContainers", "containers")]
        for each in lists:
            items = field_paths.get(workload, each)
            taken += [field_paths.printed(item.get(path[-1])) for item in items or () if isinstance(item, dict)]
    now = _now(workload, path)
    given_twice = now == error.value and taken.count(now) > 1
    return HeldField(in_template=given_twice, path=path, suggestion=suggest(error, taken=taken))


def _not_declared(workload: Json, path: Path, error: FieldError) -> HeldField:
    now = _now(workload, path)
    choices: list[str] = []
    if "volumeMounts" in path or "volumeDevices" in path:
        spec = spec_of(workload)
        pod_spec = field_paths.get(workload, (*_TEMPLATE, "spec")) or {}
        # A StatefulSet adds a volume for each of its claim templates.
        claims = [metadata_of(claim).get("name", "") for claim in spec.get("volumeClaimTemplates") or ()]
        choices = [*(str(volume.get("name", "")) for volume in pod_spec.get("volumes") or ()), *map(str, claims)]
    absent = now == error.value and error.value not in choices
    return HeldField(in_template=absent, path=path, suggestion=suggest(error, choices=choices))


def _comes_from_its_name(workload: Json, error: FieldError) -> bool:
    """Tell whether the value was made from the workload's name, as names, labels and hostnames of its pods are."""
    name = str(metadata_of(workload).get("name", ""))
    return bool(name) and error.value.startswith(name)


def _now(workload: Json, path: Path) -> str:
    now = field_paths.get(workload, path)
    return json.dumps(now, ensure_ascii=False) if isinstance(now, dict | list) else field_paths.printed(now)


def patch_for(manifest: Json, path: Path, error: FieldError, suggestion: str) -> str:
    """Return a JSON patch that corrects the field at `path` of `manifest`, as text; "" where none is known.

    It tests the old value first, so that it changes nothing once somebody else has changed it.
    """
    if path == _NAME:
        return ""
    now = field_paths.get(manifest, path)
    pointer = field_paths.pointer(path)
    if error.type is FieldErrorType.FORBIDDEN:
        return json.dumps([{"op": "remove", "path": pointer}]) if now is not None else ""
    if not suggestion or now is None or isinstance(now, dict | list):
        return ""
    value = int(suggestion) if isinstance(now, int) and suggestion.lstrip("-").isdecimal() else suggestion
    return json.dumps(
        [{"op": "test", "path": pointer, "value": now}, {"op": "replace", "path": pointer, "value": value}],
        ensure_ascii=False,
    )


_LIMIT: Final = re2.compile(r"(?:no more than|more than|at most) (\d+)(?: (?:characters|bytes))?")
_REGEX: Final = re2.compile(r"regex used for validation is '(.*?)'\)")
_QUOTED: Final = re2.compile(r'"([^"]*)"')
_MUST_BE: Final = re2.compile(r"^must be (?:greater than or equal to )?(-?\d+)$")
_AT_MOST_LIMIT: Final = re2.compile(r"must be less than or equal to [a-z0-9./-]+ limit of (\S+?)\.?$")
_ONE_OF: Final = re2.compile(r"must be one of:? (.+)$")
# Half of the letters in common; less than that is another word.
_LIKE: Final = 50

_LABEL_MAX: Final = 63
_SUBDOMAIN_MAX: Final = 253
_PORT_NAME_MAX: Final = 15


def suggest(error: FieldError, *, choices: Sequence[str] = (), taken: Sequence[str] = ()) -> str:
    """Return a valid value for the field of `error`, "" if none is known.

    `choices` are names that do exist (for Not found), `taken` those that are used already (for Duplicate value).
    """
    match error.type:
        case FieldErrorType.UNSUPPORTED:
            return closest(error.value, _QUOTED.findall(error.rule), at_least=0)
        case FieldErrorType.NOT_FOUND:
            return closest(error.value, choices, at_least=_LIKE)
        case FieldErrorType.DUPLICATE:
            return _numbered(error.value, taken)
        case FieldErrorType.INVALID | FieldErrorType.TOO_LONG:
            return _repaired(error)
        case _:
            return ""


def _repaired(error: FieldError) -> str:
    rule, value = error.rule, error.value
    if found := _MUST_BE.search(rule) or _AT_MOST_LIMIT.search(rule):
        return str(found.group(1))
    if found := _ONE_OF.search(rule):
        return closest(value, [choice.strip(" \"'") for choice in found.group(1).split(",")], at_least=0)
    limit = int(found.group(1)) if (found := _LIMIT.search(rule)) else 0
    repair = next((repair for words, repair in _REPAIRS if re.search(words, rule)), None)
    if repair is None:
        if not limit or not value.isascii():
            return ""
        repair = _cut
    suggestion = repair(value, limit)
    return suggestion if suggestion and suggestion != value and _satisfies(suggestion, rule, limit) else ""


def _satisfies(suggestion: str, rule: str, limit: int) -> bool:
    if limit and len(suggestion.encode()) > limit:
        return False
    return all(re2.fullmatch(pattern, suggestion) for pattern in _REGEX.findall(rule))


def _label(value: str, limit: int) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", value.lower()).strip("-")[: limit or _LABEL_MAX].rstrip("-")


def _subdomain(value: str, limit: int) -> str:
    lowered = re.sub(r"[^a-z0-9.-]+", "-", value.lower())[: limit or _SUBDOMAIN_MAX]
    return ".".join(part for part in (part.strip("-") for part in lowered.split(".")) if part)


def _rfc_1035(value: str, limit: int) -> str:
    return _label(re.sub(r"^[^a-z]+", "", value.lower()), limit)


def _qualified(value: str, limit: int) -> str:
    # The part before a slash is a domain with rules of its own; a key with two slashes has no obvious repair.
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix or (slash and _subdomain(prefix, 0) != prefix):
        return ""
    return prefix + slash + _label_value(name, limit)


def _label_value(value: str, limit: int) -> str:
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "-", value).strip("-_.")
    return cleaned[: limit or _LABEL_MAX].rstrip("-_.")


def _key(value: str, limit: int) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", value)[: limit or _SUBDOMAIN_MAX].strip(".") if value else ""


def _identifier(value: str, _limit: int) -> str:
    cleaned = re.sub(r"[^A-Za-z0-9_]+", "_", value)
    return f"_{cleaned}" if cleaned[:1].isdigit() else cleaned


def _port_name(value: str, limit: int) -> str:
    name = re.sub(r"-{2,}", "-", _label(value, _LABEL_MAX))[: limit or _PORT_NAME_MAX].strip("-")
    return name if re.search(r"[a-z]", name) else ""


def _absolute(value: str, _limit: int) -> str:
    return f"/{value}" if value and not value.startswith("/") else ""


def _cut(value: str, limit: int) -> str:
    return value[:limit].rstrip("-_.")


# Words of a rule → how a value is repaired. The wordings are those of apimachinery's validation package;
# Kubernetes before 1.19 called an RFC 1123 name "DNS-1123". The first that occurs counts.
_REPAIRS: Final[tuple[tuple[str, Callable[[str, int], str]], ...]] = (
    (r"(?:RFC |DNS-)1123 label must", _label),
    (r"(?:RFC |DNS-)1123 subdomain must", _subdomain),
    (r"(?:RFC |DNS-)1035 label must", _rfc_1035),
    (r"name part must consist of alphanumeric", _qualified),
    (r"a valid label must be an empty string or", _label_value),
    (r"a valid config key must consist", _key),
    (r"a valid (?:environment variable name|C identifier) must", _identifier),
    (
        r"must contain only alphanumeric characters \(a-z, 0-9\), and hyphens|must contain at least one letter"
        r"|must not contain consecutive hyphens|must be no more than 15 characters",
        _port_name,
    ),
    (r"must be an absolute path", _absolute),
)


def _numbered(value: str, taken: Sequence[str]) -> str:
    """Return a free name like the one given twice; "" for a value that is no name (a path, a port)."""
    if not re2.fullmatch(r"[a-z0-9]([-a-z0-9]{0,59}[a-z0-9])?", value):
        return ""
    return next(name for number in range(2, len(taken) + 3) if (name := f"{value}-{number}") not in taken)
