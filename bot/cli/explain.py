"""Run `casebook explain` and `casebook diagnose`: a request, a cluster, an answer."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from rapidfuzz.distance import OSA

from bot.cli.arguments import PROGRAM
from bot.cli.console import ProgressLine, note, show
from bot.cli.errors import CommandError
from bot.cli.exit_codes import ExitCode
from bot.cli.logs import configure_logging
from bot.cli.text_input import TextInput, read_text
from bot.cli.user_files import chosen_language, locale, report, settings
from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.errors import ClusterError, NotServed
from bot.cluster.resources import WELL_KNOWN, well_known
from bot.diagnosing import Engine, TargetNotFound, build_engine, diagnose
from bot.diagnosing.reads import Progress
from bot.remedies.names import unknown_actions
from bot.settings import Settings
from intents.domain import Diagnosis, Language, Verdict
from intents.request import DiagnoseObject, ExplainText, Request
from intents.symptoms import read_symptoms
from responses.as_json import RunStats, diagnosis_json
from responses.excerpts import error_lines
from responses.failures import target_not_found, without_cluster
from responses.language import choose
from responses.safety import SafeDiagnosis, safe_line, scrubbed
from responses.secrets import redact
from responses.terminal import diagnosis_page

_USAGE: Final = f"usage: {PROGRAM} diagnose KIND [NS/]NAME"


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


def exit_code(diagnosis: Diagnosis) -> ExitCode:
    """Return the exit code for a diagnosis."""
    standing = any(one.verdict is not Verdict.RULED_OUT for one in diagnosis.hypotheses)
    return ExitCode.ANSWERED if standing else ExitCode.UNKNOWN


def _request(arguments: argparse.Namespace, configured: Settings) -> tuple[Request, TextInput | None]:
    namespace = arguments.namespace or configured.namespace
    if arguments.command == "explain":
        given = read_text(arguments.file, command="explain")
        return ExplainText(text=redact(given.text), namespace=namespace, addressed=True), given
    before, slash, name = arguments.name.rpartition("/")
    if not name or "/" in before or (slash and not before):
        raise CommandError(f'"{arguments.name}" is neither NAME nor NS/NAME\n{_USAGE}')
    if before and arguments.namespace and before != arguments.namespace:
        raise CommandError(f'"{arguments.name}" is in {before}, but -n says {arguments.namespace}\n{_USAGE}')
    if (meant := _misspelt_kind(arguments.kind)) is not None:
        raise CommandError(f'unknown kind "{arguments.kind}"; did you mean "{meant}"?\n{_USAGE}')
    return DiagnoseObject(kind=arguments.kind, namespace=before or namespace, name=name), None


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
            if isinstance(request, DiagnoseObject) or engine.matcher.match(read_symptoms(request.text)).hypotheses:
                line.say("connecting …")
                connection = await _connection(stack, request, arguments, configured, language, line)

            def progress(reading: Progress) -> None:
                line.say(f"reading {connection.name if connection else ''} … {reading.done}/{reading.total}")

            try:
                diagnosis = await diagnose(
                    request, engine=engine, connection=connection, deadline=deadline, progress=progress
                )
            except TargetNotFound as error:
                message = target_not_found(error.target, error.closest, error.others).in_(language)
                raise CommandError(safe_line(message), code=ExitCode.NOT_FOUND) from error
            except NotServed as error:
                raise CommandError(f"{safe_line(str(error))}\n{_USAGE}") from error
            except ClusterError as error:
                raise CommandError(safe_line(str(error))) from error
    return scrubbed(diagnosis)


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
