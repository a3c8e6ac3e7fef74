"""Check the settings, whether the address to listen on is free, and the user's catalog, policy and channel defaults."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.common.catalogs import load_catalog
from bot.doctor.checks import Check, CheckState
from bot.policy import FileError, Policy, load_policy
from bot.policy.alert_routes import load_alert_routes
from bot.policy.api_tokens import load_api_tokens
from bot.policy.channel_defaults import ChannelDefaults, load_channels
from bot.probes.registry import unreadable_parts
from bot.remedies.names import action_names, unknown_actions
from bot.roles.needs import unknown_kinds
from bot.settings import Examined, Settings, variable
from intents.catalog.loader import Catalog, Problem, builtin_directory

AREA: Final = "settings"
_ASK_S: Final = 2.0
_LARGEST: Final = 1 << 16
_LISTEN: Final = variable("listen")


async def examine_environment(examined: Examined) -> tuple[Check, ...]:
    """Check the environment variables and the address."""
    found = list(_understood(examined))
    if "listen" not in examined.malformed:
        found.append(await _listening(examined.settings.listen))
    return tuple(found)


def _understood(examined: Examined) -> Iterator[Check]:
    for problem in examined.problems:
        yield Check(
            area=AREA,
            what=problem.partition(" ")[0],
            state=CheckState.MISSING,
            says=problem,
            remedy="correct it, or unset it to use the default",
        )
    if not examined.problems:
        yield Check(area=AREA, what="variables", says="every CASEBOOK_… variable is valid")


async def _listening(listen: str) -> Check:
    """Check whether the address is free, or report the status of a bot that already listens there."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        await asyncio.to_thread(_bind, host, int(port))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        if error.errno == errno.EADDRINUSE:
            status = await _status(host, int(port))
            if status:
                return Check(area=AREA, what=_LISTEN, says=f"{listen}: Casebook already listens there, and is {status}")
            reason = "another program listens there"
        return Check(
            area=AREA,
            what=_LISTEN,
            state=CheckState.MISSING,
            says=f"{listen}: {reason}",
            remedy=f"set {_LISTEN} to a free address and port of this machine",
        )
    return Check(area=AREA, what=_LISTEN, says=f"{listen} is free")


def _bind(host: str, port: int) -> None:
    """Bind the address for a moment. Raise OSError."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as tried:
            if os.name == "posix":
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)


async def _status(host: str, port: int) -> str:
    """Return the status in /readyz at the address; "" if the server there is not Casebook."""
    reachable = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        async with asyncio.timeout(_ASK_S):
            reader, writer = await asyncio.open_connection(reachable, port)
            try:
                writer.write(f"GET /readyz HTTP/1.0\r\nHost: {reachable}\r\n\r\n".encode())
                answer = b""
                while len(answer) < _LARGEST and (more := await reader.read(_LARGEST)):
                    answer += more
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""
    try:
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
    except ValueError:
        return ""
    status = body.get("status") if isinstance(body, dict) else None
    problems = body.get("problems") if isinstance(body, dict) else None
    if not isinstance(status, str):
        return ""
    listed = "; ".join(f"{part}: {why}" for part, why in problems.items()) if isinstance(problems, dict) else ""
    return f"{status} ({listed})" if listed else status


_CATALOG: Final = variable("catalog")
_POLICY: Final = variable("policy")
_CHANNELS: Final = variable("channels")
_ROUTES: Final = variable("alert_routes")
_TOKENS: Final = variable("api_tokens")
# More problems of one file would not help.
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """The content of the files and their checks; `policy` is None if it cannot be read."""

    catalog: Catalog
    policy: Policy | None
    checks: tuple[Check, ...]


def examine_files(settings: Settings, *, clusters: Iterable[str], catalog_malformed: bool = False) -> FileReport:
    """Read and check the files; blocking. `clusters` are the known names."""
    names = tuple(clusters)
    catalog, found = _catalog(settings, malformed=catalog_malformed)
    policy, of_policy = _policy(settings.policy, names, several=bool(settings.slack_client_id))
    others = (
        *_channels(settings.channels, names),
        *_alert_routes(settings.alert_routes, names),
        *_api_tokens(settings.api_tokens),
    )
    return FileReport(catalog=catalog, policy=policy, checks=(*found, *of_policy, *others))


def _catalog(settings: Settings, *, malformed: bool) -> tuple[Catalog, tuple[Check, ...]]:
    own = settings.catalog
    loaded = load_catalog(own, check=lambda incident: (*unreadable_parts(incident), *unknown_actions(incident)))
    builtin = str(builtin_directory())
    ours = sum(not str(source.path).startswith(builtin) for source in loaded.catalog.sources.values())
    says = f"{len(loaded.catalog)} incidents" + (f", {ours} of your own" if own else "")
    found = [*_wrong("catalog", loaded.problems, remedy=lambda problem: f"casebook lint {problem.file}")]
    if malformed:
        says += f"; your own are not checked: {_CATALOG} is malformed"
    found.insert(0, Check(area="catalog", what="entries", says=says))
    found += [
        Check(
            area="catalog",
            what=by,
            state=CheckState.NOTE,
            says=f'reads "{kind}", for which no role can be written',
            remedy="name its plural and group, as in widgets.example.io",
        )
        for by, kind in unknown_kinds(loaded.catalog)
    ]
    return loaded.catalog, tuple(found)


def _policy(file: Path | None, clusters: tuple[str, ...], *, several: bool) -> tuple[Policy | None, tuple[Check, ...]]:
    if file is None:
        says = "not set: members of the workspace may see everything, nobody may change anything"
        if several:
            says = "not set: each workspace has a policy.yaml of its own, and sees no cluster without one"
        return Policy.default(), (Check(area="policy", what=_POLICY, says=says),)
    try:
        policy = load_policy(file, actions=action_names())
    except FileError as error:
        return None, tuple(_wrong("policy", error.problems, remedy=lambda _: f"correct it, or unset {_POLICY}"))
    acts = "grants actions" if policy.rules.acting and policy.rules.remediation else "lets nobody change anything"
    return policy, (
        Check(area="policy", what=_POLICY, says=f"{file} {acts}"),
        *_unmatched("policy", file, policy.unmatched(clusters), clusters),
    )


def _channels(file: Path | None, clusters: tuple[str, ...]) -> tuple[Check, ...]:
    if file is None:
        return ()
    try:
        defaults: ChannelDefaults = load_channels(file)
    except FileError as error:
        return tuple(_wrong("channels", error.problems, remedy=lambda _: f"correct it, or unset {_CHANNELS}"))
    return (
        Check(area="channels", what=_CHANNELS, says=f"{file}: {len(defaults.entries)} entries"),
        *_unmatched("channels", file, defaults.unmatched(clusters), clusters),
    )


def _alert_routes(file: Path | None, clusters: tuple[str, ...]) -> tuple[Check, ...]:
    if file is None:
        return ()
    try:
        routes = load_alert_routes(file)
    except FileError as error:
        return tuple(_wrong("alerts", error.problems, remedy=lambda _: f"correct it, or unset {_ROUTES}"))
    return (
        Check(area="alerts", what=_ROUTES, says=f"{file}: {len(routes.routes)} routes"),
        *_unmatched("alerts", file, routes.unmatched(clusters), clusters),
    )


def _api_tokens(file: Path | None) -> tuple[Check, ...]:
    if file is None:
        return ()
    try:
        tokens = load_api_tokens(file).tokens
    except FileError as error:
        return tuple(_wrong("api", error.problems, remedy=lambda _: f"correct it, or unset {_TOKENS}"))
    return (Check(area="api", what=_TOKENS, says=f"{file}: {len(tokens)} tokens"),)


def _wrong(area: str, problems: Iterable[Problem], *, remedy: Callable[[Problem], str]) -> Iterator[Check]:
    listed = list(problems)
    for problem in listed[:_SHOWN]:
        where = f"{problem.file}:{problem.line}" if problem.line else problem.file
        says = f"{problem.field}: {problem.says}" if problem.field else problem.says
        yield Check(area=area, what=where, state=CheckState.MISSING, says=says, remedy=remedy(problem))
    if len(listed) > _SHOWN:
        says = f"{len(listed) - _SHOWN} more problems"
        yield Check(area=area, what="more", state=CheckState.MISSING, says=says, remedy=remedy(listed[_SHOWN]))


def _unmatched(area: str, file: Path, lines: Iterable[str], clusters: tuple[str, ...]) -> Iterator[Check]:
    if says := "; ".join(lines):
        remedy = f"use one of {', '.join(clusters)}, or add the context to {variable('contexts')}"
        yield Check(area=area, what=str(file), state=CheckState.NOTE, says=says, remedy=remedy)
