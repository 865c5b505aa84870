"""What PyTorch users run in the place of each kernel: eager, one thread, fused optimizers.

The functions take tensors and follow the rules of ``peer``. Where PyTorch computes a gradient by its own
operator, that operator is called, without the autograd around it; a loss, which has none that stands alone,
runs forward and backward.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.errors import EnvironmentProblem
from nnbench.kernelbench.peers import torch_images as torch_image_peers
from nnbench.kernelbench.peers import torch_optimizers as torch_optimizer_peers
from nnbench.kernelbench.peers.peer import Call, Peer, Prepared

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


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
    """Return the array as a tensor over the same memory; labels and orders as torch's int64."""
    torch: Any = import_module("torch")
    return torch.from_numpy(array.astype(np.int64) if array.dtype == np.int32 else array)


def peers(torch: Any) -> dict[str, Peer]:
    """Return torch's function for every kind of op that it has one for, by the op's name."""
    return {
        **_movement(torch),
        **_normalization(torch),
        **torch_image_peers.peers(torch),
        **_forward(torch),
        **_backward(torch),
        **_losses(torch),
        **torch_optimizer_peers.peers(torch),
    }


def _movement(torch: Any) -> dict[str, Peer]:
    def dense(a: Any, b: Any, start: Any, c: Any, begin: float, low: float) -> None:
        if begin:
            torch.addmm(start, a, b, out=c)
        else:
            torch.mm(a, b, out=c)
        if low == 0:
            c.relu_()

    def add(x: Any, z: Any, y: Any, low: float) -> None:
        torch.add(x, z, out=y)
        if low == 0:
            y.relu_()

    def gather(data: Any, order: Any, out: Any) -> None:
        torch.index_select(data, 0, order, out=out)

    def clip_by_global_norm(g: Any, limit: float) -> Call:
        parameter = torch.nn.Parameter(torch.empty_like(g))
        parameter.grad = g

        def call() -> None:
            torch.nn.utils.clip_grad_norm_([parameter], limit)

        return call

    return {
        "dense": dense,
        "dense_backward_kernel": lambda a, b, c: torch.mm(a.t(), b, out=c),
        "dense_backward_input": lambda a, b, c: torch.mm(a, b.t(), out=c),
        "column_sum": lambda x, y: torch.sum(x, 0, out=y),
        **dict.fromkeys(("gather", "gather_labels", "gather_targets"), gather),
        "add": add,
        "copy": lambda x, y: y.copy_(x),
        "accumulate": lambda x, y: y.add_(x),
        "multiply": lambda x, z, y: torch.mul(x, z, out=y),
        "dropout_mask": lambda mask, rate: mask.bernoulli_(1 - rate).div_(1 - rate),
        "clip_by_value": lambda g, limit: g.clamp_(-limit, limit),
        "clip_by_global_norm": Prepared(clip_by_global_norm),
    }


def _normalization(torch: Any) -> dict[str, Peer]:
    functional, aten = torch.nn.functional, torch.ops.aten

    # The operators of the gradients take the input and its mean. Any mean will do with an input to match.
    def batch_norm_backward(dy: Any, normal: Any, gamma: Any, scale: Any) -> Call:
        x, mean = normal / scale, torch.zeros_like(scale)
        how = gamma, None, None, mean, scale, True, 0.0, [True, True, True]
        return lambda: aten.native_batch_norm_backward(dy, x, *how)

    def layer_norm_backward(dy: Any, normal: Any, gamma: Any, scale: Any) -> Call:
        spread = scale[:, None]
        x, mean = normal / spread, torch.zeros_like(spread)
        how = list(gamma.shape), mean, spread, gamma, torch.zeros_like(gamma), [True, True, True]
        return lambda: aten.native_layer_norm_backward(dy, x, *how)

    def prelu_backward(dy: Any, x: Any, alpha: Any) -> Any:
        dx, slopes = aten._prelu_kernel_backward(dy, x, alpha)
        return dx, slopes.sum(0)

    return {
        "batch_norm_train": lambda x, gamma, beta, running_mean, running_variance, momentum, epsilon: (
            functional.batch_norm(x, running_mean, running_variance, gamma, beta, True, 1 - momentum, epsilon)
        ),
        "batch_norm_test": lambda x, gamma, beta, running_mean, running_variance, epsilon: (
            functional.batch_norm(x, running_mean, running_variance, gamma, beta, False, 0.0, epsilon)
        ),
        "batch_norm_backward": Prepared(batch_norm_backward),
        "layer_norm": lambda x, gamma, beta, epsilon: functional.layer_norm(
            x, gamma.shape, gamma, beta, epsilon
        ),
        "layer_norm_backward": Prepared(layer_norm_backward),
        "prelu": lambda x, alpha: functional.prelu(x, alpha),
        "prelu_backward": prelu_backward,
    }


def _forward(torch: Any) -> dict[str, Peer]:
    functional = torch.nn.functional
    return {
        "sigmoid": lambda x, y: torch.sigmoid(x, out=y),
        "tanh": lambda x, y: torch.tanh(x, out=y),
        "relu": lambda x: functional.relu(x),
        "leaky_relu": lambda x, negative_slope: functional.leaky_relu(x, negative_slope),
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

    def hard_sigmoid(source: Any, dy: Any) -> Call:
        x = 6 * (source - 0.5)  # an input that has this output: the operator takes that
        return lambda: aten.hardsigmoid_backward(dy, x)

    return {
        "sigmoid_backward": lambda source, dy: aten.sigmoid_backward(dy, source),
        "tanh_backward": lambda source, dy: aten.tanh_backward(dy, source),
        "relu_backward": lambda source, dy: aten.threshold_backward(dy, source, 0),
        "leaky_relu_backward": lambda source, dy, negative_slope: aten.leaky_relu_backward(
            dy, source, negative_slope, True
        ),
        "relu6_backward": lambda source, dy: aten.hardtanh_backward(dy, source, 0, 6),
        "selu_backward": lambda source, dy: aten.elu_backward(dy, _SELU_ALPHA, _SELU_SCALE, 1, True, source),
        "hard_sigmoid_backward": Prepared(hard_sigmoid),
        "hard_tanh_backward": lambda source, dy: aten.hardtanh_backward(dy, source, -1, 1),
        "exponential_backward": lambda source, dy, dx: torch.mul(dy, source, out=dx),
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

    def gradient_of(loss: Callable[..., Any]) -> Callable[..., Any]:
        def gradient(outputs: Any, targets: Any) -> Any:
            z = outputs.detach().requires_grad_()
            loss(z, targets).backward()
            return z.grad

        return gradient

    def cross_entropy(outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs, targets)

    def squared(outputs: Any, targets: Any) -> Any:
        return functional.mse_loss(outputs, targets)

    def binary(outputs: Any, targets: Any) -> Any:
        return functional.binary_cross_entropy_with_logits(outputs, targets)

    def with_reals(loss: Callable[..., Any]) -> Prepared:
        """The labels of two classes are real numbers there."""

        def make(outputs: Any, targets: Any) -> Call:
            return partial(loss, outputs, targets.to(outputs.dtype).view_as(outputs))

        return Prepared(make)

    return {
        "binary_crossentropy_gradient": with_reals(gradient_of(binary)),
        "binary_crossentropy_value": with_reals(binary),
        "sparse_categorical_crossentropy_gradient": gradient_of(cross_entropy),
        "sparse_categorical_crossentropy_value": cross_entropy,
        "mean_squared_error_gradient": gradient_of(squared),
        "mean_squared_error_value": squared,
    }
