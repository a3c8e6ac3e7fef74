"""Configure logging: one line per event on stderr, ours and the libraries', redacted like answers."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from bot.settings import LogFormat, LogLevel
from responses.safety import safe_value


def configure_logging(*, level: LogLevel, form: LogFormat) -> None:
    """Send structlog and the standard library's logging through one chain to stderr. A second call replaces it."""
    shared: list[structlog.typing.Processor] = [
        # Fields bound by a job or an arrival: the request that all its lines are about.
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True)
        if form is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redacted, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # It logs the kind of database each time. Its changes are logged by us.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact every value with `responses.safety`; runs before the renderer."""
    return {key: safe_value(value if _is_plain(value) else repr(value)) for key, value in event.items()}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | bytes | list | tuple | dict)
