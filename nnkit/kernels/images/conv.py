"""Convolution: the entries, each made for one shape.

Their vector code has the bits of the readable kernels in ``tests/nnkit/kernels/readable_convolution.py``.
"""

from nnkit.assembly import AssembledEntry
from nnkit.ops import Argument
from nnkit.tiling.convolution import Convolution


def forward_entry(
    name: str, shape: Convolution, arguments: tuple[Argument, ...], *, is_gradient: bool = False
) -> AssembledEntry:
    """Return the entry of a convolution of this shape; a gradient has neither bias nor floor."""

    def build(symbol, dtype):
        # Imported here: building needs llvmlite's IR layer, running from the cache does not.
        from nnkit.kernels.images.conv_scatter import build_scatter, can_scatter
        from nnkit.kernels.images.conv_tiles import build_forward

        if is_gradient and can_scatter(shape, 16 if dtype == "float32" else 8):
            return build_scatter(shape, symbol, dtype, arguments)
        return build_forward(shape, symbol, dtype, arguments)

    return AssembledEntry(name, f"{name}_{shape.label}_{len(arguments)}", build)


def backward_kernel_entry(name: str, shape: Convolution, arguments: tuple[Argument, ...]) -> AssembledEntry:
    """Return the entry of the gradients for kernel and bias of a convolution of this shape."""

    def build(symbol, dtype):
        from nnkit.kernels.images.conv_gradient_tiles import build_backward_kernel

        return build_backward_kernel(shape, symbol, dtype, arguments)

    return AssembledEntry(name, f"{name}_{shape.label}_{len(arguments)}", build)
