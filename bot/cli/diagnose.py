"""Run `casebook diagnose`: objects are checked concurrently; their verdicts decide how the command ends.

In a pipeline it first waits for rollouts, and writes a report. It only reads.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from bot.cli.console import ProgressLine, note
from bot.cli.errors import CommandError, ExitCode
from bot.cli.explain import answer, connected, diagnosis_forms, found_code, show_overview, told_in
from bot.cli.inputs import chosen_language, engine_of, locale
from bot.cli.object_names import USAGE, asked_for, named, with_namespace
from bot.cli.process import logged_settings
from bot.cli.reports import check_writable, deliver, document, report_page, tell_runner
from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, NotFound
from bot.common.release import running_version
from bot.diagnosing import Engine, diagnose
from bot.diagnosing.reads import Progress
from bot.diagnosing.rollout_wait import wait_for_rollout
from bot.settings import Settings
from intents.domain import Language, ObjectRef, Verdict
from intents.languages import choose
from intents.request import DiagnoseObject, ExplainText, scope_of
from intents.rollout import RolloutStatus
from responses.checks import Check, Outcome, Report, rollout_line, worst
from responses.safety import safe_line, safe_value, scrubbed
from responses.shown import shown_line

# Each diagnosis reads some dozen objects; the connection limits the calls in flight besides.
_AT_ONCE: Final = 4
_CODES: Final = {
    Outcome.PASSED: ExitCode.ANSWERED,
    Outcome.FOUND: ExitCode.ANSWERED,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.NOT_ROLLED_OUT: ExitCode.NOT_ROLLED_OUT,
    Outcome.UNKNOWN: ExitCode.UNKNOWN,
    Outcome.UNUSABLE: ExitCode.UNUSABLE,
    Outcome.NOT_FOUND: ExitCode.NOT_FOUND,
}


def run(arguments: argparse.Namespace) -> ExitCode:
    """Diagnose what the command line names, print the answer or the report, and return the exit code."""
    configured = logged_settings()
    asked = asked_for(arguments, configured.namespace)
    if isinstance(asked, ExplainText):
        _refuse_report(arguments, "a connection")
        return answer(asked, arguments, configured)
    scopes = [scope for one in asked if (scope := scope_of(one)) is not None]
    if scopes:
        if len(asked) > 1:
            raise CommandError(f"a namespace is diagnosed alone\n{USAGE}")
        _refuse_report(arguments, "a namespace or the cluster")
        return show_overview(scopes[0], arguments, configured)
    return _objects(asked, arguments, configured)


def _objects(asked: tuple[DiagnoseObject, ...], arguments: argparse.Namespace, configured: Settings) -> ExitCode:
    check_writable(arguments.output_file)
    engine = engine_of(configured)
    language = choose(preferred=chosen_language(arguments.lang, configured), text="", locale=locale())
    working = _Run(arguments=arguments, configured=configured, engine=engine, language=language)
    checks = asyncio.run(working.checks(asked))
    made = Report(checks=checks, fail_on=_fail_on(arguments), language=language, version=running_version())
    code = _exit_code(made)
    if _is_report(arguments, asked):
        text = document(made, arguments.output, exit_code=code, timing=arguments.timing)
        deliver(report_page(made, in_full=arguments.all), text, arguments.output_file)
    elif checks[0].diagnosis:
        text, page = diagnosis_forms(checks[0].diagnosis, arguments, language=language, seconds=checks[0].seconds)
        deliver(page, text, arguments.output_file)
    tell_runner(made)
    if not _is_report(arguments, asked) and (error := working.errors.get(asked[0])):
        raise error
    return code


def _refuse_report(arguments: argparse.Namespace, what: str) -> None:
    """Raise CommandError if an option is given that only objects have."""
    for option in ("wait_rollout", "fail_on", "output_file"):
        if getattr(arguments, option):
            raise CommandError(f"--{option.replace('_', '-')} needs an object, not {what}\n{USAGE}")
    if arguments.output not in ("text", "json"):
        raise CommandError(f"--output {arguments.output} needs an object, not {what}\n{USAGE}")


def _is_report(arguments: argparse.Namespace, asked: Sequence[DiagnoseObject]) -> bool:
    """Tell whether the answer is a report of checks: one object by itself is answered as in Slack."""
    return len(asked) > 1 or _fail_on(arguments) is not None or arguments.output not in ("text", "json")


def _fail_on(arguments: argparse.Namespace) -> Verdict | None:
    """Return the verdict that fails the run: a test case and a rollout must be able to fail."""
    if arguments.fail_on:
        return Verdict(arguments.fail_on)
    return Verdict.LIKELY if arguments.wait_rollout or arguments.output == "junit" else None


def _exit_code(made: Report) -> ExitCode:
    if made.fail_on is not None or any(each.error for each in made.checks):
        return _CODES[worst([made.outcome(each) for each in made.checks])]
    return min(found_code(each.diagnosis) for each in made.checks if each.diagnosis)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of checks over one connection. `errors` has what single objects could not be checked for."""

    arguments: argparse.Namespace
    configured: Settings
    engine: Engine
    language: Language
    errors: dict[DiagnoseObject, CommandError] = field(default_factory=dict)

    async def checks(self, asked: Sequence[DiagnoseObject]) -> tuple[Check, ...]:
        """Return the check of each object, in their order."""
        alone = len(asked) == 1 and self.arguments.output == "text"
        async with AsyncExitStack() as stack:
            line = stack.enter_context(ProgressLine(shown=alone))
            line.say("connecting …")
            try:
                connection = await stack.enter_async_context(connected(self.arguments, self.configured))
            except ClusterError as error:
                line.clear()
                return tuple(self._failed(one, CommandError(safe_line(str(error)))) for one in asked)
            places = asyncio.Semaphore(_AT_ONCE)
            made = (
                self._check(one, with_namespace(one, connection.default_namespace), connection, line, places)
                for one in asked
            )
            return tuple(await asyncio.gather(*made))

    async def _check(
        self,
        asked: DiagnoseObject,
        request: DiagnoseObject,
        connection: Connection,
        line: ProgressLine,
        places: asyncio.Semaphore,
    ) -> Check:
        start = time.monotonic()
        check = Check(asked=safe_line(named(asked)))
        try:
            with told_in(self.language):
                check = await self._waited(check, request, connection, line)
                if not (check.rollout and check.rollout.complete):
                    async with places:
                        check = await self._diagnosed(check, request, connection, line)
        except CommandError as error:
            check = self._failed(asked, error, check)
        return replace(check, seconds=time.monotonic() - start)

    async def _waited(self, check: Check, request: DiagnoseObject, connection: Connection, line: ProgressLine) -> Check:
        if not self.arguments.wait_rollout:
            return check

        def tell(subject: ObjectRef, status: RolloutStatus) -> None:
            line.clear()
            note(shown_line(f"{subject}: {rollout_line(safe_value(status), self.language)}"))

        try:
            subject, status = await wait_for_rollout(
                request, connection=connection, seconds=self.arguments.wait_rollout, tell=tell
            )
        except NotFound as error:
            raise CommandError(safe_line(str(error)), code=ExitCode.NOT_FOUND) from error
        return replace(check, subject=safe_value(subject), rollout=safe_value(status))

    async def _diagnosed(
        self, check: Check, request: DiagnoseObject, connection: Connection, line: ProgressLine
    ) -> Check:
        def progress(reading: Progress) -> None:
            line.say(f"reading {connection.name} … {reading.done}/{reading.total}")

        diagnosis = await diagnose(
            request,
            engine=self.engine,
            connection=connection,
            deadline=float(self.arguments.deadline or self.configured.deadline),
            progress=progress,
        )
        safe = scrubbed(diagnosis)
        subject = check.subject or (safe.focus.ref if safe.focus.name else None)
        return replace(check, diagnosis=safe, subject=subject)

    def _failed(self, asked: DiagnoseObject, error: CommandError, check: Check | None = None) -> Check:
        self.errors[asked] = error
        known = check or Check(asked=safe_line(named(asked)))
        return replace(known, error=safe_line(str(error)), missing=error.code is ExitCode.NOT_FOUND)
