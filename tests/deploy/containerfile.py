"""Parse a Containerfile and run its steps without an engine, in a directory that replaces the root."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# Paths that steps may use. Any other absolute path is refused, because it would be the machine's own.
_PLACES: Final = ("/build", "/etc/group", "/etc/passwd", "/opt/casebook", "/tmp", "/usr/local", "/var/lib/casebook")
_PATH: Final = re.compile(r"(?<![\w./$}*)?])/[a-z][\w./*-]*")
_FIXED: Final = ("/usr/sbin/nologin",)


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction: `name` in capitals, `text` without line breaks and comments."""

    name: str
    text: str

    @property
    def listed(self) -> list[str]:
        """Return the words of a JSON array."""
        return [str(word) for word in json.loads(self.text)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    instructions: Sequence[Instruction]

    def all(self, name: str) -> list[Instruction]:
        return [each for each in self.instructions if each.name == name]

    def one(self, name: str) -> Instruction:
        (found,) = self.all(name)
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment that ENV sets, unexpanded."""
        pairs = [pair for each in self.all("ENV") for pair in shlex.split(each.text)]
        return dict(pair.split("=", 1) for pair in pairs)


def stages(containerfile: Path) -> list[Stage]:
    """Return the stages in order; the last one is the image. Instructions before the first FROM are left out."""
    found: list[tuple[str, list[Instruction]]] = []
    for instruction in _instructions(containerfile.read_text("utf-8")):
        if instruction.name == "FROM":
            found.append((instruction.text.partition(" AS ")[2], []))
        elif found:
            found[-1][1].append(instruction)
    return [Stage(name=name, instructions=instructions) for name, instructions in found]


def _instructions(text: str) -> Iterator[Instruction]:
    whole = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in re.sub(r"\\\n\s*", "", whole).splitlines():
        if line.strip():
            name, _, rest = line.partition(" ")
            yield Instruction(name, rest.strip())


@dataclass(slots=True, kw_only=True)
class Builder:
    """Runs stages one after the other in `root`, which replaces `/`; COPY reads from `context`.

    `path` replaces the base image's PATH; `variables` are added to the environment of every step.
    """

    root: Path
    context: Path
    path: Sequence[Path]
    variables: Mapping[str, str] = field(default_factory=dict)

    def build(self, stages: Sequence[Stage]) -> None:
        for stage in stages:
            self._new_root()
            self._carry_out(stage)
            if stage is not stages[-1]:
                # Scripts contain their interpreter's path, so copies must keep the same path.
                self.root.rename(self._left(stage.name))

    def mapped(self, text: str) -> str:
        """Return the text with every path of the image moved below `root`."""

        def below(found: re.Match[str]) -> str:
            path = found.group()
            if path in _FIXED:
                return path
            if not path.startswith(_PLACES):
                raise ValueError(f"{path} is no place of the image: {text}")
            return f"{self.root}{path}"

        return _PATH.sub(below, text)

    def _new_root(self) -> None:
        for place in ("etc", "opt", "tmp", "usr/local", "var/lib"):
            (self.root / place).mkdir(parents=True)

    def _left(self, stage: str) -> Path:
        return self.root.with_name(f"{self.root.name}-{stage}")

    def _carry_out(self, stage: Stage) -> None:
        here = self.root
        for instruction in stage.instructions:
            match instruction.name:
                case "WORKDIR":
                    here = Path(self.mapped(instruction.text))
                    here.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    self._copy(instruction.text, here)
                case "RUN":
                    self._run(instruction.text, here, stage)

    def _copy(self, text: str, here: Path) -> None:
        *sources, target = text.split()
        into = Path(self.mapped(target)) if target.startswith("/") else here / target
        for source in sources:
            if source.startswith("--from="):
                stage = source.removeprefix("--from=")
                (copied,) = [each for each in sources if each != source]
                shutil.move(f"{self._left(stage)}{copied}", into)
                return
            origin = self.context / source
            if origin.is_dir():
                shutil.copytree(origin, into, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                shutil.copy(origin, into)

    def _run(self, command: str, here: Path, stage: Stage) -> None:
        environment = {name: value for name, value in stage.environment.items() if name != "PATH"}
        path = os.pathsep.join(str(each) for each in self.path)
        ran = subprocess.run(
            ["/bin/sh", "-euc", self.mapped(command)],
            cwd=here,
            env={**self.variables, **environment, "PATH": path},
            check=False,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout[-2000:]}{ran.stderr[-4000:]}"
