"""A formula as a graph: every value and gradient against Python and central differences; what is refused."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.cli import main
from nnbench.errors import UsageError
from nnbench.records.circuit import Circuit
from nnbench.reporting.blocks import CircuitFigure
from nnbench.reporting.render.sketch import sketch
from nnbench.reporting.views.circuit import build
from nnbench.studies.circuit.passing import ITS_NUMBERS, SIGMOID_CIRCUIT, circuit
from nnbench.studies.circuit.reading import numbers
from tests.reference.circuit import sigmoid_neuron
from tests.reference.numeric import numeric_gradient


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _relu(x: float) -> float:
    return max(x, 0.0)


# Each formula with what its names are, and the same as Python computes it.
FORMULAS: dict[str, tuple[dict[str, float], Callable[..., float]]] = {
    SIGMOID_CIRCUIT: (
        dict(ITS_NUMBERS),
        lambda w0, x0, w1, x1, w2: 1 / (1 + math.exp(-(w0 * x0 + w1 * x1 + w2))),
    ),
    "x*x + x*y - y/x": ({"x": 1.3, "y": -0.4}, lambda x, y: x * x + x * y - y / x),
    "x**3 - 2**y + x**y": ({"x": 1.7, "y": 0.6}, lambda x, y: x**3 - 2**y + x**y),
    "log(x) + sqrt(x) + sin(x)*cos(y) - tanh(y)": (
        {"x": 0.8, "y": -1.1},
        lambda x, y: math.log(x) + math.sqrt(x) + math.sin(x) * math.cos(y) - math.tanh(y),
    ),
    "sigmoid(w*x) * relu(w) - relu(-w) + abs(-x)": (
        {"w": 0.7, "x": -1.9},
        lambda w, x: _sigmoid(w * x) * _relu(w) - _relu(-w) + abs(-x),
    ),
    "max(x, y, 3*x) - min(2, x*y) + max(x, y)": (
        {"x": 0.9, "y": 1.4},
        lambda x, y: max(x, y, 3 * x) - min(2, x * y) + max(x, y),
    ),
    "+x - -y + 2*3*x/4 - (5 - y)": ({"x": 2.5, "y": 0.3}, lambda x, y: +x - -y + 2 * 3 * x / 4 - (5 - y)),
    "1/(exp(-x)+1) + (1+exp(-1*x))**-1": (
        {"x": 0.35},
        lambda x: 1 / (math.exp(-x) + 1) + (1 + math.exp(-1 * x)) ** -1,
    ),
}


def gradients_of(made: Circuit) -> dict[str, float]:
    return {node.label: node.gradient for node in made.inputs}


@pytest.mark.parametrize("formula", FORMULAS)
def test_values_are_those_of_python_and_gradients_those_of_central_differences(formula: str) -> None:
    given, in_python = FORMULAS[formula]

    made = circuit(formula, given)

    def result(wires: Any) -> float:
        return float(in_python(**dict(zip(given, map(float, wires), strict=True))))

    found = gradients_of(made)
    expected = numeric_gradient(result, np.array(list(given.values())))
    assert made.nodes[-1].value == pytest.approx(result(given.values()), rel=1e-15)
    np.testing.assert_allclose([found[name] for name in given], expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_gradient_of_every_node_is_what_flows_back_on_its_wires(formula: str) -> None:
    made = circuit(formula, FORMULAS[formula][0])

    arrived = [0.0] * len(made.nodes)
    arrived[-1] = 1.0
    for node in made.nodes:
        for source, local in zip(node.reads, node.local, strict=True):
            arrived[source] += local * node.gradient

    assert [node.gradient for node in made.nodes] == pytest.approx(arrived, rel=1e-14)


def test_the_sigmoid_circuit_is_that_of_the_textbook_gate_by_gate() -> None:
    made = circuit(SIGMOID_CIRCUIT, ITS_NUMBERS)
    expected = sigmoid_neuron(**ITS_NUMBERS)
    nodes = {node.label: node for node in made.nodes}

    assert [node.label for node in made.nodes][-4:] == ["×(−1)", "exp", "+1", "1/x"]
    assert made.nodes[-1].value == pytest.approx(expected.f, rel=1e-15)
    for name in ITS_NUMBERS:
        assert nodes[name].gradient == pytest.approx(getattr(expected, f"d{name}"), rel=1e-14)
    assert nodes["+1"].gradient == pytest.approx(expected.d_reciprocal, rel=1e-14)
    (gate,) = made.sigmoids
    assert (gate.source, gate.first, gate.last) == (8, 9, 12)
    assert gate.gradient == pytest.approx(expected.d_sum, rel=1e-14)
    assert made.nodes[gate.source].gradient == pytest.approx(gate.gradient, rel=1e-14)


@pytest.mark.parametrize(
    ("formula", "routing", "local"),
    [
        ("a + b", "distributes", (1.0, 1.0)),
        ("a * b", "swaps", (-4.0, 3.0)),
        ("max(a, b)", "routes", (1.0, 0.0)),
        ("min(a, b)", "routes", (0.0, 1.0)),
        ("max(a, a)", "routes", (1.0, 0.0)),
        ("a * 5 + 0*b", "distributes", (1.0, 1.0)),
    ],
)
def test_add_distributes_multiply_swaps_max_routes(
    formula: str, routing: str, local: tuple[float, ...]
) -> None:
    values = {"a": 3.0, "b": -4.0} if "b" in formula else {"a": 3.0}

    last = circuit(formula, values).nodes[-1]

    assert (last.routing, last.local) == (routing, local)


@pytest.mark.parametrize("formula", ["1/(1+exp(x))", "1/(2+exp(-x))", "2/(1+exp(-x))", "1/(1+sin(-x))"])
def test_what_is_no_sigmoid_is_not_collapsed(formula: str) -> None:
    assert circuit(formula, {"x": 0.4}).sigmoids == ()


@pytest.mark.parametrize(
    ("formula", "part"),
    [
        ("x.real", "found 'x.real'"),
        ("__import__('os')", "no function '__import__'"),
        ("x.__class__()", "found 'x.__class__()'"),
        ("(lambda: x)()", "found '(lambda: x)()'"),
        ("[x for x in y]", "expected numbers, names"),
        ("x if x else 1", "expected numbers, names"),
        ("x < 1", "found 'x < 1'"),
        ("'a' * x", "found \"'a'\""),
        ("True * x", "found 'True'"),
        ("1j * x", "found '1j'"),
        ("exp(*x)", "found '*x'"),
        ("exp(x=1)", "found 'exp(x=1)'"),
        ("exp(x, x)", "exp takes 1 input, found 2"),
        ("max(x)", "max takes 2 to 8 inputs, found 1"),
        ("exp + x", "exp is a function"),
        ("sigmod(x)", "Did you mean 'sigmoid'?"),
        ("x +", "expected a formula"),
        ("", "expected a formula"),
        ("1 + 2", "no name in it"),
        ("9**9**9**9 + x", "beyond the range"),
        ("x**999**999", "beyond the range"),
        ("exp(1000*x)", "beyond the range"),
        ("x / (x - x)", "a division by zero"),
        ("1 / 0 + x", "a division by zero"),
        ("log(x - 3)", "logarithm"),
        ("sqrt(0*x)", "square root at 0"),
        ("sqrt(-x)", "square root of a negative"),
        ("(-x)**0.5", "no whole number"),
        ("(-x)**x", "the base must be above 0"),
        ("-" * 60 + "x", "nested more than 25"),
        ("+".join(["(x" + "*x" * 9 + ")"] * 7), "more than 60 nodes"),
        ("+".join(["x"] * 200), "at most 300 letters"),
        ("(" * 295 + "x", "expected a formula"),
        ("9" * 299 + "9*x", "at most 300 letters"),
    ],
)  # fmt: skip
def test_a_hostile_formula_is_refused_in_words(formula: str, part: str) -> None:
    with pytest.raises(UsageError) as refused:
        circuit(formula, {"x": 2.0})

    assert part in str(refused.value)


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (["x=1"], "y: no number given. Add y=1"),
        (["x=1", "y=2", "yy=3"], "yy: not in the expression"),
        (["x=1", "x=2"], "x: given twice"),
        (["x"], "'x': expected a name and a number"),
        (["x=one"], "expected a name and a number"),
        (["x=nan"], "expected a name and a number"),
        (["x=inf"], "expected a name and a number"),
        (["=1"], "expected a name and a number"),
    ],
)
def test_a_missing_or_a_wrong_number_is_refused_in_words(given: list[str], part: str) -> None:
    with pytest.raises(UsageError) as refused:
        circuit("x*y", numbers(given))

    assert part in str(refused.value)


def test_the_tree_opens_a_node_that_is_read_twice_once() -> None:
    document = build(circuit("(x+y)*(x+y) + sin(x)", {"x": 1.0, "y": 2.0}), "en")
    figure = next(
        block for section in document.sections for block in section.blocks if isinstance(block, CircuitFigure)
    )

    lines = sketch(figure, 80)

    assert [line.split()[-3:] for line in lines[1:4]] == [
        ["+", "9.84", "1.00"],
        ["×", "9.00", "1.00"],
        ["+", "3.00", "3.00"],
    ]
    assert max(map(len, lines)) <= 80


def test_explain_values_prints_the_notes_circuit_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--values"]) == 0

    told = capsys.readouterr().out
    assert "└ +1" in told
    assert "multiply swaps" in told
    assert "(1 − σ)σ = 0.197" in told
    assert max(map(len, told.splitlines())) <= 80


def test_explain_values_takes_other_numbers_and_korean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--values", "w2=-4", "--lang", "ko"]) == 0

    told = capsys.readouterr().out
    assert "곱셈은 맞바꾼다" in told
    assert "0.500" in told


def test_explain_expression_gives_every_node_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--expression", "w*x+b", "w=2", "x=-1", "b=3", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "nnbench.circuit/1"
    assert told["value"] == 1.0
    assert told["gradients"] == {"w": -1.0, "x": 2.0, "b": 1.0}
    assert [node["label"] for node in told["nodes"]] == ["w", "x", "×", "b", "+"]
    assert told["nodes"][2]["local_gradients"] == [-1.0, 2.0]


def test_explain_draws_the_graph_values_green_and_gradients_red(tmp_path: Path) -> None:
    assert main(["explain", "--values", "--format", "markdown", "--output", f"{tmp_path}/"]) == 0

    drawn = (tmp_path / "circuit.svg").read_text()
    assert "circuit.svg" in (tmp_path / "circuit.md").read_text()
    for number, colour in (("0.731", "#1b7837"), ("−0.590", "#b2182b")):
        place = drawn.index(f">{number}</text>")
        assert colour in drawn[drawn.rindex("<text", 0, place) : place]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ([], "expected one case, or --values"),
        (["digits", "iris"], "expected one case"),
        (["digits", "--values"], "'digits': expected a name and a number"),
        (["--values", "--expression", "x", "x=1"], "Give one of them"),
        (["--values", "--optimizer", "adam"], "--optimizer is of a case"),
        (["--values", "--lang", "fr"], "--lang: found 'fr'"),
        (["digits", "--format", "html"], "a program is printed"),
    ],
)
def test_what_explain_cannot_do_is_said(
    words: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *words]) == 2

    assert part in capsys.readouterr().err
