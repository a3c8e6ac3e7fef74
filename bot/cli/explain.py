"""Run `casebook explain`, and answer what `casebook diagnose` asks about a connection, a namespace or a cluster."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import RenderableType

from bot.cli.console import ProgressLine, note, show, write_json
from bot.cli.errors import CommandError, ExitCode
from bot.cli.inputs import chosen_language, engine_of, locale, read_text
from bot.cli.object_names import USAGE, with_namespace
from bot.cli.process import logged_settings
from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.errors import ClusterError, NotServed
from bot.diagnosing import Engine, TargetNotFound, diagnose
from bot.diagnosing.reads import Progress
from bot.overviews.overview import OverviewProgress, overview
from bot.settings import Settings
from intents.connection_questions import spoken_connection
from intents.domain import Diagnosis, Language, Verdict
from intents.languages import choose
from intents.overview import Overview
from intents.request import DiagnoseObject, ExplainText, Request, scope_of
from intents.symptoms import read_symptoms
from responses.as_json import RunStats, diagnosis_json
from responses.failures import without_cluster
from responses.overview import overview_json, scrubbed_overview
from responses.paste_templates import error_lines
from responses.redaction import redact
from responses.safety import SafeDiagnosis, safe_line, scrubbed
from responses.terminal import diagnosis_page, not_found_lines, overview_page

# An overview may take so many times the deadline of one diagnosis.
_OVERVIEW: Final = 4


def run(arguments: argparse.Namespace) -> ExitCode:
    """Explain the text and print the answer."""
    configured = logged_settings()
    given = read_text(arguments.file, command="explain")
    text = spoken_connection(given.text) or redact(given.text)
    namespace = arguments.namespace or configured.namespace
    request = ExplainText(text=text, namespace=namespace, addressed=True)
    for line in given.notes:
        note(line)
    return answer(request, arguments, configured, text=given.text)


def answer(request: Request, arguments: argparse.Namespace, configured: Settings, *, text: str = "") -> ExitCode:
    """Answer a request about a text, a connection, a namespace or the cluster, and print the answer."""
    engine = engine_of(configured)
    language = choose(preferred=chosen_language(arguments.lang, configured), text=text, locale=locale())
    question = _Question(
        request=request, engine=engine, arguments=arguments, configured=configured, language=language
    )  # fmt: skip
    if (scope := scope_of(request)) is not None:
        return _show_overview(asyncio.run(question.overview(scope)), arguments, language)
    start = time.monotonic()
    diagnosis = asyncio.run(question.diagnosis())
    took = time.monotonic() - start
    written, page = diagnosis_forms(
        diagnosis, arguments, language=language, seconds=took, text=text, of_text=isinstance(request, ExplainText)
    )
    if written:
        write_json(written)
    else:
        show(page)
    return found_code(diagnosis)


def diagnosis_forms(
    diagnosis: SafeDiagnosis,
    arguments: argparse.Namespace,
    *,
    language: Language,
    seconds: float,
    text: str = "",
    of_text: bool = False,
) -> tuple[str, RenderableType]:
    """Return the JSON document of a diagnosis, "" where text is asked for, and its page."""
    timing = RunStats(
        seconds=seconds,
        api_calls=diagnosis.api_calls,
        observed_at=diagnosis.observed_at.isoformat() if diagnosis.observed_at else "",
    )
    page = diagnosis_page(
        diagnosis,
        language=language,
        timing=timing,
        observed=error_lines(text) if not diagnosis.hypotheses else (),
        in_full=arguments.all,
        of_text=of_text,
    )
    as_json = arguments.output == "json"
    written = (
        diagnosis_json(diagnosis, language=language, timing=timing if arguments.timing else None) if as_json else ""
    )
    return written, page


def found_code(diagnosis: Diagnosis) -> ExitCode:
    """Return the exit code that says whether an open hypothesis was found."""
    standing = any(one.verdict is not Verdict.RULED_OUT for one in diagnosis.hypotheses)
    return ExitCode.ANSWERED if standing else ExitCode.UNKNOWN


def _show_overview(found: Overview, arguments: argparse.Namespace, language: Language) -> ExitCode:
    """Print an overview and return its exit code."""
    safe_overview = scrubbed_overview(found)
    if arguments.output == "json":
        write_json(overview_json(safe_overview, language=language))
    else:
        show(overview_page(safe_overview, language=language))
    return ExitCode.ANSWERED if found.findings else ExitCode.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A request with what its answer depends on."""

    request: Request
    engine: Engine
    arguments: argparse.Namespace
    configured: Settings
    language: Language

    async def overview(self, namespace: str) -> Overview:
        """Return the overview of a namespace, or of the whole cluster."""
        async with AsyncExitStack() as stack:
            line = self._progress_line(stack)
            connection = await self._connect(stack, line)
            assert connection is not None  # a question about objects fails without one

            def progress(reading: OverviewProgress) -> None:
                causes = f", causes {reading.causes}/{reading.of_causes}" if reading.of_causes else ""
                line.say(f"reading {connection.name} … {reading.objects:,} objects{causes}")

            with told_in(self.language):
                return await overview(
                    namespace, engine=self.engine, connection=connection, deadline=self._deadline * _OVERVIEW,
                    progress=progress,
                )  # fmt: skip

    async def diagnosis(self) -> SafeDiagnosis:
        """Return the diagnosis; a text that matches nothing and names nothing needs no cluster."""
        request = self.request
        async with AsyncExitStack() as stack:
            line = self._progress_line(stack)
            connection = None
            if isinstance(request, DiagnoseObject) or _needs_cluster(request, self.engine):
                connection = await self._connect(stack, line)
            if connection is not None:
                request = with_namespace(request, connection.default_namespace)

            def progress(reading: Progress) -> None:
                line.say(f"reading {connection.name if connection else ''} … {reading.done}/{reading.total}")

            with told_in(self.language):
                diagnosis = await diagnose(
                    request, engine=self.engine, connection=connection, deadline=self._deadline, progress=progress
                )
        return scrubbed(diagnosis)

    @property
    def _deadline(self) -> float:
        return float(self.arguments.deadline or self.configured.deadline)

    def _progress_line(self, stack: AsyncExitStack) -> ProgressLine:
        return stack.enter_context(ProgressLine(shown=self.arguments.output == "text"))

    async def _connect(self, stack: AsyncExitStack, line: ProgressLine) -> Connection | None:
        """Return a connection; None if a text can be answered without one, else raise CommandError."""
        line.say("connecting …")
        connection = connected(self.arguments, self.configured)
        try:
            return await stack.enter_async_context(connection)
        except ClusterError as error:
            line.clear()
            reason = safe_line(str(error))
            if isinstance(self.request, DiagnoseObject):
                raise CommandError(reason) from error
            note(without_cluster(reason).in_(self.language))
            return None


def connected(arguments: argparse.Namespace, configured: Settings) -> AbstractAsyncContextManager[Connection]:
    """Return the connection of the command line and the settings, not open yet."""
    return connect(
        context=arguments.context or configured.context,
        kubeconfig=Path(arguments.kubeconfig) if arguments.kubeconfig else None,
        settings=configured.cluster,
        prometheus=configured.prometheus,
    )


@contextmanager
def told_in(language: Language) -> Iterator[None]:
    """Turn what keeps a diagnosis from being made into errors of the command."""
    try:
        yield
    except TargetNotFound as error:
        message = "\n".join(map(safe_line, not_found_lines(error.named, language)))
        raise CommandError(message, code=ExitCode.NOT_FOUND) from error
    except NotServed as error:
        raise CommandError(f"{safe_line(str(error))}\n{USAGE}") from error
    except ClusterError as error:
        raise CommandError(safe_line(str(error))) from error


def _needs_cluster(request: ExplainText, engine: Engine) -> bool:
    """Tell whether a text matches an incident or names an object."""
    matched = engine.matcher.match(read_symptoms(request.text))
    return bool(matched.hypotheses or matched.objects)
