"""Tell which alerts a silence of a post would cover: no more than its alerts and later ones of the same kind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from intents.alerts.objects import KINDS

NAME: Final = "alertname"
# How long people may silence alerts, in minutes; the first is chosen at first.
MINUTES: Final = (30, 120, 480, 1440)
LONGEST_REASON: Final = 200
# A regular expression of more names is not what a person reads at night.
_MOST_NAMES: Final = 6
_LONGEST_VALUE: Final = 200
# Labels that tell which alerts these are. Others (job, instance, severity) tell who measured, and change.
_TELLING: Final = ("cluster", "namespace", "exported_namespace", *KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """A condition on a label: equal to `value`, or matched by it as a whole if it is a `regex`."""

    name: str
    value: str
    regex: bool = False

    def __str__(self) -> str:
        return f'{self.name}{"=~" if self.regex else "="}"{self.value}"'


def matchers_of(alerts: Sequence[Mapping[str, str]]) -> tuple[Matcher, ...]:
    """Return the matchers of a silence for these alerts, by their labels; () if none is narrow enough.

    The name of the alert is always among them: without it a silence would hide what nobody has seen yet.
    """
    names = sorted({labels.get(NAME, "") for labels in alerts})
    if not names or "" in names or len(names) > _MOST_NAMES:
        return ()
    named = Matcher(name=NAME, value="|".join(map(re.escape, names)), regex=True)
    if len(names) == 1:
        named = Matcher(name=NAME, value=names[0])
    shared = {key: {labels.get(key, "") for labels in alerts} for key in _TELLING}
    equal = [Matcher(name=key, value=next(iter(values))) for key, values in shared.items() if len(values) == 1]
    found = (named, *(one for one in equal if one.value))
    return found if all(len(one.value) <= _LONGEST_VALUE for one in found) else ()


def namespace_of(matchers: Sequence[Matcher]) -> str:
    """Return the namespace that a silence is limited to, "" for none."""
    return next((one.value for one in matchers if one.name in ("namespace", "exported_namespace")), "")


def duration_of(minutes: str) -> timedelta | None:
    """Return the duration of a choice, None for one that was not offered."""
    return next((timedelta(minutes=each) for each in MINUTES if minutes == str(each)), None)
