"""A subject's process: what it answers, and that nothing a subject does becomes a hang or an exception."""

import ast
import hashlib
import json
import math
import os
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest

from nnbench.subjects import process
from nnbench.subjects.kept import Keep, read_kept
from nnbench.subjects.process import SubjectProcess, SubjectRun


def _run(folder: Path, body: str, *, head: str = "", timeout_s: float = 20.0, seed: int = 0) -> SubjectRun:
    with _subject(folder, body, head=head, timeout_s=timeout_s) as subject:
        return subject.train(seed)


def _subject(folder: Path, body: str, *, head: str = "", timeout_s: float = 20.0) -> SubjectProcess:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    (folder / "mine.py").write_text(f"{head}\ndef train(seed, log, **axes):\n{lines}\n")
    return SubjectProcess("mine.py:train", folder, timeout_s=timeout_s)


def _first_only(body: str) -> str:
    """Return the body for seed 0, and one that is well behind it."""
    return "if seed == 0:\n    " + body.replace("\n", "\n    ") + "\nlog(1, loss=1.0)"


def test_what_is_logged_arrives_in_full(tmp_path: Path) -> None:
    run = _run(
        tmp_path, "log(1, val_loss=0.1 + 0.2, x=float('nan'))\nlog(2, val_loss=float('-inf'), x=2**53)"
    )

    assert (run.status, run.error) == ("finished", None)
    assert [logged.step for logged in run.logged] == [1, 2]
    assert run.logged[0].values["val_loss"] == 0.1 + 0.2
    assert math.isnan(run.logged[0].values["x"])
    assert dict(run.logged[1].values) == {"val_loss": -math.inf, "x": 2.0**53}


def test_the_digest_is_that_of_the_lines_that_the_docstring_promises(tmp_path: Path) -> None:
    run = _run(tmp_path, "log(3, b=0.5, a=1.0)\nreturn {'w': [1.0, 2.0]}")

    weights = hashlib.sha256(b"w\0<f8\0(2,)\0" + struct.pack("<2d", 1.0, 2.0)).hexdigest()
    lines = [b"step 3", b"a=0x1.0000000000000p+0", b"b=0x1.0000000000000p-1", f"weights={weights}".encode()]
    assert run.weights == weights
    assert run.digest == hashlib.sha256(b"".join(line + b"\0" for line in lines)).hexdigest()


_RANDOM = """
import random
random_value = random.random() + numpy.random.random()
log(1, value=random_value)
return numpy.random.random(4)
"""


@pytest.mark.parametrize("head", ["import numpy", "numpy = None"], ids=["imported before", "imported late"])
def test_a_training_draws_the_same_numbers_first_second_and_in_another_process(
    tmp_path: Path, head: str
) -> None:
    body = _RANDOM if head == "import numpy" else f"import numpy\n{_RANDOM}"
    with _subject(tmp_path, body, head=head) as subject:
        first, other, second = subject.train(7), subject.train(8), subject.train(7)
    elsewhere = _run(tmp_path, body, head=head, seed=7)

    assert first.status == "finished"
    assert first.digest == second.digest == elsewhere.digest != other.digest
    assert first.import_s > 0.0
    assert first.versions["numpy"] == np.__version__


def test_axes_reach_the_function_in_full(tmp_path: Path) -> None:
    with _subject(tmp_path, "log(1, rate=axes['rate'], width=axes['width'])") as subject:
        run = subject.train(0, {"rate": 0.1, "width": 64, "optimizer": "its own"})

    assert dict(run.logged[0].values) == {"rate": 0.1, "width": 64.0}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise ValueError('a\\nb')", "ValueError: a b"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("log(1, loss='0.5')", "TypeError: log(step=1): loss is a number, and '0.5' was found"),
        ("log(1.5, loss=0.5)", "TypeError: log(): step is a whole number, and not 1.5"),
        ("log(2)\nlog(1)", "ValueError: log(): step 1 came after step 2; steps do not fall"),
        ("log(1, {'w': 'text'})", "TypeError: weights 'w': an array was expected, and str was found"),
        ("input()", "EOFError: EOF when reading a line"),
    ],
)
def test_what_python_raises_is_the_error_of_the_run(tmp_path: Path, body: str, error: str) -> None:
    with _subject(tmp_path, _first_only(body)) as subject:
        run, next_run = subject.train(0), subject.train(1)

    assert (run.status, run.error) == ("failed", error)
    assert "Traceback" in run.tail
    assert run.place == ("mine.py:4" if "\nlog" not in body else "mine.py:5")
    assert next_run.status == "finished"


_WRITES_EVERYWHERE = """import os
for number in range(3, 64):
    try:
        os.write(number, b"[1]")
    except OSError:
        pass"""


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("import os\nos._exit(7)", "its process ended with exit code 7"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
            "ended by SIGKILL, perhaps for want of memory",
        ),
        ("import ctypes\nctypes.string_at(0)", "its process was ended by SIGSEGV"),
        ("import os\nos.closerange(3, 64)\nlog(1)", "its process ended with exit code 1"),
        (_WRITES_EVERYWHERE, "something wrote b'[1]"),
    ],
    ids=["exit", "kill -9", "segfault", "channel closed", "channel written to"],
)
def test_the_end_of_the_process_is_the_error_of_the_run_and_the_next_has_another(
    tmp_path: Path, body: str, error: str
) -> None:
    with _subject(tmp_path, _first_only(f"print('last words')\n{body}")) as subject:
        run, next_run = subject.train(0), subject.train(1)

    assert run.status == "failed"
    assert error in (run.error or "")
    assert "last words" in run.tail
    assert next_run.status == "finished"


def test_an_endless_training_is_ended_in_time_with_what_it_had_logged(tmp_path: Path) -> None:
    body = "log(1, loss=1.0)\nwhile True:\n    print('x' * 1000)"

    run = _run(tmp_path, body, timeout_s=2.0)

    assert (run.status, run.error) == ("timeout", "no end within 2 s")
    assert len(run.logged) == 1
    assert len(run.tail) <= 8000


def test_an_import_without_end_is_ended_too(tmp_path: Path) -> None:
    run = _run(tmp_path, "pass", head="import time\ntime.sleep(60)", timeout_s=1.0)

    assert run.status == "timeout"


def test_a_stop_ends_a_training(tmp_path: Path) -> None:
    stop = threading.Event()
    with _subject(tmp_path, "import time\ntime.sleep(60)") as subject:
        threading.Timer(0.5, stop.set).start()
        run = subject.train(0, stop=stop)

    assert (run.status, run.error) == ("failed", "stopped")


_LEAVES_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
log(child.pid)
"""


@pytest.mark.parametrize(
    "end", ["", "import os; os._exit(1)", "while True: pass"], ids=["well", "crash", "late"]
)
def test_what_a_subject_leaves_behind_is_ended_with_it(tmp_path: Path, end: str) -> None:
    run = _run(tmp_path, _LEAVES_A_CHILD + end, timeout_s=3.0)

    assert run.status == {"": "finished", "while True: pass": "timeout"}.get(end, "failed")
    assert _is_gone(run.logged[0].step)


def _is_gone(process_id: int) -> bool:
    """Say whether a process ends, within the moment that a signal takes."""
    for _ in range(100):
        state = Path(f"/proc/{process_id}/stat")
        try:
            if state.exists() and ") Z" in state.read_text():
                return True  # ended, and nobody has asked how
            os.kill(process_id, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        threading.Event().wait(0.05)
    return False


def test_a_fork_that_comes_back_answers_nothing(tmp_path: Path) -> None:
    body = "import os\nif os.fork() == 0:\n    raise SystemExit(0)\nos.wait()\nlog(1, loss=1.0)"

    run = _run(tmp_path, body)

    assert (run.status, len(run.logged)) == ("finished", 1)


def test_a_harness_whose_caller_is_gone_ends(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def train(seed, log):\n    log(1)\n    while True: pass\n")
    request = {"call": "mine.py:train", "folder": str(tmp_path), "seed": 0}
    command = [sys.executable, str(Path(process.__file__).with_name("harness.py"))]
    harness = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True)
    assert harness.stdin is not None
    assert harness.stdout is not None

    harness.stdin.write(json.dumps(request).encode() + b"\n")
    harness.stdin.flush()
    harness.stdout.readline()
    _, printed = harness.communicate(timeout=20)

    assert harness.returncode == -signal.SIGKILL
    assert printed == b""


def test_weights_are_kept_as_they_were_logged(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    body = """import numpy
for step in range(3):
    log(step, {"dense/kernel": numpy.full((2, 3), step, "float32"), "bias": [step + 0.5]})
    log(step, loss=1.0)"""
    with _subject(tmp_path, body) as subject:
        subject.train(0, keep=Keep(tmp_path / "kept", 2))

    kept = read_kept(tmp_path / "kept")

    assert [(array.step, array.name) for array in kept] == [
        (step, name) for step in (0, 1) for name in ("bias", "dense/kernel")
    ]
    assert kept[3].values.dtype == np.float32
    np.testing.assert_array_equal(kept[3].values, np.full((2, 3), 1.0))


def test_models_trees_and_lists_are_read_in_the_order_of_names(tmp_path: Path) -> None:
    head = """
class Model:
    def __init__(self, weights): self.get_weights = self.state_dict = lambda: weights
KEPT = {
    "list": [[1.0], [2.0]],
    "model": Model([[1.0], [2.0]]),
    "tree": {"0001": [2.0], "0000": [1.0]},
    "other": [[2.0], [1.0]],
}
"""
    with _subject(tmp_path, "return KEPT[axes['what']]", head=head) as subject:
        runs = {what: subject.train(0, {"what": what}).weights for what in ("list", "model", "tree", "other")}

    same, model, tree, other = runs.values()
    assert same == model == tree != other


def test_a_subject_describes_its_axes(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def train(seed, log, optimizer, *, width=64, rate=0.1, f=len): ...\n")
    with SubjectProcess("mine.py:train", tmp_path) as subject:
        described = subject.describe()

    assert described.error is None
    assert described.axes == ("optimizer", "width", "rate", "f")
    assert (described.needed, dict(described.defaults)) == (("optimizer",), {"width": 64, "rate": 0.1})
    assert not described.open


def test_modules_are_found_in_the_folder_and_not_beside_the_harness(tmp_path: Path) -> None:
    (tmp_path / "process.py").write_text("HERE = 5.0\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "mine.py").write_text(
        "import process\ndef train(seed, log): log(1, x=process.HERE)\n"
    )
    with SubjectProcess("package.mine:train", tmp_path) as subject:
        run = subject.train(0)

    assert run.logged[0].values["x"] == 5.0


def test_an_interpreter_that_is_not_there_is_a_run_that_failed(tmp_path: Path) -> None:
    run = SubjectProcess("mine.py:train", tmp_path, python=str(tmp_path / "python")).train(0)

    assert run.error == f"{tmp_path}/python cannot be started in {tmp_path}: No such file or directory"


def test_the_harness_needs_nothing_but_python() -> None:
    tree = ast.parse(Path(process.__file__).with_name("harness.py").read_text())
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imported}

    assert {str(name).partition(".")[0] for name in names} <= set(sys.stdlib_module_names)
