"""Define the content of the operator's files in force: catalog, policy, channel defaults, routes of alerts."""

from __future__ import annotations

from dataclasses import dataclass

from bot.diagnosing import Engine
from bot.policy import Policy
from bot.policy.alert_routes import NO_ROUTES, AlertRoutes
from bot.policy.channel_defaults import NO_DEFAULTS, ChannelDefaults
from intents.catalog.loader import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One consistent state of the files. `left_out` names the catalog files that cannot be used."""

    engine: Engine
    policy: Policy
    defaults: ChannelDefaults = NO_DEFAULTS
    left_out: tuple[Problem, ...] = ()
    alert_routes: AlertRoutes = NO_ROUTES
