"""The gates of a circuit: their values, and the derivative of each by what it reads."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nnbench.errors import UsageError
from nnbench.records.circuit import Routing


class Undefined(ValueError):
    """The gate has no finite value, or no finite derivative, for what it reads; the message says why."""


@dataclass(frozen=True, slots=True)
class Gate:
    """``value(*inputs)``, and ``slopes(output, *inputs)``, one function for each input.

    ``label`` is how it is written with its inputs in braces; empty: as a function, by its name.
    """

    value: Callable[..., float]
    slopes: tuple[Callable[..., float], ...]
    label: str = ""
    routing: Routing = ""
    n_inputs: tuple[int, int] = (1, 1)  # least and most


def _one(value: Callable[[float], float], slope: Callable[[float, float], float]) -> Gate:
    return Gate(value, (slope,))


def _two(
    label: str, value: Callable[..., float], *slopes: Callable[..., float], routing: Routing = ""
) -> Gate:
    return Gate(value, slopes, label, routing, (2, 2))


def _quotient(a: float, b: float) -> float:
    if b == 0:
        raise Undefined("a division by zero")
    return a / b


def _power(a: float, b: float) -> float:
    if a == 0 and b < 0:
        raise Undefined("a division by zero")
    if a < 0 and b != int(b):
        raise Undefined("a negative number to a power that is no whole number")
    return math.pow(a, b)


def _power_by_base(_: float, a: float, b: float) -> float:
    if a == 0 and b < 1 and b != 0:
        raise Undefined("a slope without end: 0 to a power below 1")
    return b * math.pow(a, b - 1) if b else 0.0


def _power_by_exponent(y: float, a: float, b: float) -> float:
    if a <= 0:
        raise Undefined("a derivative by the exponent, for which the base must be above 0")
    return y * math.log(a)


def _log(x: float) -> float:
    if x <= 0:
        raise Undefined("the logarithm of a number that is not above 0")
    return math.log(x)


def _sqrt(x: float) -> float:
    if x < 0:
        raise Undefined("the square root of a negative number")
    return math.sqrt(x)


def _sqrt_slope(y: float, _: float) -> float:
    if y == 0:
        raise Undefined("the square root at 0, where its slope has no end")
    return 0.5 / y


def sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x)), without overflow on either side."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _chosen(place: int) -> Callable[..., float]:
    """Return the slope of max or min by one input: 1 if it passes; of equal ones the first does."""
    return lambda y, *inputs: float(inputs.index(y) == place)


_MOST_CHOSEN_FROM = 8
_CHOOSING = tuple(_chosen(place) for place in range(_MOST_CHOSEN_FROM))

GATES: Mapping[str, Gate] = {
    "add": _two("{} + {}", lambda a, b: a + b, lambda *_: 1.0, lambda *_: 1.0, routing="distributes"),
    "subtract": _two("{} − {}", lambda a, b: a - b, lambda *_: 1.0, lambda *_: -1.0),
    "multiply": _two("{} × {}", lambda a, b: a * b, lambda y, a, b: b, lambda y, a, b: a, routing="swaps"),
    "divide": _two("{}/{}", _quotient, lambda y, a, b: _quotient(1.0, b), lambda y, a, b: -_quotient(y, b)),
    "power": _two("{}^{}", _power, _power_by_base, _power_by_exponent),
    "negate": Gate(lambda x: -x, (lambda *_: -1.0,), "−1 × {}", "negates"),
    "exp": _one(math.exp, lambda y, x: y),
    "log": _one(_log, lambda y, x: 1 / x),
    "sqrt": _one(_sqrt, _sqrt_slope),
    "sin": _one(math.sin, lambda y, x: math.cos(x)),
    "cos": _one(math.cos, lambda y, x: -math.sin(x)),
    "tanh": _one(math.tanh, lambda y, x: 1 - y * y),
    "sigmoid": _one(sigmoid, lambda y, x: (1 - y) * y),
    # At 0, where there is no derivative, ReLU's is 0 here as in training, and that of abs too.
    "relu": _one(lambda x: max(x, 0.0), lambda y, x: float(x > 0)),
    "abs": _one(abs, lambda y, x: float((x > 0) - (x < 0))),
    "max": Gate(max, _CHOOSING, routing="routes", n_inputs=(2, _MOST_CHOSEN_FROM)),
    "min": Gate(min, _CHOOSING, routing="routes", n_inputs=(2, _MOST_CHOSEN_FROM)),
}
FUNCTIONS = tuple(name for name, gate in GATES.items() if not gate.label)


def finite(text: str, function: Callable[..., float], inputs: Sequence[float]) -> float:
    """Return ``function(*inputs)``, or raise UsageError that names the part ``text`` of the expression."""
    try:
        found = float(function(*inputs))
    except Undefined as why:
        raise UsageError(f"{text}: {why}. Give other numbers.") from None
    except OverflowError:
        found = math.inf
    return check_finite(text, found)


def check_finite(text: str, found: float) -> float:
    """Return a number, or raise UsageError if it is none."""
    if not math.isfinite(found):
        raise UsageError(f"{text}: beyond the range of float64. Give smaller numbers.")
    return found
