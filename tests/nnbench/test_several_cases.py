"""Runs over several cases: the section on all of them, its figures, its JSON, and what an optimizer keeps."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from nnbench.cli import main
from nnbench.plan.request import make_plan
from nnbench.reporting.figures.rank import alike
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.plugin_samples import MINE, forget_plugins

Result = tuple[int, str, str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    forget_plugins(monkeypatch)
    for name, target in (("small", 0.85), ("other", 0.7), ("third", None)):
        content = {**case_content(), "name": name}
        content["measure"] = {"metric": "accuracy", "noticeable": 0.01}
        if target is not None:
            content["measure"]["target"] = target
        write_case(tmp_path / f"{name}.toml", content)
    return tmp_path


@pytest.fixture
def nnb(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command with trials that take no time; adam is the best of them."""
    fake_trial.install(monkeypatch)

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        code = main(arguments)
        return (code, *capsys.readouterr())

    return run


def as_json(result: Result) -> Any:
    assert result[0] == 0, result[2]
    return json.loads(result[1])


RUN = ("run", "small.toml", "other.toml", "third.toml", "--optimizer", "sgd,adam,lion", "--seeds", "6")


def test_several_cases_are_seen_together(nnb: Callable[..., Result]) -> None:
    """adam reaches small's target where nobody else does, and other's first; third has no target."""
    across = as_json(nnb(*RUN, "--json"))["across"]

    assert across["cases"] == ["small", "other", "third"]
    assert across["cases_with_target"] == ["small", "other"]
    first = across["configurations"][0]
    assert (first["label"], first["average_rank"], first["score"]) == ("adam", 1.0, 1.0)
    assert first["improvement"] is None
    assert across["reference"] == "adam"
    for each in across["configurations"][1:]:
        assert each["improvement"]["value"] == 0.0
        assert each["average_rank"] > 1.0
        assert each["score_interval"][0] <= each["score"] <= each["score_interval"][1]
        assert each["iqm"]["interval"][0] <= each["iqm"]["value"] <= each["iqm"]["interval"][1]
        assert each["iqm"]["cases"] == 2


def test_one_case_has_no_such_section(nnb: Callable[..., Result]) -> None:
    one = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "6")

    assert as_json(nnb(*one, "--json"))["across"] is None
    assert "All " not in nnb(*one)[1]


def test_the_section_names_its_set_its_test_and_its_cost(nnb: Callable[..., Result]) -> None:
    code, text, _ = nnb(*RUN)

    section = text[text.index("All 3 cases") : text.index("\n\nsmall  ")]
    said = " ".join(section.split())
    assert code == 0
    assert "Over 3 cases adam has the best profile score, 1.00 [1.00, 1.00], and average rank 1.00." in said
    assert "small, other and third; n = 6 seeds in each case." in said
    assert "Profile score: mean over 2 cases with a target of max(0, 4 − r) / 3" in said
    assert re.search(
        r"Friedman p = 0\.\d+ \(exact permutation\); which pairs differ takes 6 cases to tell\.", said
    )
    assert max(map(len, section.splitlines())) <= 80
    rows = {
        line.split()[0]: line for line in section.splitlines() if line.startswith(("adam ", "sgd ", "lion "))
    }
    cost = {name: row.split()[-3:] for name, row in rows.items()}
    assert cost == {"adam": ["18.0", "ms", "8"], "sgd": ["18.0", "ms", "0"], "lion": ["18.0", "ms", "—"]}


def test_a_named_reference_is_what_the_others_are_said_to_beat(nnb: Callable[..., Result]) -> None:
    run = ("run", "small.toml", "other.toml", "--optimizer", "lion", "--seeds", "6")

    document = as_json(nnb(*run, "--against", "adam,sgd", "--json"))

    assert document["against"] == "lion"
    assert document["across"]["reference"] == "lion"
    wins = {each["label"]: each["improvement"] for each in document["across"]["configurations"]}
    assert wins["lion"] is None
    assert wins["adam"]["value"] == 1.0
    assert {(each["a"]["optimizer"], each["b"]["optimizer"]) for each in document["verdicts"]} == {
        ("adam", "lion"),
        ("sgd", "lion"),
    }


def test_the_figures_are_written_and_name_everybody(nnb: Callable[..., Result], folder: Path) -> None:
    nnb(*RUN, "--report", "out")

    profile, ranks = ((folder / "out" / f"across-{name}.svg").read_bytes() for name in ("profile", "ranks"))
    for picture in (profile, ranks):
        words = ["".join(each.itertext()) for each in ElementTree.fromstring(picture).iter()]
        assert all(any(name in word for word in words) for name in ("adam", "sgd", "lion"))
    assert "CD " not in ranks.decode()
    assert "adam  1.00" in profile.decode()
    assert "![Performance profiles of run" in (folder / "out" / "report.md").read_text()


@pytest.mark.parametrize(
    ("ranks", "groups"),
    [
        ([1.0, 2.0, 3.0, 4.0], [(0, 1), (1, 2), (2, 3)]),
        ([1.0, 1.5, 2.0, 4.0], [(0, 2)]),
        ([1.0, 1.9, 2.8, 2.9], [(0, 1), (1, 3)]),
        ([1.0, 3.0], []),
        ([1.5, 1.5], [(0, 1)]),
    ],
)
def test_bars_join_those_within_the_critical_difference(
    ranks: list[float], groups: list[tuple[int, int]]
) -> None:
    """The longest stretches only: one inside another says nothing more. The difference is 1 here."""
    named = tuple((str(place), rank) for place, rank in enumerate(ranks))

    found = alike(named, 1.0)

    assert found == groups
    joined = {pair for first, end in found for pair in product(range(first, end + 1), repeat=2)}
    for a, b in product(range(len(ranks)), repeat=2):
        assert ((a, b) in joined) == (abs(ranks[a] - ranks[b]) <= 1.0 and (a != b or (a, a) in joined))


@pytest.mark.parametrize(
    ("optimizer", "dtype", "expected"),
    [
        ("sgd", "float32", 0.0),
        ("momentum", "float32", 4.0),
        ("adam", "float32", 8.0),
        ("adam", "float64", 16.0),
    ],
)
def test_an_optimizer_keeps_its_slots(optimizer: str, dtype: str, expected: float) -> None:
    """As many numbers for each parameter as it has slots."""
    from nnbench.training.program import state_bytes

    options = {"optimizer": optimizer, "dtype": dtype, "seeds": "1"}
    (trial,) = make_plan(["small.toml"], options, environment={}, folder=Path.cwd()).matrix.trials()

    assert state_bytes(trial) == expected


def test_a_plugin_keeps_what_its_state_holds(folder: Path) -> None:
    """One velocity for each parameter; one that fails at its first step keeps nobody knows what."""
    from nnbench.training.program import state_bytes

    names = {"keeps_one": MINE, "fails": MINE.replace("velocity += ", "velocity += nothing + ")}
    for name, content in names.items():
        (folder / f"{name}.py").write_text(content.replace('"mine"', f'"{name}"'))
    options = {"optimizer": "keeps_one,fails", "seeds": "1", "plugin": [f"{name}.py" for name in names]}
    first, second = make_plan(["small.toml"], options, environment={}, folder=Path.cwd()).matrix.trials()

    assert state_bytes(first) == 4.0
    assert state_bytes(replace(first, dtype="float64")) == 8.0
    assert state_bytes(second) is None
