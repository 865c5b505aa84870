"""``nnbench run --shard i/N``: pieces of a run that any machine cuts in the same places."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from nnbench.plan.shard import read_shard
from nnbench.store import Store
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case

RUN = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def as_json(result: tuple[int, str, str]) -> Any:
    assert result[0] in (0, 3), result[2]
    return json.loads(result[1])


def keys(document: Any) -> set[str]:
    return {trial["key"] for trial in document["trials"]}


def shard(nnb: Any, place: str) -> Any:
    return as_json(nnb(*RUN, "--shard", place, "--store", f"piece-{place.replace('/', '-')}", "--json"))


def test_shards_cut_the_trials_of_a_run_into_pieces_by_the_hash_of_their_keys(nnb: Any) -> None:
    whole = keys(as_json(nnb(*RUN, "--json")))
    pieces = [keys(shard(nnb, f"{index}/3")) for index in range(3)]

    assert set().union(*pieces) == whole
    assert not any(one & other for one, other in combinations(pieces, 2))
    assert all(int(key, 16) % 3 == index for index, piece in enumerate(pieces) for key in piece)


def test_one_shard_of_one_is_all_trials(nnb: Any) -> None:
    assert len(keys(shard(nnb, "0/1"))) == 16


def test_a_shard_says_that_it_is_one_and_compares_nothing(nnb: Any) -> None:
    document = shard(nnb, "1/3")
    code, text, _ = nnb("report", "--store", "piece-1-3")

    assert document["shard"] == "1/3"
    assert not any(document[name] for name in ("configurations", "verdicts", "may_be_best", "effects"))
    assert code == 0
    assert f"Shard 1/3 of a run: {len(keys(document))} trials of small." in text
    assert "leads" not in text


def test_a_run_is_no_shard(nnb: Any) -> None:
    assert as_json(nnb(*RUN, "--json"))["shard"] is None


def test_a_shard_without_trials_is_done(nnb: Any) -> None:
    """A job of an array has nothing to do, and that is no failure."""
    used = {int(key, 16) % 1000 for key in keys(as_json(nnb(*RUN, "--json")))}
    free = next(index for index in range(1000) if index not in used)

    code, text, _ = nnb(*RUN, "--shard", f"{free}/1000")

    assert code == 0
    assert f"Shard {free}/1000 of a run: no trial of small." in text


def test_failed_trials_of_a_shard_end_it_with_3(nnb: Any) -> None:
    code, text, _ = nnb("run", "small.toml", "--activation", "tanh,relu", "--seeds", "8", "--shard", "0/2")

    assert code == 3
    assert "failed)" in text


def test_shards_were_no_looks_at_the_comparison(nnb: Any) -> None:
    """A run that was made in pieces is judged at the level of a first look."""
    for index in range(3):
        nnb(*RUN, "--seeds", "40", "--shard", f"{index}/3")
    nnb(*RUN, "--seeds", "40")

    with Store.open(".nnbench/store.sqlite", create=False) as store:
        run = store.run("last")
    assert (run.shard, run.n_new, run.n_cached, run.looks) == (None, 0, 80, {})


def test_a_dry_run_counts_the_trials_of_the_shard(nnb: Any) -> None:
    asked = len(keys(shard(nnb, "2/3")))
    document = as_json(nnb(*RUN, "--shard", "2/3", "--dry-run", "--json"))

    assert document["trials"] == asked < 16


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3/3", "the last of 3 is 2/3"),
        ("0/0", "1 to 10,000 shards, found 0"),
        ("-1/3", "such as 0/8, found '-1/3'"),
        ("third", "such as 0/8, found 'third'"),
        ("1", "such as 0/8, found '1'"),
    ],
)
def test_what_is_no_shard_is_refused_in_words(nnb: Any, text: str, said: str) -> None:
    code, _, told = nnb(*RUN, "--shard", text)

    assert code == 2
    assert said in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        pytest.param((*RUN, "--race"), id="race"),
        pytest.param((*RUN, "--tune-missing"), id="tune-missing"),
        pytest.param(("tune", "small.toml"), id="tune"),
    ],
)
def test_what_decides_from_all_trials_has_no_shards(nnb: Any, command: tuple[str, ...]) -> None:
    code, _, told = nnb(*command, "--shard", "0/2")

    assert code == 2
    assert "from all of its trials" in told


def test_a_shard_is_written_as_it_is_read() -> None:
    assert str(read_shard(" 2/8 ", "--shard")) == "2/8"
