"""`casebook`: parse the command line, run one command, end with its exit code."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType, ModuleType
from typing import Final, TextIO, cast

from bot.cli.arguments import PROGRAM, parse
from bot.cli.errors import TERMINATED, CommandError, ExitCode
from bot.cli.runner import GuardedStream, in_pipeline

# Ended by Ctrl-C, as shells report it.
_INTERRUPTED: Final = 130
_MODULES: Final = {
    "list": "entries",
    "show": "entries",
    "schema": "entries",
    "manifest": "grants",
    "rbac": "grants",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code (see `bot.cli.errors`); raises SystemExit for --help and --version."""
    if argv is None:
        # As process 1 of a container: there a signal that nobody handles is not delivered.
        signal.signal(signal.SIGTERM, _end)
    _write_any_text(sys.stdout)
    _write_any_text(sys.stderr)
    plain, sys.stderr = sys.stderr, _guarded(sys.stderr)
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv)
        if argv is None and arguments.command == "serve":
            # For `serve` this signal means "reload"; importing its modules takes a second.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        module = _imported(f"bot.cli.{_MODULES.get(arguments.command, arguments.command)}")
        code = int(module.run(arguments))
        sys.stdout.flush()
    except CommandError as error:
        return _fail(str(error), error.code)
    except BrokenPipeError:
        # The reader (head, less) has closed the pipe. Closing stdout again at exit must not raise an error either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ANSWERED
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        sys.stderr = plain
    return code


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


def _imported(name: str) -> ModuleType:
    """Import a module and its dependencies on demand: a command waits only for the modules it uses.

    Imported objects live as long as the process. Scanning them repeatedly would take the garbage collector a sixth of
    a command's start time.
    """
    if name in sys.modules or not gc.isenabled():
        return importlib.import_module(name)
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


def _fail(message: str, code: ExitCode) -> int:
    from responses.safety import safe  # noqa: PLC0415 - only where something went wrong

    sys.stderr.write(f"{PROGRAM}: {safe(message)}\n")
    return code


def _guarded(stream: TextIO) -> TextIO:
    """Return a stream whose text cannot command the runner of a pipeline, if there is one."""
    return cast(TextIO, GuardedStream(stream)) if in_pipeline() else stream


def _write_any_text(stream: TextIO) -> None:
    # A terminal of another encoding gets escapes where it lacks a character, never a traceback.
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
