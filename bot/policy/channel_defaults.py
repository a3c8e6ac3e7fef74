"""Load the default cluster and namespace of each channel, and what it wants answered. They grant no permissions.

`deploy/examples/channels.yaml` explains the file by example. Only the policy decides what may be seen: a default that
the requester may not see is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, model_validator

from bot.policy.matching import Actor, is_here, unmatched_lines
from bot.policy.model import Channel, StrictModel, like, list_of
from bot.policy.strict_yaml import read_strictly
from intents.channel_commands import Wanted
from intents.places import IS_NAME

_BARE_NAME: Final = re.compile(r"[^\s,A-Z#*][^\s,A-Z#]*")
_CLUSTER: Final = like(re.compile(r"[^\s*?]+"), "a cluster: expected the name of one context, not a pattern")
_NAMESPACE: Final = like(IS_NAME, "a namespace: expected one name, not a pattern")


def _with_hash(value: Any) -> Any:
    """Add the # to a channel name. Names are in lower case and ids are not, so both are recognised without it."""
    return f"#{value}" if isinstance(value, str) and _BARE_NAME.fullmatch(value) else value


class AlertAnswers(StrEnum):
    """Which alerts of other apps are answered: every one, those with a proven cause, or none."""

    ALL = "all"
    PROVEN = "proven"
    OFF = "off"


class ChannelDefault(StrictModel):
    """The default of some channels. Direct messages have no defaults."""

    channels: Annotated[
        tuple[Annotated[Channel, BeforeValidator(_with_hash)], ...], list_of('write ["*"] for all channels')
    ]
    """Channels by id (C0123ABCD), name or pattern ("inc-shop-*"); "*" is every channel."""
    cluster: Annotated[str, AfterValidator(_CLUSTER)] | None = None
    """The cluster to use if none is named."""
    namespace: Annotated[str, AfterValidator(_NAMESPACE)] | None = None
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

    def unmatched(self, clusters: Collection[str]) -> tuple[str, ...]:
        """Return a line for each name that matches no cluster, with the entries that use it: a start-up warning."""
        return unmatched_lines(
            (entry.cluster, f"[{number}]")
            for number, entry in enumerate(self.entries)
            if entry.cluster and entry.cluster not in clusters
        )

    def _of(self, who: Actor) -> Iterable[ChannelDefault]:
        return (entry for entry in self.entries if is_here(entry.channels, who))


NO_DEFAULTS: Final = ChannelDefaults()


def load_channels(path: Path) -> ChannelDefaults:
    """Read a file of channel defaults; blocking. Raise FileError with all its problems."""
    expected = "a list of entries such as {channels: [C0123ABCD], cluster: prod, namespace: shop}"
    keys = ChannelDefault.model_fields
    entries = read_strictly(path, _FILE.validate_python, of=list, expected=expected, known=lambda _: keys)
    return ChannelDefaults(entries=entries)
