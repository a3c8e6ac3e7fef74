"""Compose the serving process from every room: start, readiness, upkeep and stop."""

from intents.lean_imports import absent

# It would pretty-print tracebacks with it, which our log format does not use.
with absent("rich"):
    import structlog as _structlog  # noqa: F401

from bot.app.composition import RunningApp, running
from bot.app.runtime_options import RuntimeOptions

__all__ = ["RunningApp", "RuntimeOptions", "running"]
