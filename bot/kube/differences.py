"""Compare an object with its namesake in another namespace or cluster: what a person would look at first comes first.

A Secret is never compared. Of variables the values are shown only where neither name nor value looks like a secret's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.common.redaction import holds_secret
from bot.kube import field_paths
from bot.kube.objects import pod_template_of, spec_of
from bot.kube.template_changes import TemplateChange, template_changes
from intents.domain import Json

_LONGEST: Final = 80
# The first words of fields, those first that most often explain why one is broken and the other is not.
_ORDER: Final = (
    "container", "image", "replicas", "memory limit", "cpu limit", "memory request", "cpu request", "env", "envFrom",
    "args", "command", "data", "ports", "port", "readinessProbe", "livenessProbe", "startupProbe",
)  # fmt: skip
_LAST: Final = ("label", "annotation")
# What the API server or a controller gives each object anew, and what names the object itself.
_OWN: Final = frozenset({
    "clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy", "nodeName", "nodePort",
    "selector", "template", "volumeName", "finalizers", "uid", "controller-uid",
})  # fmt: skip
_SECRET_NAME: Final = re.compile(
    r"(?i)pass|pwd|secret|token|key|cred|auth|priv|dsn|conn|salt|cert|sign|licen[cs]e|cookie|session|hash|hook|api_?id"
)
_PLAIN: Final = re.compile(r"[\w.:/,\- ]{1,60}")
_RANDOM: Final = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{12,}|[A-Za-z0-9_\-]{32,}")
_WITHOUT_PLAIN_SPEC: Final = frozenset({"Pod", "Secret"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that differs: what it is on each side, "" for nothing. `hidden`: the values are not shown."""

    field: str
    here: str = ""
    there: str = ""
    hidden: bool = False

    @property
    def rank(self) -> int:
        """Return how late it is shown."""
        what = self.field.rpartition(": ")[2]
        if what.startswith(_LAST):
            return len(_ORDER) + 1
        return next((at for at, begin in enumerate(_ORDER) if what.startswith(begin)), len(_ORDER))


def differences(here: Json, there: Json) -> tuple[Difference, ...]:
    """Return how two objects of the same kind differ, the most telling first."""
    kind = str(here.get("kind") or "")
    if kind == "Secret":
        return ()
    found = [*_of_templates(_template(here), _template(there)), *_of_data(here, there)]
    if kind not in _WITHOUT_PLAIN_SPEC:
        found += _of_leaves(spec_of(here), spec_of(there))
    return tuple(sorted(found, key=lambda one: one.rank))


def _template(obj: Json) -> Json:
    if obj.get("kind") == "Pod":
        return obj
    return dict(pod_template_of(obj))


def _of_templates(here: Json, there: Json) -> Iterator[Difference]:
    both = [_containers(one) for one in (here, there)]
    single = all(len(each) == 1 for each in both)
    for change in template_changes(here, there):
        if change.field.startswith("annotation"):
            continue
        field = change.field if single or not change.container else f"{change.container}: {change.field}"
        name = change.field.removeprefix("env ")
        if name == change.field:
            yield Difference(field=field, here=change.before, there=change.after)
            continue
        values = [_plain_value(each.get(change.container) or {}, name) for each in both]
        yield _of_variable(field, change, *values)


def _containers(template: Json) -> dict[str, Mapping[str, Any]]:
    return {str(each.get("name") or ""): each for each in spec_of(template).get("containers") or ()}


def _of_variable(field: str, change: TemplateChange, here: str | None, there: str | None) -> Difference:
    """Return the difference of a variable: by its values if both may be shown, else by what may be said of it."""
    if here is not None and there is not None:
        return Difference(field=field, here=here or change.before, there=there or change.after)
    return Difference(field=field, here=change.before, there=change.after, hidden=not (change.before or change.after))


def _plain_value(container: Mapping[str, Any], name: str) -> str | None:
    """Return the value of a variable, "" if it has none here; None if it may be secret."""
    variable: Mapping[str, Any] = next((each for each in container.get("env") or () if each.get("name") == name), {})
    value = str(variable.get("value") or "")
    if not value:
        return ""
    secret = _SECRET_NAME.search(name) or _RANDOM.search(value) or holds_secret({name: value})
    return None if secret or not _PLAIN.fullmatch(value) else value


def _of_data(here: Json, there: Json) -> Iterator[Difference]:
    """Compare the keys of ConfigMaps; their values may be anything."""
    was, now = ({**(each.get("binaryData") or {}), **(each.get("data") or {})} for each in (here, there))
    for key in sorted({*was, *now}):
        if key not in was or key not in now:
            yield Difference(field=f"data {key}", here="set" * (key in was), there="set" * (key in now))
        elif was[key] != now[key]:
            yield Difference(field=f"data {key}", hidden=True)


def _of_leaves(here: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[Difference]:
    was, now = (dict(_leaves(each)) for each in (here, there))
    for field in dict.fromkeys((*was, *now)):
        if was.get(field) == now.get(field):
            continue
        if _SECRET_NAME.search(field) and not field.endswith("Name"):
            yield Difference(field=field, hidden=True)
        else:
            yield Difference(field=field, here=_shown(was.get(field)), there=_shown(now.get(field)))


def _leaves(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, value in field_paths.leaves(dict(spec)):
        if _OWN.isdisjoint(step for step in path if isinstance(step, str)):
            yield field_paths.text(path), value


def _shown(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
