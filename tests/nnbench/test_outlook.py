"""What a design can decide, said before anything is trained; and ``--seeds auto``, the fewest that can."""

import json
from pathlib import Path
from typing import Any

import pytest

from nnbench.plan import request
from nnbench.running import outlook
from tests.nnbench import fake_trial
from tests.nnbench.case_file import as_toml, case_content, write_case

TWO = ("run", "small.toml", "--optimizer", "sgd,adam")
CALIBRATION = {
    "suite_version": 1,
    "target_rule": "by hand",
    "sigma": 0.01,
    "n": 20,
    "configuration": "adam",
    "seeds": "0-19",
    "run": "1",
    "date": "2026-01-01",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    write_case(tmp_path / "known.toml", {**case_content(), "name": "known", "calibration": CALIBRATION})
    return tmp_path


def outlook_of(*arguments: str, **options: object) -> outlook.Outlook:
    plan = request.make_plan(arguments, options, environment={}, folder=Path.cwd())
    facts = tuple(fake_trial.facts(part.case) for part in plan.matrix.parts)
    (found,) = outlook.outlooks(plan, facts)
    return found


def seeds_of(nnb: Any, *words: str) -> list[list[int]]:
    """Return the seeds of every configuration that a dry run tells of."""
    code, text, said = nnb("run", *words, "--dry-run", "--json")
    assert code == 0, said
    return [each["seeds"] for each in json.loads(text)["configurations"]]


def test_two_configurations_by_hand() -> None:
    """σ of a difference is √2 · 0.01; z at 3.2 % is 2.1444 and at 90 % 1.2816.

    Seeds for 0.01: (3.4260 · √2)² + 2.1444² / 2 = 25.77, so 26. Of 10 seeds 2.299 go for the spread that is
    not known, and the rest show 3.4260 · 0.014142 / √7.701 = 0.01746.
    """
    found = outlook_of("known.toml", seeds="10")

    assert (found.n, found.fewest, found.n_pairs) == (10, 6, 1)
    assert found.sigma == pytest.approx(0.0141421, rel=1e-5)
    assert found.seeds_for_noticeable == 26
    assert found.difference == pytest.approx(0.01746, abs=1e-5)
    assert outlook.sentence(found) == (
        "known: 10 seeds tell differences of 1.7 pp or more (1 comparison);"
        " for the noticeable 1 pp 26 would do."
    )


def test_six_configurations_are_fifteen_pairs_or_five_against_one() -> None:
    """At 3.2 % / 15 z is 3.0710, and at 3.2 % / 5 2.7266: ((z + 1.2816) · √2)² + z² / 2 seeds."""
    axes = {"optimizer": "sgd,adam,lion", "activation": "relu,elu"}

    every = outlook_of("known.toml", seeds="30", **axes)
    named = outlook_of("known.toml", seeds="40", against="sgd,relu", **axes)

    assert (every.n_pairs, every.seeds_for_noticeable) == (15, 43)
    assert (named.n_pairs, named.seeds_for_noticeable) == (5, 36)
    assert outlook.sentence(named) == (
        "known: 40 seeds tell differences of 0.94 pp or more (5 comparisons), so the noticeable 1 pp too."
    )


def test_so_many_pairs_that_few_seeds_tell_little() -> None:
    """18 configurations, 153 pairs: z² / 2 is 6.9, and of 6 seeds none is left for a difference."""
    axes = {"optimizer": "sgd,adam,lion,momentum,rmsprop,adamw", "activation": "relu,elu,silu"}

    found = outlook_of("known.toml", seeds="6", **axes)

    assert (found.n_pairs, found.difference) == (153, None)
    assert "6 seeds tell only what is far above the scatter of seeds (153 comparisons)" in outlook.sentence(
        found
    )


def test_a_case_that_was_not_calibrated_knows_no_spread() -> None:
    found = outlook_of("small.toml", seeds="10")

    assert (found.sigma, found.difference, found.seeds_for_noticeable) == (None, None, None)
    assert outlook.sentence(found) == ""


def test_one_configuration_compares_nothing() -> None:
    plan = request.make_plan(("known.toml",), {"optimizer": "adam"}, environment={}, folder=Path.cwd())

    assert outlook.outlooks(plan, (fake_trial.facts(plan.matrix.parts[0].case),)) == []


def test_a_design_that_cannot_decide_says_so_before_it_trains(nnb: Any) -> None:
    """On stderr, above the progress; the run goes on, for it may be the first part of a larger one."""
    code, _, said = nnb(*TWO, "--seeds", "5")

    assert code == 0
    assert said.splitlines()[0] == "nnbench: 5 seeds cannot decide anything: 6 would."
    assert "cannot decide" not in nnb(*TWO, "--seeds", "5", "--quiet")[2]
    assert "cannot decide" not in nnb(*TWO, "--seeds", "6")[2]
    assert "cannot decide" not in nnb("run", "small.toml", "--optimizer", "adam", "--seeds", "1")[2]


def test_of_several_cases_those_are_named_that_cannot_decide(nnb: Any, folder: Path) -> None:
    write_case(folder / "enough.toml", {**case_content(), "name": "enough", "run": {"seeds": 8}})

    _, _, said = nnb("run", "small.toml", "enough.toml", "--optimizer", "sgd,adam")

    assert said.splitlines()[0] == "nnbench: 2 seeds cannot decide anything: 6 would (small)."


def test_a_dry_run_tells_of_every_case(nnb: Any) -> None:
    text = nnb("run", "small.toml", "known.toml", "--seeds", "1", "--dry-run")[1]
    (small, known) = json.loads(nnb("run", "small.toml", "known.toml", "--dry-run", "--json")[1])["outlook"]

    assert "small: 1 seed cannot decide anything: 6 would.\n" in text
    assert "known: 1 seed cannot decide anything: 6 would.\n" in text
    assert small == {
        "case": "small",
        "seeds": 2,
        "fewest_seeds": 6,
        "comparisons": 1,
        "difference": None,
        "seeds_for_noticeable": None,
    }
    assert (known["difference"], known["seeds_for_noticeable"]) == (None, 26)


@pytest.mark.parametrize("word", ["auto", "AUTO"])
def test_auto_is_the_fewest_seeds_that_can_decide(nnb: Any, word: str) -> None:
    """Six, from the first seed on; with a race eight, so that somebody can leave before the end."""
    assert seeds_of(nnb, *TWO[1:], "--seeds", word) == [[*range(6)]] * 2
    assert seeds_of(nnb, *TWO[1:], "--seeds", word, "--first-seed", "100") == [[*range(100, 106)]] * 2
    assert seeds_of(nnb, *TWO[1:], "--seeds", word, "--race") == [[*range(8)]] * 2


def test_auto_is_understood_in_files_and_in_the_environment(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "matrix.toml").write_text('cases = ["small.toml"]\nseeds = "auto"\n', encoding="utf-8")
    (folder / "auto.toml").write_text(
        as_toml({**case_content(), "run": {"optimizer": ["sgd", "adam"], "seeds": "auto"}}), encoding="utf-8"
    )

    assert seeds_of(nnb, "matrix.toml") == [[*range(6)]] * 2
    assert seeds_of(nnb, "matrix.toml", "--race") == [[*range(8)]] * 2
    assert seeds_of(nnb, "auto.toml") == [[*range(6)]] * 2

    monkeypatch.setenv("NNBENCH_SEEDS", "auto")
    assert seeds_of(nnb, "small.toml") == [[*range(6)]] * 2
