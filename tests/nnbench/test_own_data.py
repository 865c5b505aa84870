"""``nnbench run --data FILE`` and ``[data] file``: from a table to trials, and back to the table."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.cases.catalogue import read_case
from nnbench.cases.files import read_toml
from nnbench.plan.matrix import data_digest
from nnbench.training.data import parts_of
from nnbench.training.facts import facts
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case

ROWS = [(row**2 % 23, "rgb"[row % 3], ["no", "yes"][row * 7 % 5 > 2]) for row in range(40)]
TABLE = "size,colour,bought\n" + "".join(f"{a},{b},{c}\n" for a, b, c in ROWS)
RUN = ("run", "--data", "shop.csv", "--target", "bought", "--optimizer", "sgd,adam", "--seeds", "3")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(TABLE)
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_trial.install(monkeypatch)


def keys_of(result: tuple[int, str, str]) -> list[str]:
    assert result[0] in (0, 3), result[2]
    return [trial["key"] for trial in json.loads(result[1])["trials"]]


@pytest.mark.usefixtures("fake")
def test_one_command_leads_from_a_table_to_a_verdict(nnb: Any, folder: Path) -> None:
    """What was guessed is said, and the case that was written is valid and says the same."""
    code, text, said = nnb(*RUN)

    assert code in (0, 3)
    assert "leads on shop" in text
    assert "shop.csv: 40 rows, 3 columns; classification of bought\n" in said
    assert "2 classes: no " in said
    assert "size    numbers from 0 to 18" in said
    assert "colour  3 texts: b, g, r" in said
    assert "wrote the case to shop.toml; any verb takes it: nnbench run shop.toml" in said
    assert read_toml(folder / "shop.toml")["data"] == {
        "file": "shop.csv",
        "target": "bought",
        "task": "classification",
        "validation": 0.25,
        "scale": "standardize",
    }


@pytest.mark.usefixtures("fake")
def test_the_case_that_was_written_has_the_same_trials(nnb: Any) -> None:
    """Also from another folder, where the case is moved together with its table; none is trained again."""
    first = keys_of(nnb(*RUN, "--json"))
    again = nnb("run", "shop.toml", *RUN[5:], "--json")
    assert keys_of(again) == first
    assert json.loads(again[1])["new"] == 0

    Path("moved").mkdir()
    for name in ("shop.csv", "shop.toml"):
        Path(name).rename(Path("moved", name))
    os.utime("moved/shop.csv", (1, 1))
    assert keys_of(nnb("run", "moved/shop.toml", *RUN[5:], "--json")) == first
    assert keys_of(nnb("run", "--data", "moved/shop.csv", *RUN[3:], "--json")) == first


@pytest.mark.usefixtures("fake")
def test_other_data_are_other_trials(nnb: Any) -> None:
    first = keys_of(nnb(*RUN, "--json"))
    Path("shop.csv").write_text(TABLE.replace("yes\n", "no\n", 1))

    assert not set(first) & set(keys_of(nnb("run", "shop.toml", *RUN[5:], "--json")))


@pytest.mark.usefixtures("fake")
def test_the_case_is_kept_where_it_is_told_and_finds_its_table_from_there(nnb: Any, folder: Path) -> None:
    code, _, said = nnb(*RUN, "--case", "cases/mine.toml")

    assert code in (0, 3), said
    assert read_toml(folder / "cases" / "mine.toml")["data"]["file"] == "../shop.csv"
    assert not (folder / "shop.toml").exists()
    assert nnb("run", "cases/mine.toml", *RUN[5:])[0] in (0, 3)


@pytest.mark.usefixtures("fake")
def test_a_case_that_was_changed_by_hand_is_never_written_over(nnb: Any, folder: Path) -> None:
    nnb(*RUN)
    written = (folder / "shop.toml").read_text()
    (folder / "shop.toml").write_text(written.replace("seeds = 10", "seeds = 20"))
    code, _, said = nnb(*RUN)

    assert code == 2
    assert said.endswith(
        "shop.toml: this file is there, and says something else than these options. Run it as it is"
        " (nnbench run shop.toml), delete it, or keep the new case elsewhere with --case FILE.toml.\n"
    )
    assert "seeds = 20" in (folder / "shop.toml").read_text()


@pytest.mark.usefixtures("fake")
def test_a_rehearsal_writes_nothing(nnb: Any, folder: Path) -> None:
    code, text, said = nnb(*RUN, "--dry-run")

    assert (code, "6 to run" in text) == (0, True)
    assert "wrote" not in said
    assert [path.name for path in folder.iterdir()] == ["shop.csv"]


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "no such file": (("--data", "shp.csv", "--target", "bought"), "--data: shp.csv: there is no such file."),
    "no target": (("--data", "shop.csv"), "there are: size, colour, bought."),
    "no such target": (("--data", "shop.csv", "--target", "bougt"), "Did you mean 'bought'?"),
    "no such task": (("--data", "shop.csv", "--target", "size", "--task", "guess"), "--task: found 'guess'."),
    "a table as a case": (
        ("shop.csv",),
        "shop.csv: no case, but data: nnbench run --data shop.csv",
    ),
    "a target alone": (("--target", "bought"), "--target: this is said of a table, and none is named."),
    "a case alone": (("digits", "--case", "x.toml"), "--case: this is said of a table"),
    "a case that is none": (
        ("--data", "shop.csv", "--target", "bought", "--case", "x.csv"),
        "--case x.csv: expected the name of a .toml file.",
    ),
}


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(("words", "line"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_nothing_is_written(
    nnb: Any, folder: Path, words: tuple[str, ...], line: str
) -> None:
    code, text, said = nnb("run", *words)

    assert (code, text) == (2, "")
    assert line in said
    assert "Traceback" not in said
    assert [path.name for path in folder.iterdir()] == ["shop.csv"]


def case_with(data: dict[str, Any]) -> dict[str, Any]:
    content = case_content()
    content["data"] = data
    content["model"]["layers"][-1]["units"] = 2
    return content


IN_A_CASE: dict[str, tuple[dict[str, Any], str]] = {
    "neither": ({"scale": "unit"}, "expected either a dataset by name or a file"),
    "both": ({"dataset": "iris", "file": "shop.csv"}, "expected either a dataset by name or a file"),
    "a target of a dataset": ({"dataset": "iris", "target": "y"}, "target is said of a file"),
    "an official split": (
        {"file": "shop.csv", "target": "bought", "validation": "official"},
        "no official split",
    ),
    "no such file": ({"file": "none.csv", "target": "bought"}, "none.csv: there is no such file"),
    "no such column": ({"file": "shop.csv", "target": "bougt"}, "Did you mean 'bought'?"),
    "three files": ({"file": ["a", "b", "c"], "target": "y"}, "found 3 files"),
}


@pytest.mark.parametrize(("data", "line"), IN_A_CASE.values(), ids=IN_A_CASE)
def test_a_mistake_in_a_case_names_the_case(nnb: Any, folder: Path, data: dict[str, Any], line: str) -> None:
    write_case(folder / "mine.toml", case_with(data))
    code, _, said = nnb("run", "mine.toml")

    assert code == 2
    assert line in said
    assert said.startswith("nnbench: mine.toml, data")


def test_a_file_may_stand_where_a_dataset_does(folder: Path) -> None:
    data = {"target": "bought", "scale": "unit"}
    one = read_case(case_with({"dataset": "shop.csv", **data}), str(folder / "one.toml"))
    other = read_case(case_with({"file": "shop.csv", **data}), str(folder / "other.toml"))

    assert one.digest == other.digest
    assert one.data.file == ("shop.csv",)


def test_two_tables_of_one_name_are_two_cases(tmp_path: Path) -> None:
    """The same options and the same relative path; one of them has a column more."""
    cases = []
    lines = TABLE.splitlines()
    wider = [f"more,{lines[0]}", *(f"{place % 5}.5,{line}" for place, line in enumerate(lines[1:]))]
    for name, content in (("a", lines), ("b", wider)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.csv").write_text("\n".join(content) + "\n")
        case = case_with({"file": "t.csv", "target": "bought"})
        cases.append(read_case(case, str(tmp_path / name / "case.toml")))

    assert cases[0].digest != cases[1].digest
    assert data_digest(cases[0]) != data_digest(cases[1])
    assert [parts_of(case, 0, "float32").train.x.shape for case in cases] == [(30, 4), (30, 5)]


def test_reports_know_the_files_the_columns_and_the_digest(folder: Path) -> None:
    (folder / "shop.csv").write_text(TABLE.replace("0,r,", ",r,", 1))
    case = read_case(case_with({"file": "shop.csv", "target": "bought"}), str(folder / "case.toml"))

    said = facts(case).data
    assert said.startswith("shop.csv: 40 rows; bought by size, colour; 8 rows are copies of other rows")
    assert "; missing numbers become the median of the training part: size (1); " in said
    assert said.endswith(f"sha256 {case.data.content[:12]}")
    assert facts(case).n_train == 30


def test_a_trial_trains_on_what_the_split_leaves(folder: Path) -> None:
    """Groups stay whole; in float64 the numbers are those of float32."""
    case = read_case(
        case_with({"file": "shop.csv", "target": "bought", "group": "colour"}), str(folder / "case.toml")
    )
    single, double = (parts_of(case, 1, dtype) for dtype in ("float32", "float64"))

    assert len(single.validation) in (13, 14)  # one colour
    np.testing.assert_array_equal(single.train.x.astype(np.float64), double.train.x)


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("n", [4, 9, 40, 130])
def test_batches_fit_into_the_training_part(nnb: Any, folder: Path, n: int) -> None:
    """And the budget is some thousand steps at most, in five epochs at least."""
    (folder / "few.csv").write_text("a,b\n" + "".join(f"{row**2 % 101},{row % 2}\n" for row in range(n)))
    code, _, said = nnb("run", "--data", "few.csv", "--target", "b", "--seeds", "2")

    assert code in (0, 3), said
    training = read_toml(folder / "few.toml")["training"]
    assert 1 <= training["batch_size"] <= max(1, n // 4)
    assert 5 <= training["epochs"] <= 100
    assert training["epochs"] * n / training["batch_size"] < 9000


def test_two_outputs_are_learned_from_one_table(nnb: Any, folder: Path) -> None:
    """They are the features, one turned round; always answering the means has a loss of 1."""
    drawn = np.random.default_rng(0).normal(size=(200, 2)).round(4)
    lines = "".join(f"{a},{b},{a},{3 - b}\n" for a, b in drawn.tolist())
    (folder / "two.csv").write_text("a,b,u,v\n" + lines)
    code, text, said = nnb(
        "run", "--data", "two.csv", "--target", "u,v", "--optimizer", "adam", "--seeds", "2", "--json"
    )

    assert code == 0, said
    assert "2 targets" in said
    losses = [trial["final"]["loss"] for trial in json.loads(text)["trials"]]
    assert max(losses) < 0.1


def test_what_is_said_of_the_file_is_part_of_what_a_case_is(folder: Path) -> None:
    (folder / "bare.csv").write_text("u,v,w\n" + TABLE.partition("\n")[2])
    plain = {"file": "bare.csv", "target": "w"}
    said: list[dict[str, Any]] = [
        {},
        {"drop": "v"},
        {"group": "v"},
        {"time": "u"},
        {"scale": "unit"},
        {"validation": 0.5},
        {"task": "classification"},
        {"header": True},
    ]
    cases = [read_case(case_with({**plain, **more}), str(folder / "case.toml")) for more in said]
    assert len({case.digest for case in cases}) == len(said)


@pytest.mark.usefixtures("fake")
def test_a_class_that_comes_up_only_at_the_end_of_the_time_is_named(nnb: Any, folder: Path) -> None:
    rows = "".join(f"{row},{row**2 % 11},{'new' if row > 35 else 'ab'[row % 2]}\n" for row in range(40))
    (folder / "t.csv").write_text("day,a,kind\n" + rows)
    _, _, said = nnb("run", "--data", "t.csv", "--target", "kind", "--time", "day", "--dry-run")

    assert "no row before the last ones is of class new: a net cannot learn it" in said
    assert "25% of the rows validate, the last by day: the same for every seed" in said
