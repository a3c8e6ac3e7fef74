"""Deliver the report of a run: on stdout, in a file, and to the runner of a GitHub job."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from bot.cli.console import as_text, note, show, write_json
from bot.cli.errors import CommandError
from bot.cli.runner import GuardedStream
from responses.as_json import RunStats
from responses.checks import Report, headline, rollout_line, summary_line
from responses.junit import checks_junit
from responses.sarif import checks_sarif
from responses.terminal import diagnosis_page
from responses.workflow_commands import annotation_lines, step_summary


def check_writable(path: str | None) -> None:
    """Raise CommandError if the output file cannot be written: not after the wait for a rollout, but before."""
    if not path:
        return
    place = Path(path)
    if place.is_dir():
        raise CommandError(f"{path}: is a directory; name a file with --output-file")
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise CommandError(f"{path}: cannot be written; choose another --output-file")


def document(report: Report, output: str, *, exit_code: int, timing: bool) -> str:
    """Return a report in one of the formats for programs, "" for text."""
    match output:
        case "json":
            from responses.documents.checks import checks_json  # noqa: PLC0415 - its models are for JSON only

            return checks_json(report, exit_code=exit_code, timing=timing)
        case "sarif":
            return checks_sarif(report, exit_code=exit_code)
        case "junit":
            return checks_junit(report, timing=timing)
        case _:
            return ""


def deliver(page: RenderableType, text: str, path: str | None) -> None:
    """Write `text`, or the page if it is empty, to stdout; with a path, to that file, and the page to stdout."""
    if path:
        _write(Path(path), text or as_text(page))
    if path or not text:
        show(page)
    elif text.startswith("<"):
        sys.stdout.write(text)
    else:
        write_json(text)


def report_page(report: Report, *, in_full: bool) -> RenderableType:
    """Return the text of a report: each object with its outcome and its diagnosis, then how many passed."""
    parts: list[RenderableType] = []
    for check in report.checks:
        parts.append(Text(f"{check.name}: {report.outcome(check)}", style="bold"))
        if check.rollout and not check.error:
            parts.append(Text(rollout_line(check.rollout, report.language)))
        if check.error:
            parts.append(Text(headline(check, report)))
        if check.diagnosis:
            timing = RunStats(seconds=check.seconds, api_calls=check.diagnosis.api_calls)
            page = diagnosis_page(
                check.diagnosis, language=report.language, timing=timing, in_full=in_full, of_text=False
            )
            parts += ["", page]
        parts.append("")
    return Group(*parts, Text(summary_line(report), style="bold"))


def tell_runner(report: Report) -> None:
    """Add to the step summary and the annotations of a GitHub job, if the command runs in one."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(path).open("a", encoding="utf-8", errors="replace") as summary:
                summary.write(step_summary(report))
        except OSError as error:
            note(f"{path}: cannot be written: {error.strerror}; the step has no summary")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        # On stderr, so that a document on stdout stays whole; the runner reads both.
        stream = sys.stderr.inner if isinstance(sys.stderr, GuardedStream) else sys.stderr
        stream.writelines(f"{line}\n" for line in annotation_lines(report))
        stream.flush()


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; a device or a pipe is written to directly."""
    raw = text.encode("utf-8", "replace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(raw)
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as temporary:
            temporary.write(raw)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary.name).chmod(0o666 & ~umask)
        Path(temporary.name).replace(path)
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}; choose another --output-file") from error
