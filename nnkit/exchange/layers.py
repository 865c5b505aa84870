"""Layers as ONNX has them: what each appends to the graph, as it predicts."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from nnkit import activations, layers
from nnkit.emitting.emitter import Emitter, Graph
from nnkit.errors import InvalidArgument
from nnkit.exchange.activations import apply_activation
from nnkit.exchange.graph import OnnxGraph, Value, whole
from nnkit.exchange.windows import At, average_pool, convolution, lp_pool, max_pool, transposed
from nnkit.layers.activation import resolve_activation
from nnkit.layers.base import Layer, named
from nnkit.ops import BATCH

Converter = Callable[[OnnxGraph, Any, Value, At], Value]


def convert_stack(
    graph: OnnxGraph, stack: Sequence[Layer], x: Value, shape: tuple[int, ...], prefix: str = ""
) -> Value:
    """Append every layer behind the one before; ``shape`` is one sample's. Names are those of the weights."""
    for name, layer in named(stack, prefix):
        if "/" in name.removeprefix(prefix):
            continue  # converted by the layer that it is inside of
        converter = CONVERTERS.get(type(layer))
        if converter is None:
            raise InvalidArgument(
                f"export: {name}: the layer {layer.record.name} has no form in ONNX. Say what it is made of:"
                " nnkit.exchange.layers.CONVERTERS[...] = a function of the graph, the layer, its input and"
                " where it stands."
            )
        made = _shape_behind(layer, shape, graph.dtype, name)
        graph.scope = name
        x = converter(graph, layer, x, At(name, shape, made))
        shape = made
    return x


def _shape_behind(layer: Layer, shape: tuple[int, ...], dtype: str, name: str) -> tuple[int, ...]:
    """Return the shape of a sample behind the layer, as the layer itself emits it."""
    emitter = Emitter(Graph(1, dtype), training=False)
    return layer.emit(emitter, emitter.transient("x", (BATCH, *shape)), name).shape[1:]


def _activated(layer: Any, x: Value, at: At) -> Value:
    return apply_activation(x, resolve_activation(layer.activation), at.name)


def _same(graph: OnnxGraph, layer: Layer, x: Value, at: At) -> Value:
    """Return the input: what the layer does, it does in training alone."""
    return x


# -- products ---------------------------------------------------------------------------------------


def _dense(graph: OnnxGraph, layer: layers.Dense, x: Value, at: At) -> Value:
    kernel = graph.weight(f"{at.name}/kernel")
    if not layer.use_bias:
        return _activated(layer, x("MatMul", kernel), at)
    bias = graph.weight(f"{at.name}/bias")
    y = x("Gemm", kernel, bias) if len(at.shape) == 1 else x("MatMul", kernel) + bias
    return _activated(layer, y, at)


def _maxout(graph: OnnxGraph, layer: layers.Maxout, x: Value, at: At) -> Value:
    name = f"{at.name}/kernel"
    kernel = graph.weight(name, graph.weights[name].reshape(at.shape[-1], -1))
    pieces = x("MatMul", kernel)("Reshape", whole([-1, *at.shape[:-1], layer.units, layer.pieces]))
    return (pieces + graph.weight(f"{at.name}/bias"))("ReduceMax", whole([-1]), keepdims=0)


def _conv(graph: OnnxGraph, layer: Any, x: Value, at: At) -> Value:
    return _activated(layer, convolution(graph, layer, x, at), at)


def _conv_transpose(graph: OnnxGraph, layer: Any, x: Value, at: At) -> Value:
    return _activated(layer, transposed(graph, layer, x, at), at)


def _depthwise(graph: OnnxGraph, layer: layers.DepthwiseConv2D, x: Value, at: At) -> Value:
    kernel = graph.weights[f"{at.name}/kernel"]
    flat = kernel.reshape(*kernel.shape[:2], 1, -1)  # the outputs of a channel lie side by side
    return _activated(layer, convolution(graph, layer, x, at, kernel=flat, groups=at.shape[-1]), at)


def _separable(graph: OnnxGraph, layer: layers.SeparableConv2D, x: Value, at: At) -> Value:
    depthwise, pointwise = layer.steps()
    inner = At(f"{at.name}/depthwise", at.shape, (*at.made[:-1], at.shape[-1] * layer.depth_multiplier))
    y = _depthwise(graph, depthwise, x, inner)
    return _conv(graph, pointwise, y, At(f"{at.name}/pointwise", inner.made, at.made))


def _residual(graph: OnnxGraph, layer: layers.Residual, x: Value, at: At) -> Value:
    y = convert_stack(graph, layer.layers, x, at.shape, f"{at.name}/")
    graph.scope = at.name
    return x + y


# -- activations and shapes -------------------------------------------------------------------------


def _activation(graph: OnnxGraph, layer: layers.Activation, x: Value, at: At) -> Value:
    return _activated(layer, x, at)


def _leaky_relu(graph: OnnxGraph, layer: layers.LeakyReLU, x: Value, at: At) -> Value:
    chosen = activations.get("leaky_relu", negative_slope=layer.negative_slope)
    return apply_activation(x, chosen, at.name)


def _elu(graph: OnnxGraph, layer: layers.ELU, x: Value, at: At) -> Value:
    return apply_activation(x, activations.get("elu", alpha=layer.alpha), at.name)


def _prelu(graph: OnnxGraph, layer: layers.PReLU, x: Value, at: At) -> Value:
    return x("PRelu", graph.weight(f"{at.name}/alpha"))


def _flatten(graph: OnnxGraph, layer: layers.Flatten, x: Value, at: At) -> Value:
    return x if at.shape == at.made else x("Flatten", axis=1)


def _reshape(graph: OnnxGraph, layer: layers.Reshape, x: Value, at: At) -> Value:
    return x if at.shape == at.made else x("Reshape", whole([0, *at.made]))  # 0: the batch, whatever it is


# -- normalisation ----------------------------------------------------------------------------------


def _batch_norm(graph: OnnxGraph, layer: layers.BatchNormalization, x: Value, at: At) -> Value:
    names = [f"{at.name}/{kind}" for kind in ("gamma", "beta", "moving_mean", "moving_variance")]
    if graph.is_exact(layer.epsilon):
        rank = len(at.shape) + 1
        first, statistics = graph.channels_first(x, rank), [graph.weight(name) for name in names]
        return graph.channels_last(first("BatchNormalization", *statistics, epsilon=layer.epsilon), rank)
    gamma, beta, _, variance = (graph.weights[name] for name in names)
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return (x - graph.weight(names[2])) * graph.weight(names[0], scale) + graph.weight(names[1], beta)


def _layer_norm(graph: OnnxGraph, layer: layers.LayerNormalization, x: Value, at: At) -> Value:
    gamma, beta = graph.weight(f"{at.name}/gamma"), graph.weight(f"{at.name}/beta")
    if graph.dtype == "float32":  # ONNX's takes its means in float32
        return x("LayerNormalization", gamma, beta, axis=-1, epsilon=layer.epsilon)
    return _normal(x, (-1,), layer.epsilon) * gamma + beta


def _group_norm(graph: OnnxGraph, layer: layers.GroupNormalization, x: Value, at: At) -> Value:
    return _by_groups(graph, x, at, at.shape[-1] if layer.groups == -1 else layer.groups, layer.epsilon)


def _instance_norm(graph: OnnxGraph, layer: layers.InstanceNormalization, x: Value, at: At) -> Value:
    if not graph.is_exact(layer.epsilon):
        return _by_groups(graph, x, at, at.shape[-1], layer.epsilon)
    rank = len(at.shape) + 1
    gamma, beta = graph.weight(f"{at.name}/gamma"), graph.weight(f"{at.name}/beta")
    first = graph.channels_first(x, rank)
    return graph.channels_last(first("InstanceNormalization", gamma, beta, epsilon=layer.epsilon), rank)


def _by_groups(graph: OnnxGraph, x: Value, at: At, groups: int, epsilon: float) -> Value:
    channels, pixels = at.shape[-1], prod(at.shape[:-1])
    grouped = x("Reshape", whole([-1, pixels, groups, channels // groups]))
    normal = _normal(grouped, (1, 3), epsilon)("Reshape", whole([-1, *at.shape]))
    return normal * graph.weight(f"{at.name}/gamma") + graph.weight(f"{at.name}/beta")


def _normal(x: Value, axes: tuple[int, ...], epsilon: float) -> Value:
    centred = x - x.mean(*axes)
    return centred / ((centred * centred).mean(*axes) + epsilon)("Sqrt")


def _rms_norm(graph: OnnxGraph, layer: layers.RMSNormalization, x: Value, at: At) -> Value:
    return x / ((x * x).mean(-1) + layer.epsilon)("Sqrt") * graph.weight(f"{at.name}/gamma")


# -- pooling ----------------------------------------------------------------------------------------


def _global_average(graph: OnnxGraph, layer: Layer, x: Value, at: At) -> Value:
    return graph.channels_first(x, len(at.shape) + 1)("GlobalAveragePool")("Flatten", axis=1)


def _global_max(graph: OnnxGraph, layer: Layer, x: Value, at: At) -> Value:
    # Not GlobalMaxPool: onnx's own evaluator takes the maximum of a sequence over its channels too.
    rank = len(at.shape) + 1
    return graph.channels_first(x, rank)("ReduceMax", whole(range(2, rank)), keepdims=0)


CONVERTERS: dict[type[Layer], Converter] = {
    layers.Activation: _activation,
    layers.AlphaDropout: _same,
    layers.AveragePooling1D: average_pool,
    layers.AveragePooling2D: average_pool,
    layers.BatchNormalization: _batch_norm,
    layers.Conv1D: _conv,
    layers.Conv1DTranspose: _conv_transpose,
    layers.Conv2D: _conv,
    layers.Conv2DTranspose: _conv_transpose,
    layers.Dense: _dense,
    layers.DepthwiseConv2D: _depthwise,
    layers.Dropout: _same,
    layers.ELU: _elu,
    layers.Flatten: _flatten,
    layers.GaussianDropout: _same,
    layers.GaussianNoise: _same,
    layers.GlobalAveragePooling1D: _global_average,
    layers.GlobalAveragePooling2D: _global_average,
    layers.GlobalMaxPooling1D: _global_max,
    layers.GlobalMaxPooling2D: _global_max,
    layers.GroupNormalization: _group_norm,
    layers.InstanceNormalization: _instance_norm,
    layers.LayerNormalization: _layer_norm,
    layers.LeakyReLU: _leaky_relu,
    layers.LpPooling1D: lp_pool,
    layers.LpPooling2D: lp_pool,
    layers.MaxPooling1D: max_pool,
    layers.MaxPooling2D: max_pool,
    layers.Maxout: _maxout,
    layers.PReLU: _prelu,
    layers.RMSNormalization: _rms_norm,
    layers.RandomShift: _same,
    layers.Reshape: _reshape,
    layers.Residual: _residual,
    layers.SeparableConv2D: _separable,
    layers.SpatialDropout1D: _same,
    layers.SpatialDropout2D: _same,
}
