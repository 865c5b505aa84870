"""``nnbench diagnose`` with real training: what it says agrees with what ``run`` records."""

import json
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from tests.misspelt import NEAREST_ACTIVATION, NO_ACTIVATION
from tests.nnbench.case_file import case_content, write_case


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


@pytest.fixture
def document(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Any:
        capsys.readouterr()
        code = main([*arguments, "--json", "--quiet"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return run


# Gains that keep a variance of 1, after Poole (2016); by integration, to five decimals.
GAINS = {
    "relu": 1.41421, "tanh": 1.59254, "elu": 1.24520, "selu": 1.00000, "gelu": 1.53353, "silu": 1.67653,
    "mish": 1.48685, "softplus": 1.04187, "sigmoid": 1.84623, "softsign": 2.33753,
}  # fmt: skip


def test_the_gains_that_keep_the_variance_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["diagnose", "small.toml", "--activation", ",".join(GAINS), "--seeds", "2", "--quiet"]
    assert main(arguments) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]

    printed = {words[0]: float(words[1]) for words in lines if len(words) > 2 and words[0] in GAINS}
    assert printed == pytest.approx(GAINS, abs=1e-5)


def deep_case(path: Path) -> Path:
    content = case_content()
    content["name"] = "deep"
    content["model"]["layers"] = [
        {
            "repeat": 2,
            "layers": [
                {"type": "Dense", "units": 8, "kernel_initializer": "$init"},
                {"type": "Activation", "activation": "$activation"},
            ],
        },
        {"type": "Dense", "units": 3, "kernel_initializer": "$init"},
    ]
    return write_case(path, content)


def test_the_trials_have_the_digests_that_run_records(document: Any) -> None:
    """The probes change no bit, so both verbs train the same weights."""
    diagnosed = document("diagnose", "small.toml", "--seeds", "3")["training"]["trials"]
    recorded = document("run", "small.toml", "--optimizer", "adam", "--seeds", "3")["trials"]

    assert [trial["digest"] for trial in diagnosed] == [trial["digest"] for trial in recorded]
    assert [trial["key"] for trial in diagnosed] == [trial["key"] for trial in recorded]


def test_every_layer_is_looked_at_before_and_during_training(document: Any) -> None:
    found = document("diagnose", "small.toml", "--seeds", "2")

    assert found["schema"] == "nnbench.diagnose/1"
    assert [layer["layer"] for layer in found["preflight"]["layers"]] == ["dense_0", "dense_1"]
    training = found["training"]
    assert [each["layer"] for each in training["activations"]] == ["activation_0"]
    assert [each["layer"] for each in training["weights"]] == ["dense_0", "dense_1"]
    assert training["steps"] == [0, 7, 14]
    assert training["weights"][0]["gradient_norm"][0][0] is None  # nothing before the first step
    assert training["weights"][0]["gradient_norm"][0][1] > 0


def test_nothing_is_stored(document: Any, folder: Path) -> None:
    document("diagnose", "small.toml", "--seeds", "1")

    assert not (folder / ".nnbench").exists()


def test_a_list_on_an_axis_checks_every_combination_and_trains_none(document: Any) -> None:
    found = document(
        "diagnose", "small.toml", "--activation", "relu,tanh", "--init", "he_normal,glorot_normal"
    )

    assert [
        tuple(each["axes"][axis] for axis in ("activation", "init")) for each in found["configurations"]
    ] == [
        ("relu", "he_normal"),
        ("relu", "glorot_normal"),
        ("tanh", "he_normal"),
        ("tanh", "glorot_normal"),
    ]
    assert all("training" not in each for each in found["configurations"])
    assert {each["preflight"]["seeds"] for each in found["configurations"]} == {8}


def test_depth_repeats_the_stack_that_repeats(document: Any, folder: Path) -> None:
    deep_case(folder / "deep.toml")

    found = document("diagnose", "deep.toml", "--depth", "5", "--activation", "sigmoid,relu")
    names = [layer["layer"] for layer in found["configurations"][0]["preflight"]["layers"]]
    assert names == [f"dense_{place}" for place in range(6)]
    fates = [each["preflight"]["gradients"]["fate"] for each in found["configurations"]]
    assert fates == ["vanishes", "holds"]


def test_depth_makes_another_trial(document: Any, folder: Path) -> None:
    deep_case(folder / "deep.toml")

    own, deeper = (
        document("diagnose", "deep.toml", "--depth", depth, "--seeds", "1", "--epochs", "1")["training"]
        for depth in ("2", "3")
    )
    assert own["trials"][0]["key"] != deeper["trials"][0]["key"]
    assert (len(own["weights"]), len(deeper["weights"])) == (3, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["diagnose", "small.toml", "--depth", "3.5"], "the depth must be a whole number"),
        (["diagnose", "small.toml", "--seeds", "0"], "at least 1"),
        (["diagnose", "nothing"], "no case named 'nothing'"),
        (["diagnose", "small.toml", "--activation", NO_ACTIVATION], f"Did you mean {NEAREST_ACTIVATION!r}?"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_the_report_is_written_beside_its_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", "small.toml", "--seeds", "2", "--report", "found"]) == 0

    out = capsys.readouterr().out
    assert "small before training: adam · relu · glorot_uniform" in out
    assert sorted(path.name for path in (folder / "found").iterdir()) == [
        "diagnosis.md",
        "small-before-training.svg",
        "small-in-training.svg",
    ]


def test_a_diverging_configuration_is_described(document: Any) -> None:
    found = document("diagnose", "small.toml", "--optimizer", "sgd", "--lr", "1e30", "--seeds", "2")

    assert {trial["status"] for trial in found["training"]["trials"]} == {"diverged"}
    assert found["training"]["steps"] == [0]
