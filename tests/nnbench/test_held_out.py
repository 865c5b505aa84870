"""What is reported on an official test part was never tuned on it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.cases import catalogue
from nnbench.cli import main
from nnbench.plan.crossing import cross
from nnbench.plan.matrix import with_seeds
from nnbench.studies.search.search import held_out
from nnbench.training.data import dataset_of, parts_of, sizes_of

CASE = "mnist1d_softmax"


def crossed(name: str) -> Any:
    case = catalogue.case_named(name)
    return cross((case,), {}, seeds=(range(1),), own_seeds={}, dtype="float32").parts[0]


def test_tuning_trials_see_no_example_of_the_test_part() -> None:
    """Train and held-out part together are the official training part, whatever the seed."""
    case = crossed(CASE).case
    data, tuning = dataset_of(case), held_out(crossed(CASE)).case
    n = data.n_official_train
    assert n == 4000
    for seed in (0, 1_000_000):
        part = parts_of(tuning, seed, "float32")
        seen = np.concatenate([part.train.y, part.validation.y])

        assert (len(part.train), len(part.validation)) == (3200, 800)
        assert np.bincount(seen).tolist() == np.bincount(data.y[:n]).tolist()


def test_the_part_that_is_held_out_differs_by_seed() -> None:
    """The official test part is the same for all."""
    tuning = held_out(crossed(CASE)).case
    one, other = (parts_of(tuning, seed, "float32").validation.y for seed in (1, 2))

    assert not np.array_equal(one, other)
    assert sizes_of(crossed(CASE).case) == (4000, 1000)


def test_only_tuning_trials_have_other_keys() -> None:
    """The reported trials of the case stay as they are, and a case without a test part has no others."""
    part, plain = crossed(CASE), crossed("digits")
    (axes, *_) = part.configurations()
    keys = [next(with_seeds(each, axes, (range(1),))).key for each in (part, held_out(part))]

    assert keys[0] != keys[1]
    assert keys[0] == next(with_seeds(crossed(CASE), axes, (range(1),))).key
    assert held_out(plain) is plain


def test_no_case_file_can_ask_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "cases" / f"{CASE}.toml").read_text()
    (tmp_path / "own.toml").write_text(text.replace('"official"', '"official_training"'))

    assert main(["run", str(tmp_path / "own.toml"), "--dry-run"]) == 2
    assert 'a share above 0 and below 1, or "official"' in capsys.readouterr().err


def test_a_search_says_what_it_was_tuned_on_and_how_well_the_test_set_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """±1.96 sqrt(p (1 - p) / 1000) of the accuracy that leads."""
    monkeypatch.chdir(tmp_path)
    command = ["tune", CASE, "--optimizer", "sgd,adam", "--epochs", "1", "--points", "3", "--seeds", "3"]
    assert main([*command, "--tuning-seeds", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["report"]) == 0
    text = " ".join(capsys.readouterr().out.split())

    best = max(each["tuned"]["median"] for each in document["configurations"])
    reach = 1.959964 * (best * (1.0 - best) / 1000) ** 0.5
    assert document["test_sets"] == [{"case": CASE, "n": 1000, "reach": pytest.approx(reach)}]
    told = "given this test set: 1,000 test examples alone know such an accuracy to"
    assert f"{told} ±{100 * reach:.2g} pp" in text
    assert f"tuned on examples held out of the training part of {CASE}" in text
