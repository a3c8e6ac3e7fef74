"""Compare two pod templates: the changes a person would look at first, one line each.

Values of environment variables and annotations are left out, because they may be secret: only their names are compared
and whether they differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.config_references import named_in
from bot.kube.objects import all_containers, annotations_of, labels_of, spec_of
from bot.kube.rollouts import RESTARTED_AT
from intents.domain import Json

_LONGEST: Final = 120
_HASHES: Final = frozenset({"pod-template-hash", "controller-revision-hash", "pod-template-generation"})
_PROBES: Final = ("startupProbe", "livenessProbe", "readinessProbe")
# Fields of a pod that decide where and how it runs, in the order in which they are shown.
_POD_FIELDS: Final = (
    "serviceAccountName", "securityContext", "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints",
    "schedulerName", "priorityClassName", "runtimeClassName", "hostNetwork", "dnsPolicy", "dnsConfig",
    "imagePullSecrets", "terminationGracePeriodSeconds", "restartPolicy",
)  # fmt: skip
_CONTAINER_FIELDS: Final = ("workingDir", "ports", "securityContext", "lifecycle", "imagePullPolicy", "restartPolicy")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChange:
    """One difference of two pod templates.

    `container` is "" for the pod itself. `before` and `after` are short texts, "" for an absent field and for a value
    that is not shown.
    """

    field: str
    container: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        where = f"{self.container}: " if self.container else ""
        if not self.before and not self.after:
            return f"{where}{self.field} changed"
        if not self.before:
            return f"{where}{self.field} added: {self.after}"
        return f"{where}{self.field} {self.before} → {self.after}" if self.after else f"{where}{self.field} removed"


def template_changes(before: Json, after: Json) -> tuple[TemplateChange, ...]:
    """Return the differences of two pod templates: images first, then the rest of each container, then the pod."""
    old, new = _containers(before), _containers(after)
    found: list[TemplateChange] = []
    for name in (*old, *(each for each in new if each not in old)):
        if name not in new:
            found.append(TemplateChange(field="container", before=name))
        elif name not in old:
            found.append(TemplateChange(field="container", after=f"{name} ({_text(new[name].get('image', ''))})"))
        else:
            found += _in_container(name, old[name], new[name])
    found += _in_pod(before, after)
    return tuple(sorted(found, key=lambda change: change.field != "image"))


def _containers(template: Json) -> dict[str, Mapping[str, Any]]:
    listed: tuple[Any, ...] = all_containers(spec_of(template))
    return {str(each.get("name", "")): each for each in listed if isinstance(each, Mapping)}


def _changed(container: str, field: str, before: Any, after: Any) -> Iterator[TemplateChange]:
    """Yield the change of a value; nothing where it is the same."""
    if before != after:
        yield TemplateChange(container=container, field=field, before=_text(before), after=_text(after))


def _in_container(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[TemplateChange]:
    for field in ("image", "command", "args"):
        yield from _changed(name, field, old.get(field), new.get(field))
    yield from _environment(name, old, new)
    for kind in ("requests", "limits"):
        was, now = ((each.get("resources") or {}).get(kind) or {} for each in (old, new))
        for resource in sorted({*was, *now}):
            yield from _changed(name, f"{resource} {kind.removesuffix('s')}", was.get(resource), now.get(resource))
    for field in _PROBES:
        yield from _flat(name, field, old.get(field), new.get(field))
    yield from _named(name, "mount", old.get("volumeMounts"), new.get("volumeMounts"), key="mountPath")
    for field in _CONTAINER_FIELDS:
        yield from _changed(name, field, old.get(field), new.get(field))


def _environment(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[TemplateChange]:
    """Compare the variables by name. A reference to a ConfigMap or Secret is shown, a value is not."""
    was, now = ({str(one.get("name", "")): one for one in each.get("env") or ()} for each in (old, new))
    for variable in sorted({*was, *now}):
        field = f"env {variable}"
        if variable not in now:
            yield TemplateChange(container=name, field=field, before="set")
        elif variable not in was:
            yield TemplateChange(container=name, field=field, after=reference_of(now[variable]) or "set")
        elif was[variable] != now[variable]:
            yield TemplateChange(
                container=name, field=field, before=reference_of(was[variable]), after=reference_of(now[variable])
            )
    if (old.get("envFrom") or []) != (new.get("envFrom") or []):
        yield TemplateChange(
            container=name, field="envFrom", before=_sources(old.get("envFrom")), after=_sources(new.get("envFrom"))
        )


def reference_of(variable: Mapping[str, Any]) -> str:
    """Return the key of a ConfigMap or Secret that a variable is from, "" for a value."""
    found = (
        f"{kind} {name} key {source.get('key', '')}" for kind, name, source in named_in(variable.get("valueFrom") or {})
    )
    return next(found, "")


def _sources(listed: Any) -> str:
    return _text(", ".join(f"{kind} {name}" for each in listed or () for kind, name, _ in named_in(each)))


def _flat(container: str, field: str, old: Any, new: Any) -> Iterator[TemplateChange]:
    """Compare two small objects leaf by leaf; an object that is new or gone is one change."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield from _changed(container, field, old, new)
        return
    for key in sorted({*old, *new}):
        yield from _flat(container, f"{field}.{key}", old.get(key), new.get(key))


def _named(container: str, field: str, old: Any, new: Any, *, key: str) -> Iterator[TemplateChange]:
    was, now = ({str(one.get(key, "")): one for one in each or ()} for each in (old, new))
    for name in sorted({*was, *now}):
        yield from _changed(container, f"{field} {name}", was.get(name), now.get(name))


def _in_pod(before: Json, after: Json) -> Iterator[TemplateChange]:
    old, new = spec_of(before), spec_of(after)
    yield from _named("", "volume", old.get("volumes"), new.get("volumes"), key="name")
    for field in _POD_FIELDS:
        if (old.get(field) or None) != (new.get(field) or None):
            yield TemplateChange(field=field, before=_text(old.get(field)), after=_text(new.get(field)))
    for label in sorted({*labels_of(before), *labels_of(after)} - _HASHES):
        yield from _changed("", f"label {label}", labels_of(before).get(label), labels_of(after).get(label))
    annotations = {*annotations_of(before), *annotations_of(after)} - {RESTARTED_AT}
    for name in sorted(annotations):
        if annotations_of(before).get(name) != annotations_of(after).get(name):
            yield TemplateChange(field=f"annotation {name}")


def _text(value: Any) -> str:
    """Return a short text of a value: a command as in a shell, anything structured as JSON."""
    if value is None or value == "":
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(each, str) for each in value):
        shown = " ".join(value)
    elif isinstance(value, str):
        shown = value
    else:
        shown = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
