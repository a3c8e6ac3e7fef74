"""Run `casebook explain`, and answer what `casebook diagnose` asks about a connection, a namespace or a cluster."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from rich.console import RenderableType

from bot.cli.console import ProgressLine, note, show, write_json
from bot.cli.errors import CommandError, ExitCode
from bot.cli.inputs import chosen_language, engine_of, locale, read_text
from bot.cli.object_names import USAGE
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
from intents.request import ExplainText
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


def answer(request: ExplainText, arguments: argparse.Namespace, configured: Settings, *, text: str = "") -> ExitCode:
    """Answer a request about a text or a connection, and print the answer."""
    question = _Question.of(arguments, configured, text=text)
    start = time.monotonic()
    diagnosis = asyncio.run(question.diagnosis(request))
    took = time.monotonic() - start
    written, page = diagnosis_forms(
        diagnosis, arguments, language=question.language, seconds=took, text=text, of_text=True
    )
    if written:
        write_json(written)
    else:
        show(page)
    return found_code(diagnosis)


def show_overview(namespace: str, arguments: argparse.Namespace, configured: Settings) -> ExitCode:
    """Print the overview of a namespace, or of the whole cluster."""
    question = _Question.of(arguments, configured)
    found = asyncio.run(question.overview(namespace))
    safe_overview = scrubbed_overview(found)
    if arguments.output == "json":
        write_json(overview_json(safe_overview, language=question.language))
    else:
        show(overview_page(safe_overview, language=question.language))
    return ExitCode.ANSWERED if found.findings else ExitCode.UNKNOWN


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """The engine, the settings and the language with which a command answers."""

    engine: Engine
    arguments: argparse.Namespace
    configured: Settings
    language: Language

    @classmethod
    def of(cls, arguments: argparse.Namespace, configured: Settings, *, text: str = "") -> Self:
        language = choose(preferred=chosen_language(arguments.lang, configured), text=text, locale=locale())
        return cls(engine=engine_of(configured), arguments=arguments, configured=configured, language=language)

    async def overview(self, namespace: str) -> Overview:
        """Return the overview of a namespace, or of the whole cluster."""
        with told_in(self.language), self._progress_line() as line:
            line.say("connecting …")
            async with connected(self.arguments, self.configured) as connection:

                def progress(reading: OverviewProgress) -> None:
                    causes = f", causes {reading.causes}/{reading.of_causes}" if reading.of_causes else ""
                    line.say(f"reading {connection.name} … {reading.objects:,} objects{causes}")

                return await overview(
                    namespace, engine=self.engine, connection=connection, deadline=self._deadline * _OVERVIEW,
                    progress=progress,
                )  # fmt: skip

    async def diagnosis(self, request: ExplainText) -> SafeDiagnosis:
        """Return the diagnosis; a text that matches nothing and names nothing needs no cluster."""
        async with AsyncExitStack() as stack:
            line = stack.enter_context(self._progress_line())
            connection = None
            if _needs_cluster(request, self.engine):
                line.say("connecting …")
                try:
                    connection = await stack.enter_async_context(connected(self.arguments, self.configured))
                except ClusterError as error:
                    line.clear()
                    note(without_cluster(safe_line(str(error))).in_(self.language))

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

    def _progress_line(self) -> ProgressLine:
        return ProgressLine(shown=self.arguments.output == "text")


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
