"""What PyTorch users run in the place of each kernel: eager, one thread, fused optimizers.

The functions take tensors and follow the same rules as those of ``kernel_peers``. Where PyTorch computes a
gradient by its own operator, that operator is called, without the autograd around it; a loss, which has none
that stands alone, runs forward and backward.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.errors import EnvironmentProblem

Peer = Callable[..., Any]


@contextmanager
def torch_on_one_thread() -> Iterator[Any]:
    """Yield torch, kept on the calling thread meanwhile, or raise EnvironmentProblem where it is missing."""
    try:
        torch: Any = import_module("torch")
    except ImportError:
        raise EnvironmentProblem(
            "--versus torch: PyTorch is not installed in this environment."
            " Install it (the CPU build is enough), or leave the option out to compare with NumPy."
        ) from None
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield torch
    finally:
        torch.set_num_threads(before)


def tensor(array: NDArray[Any]) -> Any:
    """Return the array as a tensor over the same memory; labels and orders as the int64 that torch wants."""
    torch: Any = import_module("torch")
    return torch.from_numpy(array.astype(np.int64) if array.dtype == np.int32 else array)


def peers(torch: Any) -> dict[str, Peer]:
    """Return torch's function for every kind of op that it has one for, by the op's name."""
    return {**_movement(torch), **_forward(torch), **_backward(torch), **_losses(torch), **_optimizers(torch)}


def _movement(torch: Any) -> dict[str, Peer]:
    def dense(a: Any, b: Any, start: Any, c: Any, has_start: float, low: float) -> None:
        if has_start:
            torch.addmm(start, a, b, out=c)
        else:
            torch.mm(a, b, out=c)
        if low == 0:
            c.relu_()

    def gather(data: Any, order: Any, out: Any) -> None:
        torch.index_select(data, 0, order, out=out)

    functional = torch.nn.functional
    return {
        "dense": dense,
        "dense_backward_kernel": lambda a, b, c: torch.mm(a.t(), b, out=c),
        "dense_backward_input": lambda a, b, c: torch.mm(a, b.t(), out=c),
        "column_sum": lambda x, y: torch.sum(x, 0, out=y),
        **dict.fromkeys(("gather", "gather_labels", "gather_targets"), gather),
        "accumulate": lambda x, y: y.add_(x),
        "multiply": lambda x, z, y: torch.mul(x, z, out=y),
        "clip_by_value": lambda g, limit: g.clamp_(-limit, limit),
        "batch_norm_train": lambda x, gamma, beta, running_mean, running_variance, momentum, epsilon: (
            functional.batch_norm(x, running_mean, running_variance, gamma, beta, True, 1 - momentum, epsilon)
        ),
        "batch_norm_test": lambda x, gamma, beta, running_mean, running_variance, epsilon: (
            functional.batch_norm(x, running_mean, running_variance, gamma, beta, False, 0.0, epsilon)
        ),
    }


def _forward(torch: Any) -> dict[str, Peer]:
    functional = torch.nn.functional
    return {
        "sigmoid": lambda x, y: torch.sigmoid(x, out=y),
        "tanh": lambda x, y: torch.tanh(x, out=y),
        "relu": lambda x: functional.relu(x),
        "leaky_relu": lambda x, alpha: functional.leaky_relu(x, alpha),
        "relu6": lambda x: functional.relu6(x),
        "elu": lambda x, alpha: functional.elu(x, alpha),
        "selu": lambda x: functional.selu(x),
        "gelu": lambda x: functional.gelu(x),
        "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "silu": lambda x: functional.silu(x),
        "mish": lambda x: functional.mish(x),
        "softplus": lambda x: functional.softplus(x),
        "softsign": lambda x: functional.softsign(x),
        "hard_sigmoid": lambda x: functional.hardsigmoid(x),
        "hard_silu": lambda x: functional.hardswish(x),
        "hard_tanh": lambda x: functional.hardtanh(x),
        "exponential": lambda x, y: torch.exp(x, out=y),
    }


def _backward(torch: Any) -> dict[str, Peer]:
    aten = torch.ops.aten
    return {
        "sigmoid_backward": lambda source, dy: aten.sigmoid_backward(dy, source),
        "tanh_backward": lambda source, dy: aten.tanh_backward(dy, source),
        "relu_backward": lambda source, dy: aten.threshold_backward(dy, source, 0),
        "leaky_relu_backward": lambda source, dy, alpha: aten.leaky_relu_backward(dy, source, alpha, True),
        "elu_backward": lambda source, dy, alpha: aten.elu_backward(dy, alpha, 1, 1, True, source),
        "gelu_backward": lambda source, dy: aten.gelu_backward(dy, source),
        "gelu_tanh_backward": lambda source, dy: aten.gelu_backward(dy, source, approximate="tanh"),
        "silu_backward": lambda source, dy: aten.silu_backward(dy, source),
        "mish_backward": lambda source, dy: aten.mish_backward(dy, source),
        "softplus_backward": lambda source, dy: aten.softplus_backward(dy, source, 1, 20),
        "hard_silu_backward": lambda source, dy: aten.hardswish_backward(dy, source),
    }


def _losses(torch: Any) -> dict[str, Peer]:
    functional = torch.nn.functional

    def gradient_of(loss: Peer) -> Peer:
        def gradient(outputs: Any, targets: Any) -> Any:
            z = outputs.detach().requires_grad_()
            loss(z, targets).backward()
            return z.grad

        return gradient

    def cross_entropy(outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs, targets)

    def squared(outputs: Any, targets: Any) -> Any:
        return functional.mse_loss(outputs, targets)

    return {
        "sparse_categorical_crossentropy_gradient": gradient_of(cross_entropy),
        "sparse_categorical_crossentropy_value": cross_entropy,
        "mean_squared_error_gradient": gradient_of(squared),
        "mean_squared_error_value": squared,
    }


def _optimizers(torch: Any) -> dict[str, Peer]:
    made: dict[int, tuple[Any, Any]] = {}  # the vector stays with its optimizer, so that no id comes twice

    def step(p: Any, g: Any, make: Callable[[Any], Any]) -> None:
        found = made.get(id(p))
        if found is None:
            parameter = torch.nn.Parameter(p)
            parameter.grad = g
            found = made[id(p)] = p, make([parameter])
        found[1].step()

    def fused(kind: Any, p: Any, g: Any, learning_rate: float, **options: float) -> None:
        step(p, g, partial(kind, lr=learning_rate, fused=True, **options))

    kinds = torch.optim
    return {
        "adam_update": lambda p, g, learning_rate: fused(kinds.Adam, p, g, learning_rate),
        "adamw_update": lambda p, g, learning_rate: fused(kinds.AdamW, p, g, learning_rate),
        "sgd_update": lambda p, g, learning_rate: fused(kinds.SGD, p, g, learning_rate),
        "momentum_update": lambda p, g, learning_rate, momentum: fused(
            kinds.SGD, p, g, learning_rate, momentum=momentum
        ),
    }
