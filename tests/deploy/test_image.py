"""Test the image without an engine: lint its file, run its steps, serve with the result."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from packaging.utils import canonicalize_name

from bot.playground.kubernetes import RecordedRequest, SimulatedCluster
from bot.playground.slack import SimulatedSlack
from bot.settings import documented
from responses.slack.presses import Press
from tests.bench.cost import MOST_IDLE_MIB, memory_of
from tests.bench.serve_process import served
from tests.deploy.containerfile import Builder, Instruction, stages
from tests.deploy.lending import lend, pins, unused_here
from tests.deploy.rendering import rendered
from tests.end_to_end.own_entries import POLICY, asleep_deployment, catalog
from tests.end_to_end.process import Program, premises
from tests.end_to_end.workplace import is_final, pressable, submitted, words_of
from tests.waiting import until

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "deploy" / "image" / "Containerfile"
LOCKS: Final = (ROOT / "requirements.lock", ROOT / "deploy" / "image" / "build.lock")
STAGES: Final = stages(FILE)
IMAGE: Final = STAGES[-1]
USER: Final = 10001
# The seconds that the chart gives a pod to close after the drain.
TO_CLOSE_S: Final = 15
# User 10001, allowed to read root's files, because other users may not be able to read the tests' own Python.
AS_USER: Final = (
    "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The result of the steps in `root`, and the environment of its processes, with paths below `root`."""

    root: Path
    environment: dict[str, str]

    @property
    def casebook(self) -> str:
        """Return the entry point, found as an engine finds it."""
        (entry,) = IMAGE.one("ENTRYPOINT").listed
        found = shutil.which(entry, path=self.environment["PATH"])
        assert found is not None
        return found

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd="/", env={**self.environment, **more}, check=False, capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Build the image from the packages of the test environment that the locks name: pip finds each pin satisfied."""
    with tempfile.TemporaryDirectory(prefix="image-") as made:
        directory = Path(made)
        # Other users cannot read pytest's own directories.
        directory.chmod(0o755)
        yield built(directory)


def built(directory: Path) -> Image:
    lent = directory / "lent"
    lent.mkdir()
    # Packages that pip installs elsewhere are trimmed by a step; the links leave the same out.
    lend({"pip", *(name for lock in LOCKS for name in pins(lock))}, lent, unused=unused_here())
    bin = directory / "bin"
    bin.mkdir()
    (bin / "python").symlink_to(sys.executable)
    if os.geteuid():
        (bin / "chown").symlink_to(shutil.which("true") or "")
    builder = Builder(
        root=directory / "root",
        context=ROOT,
        path=(bin, Path("/usr/bin"), Path("/bin")),
        # pip only warns of conflicts, and looks for them in all installed packages. (pip inverts the value 0.)
        variables={"PYTHONPATH": str(lent), "PIP_NO_INDEX": "1", "PIP_NO_WARN_CONFLICTS": "0"},
    )
    builder.build(STAGES)
    (packages,) = builder.root.glob("opt/casebook/lib/python3.*/site-packages")
    (packages / "lent.pth").write_text(str(lent), "utf-8")
    for path in (packages.parents[2], *packages.parents[2].rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    (builder.root / "tmp").chmod(0o1777)
    environment = {name: builder.mapped(value) for name, value in IMAGE.environment.items()}
    return Image(root=builder.root, environment=environment)


# --- the file ---


def test_the_linter_finds_nothing() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "--no-color", FILE], check=False, capture_output=True, text=True
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_chart_matches_the_images_user_ports_and_paths() -> None:
    (stateful,) = [each for each in rendered({}) if each["kind"] == "StatefulSet"]
    pod = stateful["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    given = {each["name"]: each.get("value") for each in container["env"]}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert IMAGE.one("USER").text == f"{USER}:{USER}"
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["runAsGroup"] == USER
    assert container["command"] == IMAGE.one("ENTRYPOINT").listed + IMAGE.one("CMD").listed
    assert [str(port["containerPort"]) for port in container["ports"]] == [IMAGE.one("EXPOSE").text]
    assert {"/tmp", IMAGE.one("VOLUME").text} == {each["mountPath"] for each in container["volumeMounts"]}
    assert {name: given[name] for name in IMAGE.environment if name in given} == {
        name: IMAGE.environment[name] for name in IMAGE.environment if name in given
    }
    assert IMAGE.one("STOPSIGNAL").text == "SIGTERM"
    assert f"VERSION={version}" in [each.text for each in IMAGE.all("ARG")]
    assert {name for name in IMAGE.environment if name.startswith("CASEBOOK_")} <= {name for name, *_ in documented()}


def test_the_build_context_has_only_what_is_copied() -> None:
    copied = {
        source
        for stage in STAGES
        for each in stage.all("COPY")
        if not each.text.startswith("--from=")
        for source in each.text.split()[:-1]
    }
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()

    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert "*" in lines


# --- the result ---


def test_it_contains_the_locked_packages_and_the_program_but_no_installer(image: Image) -> None:
    held = image.run(
        str(Path(image.casebook).with_name("python")),
        "-c",
        "import importlib.metadata as m; print(*(each.name for each in m.distributions()), sep='\\n')",
    )
    lent = {"pip", *pins(LOCKS[1])} - {*pins(LOCKS[0])}
    expected = {canonicalize_name(name) for name in [*pins(LOCKS[0]), "kube-casebook", *lent]}

    assert {canonicalize_name(name) for name in held.stdout.split()} == expected
    assert not [*image.root.rglob("pip"), *image.root.rglob("pip3*")]
    assert image.run(image.casebook, "--version").stdout.startswith("casebook ")


def test_it_has_no_parts_of_packages_that_nothing_uses_and_still_draws_plots(image: Image) -> None:
    python = str(Path(image.casebook).with_name("python"))
    draw = (
        "from intents.domain import Plot, PlotLine, Text, Unit; from responses.plots import png;"
        "lines = (PlotLine(label='a', points=((0.0, 1.0), (60.0, 2.0))),);"
        "print(len(png(Plot(title=Text(en='Latency', zh='Latency'), unit=Unit.SECONDS, limit=1.0, lines=lines))))"
    )

    assert not [*(image.root.parent / "lent").glob("kubernetes/aio/client/models/v1_pod*.py")]
    drawn = image.run(python, "-c", draw)
    assert int(drawn.stdout or 0) > 10_000, drawn.stderr


def test_a_new_container_finds_what_a_start_computes_from_the_catalog(image: Image) -> None:
    python = str(Path(image.casebook).with_name("python"))
    say = (
        "from bot.common import catalogs, start_cache; from intents.catalog.loader import builtin_directory;"
        "print(len(start_cache.read(catalogs._name_of(builtin_directory()))))"
    )
    found = image.run(python, "-c", say, XDG_CACHE_HOME="/nowhere")

    assert int(found.stdout or 0) > 100, found.stderr
    assert len([*(image.root / "opt/casebook/share/casebook").iterdir()]) == 2


def test_its_bytecode_is_not_checked_against_sources(image: Image) -> None:
    (packages,) = image.root.glob("opt/casebook/lib/python3.*/site-packages")
    rooms = [packages / room for room in ("bot", "intents", "responses")]
    modules = {path for room in rooms for path in room.rglob("*.py")}
    compiled = {
        path.parent.parent / f"{path.name.split('.')[0]}.py": path for room in rooms for path in room.rglob("*.pyc")
    }

    assert modules == compiled.keys()
    # PEP 552: hash-based, without a check of the source.
    assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled.values()} == {0b01}


def test_its_user_may_read_everything_and_write_only_to_its_volume(image: Image) -> None:
    installed = [path for path in (image.root / "opt").rglob("*") if not path.is_symlink()]
    modes = {path: path.stat().st_mode for path in installed}

    assert [path for path, mode in modes.items() if not mode & stat.S_IROTH] == []
    assert [path for path, mode in modes.items() if stat.S_ISDIR(mode) and not mode & stat.S_IXOTH] == []
    assert f"casebook:x:{USER}:{USER}:" in (image.root / "etc/passwd").read_text("utf-8")
    assert stat.S_IMODE((image.root / "var/lib/casebook").stat().st_mode) == 0o700


# --- the behaviour ---


async def test_it_answers_a_signed_command_and_a_stop_loses_no_work(image: Image) -> None:
    """Run it outside the checkout as its own user, with only the image's variables and settings."""
    own, directory = asleep_deployment(), image.root / "var/lib/casebook"
    policy = directory / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    settings = {
        "CASEBOOK_POLICY": str(policy), "CASEBOOK_CATALOG": str(catalog(directory / "catalog")), "CASEBOOK_DRAIN": "3",
    }  # fmt: skip
    program = Program(command=command(image), directory=Path("/"), environment=image.environment)
    before = everything(image.root)
    async with premises(directory, own.broken.world, pace=False, **settings) as at:
        serving = await at.start(program=program)
        assert healthy(image, serving.url)
        commanded = await at.slack.slash(at.bo, at.channel, own.broken.text)
        assert commanded.status == 200
        answer = await at.answer("")
        assert "CONFIRMED" in words_of(answer)
        await at.slack.click(at.alex, at.channel, answer["ts"], pressable(answer, Press.REMEDY)["action_id"])
        (view,) = await at.slack.wait_for(lambda: [one for one in at.slack.views(at.alex) if one["submit"]])

        arrived: list[RecordedRequest] = []
        at.cluster.meanwhile = arrived.append
        at.cluster.latency = 0.3
        await submitted(at.slack, at.alex, view["id"])
        await until(lambda: any(one.writes for one in arrived))
        ts = await at.slack.say(at.bo, at.channel, own.broken.text)
        began = time.monotonic()
        assert await serving.stop() == 0
        assert time.monotonic() - began < 3 + TO_CLOSE_S
        assert not healthy(image, serving.url)
        assert "Traceback" not in "".join(serving.said)
        assert "casebook: stopping: finishing the work in flight\n" in serving.said
        at.cluster.latency = 0

        # The write is finished; verification takes longer than a stop waits, so the next process completes it.
        serving = await at.start(program=program)
        await at.answer(ts)
        assert "applied" in words_of(at.slack.message(at.channel, answer["ts"])["blocks"])
    written = [one for one in at.cluster.requests if one.writes and not one.path.endswith("/events")]
    assert [(one.method, one.path) for one in written] == list(own.steps)
    assert [one["ts"] for one in at.ours() if "thread_ts" not in one] == [answer["ts"]]
    assert len([*filter(is_final, at.ours(ts))]) == 1
    assert everything(image.root) == before


async def test_it_takes_little_memory_until_it_is_asked(image: Image) -> None:
    slack, cluster = SimulatedSlack(), SimulatedCluster()
    variables = {**image.environment, "CASEBOOK_LISTEN": "127.0.0.1:0"}
    variables.pop("CASEBOOK_DATA")
    async with AsyncExitStack() as stack:
        for far_end in (slack, cluster):
            await far_end.start()
            stack.push_async_callback(far_end.stop)
        serving = await stack.enter_async_context(
            served(slack, {"a": cluster}, command=[image.casebook], directory=Path("/"), variables=variables)
        )
        assert healthy(image, serving.url)
        # The lent packages have their docstrings.
        assert memory_of(serving.pid).rss <= MOST_IDLE_MIB + 5


def command(image: Image) -> tuple[str, ...]:
    """Return the command as the image's user if root runs the tests, otherwise as the current user."""
    own, setpriv = (image.casebook,), shutil.which(AS_USER[0])
    as_user = (setpriv or "", *AS_USER[1:], *own)
    if setpriv and os.geteuid() == 0 and image.run(*as_user, "--version").returncode == 0:
        return as_user
    return own


def healthy(image: Image, url: str) -> bool:
    """Return the result of HEALTHCHECK."""
    python, *arguments = Instruction("CMD", IMAGE.one("HEALTHCHECK").text.partition(" CMD ")[2]).listed
    found = shutil.which(python, path=image.environment["PATH"]) or ""
    return image.run(found, *arguments, CASEBOOK_LISTEN=url.removeprefix("http://")).returncode == 0


def everything(root: Path) -> set[tuple[Path, float]]:
    """Return every path with its modification time, except writable places."""
    places = [root / "opt", root / "etc", root / "usr"]
    return {(path, path.lstat().st_mtime) for place in places for path in (place, *place.rglob("*"))}
