"""Run `casebook explain` and `casebook diagnose`: a request, a cluster, an answer."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bot.cli.arguments import PROGRAM
from bot.cli.console import ProgressLine, note, show
from bot.cli.errors import CommandError, ExitCode
from bot.cli.inputs import TextInput, chosen_language, locale, read_text, report, settings
from bot.cli.process import configure_logging
from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.errors import ClusterError, NotServed
from bot.cluster.resources import WELL_KNOWN, well_known
from bot.diagnosing import Engine, TargetNotFound, build_engine, diagnose
from bot.diagnosing.reads import Progress
from bot.overviews.overview import OverviewProgress, overview
from bot.remedies.names import unknown_actions
from bot.settings import Settings
from intents.connection_questions import connection_command, spoken_connection
from intents.domain import Language, Verdict
from intents.overview import Overview
from intents.places import Where
from intents.request import DiagnoseObject, ExplainText, Request, scope_of, whole_cluster
from intents.spelling import Misuse, misspelt
from intents.symptoms import read_symptoms
from responses.as_json import RunStats, diagnosis_json
from responses.failures import without_cluster
from responses.language import choose
from responses.overview import overview_json, scrubbed_overview
from responses.paste_templates import error_lines
from responses.redaction import redact
from responses.safety import SafeDiagnosis, safe_line, scrubbed
from responses.terminal import diagnosis_page, not_found_lines, overview_page

_USAGE: Final = (
    f"usage: {PROGRAM} diagnose [KIND] [NS/]NAME, {PROGRAM} diagnose cluster, or"
    f" {PROGRAM} diagnose connection [NS/]CLIENT SERVICE:PORT"
)
# An overview may take so many times the deadline of one diagnosis.
_OVERVIEW: Final = 4


def run(arguments: argparse.Namespace) -> ExitCode:
    """Answer the request and print it."""
    configured = settings()
    configure_logging(level=configured.log_level, form=configured.log_format)
    request, given = _request(arguments, configured)
    for line in given.notes if given else ():
        note(line)
    engine, problems = build_engine(configured.catalog, check=unknown_actions)
    report(problems)
    text = given.text if given else ""
    language = choose(preferred=chosen_language(arguments.lang, configured), text=text, locale=locale())
    question = _Question(
        request=request, engine=engine, arguments=arguments, configured=configured, language=language
    )  # fmt: skip
    if (scope := scope_of(request)) is not None:
        return _show_overview(asyncio.run(question.overview(scope)), arguments, language)
    start = time.monotonic()
    diagnosis = asyncio.run(question.diagnosis())
    timing = RunStats(
        seconds=time.monotonic() - start,
        api_calls=diagnosis.api_calls,
        observed_at=diagnosis.observed_at.isoformat() if diagnosis.observed_at else "",
    )
    if arguments.output == "json":
        sys.stdout.write(diagnosis_json(diagnosis, language=language, timing=timing if arguments.timing else None))
    else:
        page = diagnosis_page(
            diagnosis,
            language=language,
            timing=timing,
            observed=error_lines(text) if not diagnosis.hypotheses else (),
            in_full=arguments.all,
            of_text=isinstance(request, ExplainText),
        )
        show(page)
    standing = any(one.verdict is not Verdict.RULED_OUT for one in diagnosis.hypotheses)
    return ExitCode.ANSWERED if standing else ExitCode.UNKNOWN


def _show_overview(found: Overview, arguments: argparse.Namespace, language: Language) -> ExitCode:
    """Print an overview and return its exit code."""
    safe_overview = scrubbed_overview(found)
    if arguments.output == "json":
        sys.stdout.write(overview_json(safe_overview, language=language))
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
                request = _with_namespace(request, connection.default_namespace)

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
        connection = connect(
            context=self.arguments.context or self.configured.context,
            kubeconfig=Path(self.arguments.kubeconfig) if self.arguments.kubeconfig else None,
            settings=self.configured.cluster,
            prometheus=self.configured.prometheus,
        )
        try:
            return await stack.enter_async_context(connection)
        except ClusterError as error:
            line.clear()
            reason = safe_line(str(error))
            if isinstance(self.request, DiagnoseObject):
                raise CommandError(reason) from error
            note(without_cluster(reason).in_(self.language))
            return None


@contextmanager
def told_in(language: Language) -> Iterator[None]:
    """Turn what keeps a diagnosis from being made into errors of the command."""
    try:
        yield
    except TargetNotFound as error:
        message = "\n".join(map(safe_line, not_found_lines(error.named, language)))
        raise CommandError(message, code=ExitCode.NOT_FOUND) from error
    except NotServed as error:
        raise CommandError(f"{safe_line(str(error))}\n{_USAGE}") from error
    except ClusterError as error:
        raise CommandError(safe_line(str(error))) from error


def _request(arguments: argparse.Namespace, configured: Settings) -> tuple[Request, TextInput | None]:
    namespace = arguments.namespace or configured.namespace
    if arguments.command == "explain":
        given = read_text(arguments.file, command="explain")
        text = spoken_connection(given.text) or redact(given.text)
        return ExplainText(text=text, namespace=namespace, addressed=True), given
    if asked := _connection(arguments):
        return ExplainText(text=asked, namespace=namespace, addressed=True), None
    if arguments.name is None:
        if "/" not in arguments.kind:
            return _as_a_whole(arguments), None
        _split_kind(arguments)
    before, slash, name = arguments.name.rpartition("/")
    if not name or "/" in before or (slash and not before):
        raise CommandError(f'"{arguments.name}" is neither NAME nor NS/NAME\n{_USAGE}')
    if before and arguments.namespace and before != arguments.namespace:
        raise CommandError(f'"{arguments.name}" is in {before}, but -n says {arguments.namespace}\n{_USAGE}')
    if (meant := _misspelt_kind(arguments.kind)) is not None:
        raise CommandError(f'unknown kind "{arguments.kind}"; did you mean "{meant}"?\n{_USAGE}')
    return DiagnoseObject(kind=arguments.kind, namespace=before or namespace, name=name), None


def _connection(arguments: argparse.Namespace) -> str:
    """Return the question about a connection, "" for one about an object. Raise CommandError."""
    words = list(filter(None, (arguments.kind, arguments.name, arguments.called)))
    asked = connection_command(words, Where(namespace=arguments.namespace or ""))
    if isinstance(asked, str):
        return asked
    if isinstance(asked, Misuse) or arguments.called:
        raise CommandError(f"{asked.says.en if asked else 'too many words'}\n{_USAGE}")
    return ""


def _split_kind(arguments: argparse.Namespace) -> None:
    """Read KIND/[NS/]NAME, or NS/NAME without a kind: a pod, or the workload of that name."""
    first, _, rest = arguments.kind.partition("/")
    is_kind = well_known(first) is not None or "/" in rest
    arguments.kind, arguments.name = (first, rest) if is_kind else ("pod", arguments.kind)


def _as_a_whole(arguments: argparse.Namespace) -> DiagnoseObject:
    """Return the question without a name: the whole cluster, or with -n one namespace."""
    if arguments.kind.lower() not in ("cluster", "everything"):
        raise CommandError(f"a name is missing: which {arguments.kind}?\n{_USAGE}")
    return DiagnoseObject(kind="namespace", name=arguments.namespace) if arguments.namespace else whole_cluster()


def _misspelt_kind(kind: str) -> str | None:
    """Return the kind that was meant, if one wrong letter keeps the word from being a well-known kind.

    Other words are left to the cluster, which may serve a kind of that name.
    """
    word = kind.lower()
    if well_known(word) is not None or "." in word or len(word) < 3:
        return None
    return misspelt(word, {each.kind.lower() for each in WELL_KNOWN}, most=1 if len(word) < 8 else 2) or None


def _needs_cluster(request: ExplainText, engine: Engine) -> bool:
    """Tell whether a text matches an incident or names an object."""
    matched = engine.matcher.match(read_symptoms(request.text))
    return bool(matched.hypotheses or matched.objects)


def _with_namespace(request: Request, context: str) -> Request:
    """Return the question about an object in the context's namespace, if it sets one; else in all of the cluster."""
    if isinstance(request, ExplainText) or request.namespace or context == "default":
        return request
    return replace(request, namespace=context)
