"""Wrong forms that ship under a known name, each with what is wrong about it in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = Mapping[str, float]
# The step of one array: weights, gradient, what is kept of it, the step's number, the class's numbers.
Step = Callable[[Array, Array, dict[str, Array], int, Numbers], Array]


@dataclass(frozen=True, slots=True)
class Twin:
    """A known wrong form: of which optimizer, what is wrong, and its step."""

    of: str
    wrong: str
    step: Step

    @property
    def name(self) -> str:
        return self.of

    def make(self, options: Mapping[str, object]) -> "_Stepped":
        return _Stepped(self.step, _numbers(options))


class _Stepped:
    """A twin that is applied like an optimizer of nnkit."""

    def __init__(self, step: Step, numbers: dict[str, float]) -> None:
        self._step, self.parameters = step, numbers
        self._kept: dict[str, dict[str, Array]] = {}
        self._t = 0

    def apply(self, parameters: dict[str, Array], gradients: Mapping[str, Array]) -> None:
        self._t += 1
        for name, w in parameters.items():
            w -= self._step(w, gradients[name], self._kept.setdefault(name, {}), self._t, self.parameters)


def _numbers(options: Mapping[str, object]) -> dict[str, float]:
    """Return the numbers of Adam and its like, by the names that libraries give them."""

    def number(default: float, *names: str) -> float:
        found = [options[name] for name in names if isinstance(options.get(name), int | float)]
        return float(found[0]) if found else default  # type: ignore[arg-type]

    betas: Any = options.get("betas", ())
    firsts = [float(each) for each in betas] if isinstance(betas, tuple | list) else []
    return {
        "learning_rate": number(1e-3, "learning_rate", "lr"),
        "beta_1": firsts[0] if firsts else number(0.9, "beta_1", "b1"),
        "beta_2": firsts[1] if len(firsts) > 1 else number(0.999, "beta_2", "b2"),
        "epsilon": number(1e-8, "epsilon", "eps"),
        "weight_decay": number(0.0, "weight_decay"),
    }


def _moments(g: Array, kept: dict[str, Array], n: Numbers) -> tuple[Array, Array]:
    kept["m"] = n["beta_1"] * kept.get("m", np.zeros_like(g)) + (1 - n["beta_1"]) * g
    kept["v"] = n["beta_2"] * kept.get("v", np.zeros_like(g)) + (1 - n["beta_2"]) * g * g
    return kept["m"], kept["v"]


def _lamb_before_correction(w: Array, g: Array, kept: dict[str, Array], t: int, n: Numbers) -> Array:
    m, v = _moments(g, kept, n)
    update = m / (np.sqrt(v) + n["epsilon"]) + n["weight_decay"] * w
    weight, length = min(float(np.linalg.norm(w)), 10.0), float(np.linalg.norm(update))
    trust = weight / (length + n["epsilon"]) if weight > 0 and length > 0 else 1.0
    return np.asarray(n["learning_rate"] / (1 - n["beta_1"] ** t) * trust * update)


def _lion_swapped(w: Array, g: Array, kept: dict[str, Array], t: int, n: Numbers) -> Array:
    m = kept.get("m", np.zeros_like(g))
    step = np.sign(n["beta_2"] * m + (1 - n["beta_2"]) * g) + n["weight_decay"] * w
    kept["m"] = n["beta_1"] * m + (1 - n["beta_1"]) * g
    return np.asarray(n["learning_rate"] * step)


def _adam_off_by_one(w: Array, g: Array, kept: dict[str, Array], t: int, n: Numbers) -> Array:
    m, v = _moments(g, kept, n)
    first, second = m / (1 - n["beta_1"] ** (t + 1)), v / (1 - n["beta_2"] ** (t + 1))
    return np.asarray(n["learning_rate"] * first / (np.sqrt(second) + n["epsilon"]))


def _adam_root_of_epsilon(w: Array, g: Array, kept: dict[str, Array], t: int, n: Numbers) -> Array:
    m, v = _moments(g, kept, n)
    first, second = m / (1 - n["beta_1"] ** t), v / (1 - n["beta_2"] ** t)
    return np.asarray(n["learning_rate"] * first / np.sqrt(second + n["epsilon"]))


TWINS = (
    Twin(
        "lamb",
        "its trust ratio is taken before the bias correction",
        _lamb_before_correction,
    ),
    Twin("lion", "its two betas are swapped", _lion_swapped),
    Twin("adam", "its bias corrections count the steps from 2", _adam_off_by_one),
    Twin("adam", "its epsilon stands inside the root", _adam_root_of_epsilon),
)
