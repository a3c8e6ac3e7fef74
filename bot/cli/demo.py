"""Run `casebook demo`: a simulated cluster with broken workloads, and a prompt for pastes.

The answers are real: texts are matched, a real client reads the simulated API server over HTTP, and rules judge.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import shutil
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from bot.cli.console import ProgressLine, show
from bot.cli.errors import CommandError, ExitCode
from bot.cli.explain import told_in
from bot.cli.inputs import chosen_language, engine_of, locale
from bot.cli.process import logged_settings
from bot.cli.rehearsal import REHEARSAL_TIME, staged
from bot.cli.showcase import Showcase, scenario_of, set_up
from bot.cluster.connection import Connection
from bot.diagnosing import Engine, diagnose
from bot.diagnosing.reads import Progress
from intents.domain import Language
from intents.languages import choose
from intents.request import DiagnoseObject, ExplainText, Request
from intents.symptoms import read_symptoms
from responses.as_json import RunStats
from responses.layout import DIM, heading, listed, paragraph
from responses.paste_templates import error_lines
from responses.redaction import redact
from responses.safety import safe, safe_line, scrubbed
from responses.terminal import diagnosis_page

_PROMPT: Final = "casebook> "
_MORE: Final = "       …> "
_QUIT: Final = frozenset({"q", "quit", "exit", ":q"})
_HELP: Final = frozenset({"?", "h", "help"})
_LIST: Final = frozenset({"l", "ls", "list"})
_POD: Final = re.compile(r"(?i:p|pod) +(\S+)")
_WORD: Final = re.compile(r"(?<!<)\b[^\W\d]{3,}\b")
# Maximum width of a sample's line in the list.
_EXCERPT: Final = 100


def run(arguments: argparse.Namespace) -> ExitCode:
    """Run the demo in the browser, or at a prompt in the terminal."""
    configured = logged_settings()
    engine = engine_of(configured)
    showcase = set_up(engine.catalog, only=scenario_of(arguments, engine))
    preferred = chosen_language(arguments.lang, configured)
    if not arguments.terminal:
        from bot.cli.playground import play  # noqa: PLC0415 - the terminal needs no Slack and no database

        asyncio.run(play(engine, showcase, language=preferred, port=arguments.port))
        return ExitCode.ANSWERED
    # The loop runs only while a question is answered; at the prompt there is only the keyboard to wait for.
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        connection = runner.run(stack.enter_async_context(staged(showcase.cluster)))
        try:
            _Prompt(runner=runner, engine=engine, connection=connection, showcase=showcase, preferred=preferred).serve()
        finally:
            runner.run(stack.aclose())
    return ExitCode.ANSWERED


@dataclass(slots=True, kw_only=True)
class _Prompt:
    """A prompt that reads commands and pastes and shows the answers until the input ends."""

    runner: asyncio.Runner
    engine: Engine
    connection: Connection
    showcase: Showcase
    preferred: Language | None
    typed: bool = field(init=False)

    def __post_init__(self) -> None:
        self.typed = sys.stdin.isatty()
        if self.typed:
            with contextlib.suppress(ImportError):
                # Enables editing keys, and a paste of many lines as one input.
                import readline  # noqa: F401, PLC0415

    def serve(self) -> None:
        """Show the welcome page and answer until the input ends."""
        show(Group(*self._welcome()))
        try:
            while (text := self._read()) is not None:
                if text.lower() in _QUIT:
                    break
                self._do(text)
        except KeyboardInterrupt:
            sys.stdout.write("\n")

    def _do(self, text: str) -> None:
        if text.lower() in _HELP:
            show(Group(*self._help()))
        elif text.lower() in _LIST:
            show(Group(*self._pods()))
        elif text.isdecimal():
            self._sample(int(text))
        elif pod := _POD.fullmatch(text):
            namespace, _, name = pod[1].rpartition("/")
            self._answer(DiagnoseObject(kind="pod", namespace=namespace, name=name), text="")
        else:
            self._answer(ExplainText(text=redact(text), addressed=True), text=text)

    def _sample(self, number: int) -> None:
        if not 1 <= number <= len(self.showcase.samples):
            sys.stdout.write(f"Choose a sample from 1 to {len(self.showcase.samples)}.\n\n")
            return
        text = self.showcase.samples[number - 1].text
        show(Group(paragraph(safe(text), style=DIM), ""))
        self._answer(ExplainText(text=text, addressed=True), text=text)

    def _answer(self, request: Request, *, text: str) -> None:
        language = choose(preferred=self.preferred, text=text, locale=locale())
        start = time.monotonic()
        with ProgressLine() as line:

            def progress(reading: Progress) -> None:
                line.say(f"reading … {reading.done}/{reading.total}")

            answer = diagnose(request, engine=self.engine, connection=self.connection, progress=progress)
            try:
                with told_in(language):
                    diagnosis = scrubbed(self.runner.run(answer))
            except CommandError as error:
                line.clear()
                hint = "(l lists the broken pods)\n" if error.code is ExitCode.NOT_FOUND else ""
                sys.stdout.write(f"{error}\n{hint}\n")
                return
        timing = RunStats(seconds=time.monotonic() - start, api_calls=diagnosis.api_calls)
        observed = error_lines(text) if not diagnosis.hypotheses else ()
        page = diagnosis_page(
            diagnosis, language=language, timing=timing, observed=observed, of_text=isinstance(request, ExplainText)
        )
        show(Group(page, ""))

    # --- output ---

    def _welcome(self) -> list[RenderableType]:
        count = len(self.showcase.samples)
        return [
            Text.assemble(
                ("Casebook", "bold"), f": a simulated cluster with {count} incident{'s' * (count != 1)}, and a prompt."
            ),
            Text(f"The cluster's time is {REHEARSAL_TIME:%Y-%m-%d %H:%M} UTC.", style=DIM),
            Text("Paste an error, a log, or kubectl describe output; end it with an empty line. Or try a sample:"),
            "",
            *self._help(),
        ]

    def _help(self) -> list[RenderableType]:
        width = min(_EXCERPT, shutil.get_terminal_size((_EXCERPT, 24)).columns - 8)
        samples = [
            (str(number), Text(self._excerpt(sample.text, width)))
            for number, sample in enumerate(self.showcase.samples, start=1)
        ]
        example = f", for example p {self.showcase.pods[0]}" if self.showcase.pods else ""
        commands = [
            ("p NS/NAME", Text(f"diagnose a pod{example}")),
            ("l", Text("list the broken pods")),
            ("?", Text("this help")),
            ("q", Text("quit")),
        ]
        return [listed(samples, style="bold cyan"), "", listed(commands, style="bold cyan"), ""]

    def _excerpt(self, text: str, width: int) -> str:
        """Return the relevant words of a sample on one line, starting at its signature."""
        found = self.engine.matcher.match(read_symptoms(text)).hypotheses
        line: str = safe_line(found[0].matches[0].quote if found else text)
        first = _WORD.search(found[0].matches[0].signature) if found else None
        line = line[max(0, line.lower().find(first.group().lower())) :] if first else line
        return line if len(line) <= width else f"{line[: max(1, width - 1)]}…"

    def _pods(self) -> list[RenderableType]:
        pods = [(str(pod), Text(pod.says)) for pod in self.showcase.pods]
        return [heading("Broken pods"), listed(pods, style="cyan"), ""]

    # --- input ---

    def _read(self) -> str | None:
        """Return a command, or a text of several lines up to an empty one; None at the end of the input."""
        line = self._line(_PROMPT)
        while line is not None and not line.strip():
            line = self._line(_PROMPT)
        if line is None:
            return None
        if "\n" in line or self._is_command(line.strip()):
            return line.strip()
        lines = [line]
        while more := self._line(_MORE):
            lines.append(more)
        return "\n".join(lines)

    def _is_command(self, line: str) -> bool:
        return line.lower() in _QUIT | _HELP | _LIST or line.isdecimal() or bool(_POD.fullmatch(line))

    def _line(self, prompt: str) -> str | None:
        if self.typed:
            try:
                return input(prompt)
            except EOFError:
                sys.stdout.write("\n")
                return None
        line = sys.stdin.readline()
        if not line:
            return None
        # Echoed, so that scripted input leaves a transcript.
        sys.stdout.write(f"{prompt}{safe(line.rstrip())}\n")
        return line.rstrip("\n")
