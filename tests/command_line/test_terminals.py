"""On a terminal: colours, its width, a progress line that is gone afterwards. In a pipe: none of it."""

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len

Run = Callable[..., Any]
Terminal = Callable[..., tuple[int, str, str]]

TEXT = 'Error: container has runAsNonRoot and image will run as root (pod: "db-tikv-0_ledger(1-2)", container: tikv)'


@pytest.fixture
def terminal(kubeconfig: str) -> Terminal:
    """Run `casebook explain` with stdout and stderr on terminals; gives the exit code and what each received."""

    def call(*, columns: int = 100, **environment: str) -> tuple[int, str, str]:
        ends = [pty.openpty() for _ in range(2)]
        for _, inner in ends:
            termios.tcsetwinsize(inner, (40, columns))
        out, err = (inner for _, inner in ends)
        base = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "explain", "--lang", "en"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            env={**base, "TERM": "xterm-256color", "KUBECONFIG": kubeconfig, **environment},
        )
        assert process.stdin is not None
        process.stdin.write(TEXT.encode())
        process.stdin.close()
        for _, inner in ends:
            os.close(inner)
        received = [_received(outer) for outer, _ in ends]
        return process.wait(), *received  # type: ignore[return-value]

    return call


def _received(terminal: int) -> str:
    """Everything written to a terminal until its last writer is gone."""
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody holds the other end any more
            chunk = b""
        if not chunk:
            os.close(terminal)
            return b"".join(chunks).decode().replace("\r\n", "\n")
        chunks.append(chunk)


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_terminal_gets_colours_its_width_and_a_progress_line_that_goes_away(terminal: Terminal) -> None:
    code, out, err = terminal(columns=60)

    assert code == 0
    assert re.match(r"\x1b\[[0-9;]+m CONFIRMED \x1b\[0m ", out)
    to_copy = re.compile("kubectl|http|docker|#")
    prose = [line for line in _plain(out).splitlines() if not to_copy.search(line)]
    assert max(map(cell_len, prose)) <= 60
    assert "reading simulated … " in err
    assert err.endswith("\r\x1b[2K")
    assert "\n" not in err


def test_no_color_is_respected(terminal: Terminal) -> None:
    _, coloured, _ = terminal()
    _, plain, _ = terminal(NO_COLOR="1")

    assert "\x1b[1;32m" in coloured
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7])", plain)
    assert _plain(plain).splitlines()[:-1] == _plain(coloured).splitlines()[:-1]


def test_nothing_to_read_from_a_terminal_says_what_to_do() -> None:
    outer, inner = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "explain"], stdin=inner, check=False, capture_output=True, text=True
        )
    finally:
        os.close(inner)
        os.close(outer)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("casebook: nothing to read: name a file (casebook explain error.txt)")


def test_a_text_may_be_pasted_at_the_keyboard_when_that_is_asked_for() -> None:
    outer, inner = pty.openpty()
    os.write(outer, f"{TEXT}\n\x04".encode())
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "match", "-"], stdin=inner, check=False, capture_output=True, text=True
        )
    finally:
        os.close(inner)
        os.close(outer)

    assert (done.returncode, done.stderr) == (0, "")
    assert "run-as-nonroot-root-image" in done.stdout


def test_in_a_pipe_a_sentence_stays_one_line_unless_columns_are_given(
    run: Run, kubeconfig: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = run("explain", "--kubeconfig", kubeconfig, stdin=TEXT).out
    monkeypatch.setenv("COLUMNS", "60")
    narrow = run("explain", "--kubeconfig", kubeconfig, stdin=TEXT).out

    assert "The container never starts; its pod stays in CreateContainerConfigError until the pod template" in wide
    assert len(narrow.splitlines()) > len(wide.splitlines())
    assert "".join(narrow.split())[:-5] == "".join(wide.split())[:-5]
