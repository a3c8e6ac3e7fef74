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
from bot.doctor import Check, CheckedArea
from bot.policy import FileError, Policy, load_policy
from bot.policy.alert_routes import load_alert_routes
from bot.policy.api_tokens import load_api_tokens
from bot.policy.channel_defaults import load_channels
from bot.probes.registry import unreadable_parts
from bot.remedies.actions import action_names, unknown_actions
from bot.roles import unknown_kinds
from bot.settings import Examined, Settings, variable
from intents.catalog.loader import Catalog, Problem, builtin_directory

AREA: Final = CheckedArea("settings")
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
        yield AREA.missing(problem.partition(" ")[0], problem, "correct it, or unset it to use the default")
    if not examined.problems:
        yield AREA.ok("variables", "every CASEBOOK_… variable is valid")


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
                return AREA.ok(_LISTEN, f"{listen}: Casebook already listens there, and is {status}")
            reason = "another program listens there"
        remedy = f"set {_LISTEN} to a free address and port of this machine"
        return AREA.missing(_LISTEN, f"{listen}: {reason}", remedy)
    return AREA.ok(_LISTEN, f"{listen} is free")


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


_POLICY: Final = variable("policy")
# The number of a file's entries in words, and its lines about names that match no cluster.
_Listed = tuple[str, Iterable[str]]
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

    def channels(file: Path) -> _Listed:
        defaults = load_channels(file)
        return f"{len(defaults.entries)} entries", defaults.unmatched(names)

    def alert_routes(file: Path) -> _Listed:
        routes = load_alert_routes(file)
        return f"{len(routes.routes)} routes", routes.unmatched(names)

    def api_tokens(file: Path) -> _Listed:
        return f"{len(load_api_tokens(file).tokens)} tokens", ()

    others = (
        *_listed("channels", variable("channels"), settings.channels, channels, names),
        *_listed("alerts", variable("alert_routes"), settings.alert_routes, alert_routes, names),
        *_listed("api", variable("api_tokens"), settings.api_tokens, api_tokens, names),
    )
    return FileReport(catalog=catalog, policy=policy, checks=(*found, *of_policy, *others))


def _catalog(settings: Settings, *, malformed: bool) -> tuple[Catalog, tuple[Check, ...]]:
    area, own = CheckedArea("catalog"), settings.catalog
    loaded = load_catalog(own, check=lambda incident: (*unreadable_parts(incident), *unknown_actions(incident)))
    builtin = str(builtin_directory())
    ours = sum(not str(source.path).startswith(builtin) for source in loaded.catalog.sources.values())
    says = f"{len(loaded.catalog)} incidents" + (f", {ours} of your own" if own else "")
    if malformed:
        says += f"; your own are not checked: {variable('catalog')} is malformed"
    remedy = "name its plural and group, as in widgets.example.io"
    return loaded.catalog, (
        area.ok("entries", says),
        *_wrong(area, loaded.problems, remedy=lambda problem: f"casebook lint {problem.file}"),
        *(
            area.note(by, f'reads "{kind}", for which no role can be written', remedy)
            for by, kind in unknown_kinds(loaded.catalog)
        ),
    )


def _policy(file: Path | None, clusters: tuple[str, ...], *, several: bool) -> tuple[Policy | None, tuple[Check, ...]]:
    area = CheckedArea("policy")
    if file is None:
        says = "not set: members of the workspace may see everything, nobody may change anything"
        if several:
            says = "not set: each workspace has a policy.yaml of its own, and sees no cluster without one"
        return Policy.default(), (area.ok(_POLICY, says),)
    try:
        policy = load_policy(file, actions=action_names())
    except FileError as error:
        return None, tuple(_wrong(area, error.problems, remedy=lambda _: f"correct it, or unset {_POLICY}"))
    acts = "grants actions" if policy.rules.acting and policy.rules.remediation else "lets nobody change anything"
    return policy, (
        area.ok(_POLICY, f"{file} {acts}"),
        *_unmatched(area, file, policy.unmatched(clusters), clusters),
    )


def _listed(
    name: str, what: str, file: Path | None, read: Callable[[Path], _Listed], clusters: tuple[str, ...]
) -> tuple[Check, ...]:
    """Check a file of entries; a setting that names none is not listed."""
    if file is None:
        return ()
    area = CheckedArea(name)
    try:
        count, lines = read(file)
    except FileError as error:
        return tuple(_wrong(area, error.problems, remedy=lambda _: f"correct it, or unset {what}"))
    return (area.ok(what, f"{file}: {count}"), *_unmatched(area, file, lines, clusters))


def _wrong(area: CheckedArea, problems: Iterable[Problem], *, remedy: Callable[[Problem], str]) -> Iterator[Check]:
    listed = list(problems)
    for problem in listed[:_SHOWN]:
        where = f"{problem.file}:{problem.line}" if problem.line else problem.file
        says = f"{problem.field}: {problem.says}" if problem.field else problem.says
        yield area.missing(where, says, remedy(problem))
    if len(listed) > _SHOWN:
        yield area.missing("more", f"{len(listed) - _SHOWN} more problems", remedy(listed[_SHOWN]))


def _unmatched(area: CheckedArea, file: Path, lines: Iterable[str], clusters: tuple[str, ...]) -> Iterator[Check]:
    if says := "; ".join(lines):
        remedy = f"use one of {', '.join(clusters)}, or add the context to {variable('contexts')}"
        yield area.note(str(file), says, remedy)
