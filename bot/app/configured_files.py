"""Read the files that settings name into the configuration: policy, channels, routes of alerts and tokens.

Each workspace may have such files, and settings, of its own: `DIRECTORY/ID/`. A workspace may install the app if it has
a directory; one named `default` is for all others. A workspace without a policy of its own sees no cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, SecretStr, create_model

from bot.policy import Policy, load_policy
from bot.policy.alert_routes import load_alert_routes
from bot.policy.api_tokens import load_api_tokens
from bot.policy.channel_defaults import load_channels
from bot.policy.model import Rules
from bot.policy.strict_yaml import FileError, read_strictly
from bot.remedies.actions import action_names
from bot.settings import Settings
from bot.store import WORKSPACE_ID
from bot.workflows.services import Configuration
from intents.catalog.loader import Problem

# By setting: the part of the configuration that its file holds, and the function that reads it. The file of a workspace
# is named as the setting is.
_FILES: Final[Mapping[str, tuple[str, Callable[[Path], Any]]]] = {
    "policy": ("policy", lambda path: load_policy(path, actions=action_names())),
    "channels": ("defaults", load_channels),
    "alert_routes": ("alert_routes", load_alert_routes),
    "api_tokens": ("api_tokens", load_api_tokens),
}

_DEFAULT: Final = "default"
_SETTINGS: Final = "settings.yaml"
_ALERTS_TOKEN: Final = "alerts-token"
# What a workspace decides for itself.
_OWN_NAMES: Final = (
    "audit_channel",
    "feedback_report",
    "incident_channels",
    "incident_window",
    "lang",
    "nudges",
    "reports",
    "retention_days",
    "watch",
    "watch_after",
    "watch_posts_per_hour",
)
_fields: Any = {name: (Settings.model_fields[name].annotation, Settings.model_fields[name]) for name in _OWN_NAMES}
_OWN: Final[type[BaseModel]] = create_model("WorkspaceSettings", __config__=ConfigDict(extra="forbid"), **_fields)
_SEES_NOTHING: Final = Policy(rules=Rules(reading=()))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceFiles:
    """The directory with a directory for each workspace. Methods block."""

    directory: Path

    def allows(self, workspace: str) -> bool:
        """Tell whether a workspace may install the app."""
        return self._place(workspace) is not None

    def settings(self, workspace: str, base: Settings) -> Settings:
        """Return the settings of a workspace. Raise FileError with all problems of its file."""
        place = self._place(workspace)
        if place is None:
            raise FileError(Problem(file=str(self.directory / workspace), line=0, field="", says="no such directory"))
        file = place / _SETTINGS
        own = _read_settings(file) if file.is_file() else {}
        if place.name == _DEFAULT:
            _refuse_credentials(place)
        token = place / _ALERTS_TOKEN
        secret = _read_token(token) if token.is_file() else ""
        files = {name: path if (path := place / _file_of(name)).is_file() else None for name in _FILES}
        alerts = {"alerts_token": SecretStr(secret), "alerts_user": "", "alerts_password": SecretStr("")}
        return base.model_copy(update={**own, **files, **alerts})

    def configuration(self, settings: Settings, catalog: Configuration) -> Configuration:
        """Return the configuration of a workspace with these settings and the catalog of all. Raise FileError."""
        own = {"policy": _SEES_NOTHING, **read_files(settings)}
        return Configuration(engine=catalog.engine, left_out=catalog.left_out, **own)

    def _place(self, workspace: str) -> Path | None:
        if not WORKSPACE_ID.fullmatch(workspace):
            return None
        own, usual = self.directory / workspace, self.directory / _DEFAULT
        return own if own.is_dir() else usual if usual.is_dir() else None


def _file_of(setting: str) -> str:
    """Return the name of a setting's file in the directory of a workspace."""
    return f"{setting.replace('_', '-')}.yaml"


def _refuse_credentials(place: Path) -> None:
    """Raise FileError for tokens that would open every workspace without a directory of its own."""
    for name in (_ALERTS_TOKEN, _file_of("api_tokens")):
        if (place / name).exists():
            says = "would open all workspaces: put it into the directory of the one that it is for"
            raise FileError(Problem(file=str(place / name), line=0, field="", says=says))


def _read_token(file: Path) -> str:
    """Return the token in a file. Raise FileError, which does not quote it."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        says = f"cannot be read as text: {type(error).__name__}"
        raise FileError(Problem(file=str(file), line=0, field="", says=says)) from None


def _read_settings(file: Path) -> Mapping[str, Any]:
    """Return the settings of a file, as those of the environment are read. Raise FileError."""

    def validated(values: Any) -> Mapping[str, Any]:
        read = _OWN.model_validate(values)
        return {name: getattr(read, name) for name in read.model_fields_set}

    expected = "settings such as lang: en"
    return read_strictly(file, validated, of=dict, expected=expected, known=lambda _: sorted(_OWN.model_fields))
