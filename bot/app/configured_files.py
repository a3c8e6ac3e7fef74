"""Read the files that settings name into the configuration: policy, channels, routes of alerts and tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bot.policy import load_policy
from bot.policy.alert_routes import load_alert_routes
from bot.policy.api_tokens import load_api_tokens
from bot.policy.channel_defaults import load_channels
from bot.remedies.names import action_names
from bot.settings import Settings
from bot.workflows.services import Configuration

# By setting: the part of the configuration that its file holds, and the function that reads it.
_FILES: Final[Mapping[str, tuple[str, Callable[[Path], Any]]]] = {
    "policy": ("policy", lambda path: load_policy(path, actions=action_names())),
    "channels": ("defaults", load_channels),
    "alert_routes": ("alert_routes", load_alert_routes),
    "api_tokens": ("api_tokens", load_api_tokens),
}


def named_files(settings: Settings) -> Mapping[str, Path]:
    """Return the files by setting, without settings that name none."""
    return {name: path for name in _FILES if (path := getattr(settings, name))}


def read_files(settings: Settings) -> dict[str, Any]:
    """Return the parts of a `Configuration` that files hold. Raise the FileError of a broken one; blocking."""
    named = named_files(settings).items()
    return {part: load(path) for name, path in named for part, load in (_FILES[name],)}


def with_file(configuration: Configuration, setting: str, path: Path) -> Configuration:
    """Return the configuration with the file of a setting read. Raise its FileError; blocking."""
    part, load = _FILES[setting]
    return replace(configuration, **{part: load(path)})
