"""A change as people read it: the object before and after as YAML, and only the lines that differ."""

from __future__ import annotations

import difflib
from typing import Any, Final

import yaml

from intents.domain import Json
from responses.safety import safe, safe_value

_LONGEST: Final = 4_000
# By C where PyYAML was built with it: five times as quick.
_QUICK: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
# What the API server counts and keeps by itself; nobody decides on it.
_BOOKKEEPING: Final = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink")
# Annotations that controllers write in answer to a change.
_CONTROLLERS_OWN: Final = frozenset({
    "deployment.kubernetes.io/revision", "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas", "deprecated.daemonset.template.generation",
    "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
})  # fmt: skip


def without_bookkeeping(obj: Json) -> Json:
    """What of an object people write: no status, no counters."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _BOOKKEEPING}
    # Always there, so that the first and the last one are changes of one annotation, not of all.
    kept = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in kept.items() if key not in _CONTROLLERS_OWN}
    return {key: value for key, value in obj.items() if key not in ("status", "metadata")} | {"metadata": metadata}


def diff(before: Json, after: Json, *, name: str) -> str:
    """The unified diff of what people write of an object; redacted, since templates carry passwords.

    An empty one is not there: all of the other is added, or taken away.
    """
    return diff_lines(_lines(before), _lines(after), name=name)


def diff_lines(before: list[str], after: list[str], *, name: str) -> str:
    lines = difflib.unified_diff(before, after, fromfile=f"{name} now", tofile=f"{name} then", lineterm="", n=2)
    return safe("\n".join(lines), limit=_LONGEST)


def _lines(obj: Json) -> list[str]:
    if not obj:
        return []
    # Redacted before it is lines: what tells a secret need not stand on its line, nor in the few that are shown.
    obj = safe_value(without_bookkeeping(obj))
    # An object that has none does not say so, wherever people read it.
    if not obj["metadata"]["annotations"]:
        del obj["metadata"]["annotations"]
    text = _written(obj, by=_QUICK)
    # libyaml writes signs beyond the first 65,536, such as emoji, as numbers.
    return (_written(obj, by=yaml.SafeDumper) if "\\U" in text else text).splitlines()


def _written(obj: Json, *, by: Any) -> str:
    text: str = yaml.dump(obj, Dumper=by, sort_keys=True, allow_unicode=True, default_flow_style=False, width=1_000)
    return text
