"""``nnbench gate`` end to end: what the author of a change reads, and every exit code."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as tree

import numpy as np
import pytest

from tests.nnbench.gate import project
from tests.nnbench.gate.project import gate
from tests.waiting import until

SIGN = ("optimizer.py", "w - RATE", "w + RATE")
NO_CORRECTION = ("optimizer.py", "self.m / (1 - BETA1**self.t)", "self.m")
EPSILON = ("optimizer.py", "(np.sqrt(v) + EPSILON)", "np.sqrt(v + EPSILON)")


# The packages of this interpreter, and what a line of narrow.txt does at the start of every process.
SETUP_SIDE = """\
import pathlib, sysconfig
place = pathlib.Path(sysconfig.get_path("purelib")) / "side.pth"
place.write_text("{packages}\\n" + pathlib.Path("narrow.txt").read_text())
"""


def _with_setup(command: str) -> str:
    return project.CONFIG.replace("[tool.nnbench.gate]\n", f'[tool.nnbench.gate]\nsetup = "{command}"\n')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project.make(tmp_path / "project")


def items(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return json.loads(done.stdout)["items"]  # type: ignore[no-any-return]


def test_the_wrong_sign_is_a_regression_and_named(folder: Path) -> None:
    project.change(folder, *SIGN)

    done = gate(folder)

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("nnbench gate: 1 regressed")
    words = " ".join(done.stdout.split())
    assert "first difference: step 1, w, relative 2 of the update" in words
    assert "the update has the opposite sign" in words
    assert "[[tool.nnbench.gate.accept]]" in words


@pytest.mark.parametrize(
    ("change", "words"),
    [(NO_CORRECTION, "the update is 0.1 times as long"), (EPSILON, "small updates changed by")],
)
def test_another_rule_that_learns_as_well_is_named_and_ok(
    folder: Path, change: tuple[str, str, str], words: str
) -> None:
    project.change(folder, *change)

    done = gate(folder)

    assert done.returncode == 0
    told = " ".join(done.stdout.split())
    assert "the update rule changed" in told
    assert words in told


def test_the_same_bits_need_no_statistics(folder: Path) -> None:
    project.change(folder, "optimizer.py", "import numpy", "import  numpy")

    (item,) = items(gate(folder, "--json"))

    assert (item["verdict"], item["n"], item["difference"]) == ("ok", 2, 0.0)


def test_documentation_alone_measures_nothing(folder: Path) -> None:
    project.change(folder, "README.md", "# A", "# The")

    done = gate(folder)

    assert done.returncode == 0
    assert "no file that counts has changed" in done.stdout


def test_a_crash_on_the_head_beats_a_regression(folder: Path) -> None:
    second = project.CONFIG.split("\n\n")[1].replace("logistic adam", "broken").replace("learn:", "other:")
    other = project.SUBJECT.replace("import numpy as np\n", "import numpy as np\nimport extra\n")
    project.write(folder, other__py=other, extra__py="", pyproject__toml=f"{project.CONFIG}\n{second}")
    project.commit(folder, "two subjects")
    project.write(folder, extra__py="raise RuntimeError('gone')\n")
    project.change(folder, *SIGN)

    done = gate(folder, "--json")

    assert done.returncode == 3
    verdicts = {item["name"]: item["verdict"] for item in items(done)}
    assert verdicts == {"logistic adam": "regressed", "broken": "crashed"}


def test_the_file_of_a_subject_comes_from_the_base(folder: Path) -> None:
    project.change(folder, "learn.py", "val_loss=loss", "val_loss=0 * loss")

    (item,) = items(gate(folder, "--json"))

    assert item["why"] == "same bits (2 seeds)"


def test_a_crash_says_where(folder: Path) -> None:
    project.change(folder, "optimizer.py", "self.t += 1", "self.t += 1 / 0")

    done = gate(folder)

    assert done.returncode == 3
    assert "ZeroDivisionError: division by zero at optimizer.py:11" in " ".join(done.stdout.split())


def test_a_regression_that_is_accepted_is_none(folder: Path) -> None:
    accept = '[[tool.nnbench.gate.accept]]\nsubject = "logistic adam"\nreason = "meant"\nuntil = 9999-01-01\n'
    project.write(folder, pyproject__toml=f"{project.CONFIG}\n{accept}")
    project.change(folder, *SIGN)

    done = gate(folder, "--json")

    assert done.returncode == 0
    assert [item["verdict"] for item in items(done)] == ["accepted"]


def test_an_accept_that_has_ended_says_so(folder: Path) -> None:
    accept = '[[tool.nnbench.gate.accept]]\nsubject = "logistic adam"\nreason = "meant"\nuntil = 2001-01-01\n'
    project.write(folder, pyproject__toml=f"{project.CONFIG}\n{accept}")
    project.change(folder, *SIGN)

    done = gate(folder)

    assert done.returncode == 1
    assert "ended on 2001-01-01" in done.stdout


def test_what_cannot_be_told_is_inconclusive_and_five_if_strict(folder: Path) -> None:
    narrow = project.CONFIG.replace("margin = 0.02", "margin = 1e-9").replace(
        'metric = "val_loss"', 'metric = "val_loss"\nseeds = [3]'
    )
    project.write(folder, pyproject__toml=narrow)
    project.change(folder, *NO_CORRECTION)

    assert gate(folder).returncode == 0
    done = gate(folder, "--strict")

    assert done.returncode == 5
    assert "inconclusive" in done.stdout


def test_a_subject_that_vanished_is_six(folder: Path) -> None:
    project.change(folder, "pyproject.toml", "logistic adam", "another name")

    done = gate(folder)

    assert done.returncode == 6
    assert "vanished: logistic adam" in done.stdout


def test_a_project_that_guards_nothing_is_told_how(folder: Path) -> None:
    project.write(folder, pyproject__toml="[project]\nname = 'x'\n")

    done = gate(folder)

    assert done.returncode == 6
    assert "[[tool.nnbench.gate.learning]]" in done.stderr


def test_no_repository_and_no_base_are_four(folder: Path, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    project.write(lonely, pyproject__toml=project.CONFIG)

    nowhere, first = gate(lonely), gate(folder)

    assert (nowhere.returncode, first.returncode) == (4, 4)
    assert "no git repository" in nowhere.stderr
    assert "no base to compare with" in first.stderr


def test_a_shallow_clone_is_told_to_fetch_more(folder: Path, tmp_path: Path) -> None:
    project.change(folder, *SIGN)
    project.git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{folder}", "shallow")

    done = gate(tmp_path / "shallow", "--base", "HEAD^")

    assert done.returncode == 4
    assert "fetch-depth: 0" in done.stderr


def test_a_base_that_cannot_be_built_is_four_and_a_head_three(folder: Path) -> None:
    project.write(folder, pyproject__toml=_with_setup("sh setup.sh"), setup__sh="exit 1\n")
    project.commit(folder, "a set-up that fails")
    project.write(folder, setup__sh="exit 0\n")
    project.commit(folder, "one that does not")

    base_broken = gate(folder)
    project.git(folder, "revert", "--no-edit", "HEAD")
    head_broken = gate(folder)

    assert base_broken.returncode == 4, base_broken.stdout
    assert "cannot be built: `sh setup.sh` ended with 1" in base_broken.stderr
    assert head_broken.returncode == 3, head_broken.stderr


def test_a_metric_that_is_never_logged_is_wrong_usage(folder: Path) -> None:
    project.change(folder, "pyproject.toml", 'metric = "val_loss"', 'metric = "f1"')

    done = gate(folder)

    assert done.returncode == 2
    assert "it logs val_accuracy, val_loss" in done.stderr


def test_a_subject_that_is_not_deterministic_is_told_and_goes_on(folder: Path) -> None:
    project.write(folder, learn__py=project.SUBJECT.replace("default_rng(seed)", "default_rng()"))
    project.commit(folder, "other numbers every time")
    project.change(folder, "optimizer.py", "import numpy", "import  numpy")

    done = gate(folder)

    assert "not deterministic" in done.stdout
    assert done.returncode == 0


def test_seeds_that_diverge_on_the_head_alone_are_a_regression(folder: Path) -> None:
    project.change(
        folder, "optimizer.py", "return w", "w = w * (np.nan if self.t > 40 else 1)\n        return w"
    )

    done = gate(folder, "--json")

    assert done.returncode == 1
    (item,) = items(done)
    assert "6 of 6 seeds diverge or crash on the head, 0 on the base" in str(item["why"])


def test_processors_that_differ_are_not_comparable_and_never_red(folder: Path) -> None:
    core = sys.modules["numpy._core._multiarray_umath"]
    wide = [each for each in core.__cpu_dispatch__ if core.__cpu_features__.get(each)]
    if not wide:
        pytest.skip("NumPy has one kind of vectors for this processor")
    # As if the base had run on a machine of a service that has narrower vectors than that of the head.
    narrow = "import os; os.environ['NPY_DISABLE_CPU_FEATURES'] = '" + " ".join(wide) + "'\n"
    project.write(folder, pyproject__toml=_with_setup("python setup_side.py"), narrow__txt=narrow)
    project.write(folder, setup_side__py=SETUP_SIDE.format(packages=Path(np.__file__).parents[1]))
    project.commit(folder, "narrow vectors")
    project.write(folder, narrow__txt="")
    project.change(folder, *SIGN)

    done = gate(folder, "--json")

    assert done.returncode == 0, done.stderr
    (item,) = items(done)
    assert item["verdict"] == "not_comparable"
    assert wide[-1] in str(item["why"])


def test_every_form_of_the_report(folder: Path) -> None:
    project.change(folder, *SIGN)

    forms = ("md", "html", "junit", "json", "bencher", "action-benchmark")
    done = gate(folder, *(word for form in forms for word in ("--format", f"{form}=out/{form}")))

    assert done.returncode == 1, done.stderr
    written = {form: (folder / "out" / form).read_text(encoding="utf-8") for form in forms}
    suite = tree.fromstring(written["junit"].encode())
    assert suite.find(".//failure") is not None
    assert "REGRESSED" in written["md"]
    assert "REGRESSED" in written["html"]
    assert json.loads(written["json"])["verdict"] == "regressed"
    assert json.loads(written["bencher"])["logistic adam"]["val_loss"]["value"] > 1
    assert json.loads(written["action-benchmark"]) == []


def test_a_report_that_cannot_be_written_changes_no_exit_code(folder: Path) -> None:
    project.change(folder, *SIGN)

    done = gate(folder, "--format", "md=pyproject.toml/x.md")

    assert done.returncode == 1
    assert "the report is not written" in done.stderr


def test_an_interrupt_ends_the_trainings_and_the_gate(folder: Path, tmp_path: Path) -> None:
    began = tmp_path / "began"
    endless = f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\ntime.sleep(600)\n"
    project.write(folder, optimizer__py=endless)
    project.commit(folder, "a training without an end")
    project.change(folder, "optimizer.py", "600", "601")
    command = [sys.executable, "-m", "nnbench", "gate"]
    running = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    until(began.exists)

    running.send_signal(signal.SIGINT)
    _, said = running.communicate()

    assert running.returncode == 130
    assert "Traceback" not in said
