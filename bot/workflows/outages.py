"""Retry steps with backoff through an outage of Slack, the store, the job engine or the network.

DBOS records a failed step as failed forever. So a step that hits an outage returns "again", and the job sleeps, also
across restarts, before it runs the step again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog

from bot.jobs import JobRun, JobsUnavailable, Json
from bot.slack.errors import SlackUnavailable
from bot.store import StoreUnavailable

_log: Final = structlog.get_logger(__name__)

# About 15 minutes in total: after that the answer is no longer useful.
PAUSES_S: Final = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 300.0)
_AGAIN: Final = "again"


class OutageLasted(Exception):
    """Error: the outage lasted longer than all retries; `str()` says of what."""


async def retry_step(
    run: JobRun,
    name: str,
    do: Callable[..., Awaitable[Json | None]],
    *args: Any,
    pauses: Sequence[float] = PAUSES_S,
) -> Json | None:
    """Run a step, and run it again after each pause during an outage. Raise OutageLasted."""

    async def attempt() -> Json | None:
        try:
            return await do(*args)
        # While the process stops no job can be started: the next process resumes this one.
        except (SlackUnavailable, StoreUnavailable, JobsUnavailable) as error:
            _log.warning("job_step_delayed", job=run.id, step=name, error=str(error))
            return {_AGAIN: str(error)}

    result = await run.step(name, attempt)
    for pause in pauses:
        if not (result and _AGAIN in result):
            return result
        await run.sleep(pause)
        result = await run.step(name, attempt)
    if result and _AGAIN in result:
        raise OutageLasted(str(result[_AGAIN]))
    return result


async def try_step(
    run: JobRun, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any, pauses: Sequence[float] = PAUSES_S
) -> None:
    """Run a step that nobody waits for, as `retry_step` does; leave it out if the outage lasts."""
    try:
        await retry_step(run, name, do, *args, pauses=pauses)
    except OutageLasted as error:
        _log.warning("job_step_left_out", job=run.id, step=name, error=str(error))
