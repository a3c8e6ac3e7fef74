"""Reload policy, channels, routes of alerts, tokens and catalog while the bot runs, and tell whether it is ready.

Files are checked every few seconds, and at once after `request`. A broken file changes nothing: the last good version
stays in force, and readiness reports the error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from bot.app.configured_files import named_files, with_file
from bot.cluster.clusters import Clusters
from bot.diagnosing import build_engine
from bot.jobs import Jobs, JobsUnavailable
from bot.policy.strict_yaml import FileError
from bot.remedies.actions import unknown_actions
from bot.settings import Settings, variable
from bot.slack.client import Slack
from bot.store import Store, StoreUnavailable
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.web import Ready
from bot.workflows.services import Configuration
from responses.safety import safe_line

_log: Final = structlog.get_logger(__name__)

CHECK_S: Final = 5.0

# State of a file: path, modification time in nanoseconds, size in bytes.
_Seen = tuple[str, int, int]


class LiveConfiguration:
    """The configuration in force, and the errors of files that were changed since.

    A setting without a file keeps its initial value. `changed` is called with each new configuration. With a `parent`,
    the catalog is the parent's.
    """

    def __init__(
        self,
        settings: Settings,
        initial: Configuration,
        *,
        every: float = CHECK_S,
        changed: Callable[[Configuration], None] = lambda _: None,
        parent: LiveConfiguration | None = None,
    ) -> None:
        self._parent = parent
        self._settings = settings
        self._every = every
        self._changed = changed
        self._requested = asyncio.Event()
        self._errors: dict[str, str] = {}
        self._current = initial
        self._seen = dict(self.seen())

    @property
    def current(self) -> Configuration:
        if self._parent is not None and self._current.engine is not self._parent.current.engine:
            catalog = self._parent.current
            self._current = replace(self._current, engine=catalog.engine, left_out=catalog.left_out)
        return self._current

    @property
    def errors(self) -> Mapping[str, str]:
        """Return the error of each broken file, keyed by its setting: one line each."""
        return self._errors

    def request(self) -> None:
        """Reload all files now."""
        self._requested.set()

    async def keep_current(self) -> None:
        """Reload changed files for as long as the bot runs."""
        while True:
            try:
                async with asyncio.timeout(self._every):
                    await self._requested.wait()
            except TimeoutError:
                pass
            await self.look(await asyncio.to_thread(self.seen))

    async def look(self, seen: Mapping[str, frozenset[_Seen]]) -> None:
        """Reload the files whose state has changed, or all of them after a request."""
        everything = self._requested.is_set()
        self._requested.clear()
        for name, state in seen.items():
            if everything or state != self._seen[name]:
                self._seen[name] = state
                await self._read(name)

    def seen(self) -> Mapping[str, frozenset[_Seen]]:
        """Return the state of all files by setting; blocking."""
        return {name: _seen(paths) for name, paths in self._files().items()}

    async def _read(self, name: str) -> None:
        try:
            self._current = await asyncio.to_thread(self._with_new, name)
        except FileError as error:
            self._errors[name] = safe_line(f"the last good version stays in force: {error}")
            _log.error("configuration_rejected", setting=variable(name), error=str(error))
            return
        self._errors.pop(name, None)
        left_out = len(self._current.left_out)
        _log.info("configuration_reloaded", setting=variable(name), left_out=left_out)
        self._changed(self._current)

    def _with_new(self, name: str) -> Configuration:
        """Return the configuration with one part reloaded. Raise the FileError of that file; blocking."""
        settings, current = self._settings, self._current
        if file := named_files(settings).get(name):
            return with_file(current, name, file)
        engine, left_out = build_engine(settings.catalog, last_good=current.engine.catalog, check=unknown_actions)
        return replace(current, engine=engine, left_out=left_out)

    def _files(self) -> dict[str, tuple[Path, ...]]:
        """Return the files and directories of each setting that names any."""
        catalog = tuple(self._settings.catalog) if self._parent is None else ()
        named = {name: (file,) for name, file in named_files(self._settings).items()}
        return {**named, **({"catalog": catalog} if catalog else {})}


def _seen(paths: tuple[Path, ...]) -> frozenset[_Seen]:
    """Return the state of all files below these paths; unreadable files are skipped."""
    return frozenset(seen for path in paths for file in _below(path.expanduser()) if (seen := _state(file)))


def _below(path: Path) -> Iterator[Path]:
    return path.rglob("*.y*ml") if path.is_dir() else iter((path,))


def _state(file: Path) -> _Seen | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return str(file), found.st_mtime_ns, found.st_size


_STOPPING: Final = "shutting down; running jobs are being drained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The readiness of this process: `problems` make it unready, `notes` do not.

    Neither an unreachable cluster nor broken catalog files make it unready: Slack still gets answers that name the
    reason. The functions are called each time.
    """

    store: Store
    jobs: Jobs
    health: SlackHealth
    slack: Slack | None
    clusters: Clusters
    live: LiveConfiguration
    stopping: Callable[[], bool] = lambda: False
    notes: Callable[[], Mapping[str, str]] = dict

    async def look(self) -> Ready:
        if self.stopping():
            return Ready(problems={"process": _STOPPING})
        problems: dict[str, str] = {}
        try:
            await self.store.ping()
        except StoreUnavailable as error:
            problems["store"] = str(error)
        try:
            await self.jobs.ping()
        except JobsUnavailable as error:
            problems["jobs"] = str(error)
        if not self.live.current.engine.catalog.incidents:
            problems["catalog"] = "the catalog is empty: reinstall Casebook, or check CASEBOOK_CATALOG"
        problems |= await self.health.problems(token_refused=self.slack is not None and self.slack.token_refused)
        notes = {
            **self.health.notes(granted=self.slack.scopes if self.slack else frozenset()),
            **self._left_out(),
            **self.live.errors,
            **self.notes(),
        }
        troubles = {name: safe_line(why) for name, why in self.clusters.troubles.items()}
        return Ready(problems=problems, notes=notes, clusters=troubles)

    def _left_out(self) -> Mapping[str, str]:
        left_out = self.live.current.left_out
        if not left_out:
            return {}
        more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        return {"catalog": safe_line(f"files of CASEBOOK_CATALOG are left out: {left_out[0]}{more}; run casebook lint")}
