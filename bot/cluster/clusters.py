"""Hold the clusters of a serving process: each is connected on first use, and again after a failure.

Clusters do not affect each other: each has its own connection, attempt in flight and pause. While a cluster pauses
after a failed attempt, a caller gets the error at once instead of waiting for another attempt.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from bot.cluster import kubeconfig as kubeconfigs
from bot.cluster.api_calls import CallObserver, CompletedCall, ignore_call
from bot.cluster.connection import Connection
from bot.cluster.contexts import IN_CLUSTER, connect
from bot.cluster.errors import ClusterError, Misconfigured, Unauthorized, Unreachable
from bot.settings.prometheus import ClusterSettings, Sources

# The name of the cluster if neither a setting nor a kubeconfig names one; using it reports what is missing.
UNNAMED: Final = "default"
# A login command may take longer; the attempt then continues for the next caller.
PATIENCE_S: Final = 5.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
# A replaced connection may still be in use by a diagnosis that started earlier.
GRACE_S: Final = 30.0
# This many consecutive calls without an answer are not a coincidence.
_SILENT: Final = 5

Opening = Callable[[], AbstractAsyncContextManager[Connection]]


@dataclass(slots=True)
class CallRelay:
    """Pass each call on to an observer, which may be set after the connections are made."""

    watch: CallObserver = ignore_call
    # Consecutive calls without an answer, by cluster.
    silent: dict[str, int] = field(default_factory=dict)

    def __call__(self, call: CompletedCall) -> None:
        if call.status == "timeout":
            self.silent[call.cluster] = self.silent.get(call.cluster, 0) + 1
        elif call.status != "cancelled":
            self.silent.pop(call.cluster, None)
        self.watch(call)


class Configured(Protocol):
    """The settings that name the clusters, as `bot.settings.Settings` has them."""

    @property
    def context(self) -> str: ...
    @property
    def contexts(self) -> tuple[str, ...]: ...
    @property
    def cluster(self) -> ClusterSettings: ...
    @property
    def prometheus(self) -> Sources: ...


class Clusters:
    """The clusters by name, the default first. Create it with `of`, close it with `aclose`."""

    def __init__(
        self,
        openings: Mapping[str, Opening],
        *,
        preferred: str = "",
        watching: CallRelay | None = None,
        patience: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the clusters. `openings` connect to each one; `get` waits at most `patience` seconds for a
        connection.

        `preferred` is the cluster to use if nothing else names one, "" for none. `watching` observes the connections'
        calls.
        """
        if not openings:
            raise ValueError("expected at least one cluster")
        self._clusters = {name: _Cluster(name, opening, clock=clock) for name, opening in openings.items()}
        self._patience = patience
        self._watching = watching or CallRelay()
        self.preferred = preferred

    @classmethod
    def of(cls, settings: Configured, *, kubeconfig: Path | None = None) -> Clusters:
        """Return the clusters that the settings name, not connected yet. Reads the kubeconfig; blocking, once at the
        start.

        Never raises: a missing context is reported on first use.
        """
        watching = CallRelay()
        chosen = settings.context or next(iter(settings.contexts), "")
        names = {chosen or _usual(kubeconfig) or UNNAMED: chosen, **{name: name for name in settings.contexts}}
        return cls(
            {
                name: partial(
                    connect,
                    context=context,
                    kubeconfig=kubeconfig,
                    settings=settings.cluster,
                    prometheus=settings.prometheus,
                    watch=watching,
                )
                for name, context in names.items()
            },
            preferred=settings.context,
            watching=watching,
        )

    def watched_by(self, watch: CallObserver) -> None:
        """Let `watch` observe all further calls, also of open connections."""
        self._watching.watch = watch

    @property
    def troubles(self) -> Mapping[str, str]:
        """Return a line for each cluster that was unreachable or rejected the credentials on its last use."""
        silent = {
            name: f"did not answer the last {calls} calls within CASEBOOK_CALL_TIMEOUT"
            for name, calls in self._watching.silent.items()
            if calls >= _SILENT and name in self._clusters
        }
        failed = {name: str(trouble) for name, cluster in self._clusters.items() if (trouble := cluster.trouble)}
        return silent | failed

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the clusters, the default first."""
        return tuple(self._clusters)

    @property
    def default(self) -> str:
        """Return the first cluster, which is used if none is named."""
        return self.names[0]

    async def get(self, name: str = "") -> Connection:
        """Return the shared connection to a cluster and open it if needed. Do not close it.

        Raises Misconfigured for an unknown name, and the ClusterError of a failed attempt.
        """
        cluster = self._clusters.get(name or self.default)
        if cluster is None:
            raise Misconfigured(detail=f'there is no cluster "{name}"')
        return await cluster.get(self._patience)

    def give_up(self, connection: Connection | None, error: ClusterError | None = None) -> None:
        """Reconnect on the next use if the server is gone or rejects the credentials; other errors change nothing."""
        if connection is None or not isinstance(error, Unauthorized | Unreachable | None):
            return
        for cluster in self._clusters.values():
            cluster.give_up(connection, error)

    async def aclose(self) -> None:
        """Close every connection and end all attempts."""
        await asyncio.gather(*(cluster.aclose() for cluster in self._clusters.values()))


class _Cluster:
    """One cluster with at most one connection in use and one attempt in flight."""

    def __init__(self, name: str, opening: Opening, *, clock: Callable[[], float]) -> None:
        self._name = name
        self._opening = opening
        self._clock = clock
        self._held: _Held | None = None
        self._retired: set[_Held] = set()
        # The error of the last attempt.
        self.trouble: ClusterError | None = None
        self._pause = 0.0
        self._until = 0.0
        self._closed = False

    async def get(self, patience: float) -> Connection:
        if self._closed:
            raise Unreachable(detail=f"cluster {self._name}: Casebook is stopping")
        if self._held is None:
            if self.trouble is not None and self._clock() < self._until:
                raise self.trouble.with_traceback(None)
            self._held = _Held(self._opening)
        held = self._held
        try:
            connection = await held.connected(patience)
        except TimeoutError:
            detail = f"cluster {self._name}: not connected within {patience:g} s, still trying"
            raise Unreachable(detail=detail, remedy="ask again in a moment") from None
        except ClusterError as error:
            # Several callers may have waited for this attempt, but it counts as one failure.
            if self._held is held:
                self.trouble = error
                self._pause = min(2 * self._pause or FIRST_PAUSE_S, LONGEST_PAUSE_S)
                self._until = self._clock() + self._pause
            raise
        finally:
            if self._held is held and held.task.done():
                self._held = None
        self._pause, self.trouble = 0.0, None
        return connection

    def give_up(self, connection: Connection, error: ClusterError | None) -> None:
        held = self._held
        if held is None or held.connection is not connection:
            return
        self.trouble = error
        self._held = None
        self._retired.add(held)
        held.task.add_done_callback(lambda _: self._retired.discard(held))
        held.given_up.set()

    async def aclose(self) -> None:
        self._closed = True
        held = [*self._retired, *([self._held] if self._held else [])]
        self._held = None
        await asyncio.gather(*(each.aclose() for each in held))


class _Held:
    """A connection and the task that opens and closes it, independent of the callers that use it."""

    def __init__(self, opening: Opening) -> None:
        self.connection: Connection | None = None
        self.given_up = asyncio.Event()
        self._opened = asyncio.Event()
        self.task = asyncio.create_task(self._hold(opening))
        self.task.add_done_callback(self._ended)

    async def connected(self, patience: float) -> Connection:
        """Return the connection. Raise TimeoutError after `patience` seconds, or the error of the attempt."""
        async with asyncio.timeout(patience):
            await self._opened.wait()
        if self.task.cancelled():
            raise Unreachable(detail="Casebook is stopping")
        if self.connection is None:
            self.task.result()
        assert self.connection is not None
        return self.connection

    async def aclose(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            # Mark the exception as retrieved, also if no caller waits for this attempt any more.
            task.exception()
        self._opened.set()

    async def _hold(self, opening: Opening) -> None:
        async with opening() as connection:
            self.connection = connection
            self._opened.set()
            await self.given_up.wait()
            await asyncio.sleep(GRACE_S)


def misnamed(settings: Configured, *, kubeconfig: Path | None = None) -> tuple[str, ...]:
    """Return a line for each context in the settings that cannot be used. No cluster is called; blocking."""
    named = dict.fromkeys(filter(None, (settings.context, *settings.contexts)))
    problems = []
    for name in named:
        if name == IN_CLUSTER:
            continue
        try:
            files = kubeconfigs.locate(kubeconfig, environment=os.environ)
            if not files:
                raise Misconfigured(
                    detail=f'there is no context "{name}": no kubeconfig was found',
                    remedy="name its file with KUBECONFIG",
                )
            kubeconfigs.load(files).choose(name)
        except Misconfigured as error:
            problems.append(str(error))
    return tuple(problems)


def _usual(kubeconfig: Path | None) -> str:
    """Return the context that kubectl would use, or "" if it is unknown."""
    try:
        files = kubeconfigs.locate(kubeconfig, environment=os.environ)
        if files:
            return kubeconfigs.load(files).current
    except Misconfigured:
        return ""
    return IN_CLUSTER if "KUBERNETES_SERVICE_HOST" in os.environ else ""
