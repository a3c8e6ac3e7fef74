"""Retry steps with backoff through an outage of Slack, of the store or of the network.

A step that fails is recorded as failed, for good. So what will pass is no failure of the step: it ends with "again",
and the job sleeps, through restarts too, before it takes the same step anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackUnavailable
from bot.store import StoreUnavailable

_log: Final = structlog.get_logger(__name__)

# Together about a quarter of an hour: after that nobody waits for the answer any more.
PAUSES_S: Final = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 300.0)
_AGAIN: Final = "again"


class OutageLasted(Exception):
    """The outage outlasted our patience; `str()` says of what."""


async def retry_step(
    run: JobRun,
    name: str,
    do: Callable[..., Awaitable[Json | None]],
    *args: Any,
    pauses: Sequence[float] = PAUSES_S,
) -> Json | None:
    """Take a step, and take it again after each pause while what it needs is out of reach. Raises OutageLasted."""

    async def attempt() -> Json | None:
        try:
            return await do(*args)
        except (SlackUnavailable, StoreUnavailable) as error:
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
