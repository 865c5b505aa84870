"""``nnbench judge``: verdicts on a table of results, against what is computed here by hand."""

import csv
import io
import itertools
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnbench.terminal.destination import ENDINGS
from tests.nnbench.judging.judge_samples import LEVELS, SEEDS, judged, pair, score, twelve, wandb, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    return {each["axes"]["config"]: each for each in document["configurations"]}


def test_every_configuration_has_its_median_and_its_n(nnb: Any, folder: Path) -> None:
    """Twelve configurations by ten seeds."""
    twelve(folder / "results.csv")

    document = judged(nnb, "results.csv")

    assert document["schema"] == "nnbench.judge/1"
    found = by_name(document)
    assert list(found) == list(LEVELS)
    for name, each in found.items():
        assert each["n"] == len(SEEDS)
        assert each["median"] == pytest.approx(statistics.median(score(name, s) for s in SEEDS), abs=1e-12)
        assert each["case"] == "results"


def test_a_verdict_is_on_the_names_in_the_file_paired_by_seed(nnb: Any, folder: Path) -> None:
    twelve(folder / "results.csv")

    document = judged(nnb, "results.csv", "--against", "adam")

    verdicts = {each["a"]: each for each in document["verdicts"]}
    assert verdicts.keys() == LEVELS.keys() - {"adam"}
    for name, each in verdicts.items():
        mean = statistics.fmean(score(name, s) - score("adam", s) for s in SEEDS)
        assert (each["b"], each["n"]) == ("adam", len(SEEDS))
        assert each["difference"] == pytest.approx(mean, abs=1e-12)
        assert each["interval"][0] < mean < each["interval"][1]
        assert each["verdict"] == ("better" if LEVELS[name] > LEVELS["adam"] else "worse")
    assert document["against"] == "adam"


def test_the_p_value_of_a_pair_is_that_of_all_flips_of_sign(nnb: Any, folder: Path) -> None:
    """Enumerated here: the share of the 2**8 patterns whose mean is at least as far from 0."""
    a = [0.91, 0.93, 0.90, 0.95, 0.92, 0.94, 0.89, 0.93]
    b = [0.90, 0.90, 0.91, 0.92, 0.90, 0.93, 0.90, 0.90]
    pair(folder / "pair.csv", a, b)
    differences = [round(100 * (x - y)) for x, y in zip(a, b, strict=True)]
    patterns = itertools.product((1, -1), repeat=len(a))
    sums = [
        abs(sum(sign * each for sign, each in zip(signs, differences, strict=True))) for signs in patterns
    ]
    expected = sum(each >= abs(sum(differences)) for each in sums) / len(sums)

    (verdict,) = judged(nnb, "pair.csv")["verdicts"]

    assert 0.05 < expected < 0.5
    assert verdict["p"] == pytest.approx(expected, abs=1e-12)


def test_who_may_be_best_is_whoever_nobody_is_shown_ahead_of(nnb: Any, folder: Path) -> None:
    twelve(folder / "results.csv")

    document = judged(nnb, "results.csv")

    (found,) = document["may_be_best"]
    assert found["case"] == "results"
    assert found["configurations"] == [{"config": "muon"}]
    assert {each["verdict"] for each in document["verdicts"]} == {"worse"}


def test_a_further_look_has_less_of_the_level(nnb: Any, folder: Path) -> None:
    """Six seeds: p is 2/64, which is below the level of a first look and above that of a second."""
    pair(folder / "x.csv", [0.91 + seed / 1000 for seed in range(6)], [0.8 + seed / 500 for seed in range(6)])

    first, second = (judged(nnb, "x.csv", "--look", look) for look in ("1", "2"))

    assert [each["verdicts"][0]["p"] for each in (first, second)] == [2 / 64, 2 / 64]
    assert [each["verdicts"][0]["verdict"] for each in (first, second)] == ["worse", "cannot_tell"]
    assert second["may_be_best"][0]["look"] == 2


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("model,SEED,val_acc", ()),
        ("Method,trial,score", ()),
        ("name,run,Accuracy", ()),
        ("who,replicate,f1", ()),  # the only texts
        ("7,part,x", ("--config", "7", "--seed", "part", "--metric", "x", "--direction", "max")),
    ],
)
def test_columns_are_found_by_natural_names_or_as_they_are_named(
    nnb: Any, folder: Path, header: str, options: tuple[str, ...]
) -> None:
    expected = judged(nnb, str(twelve(folder / "results.csv")))["verdicts"]

    found = judged(nnb, str(twelve(folder / "results.csv", header=header)), *options)["verdicts"]

    assert found == expected


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_tabs_decimal_commas_and_marks_of_spreadsheets_are_read(
    nnb: Any, folder: Path, delimiter: str
) -> None:
    text = twelve(folder / "results.csv").read_text()
    expected = judged(nnb, "results.csv")
    there = text.replace(",", delimiter).replace(".", ",").replace("\n", "\r\n\r\n").replace("muon", '"muon"')
    (folder / "results.csv").write_bytes(b"\xef\xbb\xbf" + there.encode())

    found = judged(nnb, "results.csv")

    assert found["file"]["columns"] == expected["file"]["columns"]
    assert found["configurations"] == expected["configurations"]
    assert found["verdicts"] == expected["verdicts"]


def test_several_columns_are_axes_and_join_into_one_name(nnb: Any, folder: Path) -> None:
    rows = [
        f"{name},{act},{seed},{score(name, seed) + 0.01 * (act == 'relu')}"
        for name in ("adam", "sgd")
        for act in ("relu", "tanh")
        for seed in SEEDS
    ]
    write(folder / "grid.csv", "optimizer,activation,seed,accuracy", *rows)

    document = judged(nnb, "grid.csv", "--config", "optimizer,activation")
    _, shown, _ = nnb("judge", "grid.csv")

    assert {each["b"] for each in document["verdicts"]} == {"adam · relu"}
    assert document["configurations"][0]["axes"] == {"optimizer": "adam", "activation": "relu"}
    assert "What explains the spread in accuracy" in shown


def test_of_a_curve_the_last_value_counts_and_the_first_that_reaches_the_target(
    nnb: Any, folder: Path
) -> None:
    """Rows in any order; a step at which only other things were logged has an empty cell."""
    rows = [
        f"{name},{seed},{step},{loss}"
        for name, losses in (("a", (0.9, 0.5, "", 0.2)), ("b", (0.9, 0.7, "", 0.4)))
        for seed in range(6)
        for step, loss in reversed(list(zip((10, 20, 25, 30), losses, strict=True)))
    ]
    write(folder / "curves.csv", "config,seed,step,loss", *rows)

    found = by_name(judged(nnb, "curves.csv", "--target", "0.5"))

    assert [found[name]["median"] for name in "ab"] == [0.2, 0.4]
    assert [found[name]["steps_to_target"] for name in "ab"] == [20, 30]


def test_a_curve_that_loses_its_value_where_others_have_one_has_no_score(nnb: Any, folder: Path) -> None:
    """pandas writes NaN as an empty cell: the last value before it must not be taken for the score."""
    rows = [f"{name},{seed},{step},0.5" for name in "ab" for seed in range(6) for step in (1, 2)]
    rows[1] = "a,0,2,"
    write(folder / "curves.csv", "config,seed,step,accuracy", *rows)

    found = by_name(judged(nnb, "curves.csv"))

    assert found["a"]["failures"] == {"no_value": 1}
    assert not found["b"]["failures"]


@pytest.mark.parametrize(
    ("cell", "failures"),
    [
        ("", {"no_value": 1}),
        ("n/a", {"no_value": 1}),
        ("nan", {"diverged": 1}),
        ("-inf", {"diverged": 1}),
        ("Diverged", {"diverged": 1}),
        ("FAILED", {"failed": 1}),
        ("killed", {"failed": 1}),
    ],
)
def test_a_trial_without_a_score_is_counted_and_never_filled_in(
    nnb: Any, folder: Path, cell: str, failures: dict[str, int]
) -> None:
    """One that diverged is evidence against its configuration; one that was killed makes no pair."""
    values = [0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96]
    pair(folder / "pair.csv", [cell, *values[1:]], [each - 0.1 for each in values])
    is_evidence = "failed" not in failures

    document = judged(nnb, "pair.csv")

    found = by_name(document)
    assert found["a"]["failures"] == failures
    assert not found["b"]["failures"]
    assert found["a"]["n"] == (7 if is_evidence else 6)
    (verdict,) = document["verdicts"]
    assert verdict["n"] == (7 if is_evidence else 6)
    # In the order of scores the lost one is the lowest, or it is not there.
    assert found["a"]["median"] == pytest.approx(0.93 if is_evidence else 0.935)


def test_a_curve_that_diverged_ended_at_the_first_row_without_a_score(nnb: Any, folder: Path) -> None:
    """A file goes on to tell nan; and where nothing has a score, no winner is named by fewer seeds."""
    rows = [f"a,{seed},{step},{0.5 if step < 3 else 'nan'}" for seed in range(3) for step in range(8)]
    (folder / "lost.csv").write_text(
        "\n".join(["config,seed,step,loss", *rows, *(f"b{row[1:]}" for row in rows)])
    )

    code, shown, _ = nnb("judge", "lost.csv")

    failures = [line.split() for line in shown.splitlines() if "diverged" in line and "3/3" in line]
    assert (code, [line[-1] for line in failures]) == (0, ["3", "3"])
    assert "would have named another winner" not in shown


def test_a_column_of_endings_outweighs_the_metric(nnb: Any, folder: Path) -> None:
    rows = [f"{name},{seed},0.9{seed},finished" for name in "ab" for seed in range(7)]
    rows[0], rows[1], rows[2] = "a,0,0.99,crashed", "a,1,0.99,diverged", "a,2,0.99,running"
    write(folder / "x.csv", "config,seed,accuracy,status", *rows)

    found = by_name(judged(nnb, "x.csv"))

    assert found["a"]["failures"] == {"diverged": 1, "failed": 1}
    assert found["a"]["n"] == 5


def test_a_missing_row_makes_no_pair_and_is_said(nnb: Any, folder: Path) -> None:
    path = twelve(folder / "results.csv")
    write(path, *(line for line in path.read_text().splitlines() if not line.startswith("adam,3,")))

    verdicts = {each["a"]: each for each in judged(nnb, "results.csv")["verdicts"]}
    _, shown, _ = nnb("judge", "results.csv")

    assert verdicts["adam"]["n"] == len(SEEDS) - 1
    assert verdicts["sgd"]["n"] == len(SEEDS)
    assert "1 missing, with no row for that configuration and seed" in " ".join(shown.split())


def test_several_data_sets_are_several_cases(nnb: Any, folder: Path) -> None:
    rows = [
        f"{data},{name},{seed},{score(name, seed)}"
        for data in ("iris", "wine")
        for name in ("adam", "sgd")
        for seed in SEEDS
    ]
    write(folder / "x.csv", "dataset,optimizer,seed,accuracy", *rows)

    document = judged(nnb, "x.csv")

    assert [(each["case"], each["a"], each["b"]) for each in document["verdicts"]] == [
        ("iris", "sgd", "adam"),
        ("wine", "sgd", "adam"),
    ]


@pytest.mark.parametrize("form", ENDINGS)
def test_the_report_has_every_format(nnb: Any, folder: Path, form: str) -> None:
    wandb(folder / "runs.csv")

    code, shown, said = nnb("judge", "runs.csv", "--format", form)

    assert code == 0, said
    assert "adam" in shown
    if form == "csv":
        (row,) = csv.DictReader(io.StringIO(shown))
        assert (row["a"], row["b"]) == ("sgd", "adam")


def test_nothing_is_said_that_the_file_does_not_hold(nnb: Any, folder: Path) -> None:
    """No examples, epochs, chance or validation: whoever made the results knows them."""
    twelve(folder / "results.csv")

    _, shown, _ = nnb("judge", "results.csv", "--format", "markdown")

    lowered = shown.lower()
    assert not [word for word in ("validation", "examples", "epoch", "batches", "chance") if word in lowered]
    assert "muon leads on results" in shown


def test_a_file_from_standard_input_is_judged_without_numba(folder: Path) -> None:
    paths = [str(Path(path).resolve()) for path in sys.path if path]
    program = (
        f"import sys; sys.path[:0] = {paths!r}; from nnbench.cli import main; main(['judge', '-']);"
        " print('\\n' + ' '.join(sys.modules))"
    )
    text = twelve(folder / "results.csv").read_text()

    done = subprocess.run(
        [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=True
    )

    assert "muon leads on standard input" in done.stdout
    assert not {"numba", "scipy", "matplotlib", "pandas"} & set(done.stdout.splitlines()[-1].split())
