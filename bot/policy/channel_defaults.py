"""Load the default cluster and namespace of each channel, and what it wants answered. They grant no permissions.

`deploy/examples/channels.yaml` explains the file by example. Only the policy decides what may be seen: a default that
the requester may not see is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, model_validator

from bot.policy.matching import Actor, is_here
from bot.policy.model import Channel, StrictModel
from bot.policy.strict_yaml import Step, read_strictly
from intents.channel_commands import Wanted
from intents.places import IS_NAME

_BARE_NAME: Final = re.compile(r"[^\s,A-Z#*][^\s,A-Z#]*")


def _with_hash(value: Any) -> Any:
    """Add the # to a channel name. Names are in lower case and ids are not, so both are recognised without it."""
    return f"#{value}" if isinstance(value, str) and _BARE_NAME.fullmatch(value) else value


def _listed(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list; put names that begin with # or * in quotes")
    if not value:
        raise ValueError('the list is empty: write ["*"] for all channels')
    return value


def _cluster(value: str) -> str:
    if not value or re.search(r"[\s*?]", value):
        raise ValueError(f"{value!r} is not a cluster: expected the name of one context, not a pattern")
    return value


def _namespace(value: str) -> str:
    if not IS_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not a namespace: expected one name, not a pattern")
    return value


class AlertAnswers(StrEnum):
    """Which alerts of other apps are answered: every one, those with a proven cause, or none."""

    ALL = "all"
    PROVEN = "proven"
    OFF = "off"


class ChannelDefault(StrictModel):
    """The default of some channels. Direct messages have no defaults."""

    channels: Annotated[tuple[Annotated[Channel, BeforeValidator(_with_hash)], ...], BeforeValidator(_listed)]
    """Channels by id (C0123ABCD), name or pattern ("inc-shop-*"); "*" is every channel."""
    cluster: Annotated[str, AfterValidator(_cluster)] | None = None
    """The cluster to use if none is named."""
    namespace: Annotated[str, AfterValidator(_namespace)] | None = None
    """The namespace for a name given without one."""
    alerts: AlertAnswers | None = None
    """Which alerts of other apps are answered: all (default), proven (with a likely or confirmed cause), off."""
    answers: Wanted | None = None
    """Which messages are answered unasked: all (default), errors (only pasted errors and alerts), addressed (none)."""

    @model_validator(mode="after")
    def _says_something(self) -> ChannelDefault:
        if not (self.cluster or self.namespace or self.alerts or self.answers):
            raise ValueError("sets nothing: expected cluster, namespace, alerts or answers")
        return self


_FILE: Final = TypeAdapter(tuple[ChannelDefault, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDefaults:
    """The defaults of all channels; only the first matching entry of a channel counts."""

    entries: tuple[ChannelDefault, ...] = ()

    def cluster(self, who: Actor) -> str:
        """Return the default cluster of a place, "" for none."""
        return next((entry.cluster or "" for entry in self._of(who)), "")

    def namespace(self, who: Actor) -> str:
        """Return the default namespace of a place, "" for none."""
        return next((entry.namespace or "" for entry in self._of(who)), "")

    def alerts(self, who: Actor) -> AlertAnswers:
        """Return which alerts of other apps are answered in a place."""
        return next((entry.alerts for entry in self._of(who) if entry.alerts), AlertAnswers.ALL)

    def answers(self, who: Actor) -> Wanted | None:
        """Return what a place wants answered that nobody asked; None if no entry says so."""
        return next((entry.answers for entry in self._of(who) if entry.answers), None)

    def unmatched(self, clusters: Iterable[str]) -> tuple[str, ...]:
        """Return a line for each name that matches no cluster, with the entries that use it: a start-up warning."""
        known = set(clusters)
        used: dict[str, list[str]] = {}
        for number, entry in enumerate(self.entries):
            if entry.cluster and entry.cluster not in known:
                used.setdefault(entry.cluster, []).append(f"[{number}]")
        return tuple(f"no cluster is called {name!r}: {', '.join(where)}" for name, where in used.items())

    def _of(self, who: Actor) -> Iterable[ChannelDefault]:
        return (entry for entry in self.entries if is_here(entry.channels, who))


NO_DEFAULTS: Final = ChannelDefaults()


def load_channels(path: Path) -> ChannelDefaults:
    """Read a file of channel defaults; blocking. Raise FileError with all its problems."""
    expected = "a list of entries such as {channels: [C0123ABCD], cluster: prod, namespace: shop}"
    return ChannelDefaults(entries=read_strictly(path, _FILE.validate_python, of=list, expected=expected, known=_known))


def _known(_steps: Sequence[Step]) -> Iterable[str]:
    return ChannelDefault.model_fields
