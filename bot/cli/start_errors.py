"""Explain why `casebook serve` cannot start: one clear line with the setting and what to do."""

from __future__ import annotations

import errno
import os
import socket

from bot.doctor.checks import CheckState
from bot.doctor.database_checks import examine_directory
from bot.jobs import JobsUnavailable
from bot.settings import Settings, variable
from bot.slack.error_advice import advice_on
from bot.slack.errors import SlackError
from bot.store import StoreUnavailable, place_of

# Errors that the app may raise at its start.
Failure = SlackError | StoreUnavailable | JobsUnavailable | OSError


def start_error_line(error: Failure, settings: Settings) -> str:
    """Return the line for an error at the app's start."""
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
    # SQLite does not say why it cannot open a file.
    for check in examine_directory(settings.data.expanduser()):
        if check.state is CheckState.MISSING:
            return f"{name}: {check.says}: {check.remedy}"
    return f"{name}: {place_of(url)}: {error}"


def _of_address(error: OSError, listen: str) -> str:
    if isinstance(error, socket.gaierror):
        reason = error.strerror or str(error)
    else:
        # asyncio's versions word this differently, some without an errno if the address is not local.
        reason = os.strerror(error.errno or errno.EADDRNOTAVAIL)
    name = variable("listen")
    return f"{name} is {listen!r}: {reason.lower()}: set it to a free address and port of this machine"
