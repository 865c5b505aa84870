"""``nnbench schema run``: what ``--json`` prints of every verb is as its schema says, to the last key."""

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from nnbench.reporting.result_schemas import RESULTS, named, result_schema
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.claims.test_claims_command import CLAIM, FUNCTION
from tests.nnbench.documents import complaints
from tests.nnbench.gate import project

pytest.importorskip("jsonschema", reason="jsonschema, of the extra [test], is not installed")
CROSSED = ("--optimizer", "sgd,adam", "--activation", "tanh,relu", "--seeds", "6")
RESULTS_CSV = "config,seed,accuracy\n" + "".join(
    f"{name},{seed},{base + 0.001 * seed}\n" for name, base in (("a", 0.9), ("b", 0.8)) for seed in range(6)
)
REAL = (
    ("explain", "small.toml", "--optimizer", "adam"),
    ("diagnose", "small.toml", "--optimizer", "adam", "--epochs", "1", "--seeds", "2"),
    ("diagnose", "small.toml", "--optimizer", "adam,sgd", "--epochs", "1", "--seeds", "2"),
    ("run", "small.toml", "--optimizer", "adam,sgd", "--epochs", "2", "--seeds", "2", "--probes", "--curves"),
)
KINDS = (
    *("optimizers", "activations", "initializers", "schedules", "losses", "metrics", "layers"),
    *("cases", "suites", "datasets", "functions", "claims", "runs"),
)
# Command lines in the order they are run in, each in the folder and the store of those before.
COMMANDS = (
    ("run", "small.toml", *CROSSED, "--dry-run"),
    ("run", "small.toml", *CROSSED),
    ("run", "small.toml", "other.toml", *CROSSED),
    ("run", "small.toml", "--optimizer", "sgd,adam,momentum", "--seeds", "20", "--race"),
    ("report", "last"),
    ("compare", "sgd", "adam"),
    ("tune", "small.toml", "--optimizer", "sgd,adam", "--seeds", "6", "--dry-run"),
    ("tune", "small.toml", "--optimizer", "sgd,adam", "--seeds", "6"),
    ("ablate", "momentum", "small.toml", "--untuned"),
    ("judge", "results.csv"),
    ("calibrate", "small.toml"),
    ("show", "adam"),
    ("show", "last"),
    ("show", "iris"),
    *(
        ("list", kind)
        for kind in ("optimizers", "activations", "initializers", "schedules", "losses", "metrics")
    ),
    *(("list", kind) for kind in ("layers", "cases", "suites", "datasets", "functions", "claims", "runs")),
    ("data", "list"),
    ("merge", ".nnbench", "--into", "whole"),
    ("doctor",),
    ("descend", "rosenbrock", "--optimizer", "sgd,adam", "--steps", "20"),
    ("descend", "quadratic", "--lr", "3", "--steps", "200"),
    ("verify", "X1"),
    ("explain", "--expression", "w*x+b", "w=2", "x=-1", "b=3"),
    ("explain", "--values"),
    ("claims", "mine.toml", "--seeds", "6", "--jobs", "1"),
)


def printed(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    main([*words, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "small.toml", case_content())
    write_case(tmp_path / "other.toml", {**case_content(), "name": "other"})
    for name, text in (("mine.toml", CLAIM), ("pair.py", FUNCTION), ("results.csv", RESULTS_CSV)):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_every_document_is_as_its_schema_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that a schema does not name is refused here, so that none comes without a sentence."""
    fake_trial.install(monkeypatch)
    seen = set()
    for words in COMMANDS:
        document = printed(words, capsys)
        assert not complaints(document), words
        seen.add(document["schema"])

    # Programs and diagnoses train in earnest, a gate wants a commit: below. Kernels: test_kernels_command.py,
    # tables: exporting/test_parquet.py.
    assert seen == RESULTS.keys() - {
        f"nnbench.{verb}/1" for verb in ("explain", "kernels", "diagnose", "gate", "tables")
    }


@pytest.mark.parametrize("words", REAL, ids=" ".join)
def test_what_trains_and_measures_is_as_its_schema_says(
    words: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not complaints(printed(words, capsys))


def test_a_gate_is_as_its_schema_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing changed, and the wrong sign."""
    folder = project.make(tmp_path / "project")
    monkeypatch.chdir(folder)
    project.change(folder, "README.md", "A project", "The project")
    documents = [printed(("gate",), capsys)]
    project.change(folder, "optimizer.py", "w - RATE", "w + RATE")
    documents.append(printed(("gate",), capsys))

    assert [each["exit_code"] for each in documents] == [0, 1]
    assert [complaints(each) for each in documents] == [[], []]


@pytest.mark.parametrize("name", RESULTS)
def test_every_key_has_a_sentence(name: str) -> None:
    schema = result_schema(name)
    silent = [
        f"{shape.get('description', '')[:30]} {key}"
        for shape in [*schema.get("anyOf", [schema]), *schema["$defs"].values()]
        for key, value in shape["properties"].items()
        if not value.get("description") and "$ref" not in value
    ]

    assert not silent
    assert all(part["description"] for part in schema["$defs"].values())


def test_a_document_that_is_wrong_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A further key, one that is missing, a value of another kind. What is published lets keys pass."""
    sound = printed(("judge", "results.csv"), capsys)
    further, missing, other = (deepcopy(sound) for _ in range(3))
    further["verdicts"][0]["new"] = 1
    del missing["configurations"][0]["median"]
    other["level"] = "5 %"

    assert [len(complaints(each)) for each in (sound, further, missing, other)] == [0, 1, 1, 1]
    assert "additionalProperties" not in json.dumps(
        result_schema("nnbench.compare/1")["$defs"]["Verdict"]["required"]
    )


@pytest.mark.parametrize("word", ["run", "run/1", "nnbench.run/1"])
def test_a_document_goes_by_three_names(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert named(word) == "nnbench.run/1"
    assert main(["schema", word]) == 0
    assert json.loads(capsys.readouterr().out) == result_schema("nnbench.run/1")


def test_gate_alone_is_the_section_that_one_writes(capsys: pytest.CaptureFixture[str]) -> None:
    """Both have the name; the document is asked for with its version."""
    main(["schema", "gate"])
    section = json.loads(capsys.readouterr().out)
    main(["schema", "gate/1"])
    document = json.loads(capsys.readouterr().out)

    assert "speed" in section["properties"]
    assert document["properties"]["schema"] == result_schema("nnbench.gate/1")["properties"]["schema"]


def test_what_there_is_has_each_name_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "nothing of this kind"]) == 2

    known = capsys.readouterr().err.partition("Known: ")[2].rstrip(".\n").split(", ")
    assert len(known) == len(set(known))
    assert {"case", "gate", "gate/1", "run"} <= set(known)


def test_a_schema_of_results_needs_no_compiler() -> None:
    script = (
        "import sys; from nnbench.cli import main; main(['schema', 'run']); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
