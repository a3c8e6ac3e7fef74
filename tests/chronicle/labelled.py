"""Load labelled incident channels: `who | text | kinds` a line; a line that begins with `#` begins another channel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from intents.chronicle.channel_reader import ChannelMessage

TRAINING: Final = Path(__file__).parent / "training"
JUDGE: Final = Path(__file__).parent / "judge"
BEGAN: Final = datetime(2024, 5, 6, 8, tzinfo=UTC)
# Authors that are programs, by what writers called them.
BOTS: Final = re.compile(
    r"bot$|^bot|alert|pager|grafana|deploy|argo|jenkins|statuspage|\bci$|zabbix|ship-?it|spinnaker|octopus|buildkite"
    r"|launchdarkly|terraform|ansible|airflow|nodepool|ghactions|github|tekton|opsgenie|renovate|uptime|datadog|sentry"
    r"|flagpole|feature-ctl|modelctl|trafficd|cron\b|tf-runner|packager|dbt-cloud|cdn-mux|queuefair|zonefile-git|opslog"
    r"|change-feed|ff-console|告警|机器人|機器人|小助手|发布系统|发布助手|cms发布|开关平台|监控$",
    re.IGNORECASE,
)


class Labelled(NamedTuple):
    """A message and the kinds of facts that it states."""

    message: ChannelMessage
    kinds: frozenset[str]


def channels_in(path: Path) -> Iterator[list[Labelled]]:
    """Yield the channels of a file, a minute between their messages."""
    channel: list[Labelled] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            if channel:
                yield channel
            channel = []
        elif line.strip():
            channel.append(_labelled(line, len(channel)))
    if channel:
        yield channel


def _labelled(line: str, number: int) -> Labelled:
    who, text, kinds = (part.strip() for part in line.split("|", 2))
    at = BEGAN + timedelta(minutes=number)
    is_bot = BOTS.search(who) is not None
    message = ChannelMessage(
        ts=f"{at.timestamp():.0f}.{number:06d}",
        at=at,
        text=text.replace(" ⏎ ", "\n"),
        user="" if is_bot else who.lower(),
        bot=who.lower() if is_bot else "",
    )
    return Labelled(message=message, kinds=frozenset(kinds.split()))
