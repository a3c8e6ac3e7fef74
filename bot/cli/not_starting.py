"""Why `casebook serve` does not start: one clear line that names the setting and what to do."""

from __future__ import annotations

import errno
import os
import socket

from bot.doctor.checks import State
from bot.doctor.database import examine_directory
from bot.jobs import JobsUnavailable
from bot.settings import Settings, variable
from bot.slack.error_advice import advice_on
from bot.slack.errors import SlackError
from bot.store import StoreUnavailable, place_of

# What may come out of the app at its start.
Failure = SlackError | StoreUnavailable | JobsUnavailable | OSError


def why(error: Failure, settings: Settings) -> str:
    """An error of the app's start, in words for whoever has to change something."""
    match error:
        case SlackError():
            return str(advice_on(error, api_url=settings.slack_api_url))
        case StoreUnavailable():
            return _of_database(error, settings, url=settings.store_url)
        case JobsUnavailable():
            return _of_database(error, settings, url=settings.jobs_url)
        case _:
            return _of_address(error, settings.listen)


def _of_database(error: StoreUnavailable | JobsUnavailable, settings: Settings, *, url: str) -> str:
    if settings.database_url.get_secret_value():
        return f"{variable('database_url')}: {place_of(url)}: {error}"
    name = variable("data")
    # SQLite does not say what keeps it from opening a file.
    for check in examine_directory(settings.data.expanduser()):
        if check.state is State.MISSING:
            return f"{name}: {check.says}: {check.remedy}"
    return f"{name}: {place_of(url)}: {error}"


def _of_address(error: OSError, listen: str) -> str:
    if isinstance(error, socket.gaierror):
        reason = error.strerror or str(error)
    else:
        # Each version of asyncio quotes the address in words of its own, some without a number where nobody has it.
        reason = os.strerror(error.errno or errno.EADDRNOTAVAIL)
    name = variable("listen")
    return f"{name} is {listen!r}: {reason.lower()}: set it to an address and port of this machine that are free"
