"""Reading what layers with windows are told: sizes, strides and padding, in Keras's ways to say them."""

from typing import Any

from nnkit.errors import InvalidArgument
from nnkit.tiling.window import Pair, Windows, same_pads

# What the arguments may look like; two axes take a pair wherever one number stands for both.
Size = int | tuple[int, ...]
Padding = str | int | tuple[Any, ...]


def checked_size(value: Any, name: str, where: str, n_axes: int) -> Pair:
    """Return ``value`` as (height, width); along one axis the height is 1."""
    numbers = (
        (value,) * n_axes if _is_whole(value) else tuple(value) if isinstance(value, tuple | list) else ()
    )
    if len(numbers) != n_axes or not all(_is_whole(n) and n >= 1 for n in numbers):
        kinds = "a whole number" if n_axes == 1 else "a whole number or a pair of them"
        raise InvalidArgument(f"{where}: {name} must be {kinds}, at least 1, found {value!r}.")
    return (1, int(numbers[0])) if n_axes == 1 else (int(numbers[0]), int(numbers[1]))


def checked_padding(value: Any, where: str, n_axes: int) -> str | tuple[Pair, Pair]:
    """Return ``"valid"``, ``"same"`` or ((top, bottom), (left, right))."""
    if value in ("valid", "same"):
        return str(value)
    if _is_whole(value) and value >= 0:
        return ((int(value), int(value)) if n_axes == 2 else (0, 0)), (int(value), int(value))
    axes = ((0, 0), value) if n_axes == 1 else value
    if isinstance(axes, tuple | list) and len(axes) == 2 and all(map(_is_pads, axes)):
        (top, bottom), (left, right) = axes
        return (int(top), int(bottom)), (int(left), int(right))
    ends = "((top, bottom), (left, right))" if n_axes == 2 else "(before, after)"
    raise InvalidArgument(
        f"{where}: padding must be 'valid', 'same', a whole number of at least 0 or {ends}, found {value!r}."
    )


def windows_over(
    size: Pair,
    window: Pair,
    *,
    strides: Pair,
    padding: str | tuple[Pair, Pair],
    where: str,
    dilation: Pair = (1, 1),
) -> Windows:
    """Return the windows over images of ``size``, or say that none fits."""
    free = Windows(size, window, strides, dilation)
    pads = ((0, 0), (0, 0)) if padding == "valid" else padding
    resolved = same_pads(size, free.spans, strides) if isinstance(pads, str) else pads
    windows = Windows(size, window, strides, dilation, resolved)
    if min(windows.output) < 1:
        raise InvalidArgument(
            f"{where}: a window of {windows.spans[0]} x {windows.spans[1]} does not fit an input of "
            f"{size[0]} x {size[1]} with padding {padding!r}. Try padding='same'."
        )
    return windows


def image_size(shape: tuple[int, ...], n_axes: int, where: str) -> tuple[Pair, int]:
    """Return ((height, width), channels) of a batch of ``shape``; a sequence has height 1."""
    if len(shape) != n_axes + 2:
        kinds = {1: "(steps, channels)", 2: "(height, width, channels)"}
        raise InvalidArgument(
            f"{where}: needs inputs of shape {kinds[n_axes]}, found {shape[1:]}. Put a Reshape before it."
        )
    size = (1, shape[1]) if n_axes == 1 else (shape[1], shape[2])
    return size, shape[-1]


def image_shape(batch: int, size: Pair, channels: int, n_axes: int) -> tuple[int, ...]:
    """Return the shape of a batch of images, or of sequences."""
    return (batch, size[1], channels) if n_axes == 1 else (batch, *size, channels)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_pads(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and all(_is_whole(n) and n >= 0 for n in value)
