"""Run `casebook explain` and `casebook diagnose`: a request, a cluster, an answer."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from rapidfuzz.distance import OSA

from bot.cli.arguments import PROGRAM
from bot.cli.console import ProgressLine, note, show
from bot.cli.errors import CommandError, ExitCode
from bot.cli.logs import configure_logging
from bot.cli.text_input import TextInput, read_text
from bot.cli.user_files import chosen_language, locale, report, settings
from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.errors import ClusterError, NotServed
from bot.cluster.resources import WELL_KNOWN, well_known
from bot.diagnosing import Engine, TargetNotFound, build_engine, diagnose
from bot.diagnosing.reads import Progress
from bot.overviews.overview import OverviewProgress, overview
from bot.remedies.names import unknown_actions
from bot.settings import Settings
from intents.domain import Diagnosis, Language, Verdict
from intents.overview import Overview
from intents.request import DiagnoseObject, ExplainText, Request, scope_of, whole_cluster
from intents.symptoms import read_symptoms
from responses.as_json import RunStats, diagnosis_json
from responses.excerpts import error_lines
from responses.failures import without_cluster
from responses.language import choose
from responses.overview import overview_json, scrubbed_overview
from responses.safety import SafeDiagnosis, safe_line, scrubbed
from responses.secrets import redact
from responses.terminal import diagnosis_page, not_found_lines
from responses.terminal_overview import overview_page

_USAGE: Final = f"usage: {PROGRAM} diagnose [KIND] [NS/]NAME, or {PROGRAM} diagnose cluster"
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
    start = time.monotonic()
    if (scope := scope_of(request)) is not None:
        found = asyncio.run(_overview(scope, request, engine, arguments, configured, language))
        return _show_overview(found, arguments, language)
    diagnosis = asyncio.run(_answer(request, engine, arguments, configured, language))
    timing = RunStats(
        seconds=time.monotonic() - start,
        api_calls=diagnosis.api_calls,
        observed_at=diagnosis.observed_at.isoformat() if diagnosis.observed_at else "",
    )
    if arguments.output == "json":
        sys.stdout.write(diagnosis_json(diagnosis, language=language, timing=timing if arguments.timing else None))
    else:
        observed = error_lines(text) if not diagnosis.hypotheses else ()
        show(
            diagnosis_page(
                diagnosis,
                language=language,
                timing=timing,
                observed=observed,
                in_full=arguments.all,
                of_text=isinstance(request, ExplainText),
            )
        )
    return exit_code(diagnosis)


async def _overview(
    namespace: str,
    request: Request,
    engine: Engine,
    arguments: argparse.Namespace,
    configured: Settings,
    language: Language,
) -> Overview:
    with ProgressLine(shown=arguments.output == "text") as line:
        async with AsyncExitStack() as stack:
            line.say("connecting …")
            connection = await _connection(stack, request, arguments, configured, language, line)
            assert connection is not None  # a question about objects fails without one

            def progress(reading: OverviewProgress) -> None:
                causes = f", causes {reading.causes}/{reading.of_causes}" if reading.of_causes else ""
                line.say(f"reading {connection.name} … {reading.objects:,} objects{causes}")

            deadline = (arguments.deadline or configured.deadline) * _OVERVIEW
            with _told(language):
                return await overview(
                    namespace, engine=engine, connection=connection, deadline=deadline, progress=progress
                )


def _show_overview(found: Overview, arguments: argparse.Namespace, language: Language) -> ExitCode:
    """Print an overview and return its exit code."""
    safe_overview = scrubbed_overview(found)
    if arguments.output == "json":
        sys.stdout.write(overview_json(safe_overview, language=language))
    else:
        show(overview_page(safe_overview, language=language))
    return ExitCode.ANSWERED if found.findings else ExitCode.UNKNOWN


@contextmanager
def _told(language: Language) -> Iterator[None]:
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


def exit_code(diagnosis: Diagnosis) -> ExitCode:
    """Return the exit code for a diagnosis."""
    standing = any(one.verdict is not Verdict.RULED_OUT for one in diagnosis.hypotheses)
    return ExitCode.ANSWERED if standing else ExitCode.UNKNOWN


def _request(arguments: argparse.Namespace, configured: Settings) -> tuple[Request, TextInput | None]:
    namespace = arguments.namespace or configured.namespace
    if arguments.command == "explain":
        given = read_text(arguments.file, command="explain")
        return ExplainText(text=redact(given.text), namespace=namespace, addressed=True), given
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
    words = sorted({resource.kind.lower() for resource in WELL_KNOWN})
    distance, meant = min((OSA.distance(word, known), known) for known in words)
    return meant if distance <= (1 if len(word) < 8 else 2) else None


async def _answer(
    request: Request, engine: Engine, arguments: argparse.Namespace, configured: Settings, language: Language
) -> SafeDiagnosis:
    deadline = arguments.deadline or configured.deadline
    with ProgressLine(shown=arguments.output == "text") as line:
        async with AsyncExitStack() as stack:
            connection = None
            if isinstance(request, DiagnoseObject) or _needs_cluster(request, engine):
                line.say("connecting …")
                connection = await _connection(stack, request, arguments, configured, language, line)
            if connection is not None:
                request = _with_namespace(request, connection.default_namespace)

            def progress(reading: Progress) -> None:
                line.say(f"reading {connection.name if connection else ''} … {reading.done}/{reading.total}")

            with _told(language):
                diagnosis = await diagnose(
                    request, engine=engine, connection=connection, deadline=deadline, progress=progress
                )
    return scrubbed(diagnosis)


def _needs_cluster(request: ExplainText, engine: Engine) -> bool:
    """Tell whether a text matches an incident or names an object."""
    matched = engine.matcher.match(read_symptoms(request.text))
    return bool(matched.hypotheses or matched.objects)


def _with_namespace(request: Request, context: str) -> Request:
    """Return the question about an object in the context's namespace, if it sets one; else in all of the cluster."""
    if isinstance(request, ExplainText) or request.namespace or context == "default":
        return request
    return replace(request, namespace=context)


async def _connection(
    stack: AsyncExitStack,
    request: Request,
    arguments: argparse.Namespace,
    configured: Settings,
    language: Language,
    line: ProgressLine,
) -> Connection | None:
    """Return a connection, or None if a text can be answered without one. Raise CommandError if an object cannot."""
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    try:
        return await stack.enter_async_context(
            connect(
                context=arguments.context or configured.context,
                kubeconfig=kubeconfig,
                settings=configured.cluster,
                prometheus=configured.prometheus,
            )
        )
    except ClusterError as error:
        line.clear()
        reason = safe_line(str(error))
        if isinstance(request, DiagnoseObject):
            raise CommandError(reason) from error
        note(without_cluster(reason).in_(language))
        return None
