"""Check the user's own files: catalog, policy and channel defaults; each problem has its file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.common.catalogs import load_catalog
from bot.doctor.checks import Check, CheckState
from bot.policy import Policy, PolicyError, load_policy
from bot.policy.alert_routes import AlertRoutesError, load_alert_routes
from bot.policy.channel_defaults import ChannelDefaults, ChannelsError, load_channels
from bot.probes.registry import unreadable_parts
from bot.remedies.names import action_names, unknown_actions
from bot.roles.needs import unknown_kinds
from bot.settings import Settings, variable
from intents.catalog.loader import Catalog, Problem, builtin_directory

_CATALOG: Final = variable("catalog")
_POLICY: Final = variable("policy")
_CHANNELS: Final = variable("channels")
_ROUTES: Final = variable("alert_routes")
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
    policy, of_policy = _policy(settings.policy, names)
    others = (*_channels(settings.channels, names), *_alert_routes(settings.alert_routes, names))
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


def _policy(file: Path | None, clusters: tuple[str, ...]) -> tuple[Policy | None, tuple[Check, ...]]:
    if file is None:
        says = "not set: members of the workspace may see everything, nobody may change anything"
        return Policy.default(), (Check(area="policy", what=_POLICY, says=says),)
    try:
        policy = load_policy(file, actions=action_names())
    except PolicyError as error:
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
    except ChannelsError as error:
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
    except AlertRoutesError as error:
        return tuple(_wrong("alerts", error.problems, remedy=lambda _: f"correct it, or unset {_ROUTES}"))
    return (
        Check(area="alerts", what=_ROUTES, says=f"{file}: {len(routes.routes)} routes"),
        *_unmatched("alerts", file, routes.unmatched(clusters), clusters),
    )


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
