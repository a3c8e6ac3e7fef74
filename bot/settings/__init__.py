"""Read and check the settings. Every other room may import this one; it imports none of them."""

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
    variable,
)
from bot.settings.required import serve_problems, slack_problems
