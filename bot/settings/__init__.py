"""Read and check the settings, and say what they may be. Every other room may use them; they use none."""

from bot.settings.environment import (
    PREFIX,
    Examined,
    LogFormat,
    LogLevel,
    Settings,
    SettingsError,
    documented,
    examine_settings,
    load_settings,
    serve_problems,
    slack_problems,
    variable,
)

__all__ = [
    "PREFIX",
    "Examined",
    "LogFormat",
    "LogLevel",
    "Settings",
    "SettingsError",
    "documented",
    "examine_settings",
    "load_settings",
    "serve_problems",
    "slack_problems",
    "variable",
]
