"""The logs of a container, and the lines of one that match a pattern, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2

from bot.cluster.access import record_gap
from bot.cluster.container_logs import LogQuery
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.containers import Container, Run
from bot.kube.objects import full_name, name_of, namespace_of
from bot.kube.timestamps import UNKNOWN, seconds_since
from intents.domain import Gap, GapReason
from responses.redaction import REDACTED, redact

# How much of a log's end is read.
TAIL_LINES: Final = 2000
# The newest matching lines of one log that are kept.
MOST_LINES: Final = 100
# Of a line so many characters around the match are kept.
LONGEST_LINE: Final = 400
# Searching a longer text takes longer than the event loop may be kept from other work.
LARGE: Final = 1 << 16


class BadPattern(ClusterError):
    """A pattern of an entry that RE2 does not take: what it would find cannot be read."""

    reason = GapReason.NOT_CONFIGURED


def compile_pattern(pattern: object) -> Any:
    """Compile a pattern. RE2 runs in time linear to the text, whatever the pattern. Raises BadPattern."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(str(pattern or ""), options)
    except re2.error as error:
        raise BadPattern(what="what a pattern finds", detail=f"{pattern!r} is no RE2 pattern: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One log of a container. `run` is the last run that ended; `ended` says whether this log is that run's."""

    container: Container
    run: Run | None
    ended: bool
    previous: bool  # as the API's `previous` means it

    @property
    def reproduce(self) -> str:
        """Return the kubectl line that shows this log."""
        pod = self.container.pod
        flag = " --previous" if self.previous else ""
        return f"kubectl -n {namespace_of(pod)} logs {name_of(pod)} -c {self.container.name}{flag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A matching line, cut around the match, with the pattern's named groups and its age in seconds (-1 unknown)."""

    text: str
    age_s: int
    groups: Mapping[str, str]


def logs_of(container: Container, snapshot: Snapshot, *, which: str = "both") -> list[Log]:
    """Return the logs of a container: of the run that ended (`which` yes), of the newest run (no), or both."""
    run = container.ended(snapshot.now)
    logs = []
    if run is not None and (which != "no" or run.current):
        # For a waiting container the kubelet serves the last run in either case; `previous` says which one is meant.
        logs.append(Log(container=container, run=run, ended=True, previous=container.state != "terminated"))
    if which != "yes" and container.state == "running":
        logs.append(Log(container=container, run=run, ended=False, previous=False))
    return logs


async def matches_in(
    log: Log, snapshot: Snapshot, pattern: Any, *, since_s: float = 0, most: int = MOST_LINES
) -> tuple[Line, ...]:
    """Return the newest matching lines of a log, of the last `since_s` seconds if that is given.

    What of it is not readable is recorded as a gap.
    """
    text = await text_of(log, snapshot)
    if len(text) > LARGE:
        return await asyncio.to_thread(_search, text, log, snapshot, pattern, since_s, most)
    return _search(text, log, snapshot, pattern, since_s, most)


async def text_of(log: Log, snapshot: Snapshot) -> str:
    """Return the end of a log, each line with its time; nothing, and a gap, if it is not readable."""
    pod = log.container.pod
    try:
        # All probes make the same call, so that one read serves them.
        return await snapshot.log(
            LogQuery.of(pod, log.container.name, previous=log.previous, tail_lines=TAIL_LINES, timestamps=True)
        )
    except ClusterError as error:
        # The same refusal for every container of a namespace is one gap, so it must not name the pod.
        everywhere = Gap(
            what=f"container logs in {namespace_of(pod)}", reason=error.reason, permission=error.permission
        )
        record_gap(everywhere if error.permission else error.gap())
        return ""


def _search(text: str, log: Log, snapshot: Snapshot, pattern: Any, since_s: float, most: int) -> tuple[Line, ...]:
    lines = text.splitlines()
    found: list[Line] = []
    oldest = UNKNOWN
    for stamped in reversed(lines):
        stamp, _, rest = stamped.partition(" ")
        age = seconds_since(stamp, snapshot.now)
        line = stamped if age == UNKNOWN else rest
        oldest = max(oldest, age)
        if since_s and age > since_s:
            break
        if match := pattern.search(line):
            shown = quoted(line, match, pattern)
            found.append(Line(text=excerpt(shown.text, shown.at), age_s=age, groups=shown.groups))
            if len(found) >= most:
                break
    if since_s and not found and len(lines) >= TAIL_LINES and oldest <= since_s:
        what = f"the log of {full_name(log.container.pod)}"
        detail = f"only its last {TAIL_LINES} lines were read"
        record_gap(Gap(what=what, reason=GapReason.TRUNCATED, detail=detail))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A text without its secrets, where in it the pattern matches, and the pattern's named groups."""

    text: str
    at: int
    groups: Mapping[str, str]


def quoted(text: str, match: Any, pattern: Any) -> Quoted:
    """Return what may be quoted of a text.

    The whole text is redacted before a group is taken: a piece alone does not show that it is a secret, as in
    `password=(?P<given>.*)`.
    """
    groups, shown = _groups(match), redact(text)
    if shown == text:
        return Quoted(text=text, at=match.start(), groups=groups)
    if again := pattern.search(shown):
        return Quoted(text=shown, at=again.start(), groups=_groups(again))
    kept = {key: value if value in shown else REDACTED for key, value in groups.items()}
    return Quoted(text=shown, at=min(match.start(), len(shown)), groups=kept)


def _groups(match: Any) -> dict[str, str]:
    return {key: value or "" for key, value in match.groupdict().items()}


def excerpt(line: str, at: int) -> str:
    """Return the line, or of a longer one the part around position `at`, verbatim."""
    start = min(max(at - LONGEST_LINE // 4, 0), max(len(line) - LONGEST_LINE, 0))
    return line[start : start + LONGEST_LINE].strip()
