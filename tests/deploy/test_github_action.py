"""The steps of the GitHub Action are run as a runner runs them, against a cluster."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.rehearsal import stage
from bot.playground.kubernetes import SimulatedCluster
from tests.command_line.conftest import Server
from tests.runner_commands import workflow_commands

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "deploy" / "github-action"
DOCUMENT = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
WORLD = {
    "scene": {
        "Deployment/shop/ok": {"containers": {"app": "web:7"}},
        "Deployment/shop/web": {"containers": {"app": "web:7"}},
    },
    "faults": {"Deployment/shop/web": {"exited": "OOMKilled", "restarts": 3, "waiting": "CrashLoopBackOff"}},
}


@dataclass(kw_only=True)
class Job:
    """What a run of the action leaves: its exit code, log, outputs, and step summary."""

    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass(kw_only=True)
class Runner:
    """Runs the steps of the composite action, until one fails."""

    home: Path
    path: str = os.environ["PATH"]

    def run(self, **given: str) -> Job:
        unknown = given.keys() - {name.replace("-", "_") for name in DOCUMENT["inputs"]}
        assert not unknown
        inputs = {
            name: given.get(name.replace("-", "_"), str(declared.get("default", "")))
            for name, declared in DOCUMENT["inputs"].items()
        }
        job = Job()
        steps: dict[str, dict[str, str]] = {}
        for number, step in enumerate(DOCUMENT["runs"]["steps"]):
            if job.code:
                break
            known = {f"inputs.{name}": value for name, value in inputs.items()}
            known |= {f"steps.{one}.outputs.{key}": value for one, made in steps.items() for key, value in made.items()}
            steps[step["id"]] = self._step(step, number, known, job)
        known = {f"steps.{one}.outputs.{key}": value for one, made in steps.items() for key, value in made.items()}
        job.outputs = {name: _evaluated(each["value"], known) for name, each in DOCUMENT["outputs"].items()}
        return job

    def _step(self, step: dict[str, Any], number: int, known: dict[str, str], job: Job) -> dict[str, str]:
        script, output = self.home / f"step-{number}.sh", self.home / f"output-{number}"
        summary = self.home / "summary.md"
        script.write_text(step["run"], "utf-8")
        output.touch()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.home,
            env={
                "PATH": self.path, "HOME": str(self.home), "CI": "true", "GITHUB_ACTIONS": "true", "LANG": "C.UTF-8",
                "GITHUB_ACTION_PATH": str(ACTION), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary),
                "RUNNER_TEMP": str(self.home), "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
                **{key: _evaluated(each, known) for key, each in step["env"].items()},
            },
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        job.code, job.log = done.returncode, job.log + done.stdout + done.stderr
        job.summary = summary.read_text("utf-8") if summary.exists() else ""
        return dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())


def _evaluated(text: str, known: dict[str, str]) -> str:
    return EXPRESSION.sub(lambda found: known.get(found[1], ""), text)


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedCluster]:
    simulated = stage(WORLD)
    with Server(simulated):
        yield simulated


@pytest.fixture
def kubeconfig(shop: SimulatedCluster, tmp_path: Path) -> str:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(shop.kubeconfig()), "utf-8")
    return str(path)


@pytest.fixture
def casebook(tmp_path: Path) -> str:
    return str(_program(tmp_path / "casebook", f'export PYTHONPATH="{ROOT}"\nexec "{sys.executable}" -m bot "$@"\n'))


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}", "utf-8")
    path.chmod(0o755)
    return path


def test_a_broken_rollout_fails_the_job_with_report_summary_and_annotation(
    shop: SimulatedCluster, kubeconfig: str, casebook: str, tmp_path: Path
) -> None:
    job = Runner(home=tmp_path).run(
        objects="deployment shop/ok\n\n  deployment/shop/web\n",
        wait_rollout="1s",
        kubeconfig=kubeconfig,
        casebook=casebook,
    )

    report = json.loads((tmp_path / job.outputs["report"]).read_text("utf-8"))
    assert (job.code, job.outputs["exit-code"]) == (5, "5"), job.log
    assert report["runs"][0]["results"][0]["ruleId"] == "container-oom-killed"
    assert "Deployment shop/ok: passed" in job.log
    assert [each.properties["title"] for each in workflow_commands(job.log)] == ["Casebook: Deployment shop/web"]
    assert "| ✅ passed | Deployment shop/ok |" in job.summary
    assert not any(each.writes for each in shop.requests)


def test_inputs_are_words_and_never_code(
    shop: SimulatedCluster, kubeconfig: str, casebook: str, tmp_path: Path
) -> None:
    code = f'$(touch {tmp_path}/ran)`touch {tmp_path}/ran`";touch {tmp_path}/ran;"'
    job = Runner(home=tmp_path).run(
        objects=f"--output-file={tmp_path}/ran\ndeployment/{code}\n-n\n::set-output name=report::x",
        wait_rollout="", fail_on="possible", output="text", output_file="", context=code,
        namespace=f"--output-file={tmp_path}/ran", kubeconfig=kubeconfig, casebook=casebook,
    )  # fmt: skip

    assert job.code == 2
    assert job.outputs == {"exit-code": "2", "report": ""}
    assert not (tmp_path / "ran").exists()
    assert not list(workflow_commands(job.log))


@pytest.mark.parametrize("name", ["casebook", "python", "output_file"])
def test_an_input_of_several_lines_sets_no_output(casebook: str, tmp_path: Path, name: str) -> None:
    given = {"objects": "deployment/shop/ok", "casebook": casebook, name: "x\nexit-code=0\ncommand=true"}
    job = Runner(home=tmp_path).run(**given)

    assert (job.code, job.outputs) == (2, {"exit-code": "", "report": ""})


def test_it_is_installed_from_its_own_revision_with_hashes(tmp_path: Path) -> None:
    """A stand-in for Python notes what it is told: the real installation needs a package index."""
    told = tmp_path / "told"
    python = _program(
        tmp_path / "bin" / "python",
        f'echo "$@" >> "{told}"\nif [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python" &&'
        ' cp "$0" "$3/bin/casebook"; fi\n',
    )
    job = Runner(home=tmp_path).run(objects="deployment/shop/ok", python=str(python), output="", output_file="")

    calls = told.read_text("utf-8").splitlines()
    assert job.code == 0, job.log
    locks = [re.search(r"--require-hashes -r (\S+)", call) for call in calls]
    assert [Path(found[1]).resolve().relative_to(ROOT) for found in locks if found] == [
        Path("deploy/image/build.lock"), Path("requirements.lock")
    ]  # fmt: skip
    assert calls[-2].endswith(f"--no-deps --no-build-isolation {ACTION}/../..")
    assert calls[-1] == "diagnose --wait-rollout=5m --fail-on=likely -- deployment/shop/ok"


def test_no_expression_stands_in_a_script_and_every_input_is_used() -> None:
    steps = DOCUMENT["runs"]["steps"]
    used = {name for step in steps for each in step["env"].values() for name in EXPRESSION.findall(each)}

    assert not [step["name"] for step in steps if EXPRESSION.search(step["run"])]
    assert {name.removeprefix("inputs.") for name in used if name.startswith("inputs.")} == set(DOCUMENT["inputs"])
    assert all(step["shell"] == "bash" for step in steps)
    assert DOCUMENT["runs"]["using"] == "composite"
    assert all(each["description"] for each in (*DOCUMENT["inputs"].values(), *DOCUMENT["outputs"].values()))
