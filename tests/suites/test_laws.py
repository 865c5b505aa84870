"""Cost laws: exponents of made-up costs, and leaps in them. The sweeps that measure them are no tests."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

_FILE = Path(__file__).resolve().parents[2] / "bench" / "suites" / "laws" / "law.py"
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@pytest.fixture(scope="module")
def law() -> ModuleType:
    """The module itself: the suites are no package that is installed."""
    spec = importlib.util.spec_from_file_location("law_of_costs", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look there for their types
    spec.loader.exec_module(module)
    return module


def points(law: ModuleType, cost: Callable[[int], float]) -> list[object]:
    return [law.Point(n, cost(n), cost(n), cost(n), 1) for n in SIZES]


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_one_power_is_one_piece(law: ModuleType, exponent: float) -> None:
    (piece,) = law.pieces(points(law, lambda n: 3e-6 * n**exponent))

    assert (piece.first, piece.last) == (1, 512)
    assert piece.exponent == pytest.approx(exponent, abs=1e-9)


def test_scatter_of_two_percent_is_no_reason_for_a_piece(law: ModuleType) -> None:
    scattered = points(law, lambda n: n * (1.02 if n.bit_length() % 2 else 0.98))

    assert len(law.pieces(scattered)) == 1


def test_a_bend_is_found_where_it_is(law: ModuleType) -> None:
    """Constant to 16, then linear: what a fixed cost looks like."""
    first, second = law.pieces(points(law, lambda n: max(1.0, n / 16)))

    assert (first.first, first.last) in {(1, 8), (1, 16)}
    assert first.exponent == pytest.approx(0.0, abs=1e-9)
    assert second.exponent == pytest.approx(1.0, abs=1e-9)


def test_a_leap_beyond_the_law_is_a_cliff(law: ModuleType) -> None:
    """Behind 64 everything costs 2.5 times as much; the law is linear."""
    (cliff,) = law.cliffs(points(law, lambda n: n * (2.5 if n > 64 else 1.0)), 1.0)

    assert (cliff.before, cliff.after) == (64, 128)
    assert cliff.leap == pytest.approx(2.5)


@pytest.mark.parametrize("cost", [lambda n: n, lambda n: n * (1.9 if n > 64 else 1.0), lambda n: 1.0])
def test_what_the_law_allows_is_no_cliff(law: ModuleType, cost: Callable[[int], float]) -> None:
    assert law.cliffs(points(law, cost), 1.0) == ()


def test_growth_that_creeps_beyond_the_law_adds_up(law: ModuleType) -> None:
    """n^1.2 never leaps, and is 3.5 times the linear law over the nine steps from 1 to 512."""
    creeping = points(law, lambda n: n**1.2)

    assert law.cliffs(creeping, 1.0) == ()
    assert law.worst(creeping, 1.0) == pytest.approx(512**0.2)
