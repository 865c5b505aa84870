"""Optimizers over tensors, matrices and everything at once, as functions of one array, in textbook form.

Each is ``(w, g, state, learning_rate, **hyperparameters) -> (w, state)``, all float64; a state is empty
before the first step. Matrices are taken as the papers write them, (outputs, inputs): a kernel's transpose.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.reference.optimizers.adam_family import mars as mars
from tests.reference.optimizers.finding_rates import dadapt_adam as dadapt_adam
from tests.reference.optimizers.finding_rates import dog as dog
from tests.reference.optimizers.finding_rates import dowg as dowg
from tests.reference.optimizers.finding_rates import prodigy as prodigy

Array = NDArray[np.float64]
State = dict[str, Any]
Step = tuple[Array, State]


def as_paper(kernel: Array) -> Array:
    """Return (outputs, everything else) of a kernel (…, inputs, outputs); of a vector one column."""
    return kernel.reshape(-1, kernel.shape[-1]).T


def from_paper(matrix: Array, shape: tuple[int, ...]) -> Array:
    return matrix.T.reshape(shape)


def lamb(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float, beta_2: float, epsilon: float,
    weight_decay: float,
) -> Step:  # fmt: skip
    """You et al. (2020), Algorithm 2, with φ(z) = z."""
    t = state.get("t", 0) + 1
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    r = (m / (1 - beta_1**t)) / (np.sqrt(v / (1 - beta_2**t)) + epsilon) + weight_decay * w
    trust = np.linalg.norm(w) / np.linalg.norm(r)
    return w - learning_rate * trust * r, {"t": t, "m": m, "v": v}


def lars(
    w: Array, g: Array, state: State, learning_rate: float, *, momentum: float, trust_coefficient: float,
    weight_decay: float, nesterov: bool,
) -> Step:  # fmt: skip
    """You, Gitman and Ginsburg (2017), Algorithm 1."""
    size = np.linalg.norm(w)
    local = trust_coefficient * size / (np.linalg.norm(g) + weight_decay * size)
    push = learning_rate * local * (g + weight_decay * w)
    v = momentum * state.get("v", 0.0) + push
    return w - (momentum * v + push if nesterov else v), {"v": v}


def novograd(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float, beta_2: float, epsilon: float,
    weight_decay: float, averaging: bool,
) -> Step:  # fmt: skip
    """Ginsburg et al. (2019), Algorithm 1: v starts as ‖g‖², m as the first direction."""
    square = np.sum(g**2)
    v = beta_2 * state["v"] + (1 - beta_2) * square if state else square
    direction = g / (np.sqrt(v) + epsilon) + weight_decay * w
    m = beta_1 * state["m"] + (1 - beta_1 if averaging else 1) * direction if state else direction
    return w - learning_rate * m, {"v": v, "m": m}


def stableadamw(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float, beta_2: float, epsilon: float,
    weight_decay: float,
) -> Step:  # fmt: skip
    """Wortsman et al. (2023), Algorithm 2."""
    t = state.get("t", 0) + 1
    hat_1 = beta_1 * (1 - beta_1 ** (t - 1)) / (1 - beta_1**t)
    hat_2 = beta_2 * (1 - beta_2 ** (t - 1)) / (1 - beta_2**t)
    m = hat_1 * state.get("m", 0.0) + (1 - hat_1) * g
    v = hat_2 * state.get("v", 0.0) + (1 - hat_2) * g**2
    rms = np.sqrt(np.mean(g**2 / np.maximum(v, epsilon**2)))
    rate = learning_rate / max(1.0, rms)
    return w - rate * weight_decay * w - rate * m / (np.sqrt(v) + epsilon), {"t": t, "m": m, "v": v}


def adafactor(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    beta_2_decay: float,
    epsilon: float,
    clip: float,
) -> Step:
    """Shazeer and Stern (2018), Algorithms 4 and 5, with the regularisation of PyTorch."""
    t = state.get("t", 0) + 1
    beta = 1 - t**beta_2_decay
    tiny = np.finfo(np.float64).eps
    alpha = max(epsilon, np.sqrt(np.mean(w**2))) * min(learning_rate, 1 / np.sqrt(t))
    if w.ndim > 1:
        square = as_paper(g) ** 2
        rows = beta * state.get("rows", 0.0) + (1 - beta) * square.mean(axis=1)
        columns = beta * state.get("columns", 0.0) + (1 - beta) * square.mean(axis=0)
        v = from_paper(np.outer(rows, columns) / max(rows.mean(), tiny), w.shape)
        state = {"t": t, "rows": rows, "columns": columns}
    else:
        v = beta * state.get("v", 0.0) + (1 - beta) * g**2
        state = {"t": t, "v": v}
    u = g / np.sqrt(np.maximum(v, tiny**2))
    return w - alpha * u / max(1.0, np.sqrt(np.mean(u**2)) / clip), state


def sm3(w: Array, g: Array, state: State, learning_rate: float, *, momentum: float) -> Step:
    """Anil et al. (2019), SM3-II, with a cover of rows and columns; of a vector, of its places."""
    if w.ndim == 1:
        bound = state.get("sum", np.zeros_like(w)) + g**2
        kept: State = {"sum": bound}
    else:
        square = as_paper(g) ** 2
        rows, columns = (
            state.get("rows", np.zeros(square.shape[0])),
            state.get("columns", np.zeros(square.shape[1])),
        )
        found = np.minimum(rows[:, None], columns[None, :]) + square
        kept = {"rows": found.max(axis=1), "columns": found.max(axis=0)}
        bound = from_paper(found, w.shape)
    direction = np.divide(g, np.sqrt(bound), out=np.zeros_like(g), where=bound > 0)
    m = momentum * state.get("m", 0.0) + (1 - momentum) * direction
    return w - learning_rate * m, {**kept, "m": m}


JORDAN = [(3.4445, -4.7750, 2.0315)] * 5
DION = [
    (4.0848, -6.8946, 2.9270), (3.9505, -6.3029, 2.6377), (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046), (2.8366, -3.0525, 1.2012),
]  # fmt: skip


def bent(matrix: Array, coefficients: str = "jordan", iterations: int = 5) -> Array:
    """Return the matrix with an odd polynomial applied to its singular values, by their decomposition."""
    left, singular, right = np.linalg.svd(matrix / np.linalg.norm(matrix), full_matrices=False)
    chosen = {"jordan": JORDAN, "dion": DION, "cubic": [(1.5, -0.5, 0.0)] * 30}[coefficients]
    for a, b, c in chosen[:iterations]:
        singular = a * singular + b * singular**3 + c * singular**5
    return left * singular @ right


def muon(
    w: Array, g: Array, state: State, learning_rate: float, *, momentum: float, nesterov: bool, scale: str,
    coefficients: str, iterations: int, epsilon: float,
) -> Step:  # fmt: skip
    """Jordan (2024), with the running mean of PyTorch; epsilon, the smallest norm, is never met here."""
    gradient = as_paper(g)
    m = momentum * state.get("m", 0.0) + (1 - momentum) * gradient
    u = (1 - momentum) * gradient + momentum * m if nesterov else m
    outputs, inputs = u.shape
    factor = {
        "original": np.sqrt(max(1, outputs / inputs)),
        "match_rms": 0.2 * np.sqrt(max(outputs, inputs)),
        "spectral": np.sqrt(outputs / inputs),
    }[scale]
    step = learning_rate * factor * bent(u, coefficients, iterations)
    return w - from_paper(step, w.shape), {"m": m}


def mean_ahead(g: Array, state: State, momentum: float, nesterov: bool) -> tuple[Array, Array]:
    """Return Muon's running mean of a matrix, and what of it is made orthogonal."""
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    return m, (1 - momentum) * g + momentum * m if nesterov else m


def normuon(
    w: Array, g: Array, state: State, learning_rate: float, *, momentum: float, nesterov: bool, beta_2: float,
    coefficients: str, iterations: int, epsilon: float,
) -> Step:  # fmt: skip
    """Li et al. (2025), with the length of the authors' code: that of Muon's step."""
    m, u = mean_ahead(as_paper(g), state, momentum, nesterov)
    o = bent(u, coefficients, iterations)
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * np.mean(o**2, axis=1, keepdims=True)
    divided = o / (np.sqrt(v) + epsilon)
    outputs, inputs = o.shape
    length = np.sqrt(max(1, outputs / inputs)) * np.linalg.norm(o) / np.linalg.norm(divided)
    return w - from_paper(learning_rate * length * divided, w.shape), {"m": m, "v": v}


def adamuon(
    w: Array, g: Array, state: State, learning_rate: float, *, momentum: float, nesterov: bool, beta_2: float,
    coefficients: str, iterations: int, epsilon: float, of_signs: bool,
) -> Step:  # fmt: skip
    """Si, Zhang and Shen (2025), Algorithm 1."""
    m, u = mean_ahead(as_paper(g), state, momentum, nesterov)
    o = bent(np.sign(u) if of_signs else u, coefficients, iterations)
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * o**2
    divided = o / (np.sqrt(v) + epsilon)
    length = 0.2 * np.sqrt(o.size) / np.linalg.norm(divided)
    return w - from_paper(learning_rate * length * divided, w.shape), {"m": m, "v": v}


def scion(
    w: Array, g: Array, state: State, learning_rate: float, *, momentum: float, norm: str, radius: float,
    constrained: bool, coefficients: str, iterations: int, epsilon: float,
) -> Step:  # fmt: skip
    """Pethick et al. (2025), Algorithms 1 and 2, with the linear minimisation oracles of Table 2."""
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    if w.ndim == 1:
        direction = m / np.sqrt(np.mean(m**2))
    else:
        matrix = as_paper(m)
        outputs, inputs = matrix.shape
        if norm == "spectral":
            found = np.sqrt(outputs / inputs) * bent(matrix, coefficients, iterations)
        elif norm == "sign":
            found = np.sign(matrix) / inputs
        else:
            found = matrix / np.sqrt(np.mean(matrix**2, axis=1, keepdims=True)) / inputs
        direction = from_paper(found, w.shape)
    kept = 1 - learning_rate if constrained else 1
    return kept * w - learning_rate * radius * direction, {"m": m}


def power_of(matrix: Array, exponent: float, epsilon: float) -> Array:
    """Return ``(matrix + epsilon)**exponent`` of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * (np.maximum(values, 0) + epsilon) ** exponent @ vectors.T


def shampoo(
    w: Array, g: Array, state: State, learning_rate: float, *, momentum: float, beta_2: float, epsilon: float,
    interval: int, one_sided: bool, grafting: str,
) -> Step:  # fmt: skip
    """Gupta, Koren and Singer (2018), Algorithm 1; grafting by Anil et al. (2020)."""
    t, gradient = state.get("t", 0) + 1, as_paper(g)
    take = 1 if beta_2 == 1 else 1 - beta_2
    left = beta_2 * state.get("left", 0.0) + take * gradient @ gradient.T
    right = beta_2 * state.get("right", 0.0) + take * gradient.T @ gradient
    roots = state.get("roots")
    if t <= interval or t % interval == 0:
        outputs, inputs = gradient.shape
        roots = [power_of(left, -0.25, epsilon), power_of(right, -0.25, epsilon)]
        if one_sided and inputs <= outputs:
            roots = [np.eye(outputs), power_of(right, -0.5, epsilon)]
        elif one_sided:
            roots = [power_of(left, -0.5, epsilon), np.eye(inputs)]
    u = roots[0] @ gradient @ roots[1]
    squares = state.get("squares", 0.0) + gradient**2
    if grafting != "none":
        like = gradient if grafting == "sgd" else gradient / np.sqrt(squares)
        u = u * np.linalg.norm(like) / np.linalg.norm(u)
    m = momentum * state.get("m", 0.0) + u
    kept = {"t": t, "left": left, "right": right, "roots": roots, "squares": squares, "m": m}
    return w - from_paper(learning_rate * m, w.shape), kept


def turned(side: Array, basis: Array) -> tuple[Array, NDArray[np.intp]]:
    """Return a basis one power step nearer to the eigenvectors, and the order of the old ones in it."""
    order = np.argsort(-np.diag(basis.T @ side @ basis), kind="stable")
    return np.linalg.qr(side @ basis[:, order])[0], order


def soap(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float, beta_2: float,
    side_share: float | None, epsilon: float, interval: int,
) -> Step:  # fmt: skip
    """Vyas et al. (2024), Algorithm 3, in the order of the authors' code."""
    gradient, kept = as_paper(g), beta_2 if side_share is None else side_share
    left = kept * state.get("left", 0.0) + (1 - kept) * gradient @ gradient.T
    right = kept * state.get("right", 0.0) + (1 - kept) * gradient.T @ gradient
    if not state:
        bases = [np.linalg.eigh(left)[1], np.linalg.eigh(right)[1]]
        return w, {"t": 0, "left": left, "right": right, "bases": bases, "m": 0.0, "v": 0.0}
    t, (one, other) = state["t"] + 1, state["bases"]
    m = beta_1 * state["m"] + (1 - beta_1) * gradient
    v = beta_2 * state["v"] + (1 - beta_2) * (one.T @ gradient @ other) ** 2
    rate = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    step = rate * one @ ((one.T @ m @ other) / (np.sqrt(v) + epsilon)) @ other.T
    if t % interval == 0:
        (one, first), (other, second) = turned(left, one), turned(right, other)
        v = v[first][:, second]
    kept_state = {"t": t, "left": left, "right": right, "bases": [one, other], "m": m, "v": v}
    return w - from_paper(step, w.shape), kept_state


def splus(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float, beta_2: float, interval: int
) -> Step:
    """Frans, Levine and Abbeel (2025), Algorithm 1, without its average."""
    t, gradient = state.get("t", 0) + 1, as_paper(g)
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * gradient
    one, other = state.get("bases", [np.eye(size) for size in m.shape])
    step = learning_rate * 2 / sum(m.shape) * one @ np.sign(one.T @ m @ other) @ other.T
    left = beta_2 * state.get("left", 0.0) + (1 - beta_2) * gradient @ gradient.T
    right = beta_2 * state.get("right", 0.0) + (1 - beta_2) * gradient.T @ gradient
    if t == 1 or t % interval == 0:
        one, other = np.linalg.eigh(left)[1], np.linalg.eigh(right)[1]
    return w - from_paper(step, w.shape), {
        "t": t,
        "m": m,
        "left": left,
        "right": right,
        "bases": [one, other],
    }


def muonh(
    w: Array, g: Array, state: State, learning_rate: float, *, momentum: float, nesterov: bool,
    coefficients: str, iterations: int, epsilon: float,
) -> Step:  # fmt: skip
    """Wen et al. (2025), Hyperball around Muon."""
    radius = state.get("radius", np.linalg.norm(w))
    m, u = mean_ahead(as_paper(g), state, momentum, nesterov)
    u = from_paper(bent(u, coefficients, iterations), w.shape)
    w = w - learning_rate * u * radius / np.linalg.norm(u)
    return w * radius / np.linalg.norm(w), {"m": m, "radius": radius}


def adamh(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float, beta_2: float, epsilon: float
) -> Step:
    """Wen et al. (2025), Hyperball around Adam."""
    t, radius = state.get("t", 0) + 1, state.get("radius", np.linalg.norm(w))
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    u = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    w = w - learning_rate * radius * u / np.linalg.norm(u)
    w = w * radius / np.linalg.norm(w)
    return w, {"t": t, "m": m, "v": v, "radius": radius}


def lbfgs(w: Array, g: Array, state: State, learning_rate: float, *, history: int) -> Step:
    """Liu and Nocedal (1989), with the inverse Hessian as a matrix, anew at every step."""
    pairs, inverse = list(state.get("pairs", [])), np.eye(w.size) / max(1.0, np.sum(np.abs(g)))
    if state:
        inverse = np.eye(w.size)
        s, y = state["step"], g - state["g"]
        if s @ y > 1e-10:
            pairs = [*pairs, (s, y)][-history:]
    if pairs:
        s, y = pairs[-1]
        inverse = np.eye(w.size) * (s @ y) / (y @ y)
    for s, y in pairs:
        turn = np.eye(w.size) - np.outer(s, y) / (s @ y)
        inverse = turn @ inverse @ turn.T + np.outer(s, s) / (s @ y)
    step = -learning_rate * inverse @ g
    return w + step, {"pairs": pairs, "step": step, "g": g}


def _averaged(
    w: Array, slope: Array, state: State, learning_rate: float, near: float, decay: float
) -> tuple[Array, State]:
    z, x = state.get("z", w), state.get("x", w)
    largest = max(state.get("largest", 0.0), learning_rate)
    total = state.get("total", 0.0) + largest**2
    z = z - learning_rate * (slope + decay * w)
    x = x + largest**2 / total * (z - x)
    return (1 - near) * z + near * x, {"z": z, "x": x, "largest": largest, "total": total}


def schedule_free_sgd(
    w: Array, g: Array, state: State, learning_rate: float, *, beta: float = 0.9, weight_decay: float = 0.0
) -> tuple[Array, State]:
    """Defazio et al. (2024), arXiv:2405.15682: y <- (1 - beta) z + beta x, x the weighted mean of z."""
    return _averaged(w, g, state, learning_rate, beta, weight_decay)


def schedule_free_adamw(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float = 0.9, beta_2: float = 0.999,
    epsilon: float = 1e-8, weight_decay: float = 0.0,
) -> tuple[Array, State]:  # fmt: skip
    t, v = state.get("t", 0) + 1, beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    slope = g / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    w, kept = _averaged(w, slope, state, learning_rate, beta_1, weight_decay)
    return w, {**kept, "t": t, "v": v}
