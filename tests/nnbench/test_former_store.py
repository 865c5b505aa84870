"""A store of version 0.1.0, written before axes were records, is read and its trials are found again."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

STORE = Path(__file__).parents[1] / "golden" / "store_1.sqlite"
RUN = ("run", "iris", "--optimizer", "sgd,adam", "--epochs", "4", "--seeds", "2")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".nnbench").mkdir()
    shutil.copy(STORE, tmp_path / ".nnbench" / "store.sqlite")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def document(nnb: Any, *arguments: str) -> dict[str, Any]:
    code, text, errors = nnb(*arguments, "--json")
    assert code == 0, errors
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize(
    ("command", "n_new", "n_cached"),
    [
        (RUN, 2, 2),  # Adam's default epsilon was another then, and its trials are trained again
        (("run", "digits", "--optimizer", "momentum", "--epochs", "1", "--seeds", "1"), 0, 1),
        # Asked for in other words, on an axis that there was not.
        (("run", "iris", "--optimizer", "sgd,adam", "--l2", "0", "--epochs", "4", "--seeds", "2"), 2, 2),
    ],
)
def test_the_same_command_trains_what_means_something_else_by_now(
    nnb: Any, command: tuple[str, ...], n_new: int, n_cached: int
) -> None:
    found = document(nnb, *command)

    assert (found["new"], found["cached"]) == (n_new, n_cached)


def test_a_wider_run_trains_what_is_new_and_compares_with_the_former_one(nnb: Any) -> None:
    """``compare`` pairs the configurations of both, whatever axes the later run has besides."""
    former = document(nnb, *RUN)["run"]
    wider = document(nnb, *RUN[:-4], "--l2", "0,0.001", "--epochs", "4", "--seeds", "2")

    assert (wider["new"], wider["cached"]) == (4, 4)
    code, text, errors = nnb("compare", former, wider["run"])
    assert code == 0, errors
    assert "sgd" in text
    assert "adam" in text


def test_searches_and_races_of_the_former_version_are_reported(nnb: Any) -> None:
    """All five runs of the store, in every format that needs no picture."""
    for back in range(5):
        name = "last" if back == 0 else _run_names()[-1 - back]
        for form in ("text", "json", "csv", "latex"):
            code, text, errors = nnb("report", name, "--format", form)
            assert code == 0, errors
            assert text


def _run_names() -> list[str]:
    import sqlite3

    with sqlite3.connect(".nnbench/store.sqlite") as store:
        return [name for (name,) in store.execute("select run from run order by created")]
