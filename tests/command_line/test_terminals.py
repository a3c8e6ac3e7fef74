"""A terminal gets colours, its width and a progress line that is removed; a pipe gets none of them."""

import os
import pty
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.cells import cell_len

from bot.__main__ import main
from tests.command_line import descriptors

Run = Callable[..., Any]
Terminal = Callable[..., tuple[int, str, str]]

TEXT = 'Error: container has runAsNonRoot and image will run as root (pod: "db-tikv-0_ledger(1-2)", container: tikv)'


@pytest.fixture
def terminal(kubeconfig: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Run `casebook explain` with stdout and stderr on terminals; return the exit code and what each received."""

    def call(*, columns: int = 100, **environment: str) -> tuple[int, str, str]:
        with (
            monkeypatch.context() as patch,
            descriptors.at_hand(TEXT) as stdin,
            descriptors.terminal(columns) as (out, shown),
            descriptors.terminal(columns) as (err, noted),
        ):
            for name, value in {"TERM": "xterm-256color", "KUBECONFIG": kubeconfig, **environment}.items():
                patch.setenv(name, value)
            with descriptors.lent(stdin, out, err):
                code = main(["explain", "--lang", "en"])
        return code, shown.result(), noted.result()

    return call


@pytest.fixture
def keyboard() -> Iterator[tuple[int, int]]:
    """Yield the outer and the inner end of the terminal that the user types at."""
    outer, inner = pty.openpty()
    yield outer, inner
    os.close(inner)
    os.close(outer)


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_terminal_gets_colours_its_width_and_a_temporary_progress_line(terminal: Terminal) -> None:
    code, out, err = terminal(columns=60)

    assert code == 0
    assert re.search(r"\n\x1b\[[0-9;]+m CONFIRMED \x1b\[0m ", out)
    to_copy = re.compile("kubectl|http|docker|#")
    prose = [line for line in _plain(out).splitlines() if not to_copy.search(line)]
    assert max(map(cell_len, prose)) <= 60
    assert "reading simulated … " in err
    assert err.endswith("\r\x1b[2K")
    assert "\n" not in err


def test_no_color_is_respected(terminal: Terminal) -> None:
    _, coloured, _ = terminal()
    _, plain, _ = terminal(NO_COLOR="1")

    assert "\x1b[1;37;41m CONFIRMED " in coloured
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7])", plain)
    assert _plain(plain).splitlines()[:-1] == _plain(coloured).splitlines()[:-1]


def test_nothing_to_read_from_a_terminal_says_what_to_do(
    keyboard: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    with descriptors.lent(keyboard[1], 1, 2):
        code = main(["explain"])

    out, err = capfd.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith("casebook: nothing to read: name a file (casebook explain error.txt)")


def test_a_text_can_be_pasted_at_the_keyboard_on_request(
    keyboard: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    outer, inner = keyboard
    os.write(outer, f"{TEXT}\n\x04".encode())

    with descriptors.lent(inner, 1, 2):
        code = main(["match", "-"])

    out, err = capfd.readouterr()
    assert (code, err) == (0, "")
    assert "run-as-nonroot-root-image" in out


def test_in_a_pipe_sentences_do_not_wrap_unless_columns_is_set(
    run: Run, kubeconfig: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = run("explain", "--kubeconfig", kubeconfig, stdin=TEXT).out
    monkeypatch.setenv("COLUMNS", "60")
    narrow = run("explain", "--kubeconfig", kubeconfig, stdin=TEXT).out

    assert "The container never starts; its pod stays in CreateContainerConfigError until the pod template" in wide
    assert len(narrow.splitlines()) > len(wide.splitlines())
    seconds = re.compile(r"\d+\.\ds")
    assert seconds.sub("", "".join(narrow.split())) == seconds.sub("", "".join(wide.split()))
