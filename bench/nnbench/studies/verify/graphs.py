"""Backpropagation: the sigmoid circuit, what gates do with gradients, and gradients against differences."""

import numpy as np

from nnbench.studies.circuit.passing import ITS_NUMBERS, SIGMOID_CIRCUIT, circuit
from nnbench.studies.verify.check import Check
from nnkit import Sequential, activations, layers
from nnkit.activations.builtin import BUILTIN
from nnkit.layers.base import Layer

_X, _W, _BIAS = np.array([[-1.0, -2.0]]), np.array([[2.0], [-3.0]]), np.array([-3.0])
_WIDE = 4096


def _circuit(activation: str) -> tuple[float, dict[str, np.ndarray]]:
    """Return f and df by every number of the note's neuron; a layer that passes x on gives those by x."""
    through = layers.Dense(2)
    model = Sequential([through, layers.Dense(1, activation=activation)], input_shape=(2,), dtype="float64")
    weights = {"dense_0/kernel": np.eye(2), "dense_0/bias": np.zeros(2)}
    model.set_parameters({**weights, "dense_1/kernel": _W, "dense_1/bias": _BIAS})
    model.compile("sgd", "mean_squared_error")
    f = float(model.predict(_X)[0, 0])
    # The loss (f - t)² has the gradient 2 (f - t) by f: with t = f - 1/2 that is 1, as the note has it.
    _, found = model.loss_and_gradients(_X, np.array([[f - 0.5]]))
    return f, found


def _circuit_gradients() -> list[float]:
    _, found = _circuit("sigmoid")
    (w0, w1), (x0, x1) = found["dense_1/kernel"][:, 0], found["dense_0/bias"]
    return [float(value) for value in (w0, x0, w1, x1, found["dense_1/bias"][0])]


def _reciprocal_gradient() -> list[float]:
    """Return 1 + exp(−z) and the gradient behind 1/x, from the kernel of exp."""
    z = float((_X @ _W + _BIAS)[0, 0])
    denominator = 1.0 + float(activations.get("exponential")(-z))
    return [denominator, -1.0 / denominator**2]


def _graph_against_kernels() -> float:
    """Return how far the gradients of the graph, gate by gate, are from those of the layers."""
    found = {node.label: node.gradient for node in circuit(SIGMOID_CIRCUIT, ITS_NUMBERS).inputs}
    by_gates = [found[name] for name in ("w0", "x0", "w1", "x1", "w2")]
    return float(np.abs(np.array(by_gates) - _circuit_gradients()).max())


def _collapsed() -> float:
    return float(activations.get("sigmoid").gradient((_X @ _W + _BIAS)[0, 0]))


def _sum_gate() -> float:
    """Return by how much the gradients of the summands of a dense layer differ from that of their sum."""
    _, found = _circuit("linear")
    by_products = found["dense_1/kernel"][:, 0] / _X[0]
    return float(np.abs(by_products - found["dense_1/bias"]).max())


def _product_gate() -> float:
    _, found = _circuit("linear")
    swapped = (found["dense_1/kernel"][:, 0] - _X[0], found["dense_0/bias"] - _W[:, 0])
    return float(np.abs(swapped).max())


def _max_gate() -> list[float]:
    """Return the gradients by 1, 5, 2 and 3, of which a pooling takes the larger in each half."""
    made = [layers.Conv1D(1, 1, use_bias=False), layers.MaxPooling1D(2), layers.Flatten(), layers.Dense(1)]
    model = Sequential(made, input_shape=(4, 1), dtype="float64")
    model.set_parameters({"conv1d_0/kernel": [[[1.0]]], "dense_0/kernel": [[1.0], [1.0]]})
    model.compile("sgd", "mean_squared_error")
    x = np.array([1.0, 5.0, 2.0, 3.0]).reshape(1, 4, 1)
    trace = model.trace(x, np.array([[8.0 - 0.5]]))
    return [float(value) for value in trace.values["d conv1d_0/output"].ravel()]


def every_kind() -> list[tuple[list[Layer], tuple[int, ...]]]:
    """Return nets that between them have every layer that computes, and every activation."""
    found: list[tuple[list[Layer], tuple[int, ...]]] = [
        ([layers.Dense(3), layers.Activation(part.name), layers.Dense(2)], (4,)) for part in BUILTIN
    ]
    rows: list[list[Layer]] = [
        [layers.BatchNormalization()],
        [layers.LayerNormalization()],
        [layers.PReLU()],
        [layers.LeakyReLU()],
        [layers.ELU()],
        [layers.Maxout(3)],
        [layers.Dropout(0.4)],
        [layers.Residual((layers.Dense(4, activation="tanh"),))],
        [layers.GroupNormalization(groups=2)],
        [layers.RMSNormalization()],
        [layers.GaussianDropout(0.4)],
        [layers.AlphaDropout(0.4)],
    ]
    found += [([layers.Dense(4), *made, layers.Dense(2)], (4,)) for made in rows]
    images: list[list[Layer]] = [
        [layers.Conv2D(2, 3, padding="same"), layers.MaxPooling2D(2), layers.Flatten()],
        [layers.Conv2D(2, 2, strides=2), layers.AveragePooling2D(2), layers.Flatten()],
        [layers.Conv2D(3, 3), layers.GlobalAveragePooling2D()],
        [layers.Conv2D(3, 3), layers.GlobalMaxPooling2D()],
        [layers.DepthwiseConv2D(2), layers.LpPooling2D(2), layers.Flatten()],
        [layers.SeparableConv2D(2, 3), layers.InstanceNormalization(), layers.Flatten()],
        [layers.Conv2DTranspose(2, 2), layers.SpatialDropout2D(0.4), layers.Flatten()],
    ]
    found += [([*made, layers.Dense(2)], (6, 6, 1)) for made in images]
    lines: list[Layer] = [
        layers.Conv1D(2, 3),
        layers.MaxPooling1D(2),
        layers.Conv1D(2, 1),
        layers.AveragePooling1D(2),
    ]
    sequences: list[list[Layer]] = [
        [*lines, layers.Reshape((4,))],
        [layers.Conv1DTranspose(2, 2), layers.LpPooling1D(2), layers.GlobalAveragePooling1D()],
        [layers.Conv1D(3, 2), layers.SpatialDropout1D(0.4), layers.GlobalMaxPooling1D()],
    ]
    return [*found, *(([*made, layers.Dense(2)], (10, 1)) for made in sequences)]


def largest_disagreement() -> float:
    """Return how far central differences are from backpropagation, for some parameters of every net."""
    return max(_disagreement(made, shape) for made, shape in every_kind())


def _disagreement(made: list[Layer], shape: tuple[int, ...], *, h: float = 1e-5, per_array: int = 2) -> float:
    draw = np.random.RandomState(1)
    model = Sequential(made, input_shape=shape, seed=3, dtype="float64")
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = draw.standard_normal((5, *shape)), np.arange(5, dtype=np.int32) % 2
    _, exact = model.loss_and_gradients(x, y)
    size = max(float(np.abs(each).max()) for each in exact.values())
    worst = 0.0
    for name, value in model.parameters.items():
        flat = value.reshape(-1)
        for place in draw.choice(flat.size, min(per_array, flat.size), replace=False):
            before, losses = flat[place], []
            for sign in (1.0, -1.0):
                flat[place] = before + sign * h
                losses.append(model.loss_and_gradients(x, y)[0])
            flat[place] = before
            worst = max(worst, abs((losses[0] - losses[1]) / (2 * h) - exact[name].reshape(-1)[place]) / size)
    return worst


def _largest_buffer() -> float:
    """Return the numbers in the largest buffer of a program with a sigmoid of 4096 values, for one row."""
    made = [layers.Conv1D(1, 1), layers.Activation("sigmoid"), layers.Flatten(), layers.Dense(1)]
    program = Sequential(made, input_shape=(_WIDE, 1), dtype="float64").program(
        batch_size=1, keep_values=True
    )
    return float(max(buffer.size for buffer in program.plan.sizes))


CHECKS = (
    Check(
        "X7.a",
        "L4",
        "the sigmoid circuit, w = (2, −3, −3), x = (−1, −2): f",
        "시그모이드 회로, w = (2, −3, −3), x = (−1, −2): f",
        "0.73",
        lambda: _circuit("sigmoid")[0],
    ),
    Check(
        "X7.b",
        "L4",
        "its gradients: w0, x0, w1, x1, w2",
        "그 경사: w0, x0, w1, x1, w2",
        "−0.20, 0.39, −0.39, −0.59, 0.20",
        _circuit_gradients,
    ),
    Check(
        "X7.c",
        "L4",
        "the step at 1/x: x, and −1/x²",
        "1/x 단계: x와 −1/x²",
        "1.37, −0.53",
        _reciprocal_gradient,
    ),
    Check("X7.d", "L4", "the collapsed sigmoid gate", "하나로 합친 시그모이드 게이트", "0.20", _collapsed),
    Check(
        "X7.e",
        "L4",
        "the graph of `explain --values`: largest difference from the kernels' gradients",
        "`explain --values`의 그래프와 커널의 경사: 최대 차이",
        "≤ 1e-15",
        _graph_against_kernels,
    ),
    Check(
        "X8.a",
        "L4",
        "add distributes: largest difference of its inputs' gradients",
        "덧셈은 나눠 준다: 입력들의 경사의 최대 차이",
        "≤ 1e-15",
        _sum_gate,
    ),
    Check(
        "X8.b",
        "L4",
        "multiply swaps: ∂/∂w − x and ∂/∂x − w",
        "곱셈은 바꿔 준다: ∂/∂w − x와 ∂/∂x − w",
        "≤ 1e-15",
        _product_gate,
    ),
    Check(
        "X8.c",
        "L4",
        "max routes: gradients by 1, 5, 2, 3 of max(1, 5) + max(2, 3)",
        "max는 한쪽으로 보낸다: max(1, 5) + max(2, 3)의 1, 5, 2, 3에 대한 경사",
        "0.00, 1.00, 0.00, 1.00",
        _max_gate,
    ),
    Check(
        "X10",
        "L4",
        "numerical against analytic gradients, every layer and activation",
        "수치 경사와 해석적 경사의 차이, 모든 층과 활성화 함수",
        "≤ 1e-7",
        largest_disagreement,
    ),
    Check(
        "X11",
        "L4",
        "an elementwise op on 4096 values: numbers in the largest buffer, not 4096²",
        "값 4096개의 원소별 연산: 가장 큰 버퍼의 숫자 수(4096²이 아님)",
        "≤ 16384",
        _largest_buffer,
    ),
)
