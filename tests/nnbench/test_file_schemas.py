"""``nnbench schema``: schemas that accept every file that ships, and refuse what the reader refuses."""

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases.resources import cases_folder
from nnbench.cases.spec import MatrixFile
from nnbench.cli import main
from nnbench.plan.file_schemas import KINDS, schema_of

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema, of the extra [test], is not installed")
CASES = cases_folder()
FILES = {
    "case": sorted(CASES.glob("*.toml")),
    "matrix": sorted(CASES.glob("suites/*.toml")),
    "claim": sorted(CASES.glob("claims/*.toml")),
}
SHIPPED = [(kind, path) for kind, paths in FILES.items() for path in paths]
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("case", {"trainig": {}}),
    ("case", {"training": {"loss": "mean_squared_error", "epochs": 0}}),
    ("case", {"training": {"loss": "mean_squared_error", "epochs": 5, "epoch": 5}}),
    ("case", {"data": {"dataset": "iris", "validation": 1.5}}),
    ("case", {"measure": {"noticeable": 0}}),
    ("case", {"measure": {"noticeable": "a"}}),
    ("case", {"model": {"layers": [{"units": 3}]}}),
    ("matrix", {"axes": {"optimiser": ["adam"]}}),
    ("matrix", {"axes": {"optimizer": [True]}}),
    ("matrix", {"axes": {"l2": []}}),
    ("matrix", {"race": "yes"}),
    ("gate", {"speed": [{"margin": 0}]}),
    ("subject", {"data": {"dataset": "iris"}}),
]


def validator(kind: str) -> Any:
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def as_json(content: Any) -> Any:
    return json.loads(json.dumps(content, default=lambda value: value.isoformat()))


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=[f"{kind}-{path.stem}" for kind, path in SHIPPED])
def test_every_shipped_file_fits_its_schema(kind: str, path: Path) -> None:
    assert [error.message for error in validator(kind).iter_errors(as_json(read(path)))] == []


@pytest.mark.parametrize(("kind", "change"), WRONG, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(WRONG)])
def test_what_the_reader_refuses_the_schema_refuses(kind: str, change: dict[str, Any]) -> None:
    sound = read(FILES[kind][0]) if kind in FILES else {}

    before = len(list(validator(kind).iter_errors(as_json(sound))))

    assert len(list(validator(kind).iter_errors(as_json({**sound, **change})))) > before


@pytest.mark.parametrize("axes", [{"optimizer": "adam"}, {"lr": 0.1}, {"learning_rate": [0.1, 1]}])
def test_single_values_and_both_names_of_a_rate_fit(axes: dict[str, Any]) -> None:
    MatrixFile.model_validate({"axes": axes})  # the reader is asked as well

    assert not list(validator("matrix").iter_errors({"axes": axes}))


def test_names_of_parts_are_offered_and_calls_are_allowed() -> None:
    schema = schema_of("matrix")["$defs"]["AxisLists"]["properties"]["optimizer"]

    assert "adam" in schema["anyOf"][0]["anyOf"][0]["enum"]
    assert not list(validator("matrix").iter_errors({"axes": {"optimizer": ["sgd(momentum=0.9)", "own"]}}))


@pytest.mark.parametrize("kind", KINDS)
def test_the_verb_prints_the_schema(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", kind]) == 0

    assert json.loads(capsys.readouterr().out) == schema_of(kind)


def test_a_misspelt_kind_is_told_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "matrx"]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("no kind of file or result named 'matrx'. Did you mean 'matrix'?")


def test_a_gate_table_fits() -> None:
    accepted = {"subject": "a", "reason": "b", "until": date(2026, 12, 31)}
    table = {"budget": "5m", "learning": [{"name": "a", "call": "a:b"}], "accept": [accepted]}

    assert not list(validator("gate").iter_errors(as_json(table)))


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
