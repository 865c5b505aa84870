"""Schedules and initializers of a plug-in file, in the commands that choose parts by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases import plugins
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.plugin_samples import forget_plugins

Result = tuple[int, str, str]
CONTENT = """\
import nnkit

def falling(step, n_steps, learning_rate, floor=0.01):
    "Falls in a line."
    return max(floor, learning_rate * (1 - step / n_steps))

def scaled(shape, rng, gain=1.0):
    "Normal, by the root of the inputs."
    return gain * rng.standard_normal(shape) / shape[0] ** 0.5

nnkit.schedules.register("{name}", falling)
nnkit.initializers.register("{name}", scaled)
"""
AXES = ("schedule", "init")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    forget_plugins(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def written(name: str, **changes: str) -> str:
    """Write the plug-in and return its file; programs are kept by name within one process."""
    content = CONTENT.format(name=name)
    for before, after in changes.items():
        assert before in content
        content = content.replace(before, after)
    Path("mine.py").write_text(content)
    return "mine.py"


def run(nnb: Callable[..., Result], *arguments: str) -> Any:
    code, out, err = nnb("run", "small.toml", "--json", *arguments)
    assert code == 0, err
    return json.loads(out)


def test_they_train_to_the_same_bits_for_any_number_of_workers(
    nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = []
    for jobs in "13":
        name = f"jobs{jobs}"  # another name, so that the store has none of the second run
        forget_plugins(monkeypatch)
        schedules, initializers = f"{name},{name}(floor=0.002)", f"{name},{name}(gain=2)"
        document = run(
            nnb, "--plugin", written(name), "--schedule", schedules, "--init", initializers, "--jobs", jobs
        )
        assert {trial["status"] for trial in document["trials"]} == {"finished"}
        digests.append([trial["digest"] for trial in document["trials"]])

    assert digests[0] == digests[1]
    assert len(set(digests[0])) == len(digests[0])


@pytest.mark.parametrize("axis", AXES)
def test_a_changed_function_is_another_trial_and_leaves_the_others_alone(
    nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, axis: str
) -> None:
    arguments = (f"--{axis}", f"{axis}_edited,own", "--seeds", "1", "--plugin")
    first = run(nnb, *arguments, written(f"{axis}_edited"))
    again = run(nnb, *arguments, "mine.py")
    forget_plugins(monkeypatch)
    edited = run(nnb, *arguments, written(f"{axis}_edited", **{"    return ": "    0\n    return "}))

    assert (first["new"], again["new"], edited["new"]) == (2, 0, 1)
    assert first["trials"][0]["key"] != edited["trials"][0]["key"]
    assert first["trials"][1]["key"] == edited["trials"][1]["key"]


def test_a_case_may_name_an_initializer_of_a_plug_in(nnb: Callable[..., Result], folder: Path) -> None:
    content = case_content()
    content["model"]["layers"][0]["kernel_initializer"] = "named_by_a_case(gain=0.5)"
    write_case(folder / "small.toml", content)

    assert len(run(nnb, "--plugin", written("named_by_a_case"))["trials"]) > 0
    assert len(plugins.sources_among(["named_by_a_case"])) == 2


@pytest.mark.parametrize("kind", ["schedules", "initializers"])
def test_list_and_show_know_them(nnb: Callable[..., Result], kind: str) -> None:
    code, out, _ = nnb("list", kind, "--plugin", written("mine"), "--json")
    (item,) = (item for item in json.loads(out)["items"] if item["name"] == "mine")

    assert (code, item["source"]) == (0, "plug-in")
    assert item["hyperparameters"][0]["name"] == {"schedules": "floor", "initializers": "gain"}[kind]
    assert item["formula"] in nnb("show", "mine", "--plugin", "mine.py")[1]


def test_a_tuned_search_moves_the_rate_that_a_schedule_is_given(nnb: Callable[..., Result]) -> None:
    name = "searched"
    code, out, err = nnb(
        *("tune", "small.toml", "--schedule", name, "--plugin", written(name), "--seeds", "2", "--json")
    )

    assert code == 0, err
    assert json.loads(out)["configurations"][0]["axes"]["schedule"] == name


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"* (1 - step / n_steps)": "/ (step - 5)"},
            "mine.py, line 5: ZeroDivisionError",
        ),
        ({"max(floor, learning_rate": "(-learning_rate"}, "schedule 'wrong': the rate at step 0 is -0.1"),
        ({"/ shape[0] ** 0.5": "[:, 0]"}, "must return an array of shape (5, 3), found (5,)"),
    ],
    ids=["raises", "negative", "shape"],
)
def test_a_function_that_cannot_be_used_is_one_line(
    nnb: Callable[..., Result], changes: dict[str, str], line: str
) -> None:
    code, _, err = nnb("run", "small.toml", "--schedule", "wrong", "--plugin", written("wrong", **changes))

    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("nnbench: mine.py, line ")
    assert line in err


def test_a_draw_that_fails_in_training_is_a_failed_trial_with_its_line(nnb: Callable[..., Result]) -> None:
    """It can draw the matrix that it is tried on, and not this case's."""
    file = written("narrow", **{"    return gain": "    assert shape[0] == 5\n    return gain"})
    code, out, _ = nnb("run", "small.toml", "--init", "narrow", "--seeds", "1", "--plugin", file, "--json")

    assert code == 3
    assert json.loads(out)["trials"][0]["error"].startswith("mine.py, line 9: AssertionError")
