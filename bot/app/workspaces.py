"""Serve all workspaces that installed the app: open them, take each payload to its own, renew tokens, delete data.

What was stored decides: each replica looks at the installations twice a minute, and when a payload or a job names a
workspace that it does not know yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from aiohttp import web

from bot.app.configured_files import WorkspaceFiles
from bot.app.reload import LiveConfiguration
from bot.app.taken_in_turn import TakenInTurn
from bot.app.workspace import SharedParts, WorkspaceApp
from bot.common.background import in_background
from bot.common.encryption import CannotDecrypt, Encryption
from bot.jobs import JobHandlers, JobsUnavailable
from bot.policy.strict_yaml import FileError
from bot.settings import Settings, variable
from bot.slack.client import Slack
from bot.slack.web_client import web_client
from bot.store import (
    WORKSPACE_ID,
    AuditEntry,
    Installation,
    Kept,
    Store,
    StoreUnavailable,
    current_workspaces,
    delete_workspace,
    kept_of,
    open_workspace,
)
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.slack.http_routes import SlackRequest, SlackResponse, acknowledged, named_workspaces
from bot.surfaces.slack.installer import Installer, TokenNotRenewed, identity_of
from bot.surfaces.slack.installing import InstalledApp, install_routes
from bot.surfaces.web import Route
from bot.workflows.learned_entries import LearnedEntries
from responses.safety import safe_line

_log: Final = structlog.get_logger(__name__)

LOOK_S: Final = 30.0
# Workspaces that are opened at once when the process starts.
_OPENED_AT_ONCE: Final = 8
# A token is renewed this long before it ends; Slack's last twelve hours.
_RENEWED_BEFORE: Final = timedelta(hours=2)
_RENEWED_AGAIN: Final = timedelta(minutes=1)
# Every replica has closed a removed workspace by then.
_CLOSED_WITHIN: Final = timedelta(seconds=3 * LOOK_S)
# Where each workspace has the paths that a single one has at the top.
_PATH: Final = "/w/{workspace}/{path:.+}"


@dataclass(slots=True, kw_only=True)
class _Opened:
    """A workspace that is served, how it is closed, and the tokens it was opened with."""

    app: WorkspaceApp
    tokens: bytes
    # Ends its background work, then its connections.
    work: AsyncExitStack
    parts: AsyncExitStack
    # With renewed tokens that could not be stored yet: Slack gives them once.
    unstored: Installation | None = None


@dataclass(slots=True, kw_only=True)
class Workspaces:
    """The workspaces of a process. `health` is that of the connection, each workspace has its own token's."""

    settings: Settings
    shared: SharedParts
    main: Store
    live: LiveConfiguration
    files: WorkspaceFiles
    encryption: Encryption
    health: SlackHealth
    app: WorkspaceApp | None = None
    _installer: Installer = field(init=False)
    _upkeep: TakenInTurn = field(init=False)
    _opened: dict[str, _Opened] = field(default_factory=dict)
    _problems: dict[str, str] = field(default_factory=dict)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    # The parts of closed workspaces, and when they are closed (monotonic clock).
    _leaving: list[tuple[float, AsyncExitStack]] = field(default_factory=list)
    _launched: bool = False
    _connected: Callable[[], Awaitable[bool]] | None = None

    def __post_init__(self) -> None:
        self._installer = Installer(settings=self.settings, allows=self.files.allows, encryption=self.encryption)
        self._upkeep = TakenInTurn(main=self.main, served=self._apps, beat_s=self.shared.options.beat_s)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the workspaces that are served."""
        return tuple(self._opened)

    def _apps(self) -> Mapping[str, WorkspaceApp]:
        return {workspace: opened.app for workspace, opened in self._opened.items()}

    def served(self, workspace: str) -> WorkspaceApp | None:
        """Return the app in a workspace that is served."""
        opened = self._opened.get(workspace)
        return opened.app if opened else None

    # --- for the process ---

    async def open(self) -> None:
        """Open all workspaces, before the job engine is launched. Raise StoreUnavailable."""
        turns = asyncio.Semaphore(_OPENED_AT_ONCE)
        installations = [each for each in await self.main.installations.all() if each.serves]
        # Asked for all of them at once: a look into each place takes longer than to open it.
        current = await current_workspaces(self.main, [each.id for each in installations])
        kept = await kept_of(self.main, current)

        async def opened(installation: Installation) -> None:
            async with turns:
                await self._open(installation, kept.get(installation.id))

        await asyncio.gather(*map(opened, installations))

    async def launched(self) -> None:
        """Serve the opened workspaces; those that are opened from now on are served at once."""
        self._launched = True
        # A job that is recovered meanwhile may open another one, which is then served at once.
        for opened in list(self._opened.values()):
            await opened.work.enter_async_context(opened.app.serving())
        try:
            await self._upkeep.once()
        except StoreUnavailable as error:
            _log.warning("upkeep_delayed", error=str(error))

    def request_reload(self) -> None:
        """Reload all files: the catalog, and those of each workspace."""
        self.live.request()
        self._upkeep.request_reload()

    async def keep_current(self) -> None:
        """Look at the installations, and do periodic work, for as long as the process serves."""
        async with in_background(self._upkeep.run()):
            await self._keep_looking()

    async def _keep_looking(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(LOOK_S, 2 * self.shared.options.beat_s)):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self.look()
            except StoreUnavailable as error:
                _log.warning("installations_not_read", error=str(error))
            except Exception:  # noqa: BLE001 - logged; without this loop no token would be renewed
                _log.exception("installations_round_failed")

    async def look(self) -> None:
        """Open, close and renew what the installations say. Raise StoreUnavailable.

        What cannot be done for one workspace keeps no other from its turn.
        """
        while self._leaving and self._leaving[0][0] < time.monotonic():
            await self._leaving.pop(0)[1].aclose()
        for installation in await self.main.installations.all():
            if self._is_current(installation):
                continue
            try:
                async with self._turn(installation.id):
                    # It may have been installed again since all were read.
                    if (now := await self.main.installations.get(installation.id)) is not None:
                        await self._follow(now)
            except Exception as error:  # noqa: BLE001 - logged; whatever it is, it is about this workspace
                expected = isinstance(error, StoreUnavailable | CannotDecrypt | JobsUnavailable)
                log = _log.warning if expected else _log.exception
                log("workspace_round_failed", workspace=installation.id, error=str(error) if expected else "")

    def _is_current(self, installation: Installation) -> bool:
        """Tell whether nothing is to be done for a workspace that is served."""
        opened = self._opened.get(installation.id)
        return (
            opened is not None
            and opened.unstored is None
            and opened.tokens == installation.tokens
            and not self._ends_soon(installation)
        )

    async def _follow(self, installation: Installation) -> None:
        """Do what an installation says, in the turn of its workspace."""
        if installation.removed is not None:
            await self._close(installation.id)
            await self._delete_if_due(installation)
            return
        if (opened := self._opened.get(installation.id)) is None:
            await self._open(installation)
            opened = self._opened.get(installation.id)
        elif opened.unstored is not None:
            await self._store_renewed(opened, opened.unstored)
        elif opened.tokens != installation.tokens:
            self._take_tokens(opened, installation)
        if opened is not None and opened.tokens == installation.tokens:
            await self._renew_if_due(opened, installation)

    async def stop(self) -> None:
        """End the background work of all workspaces."""
        for opened in list(self._opened.values()):
            await opened.work.aclose()

    async def close(self) -> None:
        """Close the connections of all workspaces."""
        for parts in [*(each.parts for each in self._opened.values()), *(each for _, each in self._leaving)]:
            await parts.aclose()
        self._opened.clear()

    # --- what serving one workspace offers too ---

    async def dispatch(self, request: SlackRequest) -> SlackResponse:
        """Take a checked request to its workspace; acknowledge and drop one of a workspace that is not served."""
        for workspace in named_workspaces(request):
            app = await self._ensured(workspace)
            if app is not None:
                return await app.bolt.async_dispatch(request)
        return acknowledged(request)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the pages of installations, and where Alertmanager and programs ask each workspace."""
        pages = install_routes(self.settings, used=self.main.installations, take=self._installed)
        return (*pages, Route(path=_PATH, handle=self._requested, method="*"))

    def notes(self) -> Mapping[str, str]:
        """Return what is wrong with workspaces, one line each."""
        watched = {
            f"{workspace} {about}": note
            for workspace, opened in self._opened.items()
            for about, note in opened.app.watcher.notes.items()
        }
        refused = {
            workspace: "Slack refuses the token: install the app again"
            for workspace, opened in self._opened.items()
            if opened.app.slack.token_refused
        }
        return {**watched, **refused, **self._problems}

    def connected_by(self, connected: Callable[[], Awaitable[bool]]) -> None:
        """Note how to ask whether Socket Mode is connected."""
        self._connected = self.health.connected = connected
        for opened in self._opened.values():
            opened.app.connected_by(connected)

    def close_intake(self) -> None:
        """Accept no more jobs."""
        for opened in self._opened.values():
            opened.app.intake.close()

    async def handlers(self, workspace: str) -> JobHandlers | None:
        """Return the handlers of a workspace's jobs; None if it is not served."""
        app = await self._ensured(workspace) if workspace else None
        return app.handlers if app else None

    # --- installations ---

    async def _installed(self, installed: InstalledApp) -> None:
        """Store an installation and serve it. Raise RefusedInstallation."""
        installation = await self._installer.accepted(installed, now=self.shared.options.clock())
        await self.main.installations.save(installation)
        _log.info("workspace_installed", workspace=installation.id, name=installation.name, org=installation.is_org)
        async with self._turn(installation.id):
            if (opened := self._opened.get(installation.id)) is not None:
                self._take_tokens(opened, installation)
            else:
                await self._open(installation)

    async def _removed(self, workspace: str) -> None:
        """Note that a workspace uninstalled the app; its event may be older than a new installation."""
        opened = self._opened.get(workspace)
        if opened is None:
            return
        tokens = opened.tokens
        if not await opened.app.is_refused():
            return
        now = self.shared.options.clock()
        doomed = now + timedelta(days=self.settings.workspace_days)
        if await self.main.installations.remove(workspace, at=now, doomed=doomed, holding=tokens):
            _log.warning("workspace_removed", workspace=workspace, deleted_from=doomed.isoformat())
        self._changed.set()

    async def _ensured(self, workspace: str) -> WorkspaceApp | None:
        """Return the app in a workspace, opened if another replica installed it; None if it is not served."""
        if workspace not in self._opened and workspace not in self._problems and WORKSPACE_ID.fullmatch(workspace):
            async with self._turn(workspace):
                installation = await self.main.installations.get(workspace)
                if installation is not None and workspace not in self._opened:
                    await self._open(installation)
        return self.served(workspace)

    async def _open(self, installation: Installation, kept: Kept | None = None) -> None:
        """Serve a workspace; note why it cannot be served. `kept` is given if its tables are this release's."""
        workspace = installation.id
        if installation.removed is not None:
            return
        try:
            async with AsyncExitStack() as parts:
                app = await self._composed(parts, installation, kept)
                work = AsyncExitStack()
                if self._launched:
                    await work.enter_async_context(app.serving())
                open_parts = parts.pop_all()
        except (CannotDecrypt, FileError, StoreUnavailable, JobsUnavailable) as error:
            self._problems[workspace] = safe_line(f"it is not served: {_why(error)}")
            _log.error("workspace_not_served", workspace=workspace, error=str(error))
            return
        except Exception as error:  # noqa: BLE001 - logged and shown; the other workspaces are served
            self._problems[workspace] = f"it is not served: {type(error).__name__}; the log has more"
            _log.exception("workspace_not_served", workspace=workspace)
            return
        self._problems.pop(workspace, None)
        self._opened[workspace] = _Opened(app=app, tokens=installation.tokens, work=work, parts=open_parts)
        self.shared.metrics.workspaces_served(len(self._opened))
        _log.info("workspace_served", workspace=workspace)

    async def _composed(self, parts: AsyncExitStack, installation: Installation, kept: Kept | None) -> WorkspaceApp:
        workspace, shared = installation.id, self.shared
        token = self.encryption.decrypt(workspace, installation.tokens)["bot"]
        settings = await asyncio.to_thread(self.files.settings, workspace, self.settings)
        initial = await asyncio.to_thread(self.files.configuration, settings, self.live.current)
        store = await parts.enter_async_context(open_workspace(self.main, workspace, current=kept is not None))
        health = SlackHealth(metrics=shared.metrics, by_http=not shared.by_socket, clock=shared.options.clock)
        identity = identity_of(installation)
        slack = await parts.enter_async_context(
            Slack(
                web_client(api_url=settings.slack_api_url, token=token),
                limits=shared.options.slack_limits,
                watch=health,
                # With the token of an organisation, Slack lists one workspace at a time.
                lists=not installation.is_org,
                kept=store.directory,
                identity=identity,
            )
        )
        learned = LearnedEntries(store=store, metrics=shared.metrics)
        if kept is None or kept.learned:
            await learned.refresh()
        app = WorkspaceApp(
            shared,
            settings,
            LiveConfiguration(settings, initial, parent=self.live),
            store=store,
            slack=slack,
            identity=identity,
            health=health,
            learned=learned,
            id=workspace,
            removed=partial(self._removed, workspace),
        )
        if self._connected is not None:
            app.connected_by(self._connected)
        return app

    async def _close(self, workspace: str) -> None:
        self._problems.pop(workspace, None)
        if (opened := self._opened.pop(workspace, None)) is not None:
            await opened.work.aclose()
            # Its running jobs find that Slack refuses them, but they find their parts.
            self._leaving.append((time.monotonic() + self.settings.drain, opened.parts))
            self.shared.metrics.workspaces_served(len(self._opened))
            _log.info("workspace_closed", workspace=workspace)

    async def _delete_if_due(self, installation: Installation) -> None:
        """Delete the data of a removed workspace once it is due and every replica has closed it."""
        now = self.shared.options.clock()
        due = max(installation.doomed or now, (installation.removed or now) + _CLOSED_WITHIN)
        if now < due or not await self.shared.jobs.delete_begun_with(f"{installation.id}/"):
            return
        entry = AuditEntry(
            at=now, actor="casebook", team=installation.id, action="delete_workspace", target=installation.id,
            outcome="deleted", key=f"{installation.id}/deleted/{installation.changed.isoformat()}",
        )  # fmt: skip
        delete_data = partial(delete_workspace, self.main, installation.id)
        if await self.main.installations.forget(installation, delete_data, entry):
            _log.warning("workspace_deleted", workspace=installation.id)

    # --- tokens ---

    def _take_tokens(self, opened: _Opened, installation: Installation) -> None:
        """Use the tokens that were stored since: a new installation, or another replica renewed them."""
        try:
            opened.app.slack.use_token(self.encryption.decrypt(installation.id, installation.tokens)["bot"])
        except CannotDecrypt as error:
            self._problems[installation.id] = safe_line(f"its new token cannot be used: {_why(error)}")
        opened.tokens, opened.unstored = installation.tokens, None

    def _ends_soon(self, installation: Installation) -> bool:
        ends = installation.expires
        return ends is not None and ends - self.shared.options.clock() <= _RENEWED_BEFORE

    async def _renew_if_due(self, opened: _Opened, installation: Installation) -> None:
        """Renew tokens that end soon. One replica tries it, once a minute: Slack takes a refresh token once."""
        now = self.shared.options.clock()
        if installation.expires is None or not self._ends_soon(installation):
            return
        if not await self.main.notices.once(f"renew/{installation.id}", within=_RENEWED_AGAIN, now=now):
            return
        about = f"{installation.id} token"
        try:
            renewed = await self._installer.renewed(installation, now=now)
        except (TokenNotRenewed, CannotDecrypt) as error:
            _log.error("token_not_renewed", workspace=installation.id, error=str(error))
            ends = f"it ends at {installation.expires:%H:%M} UTC and could not be renewed"
            self._problems[about] = safe_line(f"{ends}: {error}")
            return
        self._problems.pop(about, None)
        opened.unstored = renewed
        await self._store_renewed(opened, renewed)

    async def _store_renewed(self, opened: _Opened, renewed: Installation) -> None:
        """Store renewed tokens and use them; those of a new installation count more. Raise StoreUnavailable."""
        if await self.main.installations.renew(renewed, instead_of=opened.tokens):
            self._take_tokens(opened, renewed)
        else:
            opened.unstored = None
            self._changed.set()

    async def _requested(self, request: web.Request) -> web.StreamResponse:
        """Take a request of Alertmanager or of a program to its workspace."""
        # Anybody may send it: only what is open counts, nothing is looked up or kept for it.
        if (app := self.served(request.match_info["workspace"])) is None:
            raise web.HTTPNotFound(text="not found")
        return await app.answer(request, path=f"/{request.match_info['path']}")

    def _turn(self, workspace: str) -> asyncio.Lock:
        return self._turns.setdefault(workspace, asyncio.Lock())


def _why(error: Exception) -> str:
    if isinstance(error, CannotDecrypt):
        return f"{variable('encryption_keys')} lacks the key of its tokens: {error}. Nothing was deleted"
    return str(error)
