"""Compose the serving process from every room: start, readiness, upkeep and stop."""

from bot.app.composition import RunningApp, running

__all__ = ["RunningApp", "running"]
