"""The clusters a serving process answers from: each connected when first asked, and again after it failed.

What one cluster does concerns no other: each has its own connection, its own attempt under way and its own pause. While
a cluster pauses after a failed attempt, whoever asks hears at once why, instead of waiting for another.
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
from bot.cluster.errors import ClusterError, Misconfigured, Unreachable
from bot.settings.cluster import ClusterSettings
from bot.settings.prometheus import Sources

# The name of a cluster that neither a setting nor a kubeconfig names; asking it tells what is missing.
UNNAMED: Final = "default"
# An exec plugin that logs in may take longer; the attempt then goes on, for the next who asks.
PATIENCE_S: Final = 5.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
# A connection given up may still be in use by a diagnosis that began before.
GRACE_S: Final = 30.0
# So many calls in a row without an answer are no accident.
_SILENT: Final = 5

Opening = Callable[[], AbstractAsyncContextManager[Connection]]


@dataclass(slots=True)
class Watching:
    """Passes each call on to whom it is told of: the connections are described before anybody listens."""

    watch: CallObserver = ignore_call
    # How many calls in a row a cluster has left without an answer.
    silent: dict[str, int] = field(default_factory=dict)

    def __call__(self, call: CompletedCall) -> None:
        if call.status == "timeout":
            self.silent[call.cluster] = self.silent.get(call.cluster, 0) + 1
        elif call.status != "cancelled":
            self.silent.pop(call.cluster, None)
        self.watch(call)


class Configured(Protocol):
    """The settings that say which clusters there are; `bot.settings.Settings` has them."""

    @property
    def context(self) -> str: ...
    @property
    def contexts(self) -> tuple[str, ...]: ...
    @property
    def cluster(self) -> ClusterSettings: ...
    @property
    def prometheus(self) -> Sources: ...


class Clusters:
    """Clusters by name, the default first. Make it with `of`; close it with `aclose`."""

    def __init__(
        self,
        openings: Mapping[str, Opening],
        *,
        preferred: str = "",
        watching: Watching | None = None,
        patience: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`openings` make a connection to each cluster; `patience` is how many seconds `get` waits for one.

        `preferred` is the cluster that is meant where nothing else tells it, "" for none. `watching` is what the
        connections tell of their calls.
        """
        if not openings:
            raise ValueError("expected at least one cluster")
        self._clusters = {name: _Cluster(name, opening, clock=clock) for name, opening in openings.items()}
        self._patience = patience
        self._watching = watching or Watching()
        self.preferred = preferred

    @classmethod
    def of(cls, settings: Configured, *, kubeconfig: Path | None = None) -> Clusters:
        """The clusters that the settings name, not connected yet. Reads the kubeconfig; blocking, once at the start.

        Never raises: a context that there is not is told by whoever asks for it.
        """
        watching = Watching()
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
        """From now on `watch` hears of each call, of connections that stand as well."""
        self._watching.watch = watch

    @property
    def troubles(self) -> Mapping[str, str]:
        """Clusters that could not be reached, or did not know us, when last asked: a line each that says why."""
        silent = {
            name: f"has not answered the last {calls} calls within CASEBOOK_CALL_TIMEOUT"
            for name, calls in self._watching.silent.items()
            if calls >= _SILENT and name in self._clusters
        }
        failed = {name: str(trouble) for name, cluster in self._clusters.items() if (trouble := cluster.trouble)}
        return silent | failed

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._clusters)

    @property
    def default(self) -> str:
        """The first cluster: that of what names none."""
        return self.names[0]

    async def get(self, name: str = "") -> Connection:
        """The connection to a cluster, made if there is none. Do not close it: it is everybody's.

        Raises Misconfigured for a name that is none, and the ClusterError that keeps it from being connected.
        """
        cluster = self._clusters.get(name or self.default)
        if cluster is None:
            raise Misconfigured(detail=f'there is no cluster "{name}"')
        return await cluster.get(self._patience)

    def give_up(self, connection: Connection, error: ClusterError | None = None) -> None:
        """Connect anew when next asked: the server is gone, or does not accept the credentials any more."""
        for cluster in self._clusters.values():
            cluster.give_up(connection, error)

    async def aclose(self) -> None:
        """Close every connection, and end what is being tried."""
        await asyncio.gather(*(cluster.aclose() for cluster in self._clusters.values()))


class _Cluster:
    """One cluster: at most one connection in use, and at most one attempt to make one."""

    def __init__(self, name: str, opening: Opening, *, clock: Callable[[], float]) -> None:
        self._name = name
        self._opening = opening
        self._clock = clock
        self._held: _Held | None = None
        self._retired: set[_Held] = set()
        self._failed: ClusterError | None = None
        self._pause = 0.0
        self._until = 0.0
        self._closed = False

    async def get(self, patience: float) -> Connection:
        if self._closed:
            raise Unreachable(detail=f"cluster {self._name}: Casebook is stopping")
        if self._held is None:
            if self._failed is not None and self._clock() < self._until:
                raise self._failed.with_traceback(None)
            self._held = _Held(self._opening)
        held = self._held
        try:
            connection = await held.connected(patience)
        except TimeoutError:
            detail = f"cluster {self._name}: not connected within {patience:g} s, still trying"
            raise Unreachable(detail=detail, remedy="ask again in a moment") from None
        except ClusterError as error:
            # Several may have waited for this attempt: it failed once.
            if self._held is held:
                self._failed = error
                self._pause = min(2 * self._pause or FIRST_PAUSE_S, LONGEST_PAUSE_S)
                self._until = self._clock() + self._pause
            raise
        finally:
            if self._held is held and held.over:
                self._held = None
        self._pause, self._failed = 0.0, None
        return connection

    @property
    def trouble(self) -> ClusterError | None:
        """Why it could not be asked when it last was."""
        return self._failed

    def give_up(self, connection: Connection, error: ClusterError | None) -> None:
        held = self._held
        if held is None or held.connection is not connection:
            return
        self._failed = error
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
    """A connection and the task that opens and closes it, so that both happen in one place whoever asks or leaves."""

    def __init__(self, opening: Opening) -> None:
        self.connection: Connection | None = None
        self.given_up = asyncio.Event()
        self._opened = asyncio.Event()
        self.task = asyncio.create_task(self._hold(opening))
        self.task.add_done_callback(self._ended)

    async def connected(self, patience: float) -> Connection:
        """Raises TimeoutError if it takes longer, and what the attempt failed with."""
        async with asyncio.timeout(patience):
            await self._opened.wait()
        if self.task.cancelled():
            raise Unreachable(detail="Casebook is stopping")
        if self.connection is None:
            self.task.result()
        assert self.connection is not None
        return self.connection

    @property
    def over(self) -> bool:
        return self.task.done()

    async def aclose(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            # Nobody may have waited for this attempt any more: its failure was seen all the same.
            task.exception()
        self._opened.set()

    async def _hold(self, opening: Opening) -> None:
        async with opening() as connection:
            self.connection = connection
            self._opened.set()
            await self.given_up.wait()
            await asyncio.sleep(GRACE_S)


def misnamed(settings: Configured, *, kubeconfig: Path | None = None) -> tuple[str, ...]:
    """What is wrong with the contexts that the settings name, a line each. No cluster is asked; blocking."""
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
    """The context that kubectl would use; "" if that cannot be told."""
    try:
        files = kubeconfigs.locate(kubeconfig, environment=os.environ)
        if files:
            return kubeconfigs.load(files).current
    except Misconfigured:
        return ""
    return IN_CLUSTER if "KUBERNETES_SERVICE_HOST" in os.environ else ""
