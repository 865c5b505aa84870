"""The GitHub Action: its steps run in bash as a runner would run them, as far as that goes without GitHub."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.nnbench.gate import project

yaml = pytest.importorskip("yaml", reason="PyYAML reads the action here")
ROOT = Path(__file__).parents[3]
ACTION = ROOT / ".github/actions/gate/action.yml"


def action() -> dict[str, Any]:
    return yaml.safe_load(ACTION.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def run_step(name: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run one step as a runner does: inputs filled in, variables set, bash that stops at the first error."""
    step = next(each for each in action()["runs"]["steps"] if each["name"] == name)
    given = {key: value["default"] for key, value in action()["inputs"].items()} | inputs

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text)

    tool = folder.parent / "tool"
    (tool / "nnbench" / "bin").mkdir(parents=True, exist_ok=True)
    script = tool / "nnbench" / "bin" / "nnbench"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nnbench "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    variables = {key: filled(value) for key, value in step.get("env", {}).items()}
    summary = {"GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md"), "RUNNER_TEMP": str(tool)}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder / filled(step.get("working-directory", ".")),
        env={**os.environ, **summary, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project.make(tmp_path / "project")


def test_a_regression_fails_the_step_and_is_annotated(folder: Path) -> None:
    project.change(folder, "optimizer.py", "w - RATE", "w + RATE")

    done = run_step("gate", folder)

    assert done.returncode == 1, done.stderr
    assert "::error file=optimizer.py,line=16,title=REGRESSED%3A logistic adam::" in done.stdout
    assert "REGRESSED" in (folder.parent / "summary.md").read_text(encoding="utf-8")
    kept = {file.name for file in (folder / ".nnbench/gate").iterdir()}
    assert kept >= {"gate.json", "gate.md", "gate.xml"}


def test_a_change_of_nothing_passes_the_step(folder: Path) -> None:
    project.change(folder, "README.md", "# A", "# The")

    done = run_step("gate", folder, options="--strict", budget="90s")

    assert done.returncode == 0, done.stderr
    assert "::error" not in done.stdout


def test_the_workflow_uses_the_action_and_fetches_the_base() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/gate.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["gate"]["steps"]

    checkout = next(step for step in steps if step["uses"].startswith("actions/checkout"))
    assert checkout["with"]["fetch-depth"] == 0
    assert any(step["uses"] == "./.github/actions/gate" for step in steps)
    assert workflow["permissions"] == {"contents": "read"}
