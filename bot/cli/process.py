"""Configure the process of a command: logging on stderr, redacted like answers; stop on a signal, reload on SIGHUP."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

import structlog

from bot.cli.inputs import settings
from bot.common.background import in_background
from bot.settings import LogFormat, LogLevel, Settings
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


def logged_settings() -> Settings:
    """Return the settings, with logging as they say. Raise CommandError for a malformed one."""
    configured = settings()
    configure_logging(level=configured.log_level, form=configured.log_format)
    return configured


def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact every value with `responses.safety`; runs before the renderer."""
    return {key: safe_value(value if _is_plain(value) else repr(value)) for key, value in event.items()}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | bytes | list | tuple | dict)


_STOPS: Final = (signal.SIGINT, signal.SIGTERM)


def stop_event() -> asyncio.Event:
    """Return an event that is set by SIGINT and SIGTERM, which no longer end the process. Needs a running loop."""
    stop = asyncio.Event()
    for each in _STOPS:
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


@asynccontextmanager
async def cancelled_by(stop: asyncio.Event) -> AsyncIterator[None]:
    """Cancel the block's task once `stop` is set. After its last await the block must check for itself."""
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"

    async def watch() -> None:
        await stop.wait()
        task.cancel()

    async with in_background(watch()):
        yield


@dataclass(slots=True)
class ReloadSignal:
    """SIGHUP, whose default is to end the process, from the first file that is read to the end of the process."""

    _pending: bool = False

    @classmethod
    def received(cls) -> ReloadSignal:
        """Remember a SIGHUP from now on. Only the main thread can set signal handlers."""
        received = cls()
        signal.signal(signal.SIGHUP, received._remember)
        return received

    def forward(self, reload: Callable[[], None]) -> None:
        """Call `reload` on each SIGHUP, and now if one has arrived. Needs a running loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
        if self._pending:
            reload()

    def _remember(self, _signal: int, _frame: FrameType | None) -> None:
        self._pending = True
