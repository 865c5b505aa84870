"""Convolutions and poolings as ONNX has them: channels first, padding in numbers."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nnkit.exchange.graph import Array, OnnxGraph, Value
from nnkit.layers.window import checked_padding, checked_size, image_size, windows_over
from nnkit.tiling.window import Windows, same_pads


@dataclass(frozen=True, slots=True)
class At:
    """Where a layer stands: its name, and the shape of one sample before and behind it."""

    name: str
    shape: tuple[int, ...]
    made: tuple[int, ...]

    @property
    def n_axes(self) -> int:
        """The axes that windows slide along."""
        return len(self.shape) - 1


def convolution(
    graph: OnnxGraph, layer: Any, x: Value, at: At, *, kernel: Array | None = None, groups: int | None = None
) -> Value:
    """Return the sums of a convolution; ``kernel`` and ``groups`` where they are not the layer's own."""
    name = f"{at.name}/kernel"
    given = graph.weights[name] if kernel is None else kernel
    windows = _windows(layer, layer.kernel_size, layer.strides, at)
    attributes = _attributes(windows, at.n_axes) | {"group": groups or layer.groups}
    return _filtered(graph, "Conv", layer, x, at, given, attributes)


def transposed(graph: OnnxGraph, layer: Any, x: Value, at: At) -> Value:
    """Return the sums of a transposed convolution."""
    n = at.n_axes
    size, _ = image_size((1, *at.shape), n, at.name)
    made, _ = image_size((1, *at.made), n, at.name)
    window, strides, dilation = (
        checked_size(getattr(layer, argument), argument, at.name, n)
        for argument in ("kernel_size", "strides", "dilation_rate")
    )
    spans = Windows(size, window, strides, dilation).spans
    padding = checked_padding(layer.padding, at.name, n)
    if padding == "same":
        pads = same_pads(made, spans, strides)
    else:
        pads = ((0, 0), (0, 0)) if isinstance(padding, str) else padding
    attributes = _attributes(Windows(made, window, strides, dilation, pads), n)
    axes = zip(made, size, strides, spans, pads, strict=True)
    more = [one - ((count - 1) * stride + span - sum(lost)) for one, count, stride, span, lost in axes]
    attributes |= {"group": layer.groups, "output_padding": more[2 - n :]}
    return _filtered(graph, "ConvTranspose", layer, x, at, graph.weights[f"{at.name}/kernel"], attributes)


def _filtered(
    graph: OnnxGraph, kind: str, layer: Any, x: Value, at: At, kernel: Array, attributes: dict[str, Any]
) -> Value:
    # nnkit has (window, inputs, outputs) of a convolution, ONNX (outputs, inputs, window).
    n = at.n_axes
    w = graph.weight(f"{at.name}/kernel", kernel.transpose(n + 1, n, *range(n)))
    weights = [w, graph.weight(f"{at.name}/bias")] if layer.use_bias else [w]
    y = graph.channels_first(x, n + 2)(kind, *weights, **attributes)
    return graph.channels_last(y, n + 2)


def max_pool(graph: OnnxGraph, layer: Any, x: Value, at: At) -> Value:
    """Return the largest value of every window."""
    return _pooled(graph, "MaxPool", x, at, _attributes(_pool_windows(layer, at), at.n_axes))


def lp_pool(graph: OnnxGraph, layer: Any, x: Value, at: At) -> Value:
    """Return the norm of every window."""
    attributes = _attributes(_pool_windows(layer, at), at.n_axes) | {"p": layer.norm_type}
    return _pooled(graph, "LpPool", x, at, attributes)


def average_pool(graph: OnnxGraph, layer: Any, x: Value, at: At) -> Value:
    """Return the mean of every window."""
    windows = _pool_windows(layer, at)
    attributes = _attributes(windows, at.n_axes)
    if windows.dilation == (1, 1):
        del attributes["dilations"]
        attributes["count_include_pad"] = int(layer.count_include_pad)
        return _pooled(graph, "AveragePool", x, at, attributes)
    # Only later versions of ONNX have taps that lie apart here: a sum of them, by the pixels that count.
    n, channels = at.n_axes, at.shape[-1]
    ones = np.ones((channels, 1, *windows.window[2 - n :]), dtype=graph.dtype)
    shares = 1.0 / _counts(windows, include_pad=layer.count_include_pad)
    first = graph.channels_first(x, n + 2)("Conv", ones, **attributes, group=channels)
    return graph.channels_last(first * (shares if n == 2 else shares[0]).astype(graph.dtype), n + 2)


def _counts(windows: Windows, *, include_pad: bool) -> Array:
    """Return by how many taps the sum of every window is divided."""
    if include_pad:
        return np.full(windows.output, float(prod(windows.window)))
    down, across = (
        [
            sum(0 <= start * stride - before + tap * step < size for tap in range(taps))
            for start in range(count)
        ]
        for count, stride, (before, _), taps, step, size in zip(
            windows.output, windows.strides, windows.pads, windows.window, windows.dilation, windows.size,
            strict=True,
        )
    )  # fmt: skip
    return np.outer(down, across).astype(np.float64)


def _pooled(graph: OnnxGraph, kind: str, x: Value, at: At, attributes: dict[str, Any]) -> Value:
    rank = at.n_axes + 2
    return graph.channels_last(graph.channels_first(x, rank)(kind, **attributes), rank)


def _pool_windows(layer: Any, at: At) -> Windows:
    return _windows(layer, layer.pool_size, layer.pool_size if layer.strides is None else layer.strides, at)


def _windows(layer: Any, window: Any, strides: Any, at: At) -> Windows:
    n = at.n_axes
    size, _ = image_size((1, *at.shape), n, at.name)
    return windows_over(
        size,
        checked_size(window, "window", at.name, n),
        strides=checked_size(strides, "strides", at.name, n),
        padding=checked_padding(layer.padding, at.name, n),
        dilation=checked_size(layer.dilation_rate, "dilation_rate", at.name, n),
        where=at.name,
    )


def _attributes(windows: Windows, n_axes: int) -> dict[str, Any]:
    """Return the attributes that all operators with windows have; a sequence has one axis."""
    skip = 2 - n_axes
    befores, afters = zip(*windows.pads[skip:], strict=True)
    return {
        "kernel_shape": list(windows.window[skip:]),
        "strides": list(windows.strides[skip:]),
        "dilations": list(windows.dilation[skip:]),
        "pads": [*befores, *afters],
    }
