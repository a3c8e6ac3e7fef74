"""Read the setting of the watch: which channel hears of confirmed causes in which namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.settings.places import parse_place, parts_of

EXPECTED: Final = "CHANNEL NAMESPACE,… [CLUSTER], such as C0123ABCD shop,till; * for the whole cluster; separated by ;"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPlace:
    """What one channel hears about; no `namespaces` means the whole cluster, `cluster` "" the default one."""

    channel: str
    namespaces: tuple[str, ...] = ()
    cluster: str = ""


def parse_watch(text: str) -> tuple[WatchedPlace, ...]:
    """Parse the setting. Raise ValueError with what is expected."""
    places = []
    for words in parts_of(text):
        # The whole cluster must be asked for: a watch of everything is not what a forgotten word means.
        if len(words) < 2:
            raise ValueError(EXPECTED)
        channel, namespaces, cluster = parse_place(words, expected=EXPECTED)
        places.append(WatchedPlace(channel=channel, namespaces=namespaces, cluster=cluster))
    return tuple(places)
