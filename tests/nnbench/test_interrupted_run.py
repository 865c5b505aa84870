"""A run that is stopped keeps every finished trial, and the same command goes on."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nnbench.store import MissingStore, Store
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.plugin_samples import MINE
from tests.waiting import until

COMMAND = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "30", "--jobs", "2")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HANG_S = 120.0
PATH = os.pathsep.join(str(Path(path).resolve()) for path in sys.path if path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def begin(folder: Path, *arguments: str, n_trials: int = 1_000_000) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, fake_trial.__file__, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PATH, "FAKE_TRIALS": str(n_trials)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(folder: Path, *arguments: str) -> Any:
    out, said = (process := begin(folder, *arguments)).communicate(timeout=_HANG_S)
    assert process.returncode == 0, said
    return json.loads(out)


def n_recorded(folder: Path) -> int:
    try:
        with Store.open(folder / ".nnbench" / "store.sqlite", create=False) as store:
            runs = store.runs()
            return len(store.trials(store.run("last").trial_keys)) if runs else 0
    except MissingStore:
        return 0


def wait_for(folder: Path, n: int) -> None:
    until(lambda: n_recorded(folder) >= n)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_was_finished_is_kept_and_the_same_command_goes_on(folder: Path, number: signal.Signals) -> None:
    process = begin(folder, *COMMAND, n_trials=5)
    wait_for(folder, 5)

    process.send_signal(number)
    out, said = process.communicate(timeout=_HANG_S)

    assert process.returncode == 130
    assert out == ""
    (line,) = said.splitlines()
    n_kept = n_recorded(folder)
    assert n_kept == 5
    assert line == (
        f"nnbench: interrupted: {n_kept} of 60 trials are kept."
        " The same command goes on from here; `nnbench report` shows what there is."
    )
    document = finish(folder, *COMMAND, "--json")
    assert (document["cached"], document["new"]) == (n_kept, 60 - n_kept)


def test_a_killed_process_loses_only_what_was_running(folder: Path) -> None:
    process = begin(folder, *COMMAND, n_trials=6)
    wait_for(folder, 6)
    process.kill()
    process.communicate(timeout=_HANG_S)

    n_kept = n_recorded(folder)
    document = finish(folder, *COMMAND, "--json")

    assert n_kept == 6
    assert (document["cached"], document["new"]) == (n_kept, 60 - n_kept)


def test_stopped_or_not_and_with_any_number_of_jobs_the_trials_are_the_same(
    folder: Path, tmp_path: Path
) -> None:
    process = begin(folder, *COMMAND, n_trials=5)
    wait_for(folder, 5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=_HANG_S)

    resumed = finish(folder, *COMMAND, "--json")
    afresh = finish(folder, *COMMAND, "--json", "--store", "other", "--jobs", "1")

    assert resumed["trials"] == afresh["trials"]


def test_a_search_that_is_stopped_goes_on(folder: Path) -> None:
    """Its trials are kept, and no half-finished search is taken for a result."""
    search = ("tune", "small.toml", "--optimizer", "sgd,adam", "--points", "5", "--seeds", "6", "--jobs", "2")
    process = begin(folder, *search, n_trials=5)
    path = folder / ".nnbench" / "store.sqlite"
    until(lambda: _n_trials(path) >= 5)

    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=_HANG_S)

    n_kept = _n_trials(path)
    assert (process.returncode, out) == (130, "")
    assert said == (
        "nnbench: interrupted: every finished trial is kept. The same command goes on from here.\n"
    )
    assert n_recorded(folder) == 0  # no run
    resumed = finish(folder, *search, "--json")
    afresh = finish(folder, *search, "--json", "--store", "other", "--jobs", "1")
    assert resumed["cached"] >= n_kept
    assert resumed["configurations"] == afresh["configurations"]


def _n_trials(path: Path) -> int:
    """Return how many trials the store has, whether or not a run has asked for them."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'trial'").fetchone()
        return int(connection.execute("SELECT count(*) FROM trial").fetchone()[0]) if tables[0] else 0


WAITING = """\
import sys, time
sys.stderr.write("ready\\n")
sys.stderr.flush()
time.sleep(600)
"""
TAKEN_ELSEWHERE = f"""\
import signal, threading, time
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGINT, signal.SIGTERM, signal.SIGHUP}})
{WAITING}"""
ENDLESS = MINE.replace(
    "    for name", "    print('ready', file=sys.stderr, flush=True)\n    while True: pass\n    for name"
)


def begin_real(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Begin a command, and return when its plug-in says that it is there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nnbench", *arguments, "--plugin", "mine.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "ready\n" in iter(process.stderr.readline, "")  # behind what is said of compiling
    return process


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("verb", [("run", "small.toml"), ("list", "optimizers"), ("diagnose", "small.toml")])
def test_a_signal_outside_of_training_ends_the_command_in_one_line(
    folder: Path, verb: tuple[str, ...], number: signal.Signals
) -> None:
    (folder / "mine.py").write_text(WAITING)
    process = begin_real(folder, *verb)

    process.send_signal(number)
    out, said = process.communicate(timeout=_HANG_S)

    assert (process.returncode, out, said) == (130, "", "nnbench: interrupted.\n")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_another_thread_takes_ends_the_command_too(
    folder: Path, number: signal.Signals
) -> None:
    """A library's thread may take it, and the main thread's sleep then goes on."""
    (folder / "mine.py").write_text(TAKEN_ELSEWHERE)
    process = begin_real(folder, "list", "optimizers")

    process.send_signal(number)
    out, said = process.communicate(timeout=_HANG_S)

    assert (process.returncode, out, said) == (130, "", "nnbench: interrupted.\n")


def test_a_third_signal_ends_a_process_whose_trial_does_not_end(folder: Path) -> None:
    """The first waits for the trial, the second for its thread; an endless loop of a plug-in has no end."""
    (folder / "mine.py").write_text("import sys\n" + ENDLESS)
    process = begin_real(folder, "run", "small.toml", "--optimizer", "mine", "--seeds", "1")

    for number in SIGNALS:  # at once: the system hands some of them to threads that cannot answer
        process.send_signal(number)
    try:
        out, said = process.communicate(timeout=_HANG_S)
    finally:
        process.kill()  # an endless loop left behind would take its CPU from every test after this one

    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in said


def test_nohup_is_respected(folder: Path) -> None:
    """A command whose terminal is closed goes on where the user asked for that."""
    process = subprocess.Popen(
        ["nohup", sys.executable, fake_trial.__file__, *COMMAND, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PATH, "FAKE_TRIAL_S": "0.02"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(folder, 2)

    process.send_signal(signal.SIGHUP)
    out, said = process.communicate(timeout=30)

    assert process.returncode == 0, said
    assert len(json.loads(out)["trials"]) == 60
