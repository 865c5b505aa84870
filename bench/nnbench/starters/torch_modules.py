"""PyTorch's ``nn.Sequential`` by the attributes of its modules; PyTorch is imported by the user alone."""

import math
from collections.abc import Callable
from typing import Any

from nnbench.errors import UsageError
from nnbench.starters.model import Model, whole

Module = Any
Read = Callable[[Model, Module, str], None]


def is_sequential(found: object) -> bool:
    return _class(found) == "Sequential" and type(found).__module__.startswith("torch.nn")


def read_torch(found: Module, where: str) -> Model:
    """Return the model of a ``torch.nn.Sequential``, or raise UsageError with what a case cannot have."""
    model = Model(where, n_parameters=sum(one.numel() for one in found.parameters()))
    _read_stack(model, found, "")
    if model.has_images:
        model.notes.append(
            "Images are (height, width, channels) here: behind Flatten the features have another order,"
            " drawn from the same distribution."
        )
    return model


def _read_stack(model: Model, stack: Module, prefix: str) -> None:
    for name, module in stack.named_children():
        place = f"{prefix}{name}"
        if is_sequential(module):
            _read_stack(model, module, f"{place}.")
            continue
        kind = _class(module)
        where = f"{model.where}, module {place}, {kind}"
        if kind not in _MODULES or not type(module).__module__.startswith("torch.nn"):
            raise UsageError(f"{where}: nnkit has no layer for this class. nnbench list layers")
        if any(not parameter.requires_grad for parameter in module.parameters()):
            raise UsageError(f"{where}: requires_grad is false, and a case trains every layer.")
        _MODULES[kind](model, module, where)


def _class(found: object) -> str:
    return type(found).__name__


def _must_be(where: str, module: Module, name: str, *allowed: object) -> None:
    found = getattr(module, name, allowed[0])
    if found not in allowed:
        raise UsageError(f"{where}: nnkit has no {name} = {found!r}. Take it out of the model.")


# -- layers with weights ------------------------------------------------------------------------------


def _linear(model: Model, module: Module, where: str) -> None:
    _expect(model, (module.in_features,))
    model.add("Dense", units=module.out_features, **_weights(model, module, module.in_features, where))


def _convolution(n_axes: int) -> Read:
    def read(model: Model, module: Module, where: str) -> None:
        _must_be(where, module, "padding_mode", "zeros")
        _expect(model, (*(None,) * n_axes, module.in_channels))
        fan_in = module.in_channels // module.groups * math.prod(module.kernel_size)
        model.add(
            f"Conv{n_axes}D",
            filters=module.out_channels,
            kernel_size=whole(module.kernel_size),
            strides=whole(module.stride),
            padding=_padding(module.padding, n_axes),
            dilation_rate=whole(module.dilation),
            groups=module.groups,
            **_weights(model, module, fan_in, where),
        )

    return read


def _weights(model: Model, module: Module, fan_in: int, where: str) -> dict[str, Any]:
    """Return how PyTorch draws a kernel and a bias: uniform, up to one over the root of the fan in."""
    limit = 1.0 / math.sqrt(fan_in)
    largest = float(module.weight.detach().abs().max())
    if not 0.0 < largest <= limit * (1.0 + 1e-6):
        model.notes.append(
            f"{where.rpartition(', module ')[2]}: its weights are not those of PyTorch's default, with which"
            " the case begins: choose by --init."
        )
    bias = f"random_uniform(maxval={limit!r}, minval={-limit!r})"
    return {
        "kernel_initializer": "torch_uniform",
        **({"bias_initializer": bias} if module.bias is not None else {"use_bias": False}),
    }


def _expect(model: Model, shape: tuple[int | None, ...]) -> None:
    if model.input_shape is None and all(layer["type"] == "Flatten" for layer in model.layers):
        model.input_shape = shape


def _padding(padding: Any, n_axes: int) -> Any:
    """Return PyTorch's padding, one number for both ends of an axis, in Keras's words."""
    pads = whole(padding)
    if pads == 0:
        return "valid"
    return pads if isinstance(pads, int | str) else [[pad, pad] for pad in pads]


def _batch_norm(model: Model, module: Module, where: str) -> None:
    for name in ("affine", "track_running_stats"):
        _must_be(where, module, name, True)
    if module.momentum is None:
        raise UsageError(f"{where}: nnkit has no cumulative average. Give it a momentum.")
    _expect(
        model,
        (module.num_features,) if _class(module) == "BatchNorm1d" else (None, None, module.num_features),
    )
    # PyTorch's momentum is the share of the new, Keras's that of the old.
    model.add("BatchNormalization", momentum=_plain(1.0 - module.momentum), epsilon=module.eps)
    note = "Running variances are those of the batch here, where PyTorch's are n / (n - 1) of them."
    if note not in model.notes:
        model.notes.append(note)


def _layer_norm(model: Model, module: Module, where: str) -> None:
    _must_be(where, module, "elementwise_affine", True)
    if len(module.normalized_shape) != 1 or model.rank not in (None, 1) or module.bias is None:
        raise UsageError(f"{where}: nnkit normalises rows of features, with a bias. Put a Flatten before it.")
    _expect(model, (module.normalized_shape[0],))
    model.add("LayerNormalization", epsilon=module.eps)


def _prelu(model: Model, module: Module, where: str) -> None:
    if module.num_parameters != model.n_outputs:
        raise UsageError(
            f"{where}: nnkit's PReLU has one slope per channel. Set num_parameters={model.n_outputs}."
        )
    slope = _plain(float(module.weight.detach()[0]))
    model.add("PReLU", alpha_initializer=f"constant(value={slope!r})")


# -- layers without -----------------------------------------------------------------------------------


def _pooling(kind: str, n_axes: int) -> Read:
    def read(model: Model, module: Module, where: str) -> None:
        _must_be(where, module, "ceil_mode", False)
        _must_be(where, module, "return_indices", False)
        _must_be(where, module, "divisor_override", None)
        _must_be(where, module, "dilation", 1, (1,), (1, 1))
        padding = _padding(module.padding, n_axes)
        if kind == "Average" and padding != "valid":
            _must_be(where, module, "count_include_pad", False)
        size, strides = whole(module.kernel_size), whole(module.stride)
        model.add(
            f"{kind}Pooling{n_axes}D",
            pool_size=size,
            strides=None if strides == size else strides,
            padding=padding,
        )

    return read


def _global_pooling(kind: str) -> Read:
    def read(model: Model, module: Module, where: str) -> None:
        _must_be(where, module, "output_size", 1, (1, 1))
        _must_be(where, module, "return_indices", False)
        model.add(f"Global{kind}Pooling2D")

    return read


def _flatten(model: Model, module: Module, where: str) -> None:
    _must_be(where, module, "start_dim", 1)
    _must_be(where, module, "end_dim", -1)
    model.add("Flatten")


def _unflatten(model: Model, module: Module, where: str) -> None:
    channels, *size = module.unflattened_size
    if module.dim != 1 or channels != 1 or not size:
        raise UsageError(
            f"{where}: nnkit's images are (height, width, channels): one channel can be unflattened."
        )
    _expect(model, (math.prod(size),))
    model.add("Reshape", target_shape=[*size, channels])


def _dropout(model: Model, module: Module, where: str) -> None:
    model.add("Dropout", rate=module.p)


def _nothing(model: Model, module: Module, where: str) -> None:
    pass


def _softmax(model: Model, module: Module, where: str) -> None:
    _must_be(where, module, "dim", 1, -1)
    model.head = "softmax"


def _activation(name: str, **fixed: object) -> Read:
    """Return a reader of an activation; ``fixed`` are attributes that must be as they are in nnkit."""

    def read(model: Model, module: Module, where: str) -> None:
        for attribute, value in fixed.items():
            _must_be(where, module, attribute, value)
        model.activate(name)

    return read


def _leaky_relu(model: Model, module: Module, where: str) -> None:
    model.activate("leaky_relu", negative_slope=module.negative_slope)


def _elu(model: Model, module: Module, where: str) -> None:
    model.activate("elu", alpha=module.alpha)


def _gelu(model: Model, module: Module, where: str) -> None:
    model.activate("gelu_tanh" if module.approximate == "tanh" else "gelu")


def _plain(number: float) -> float:
    """Return the number without what a float's arithmetic left in its last digits."""
    return float(f"{number:.12g}")


_MODULES: dict[str, Read] = {
    "Linear": _linear,
    "Conv1d": _convolution(1),
    "Conv2d": _convolution(2),
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "LayerNorm": _layer_norm,
    "PReLU": _prelu,
    "MaxPool1d": _pooling("Max", 1),
    "MaxPool2d": _pooling("Max", 2),
    "AvgPool1d": _pooling("Average", 1),
    "AvgPool2d": _pooling("Average", 2),
    "AdaptiveAvgPool2d": _global_pooling("Average"),
    "AdaptiveMaxPool2d": _global_pooling("Max"),
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    "Dropout": _dropout,
    "Identity": _nothing,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "ReLU": _activation("relu"),
    "ReLU6": _activation("relu6"),
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "SELU": _activation("selu"),
    "GELU": _gelu,
    "SiLU": _activation("silu"),
    "Mish": _activation("mish"),
    "Softplus": _activation("softplus", beta=1.0, threshold=20.0),
    "Softsign": _activation("softsign"),
    "Hardsigmoid": _activation("hard_sigmoid"),
    "Hardswish": _activation("hard_silu"),
    "Hardtanh": _activation("hard_tanh", min_val=-1.0, max_val=1.0),
    "Sigmoid": _activation("sigmoid"),
    "Tanh": _activation("tanh"),
}
