"""The diff of an object as people read it: YAML before and after, and only the lines that differ."""

from __future__ import annotations

import difflib
from typing import Any, Final

import yaml

from intents.domain import Json
from intents.languages import BREAK
from responses.safety import safe, safe_value

_LONGEST: Final = 4_000
# The C dumper, if PyYAML was built with it, is five times faster.
_FAST: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
# Fields that the API server maintains; nobody decides on them.
_BOOKKEEPING: Final = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink")
# Annotations that controllers write after a change.
_CONTROLLERS_OWN: Final = frozenset({
    "deployment.kubernetes.io/revision", "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas", "deprecated.daemonset.template.generation",
    "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
})  # fmt: skip


def without_bookkeeping(obj: Json) -> Json:
    """Return the part of an object that people write: no status, no counters."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _BOOKKEEPING}
    # Always present, so that adding the first annotation, or removing the last, changes one annotation and not the map.
    kept = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in kept.items() if key not in _CONTROLLERS_OWN}
    return {key: value for key, value in obj.items() if key not in ("status", "metadata")} | {"metadata": metadata}


def diff(before: Json, after: Json, *, name: str) -> str:
    """Return the unified diff of the part that people write, redacted, since templates may hold passwords.

    An empty object does not exist: the diff then adds or removes everything.
    """
    return diff_lines(_lines(before), _lines(after), name=name)


def diff_lines(before: list[str], after: list[str], *, name: str) -> str:
    """Return the unified diff of two lists of lines, redacted."""
    lines = difflib.unified_diff(before, after, fromfile=f"{name} now", tofile=f"{name} then", lineterm="", n=2)
    return safe("\n".join(BREAK.join(line.splitlines()) for line in lines), limit=_LONGEST)


def _lines(obj: Json) -> list[str]:
    if not obj:
        return []
    # Redacted before it is split: the name of a secret may be on another line than its value.
    obj = safe_value(without_bookkeeping(obj))
    # An object without annotations does not show the key.
    if not obj["metadata"]["annotations"]:
        del obj["metadata"]["annotations"]
    text = _written(obj, by=_FAST)
    # libyaml escapes characters beyond the Basic Multilingual Plane, such as emoji.
    return (_written(obj, by=yaml.SafeDumper) if "\\U" in text else text).splitlines()


def _written(obj: Json, *, by: Any) -> str:
    text: str = yaml.dump(obj, Dumper=by, sort_keys=True, allow_unicode=True, default_flow_style=False, width=1_000)
    return text
