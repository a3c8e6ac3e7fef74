"""Logs go to stderr, one line per event, redacted in every part."""

import json
import logging

import pytest
import structlog

from bot.cli.process import configure_logging
from bot.settings import LogFormat, LogLevel

SECRET = "hunter2-and-3"


def _log_everywhere() -> None:
    log = structlog.get_logger("bot.somewhere")
    log.debug("not shown")
    log.warning("probe failed", url=f"https://robot:{SECRET}@registry", env={"DB_PASSWORD": SECRET})
    try:
        raise ValueError(f"token={SECRET}")
    except ValueError:
        log.exception("boom")
    logging.getLogger("aiohttp.client").warning("sent %s", f"Authorization: Bearer {SECRET}")


@pytest.mark.parametrize("form", list(LogFormat))
def test_no_secret_is_logged_by_us_or_by_a_library(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level=LogLevel.INFO, form=form)

    _log_everywhere()

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not shown" not in captured.err
    assert SECRET not in captured.err
    assert captured.err.count("[redacted]") >= 4


def test_json_logs_have_one_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level=LogLevel.INFO, form=LogFormat.JSON)

    _log_everywhere()

    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(event["logger"], event["level"]) for event in events] == [
        ("bot.somewhere", "warning"),
        ("bot.somewhere", "error"),
        ("aiohttp.client", "warning"),
    ]
    assert "ValueError" in events[1]["exception"]
