"""Compose the serving process from every room: start, readiness, upkeep and stop."""

from bot.app.composition import RunningApp, running
from bot.app.runtime_options import RuntimeOptions

__all__ = ["RunningApp", "RuntimeOptions", "running"]
