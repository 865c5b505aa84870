"""Pooling: the entries, each made for one shape.

Their vector code has the bits of the readable kernels in ``tests/nnkit/kernels/readable_pooling.py``.
"""

from nnkit.assembly import AssembledEntry
from nnkit.ops import Argument
from nnkit.tiling.pooling import Pooling


def forward_entry(name: str, shape: Pooling, arguments: tuple[Argument, ...]) -> AssembledEntry:
    """Return the entry of a pooling of this shape."""

    def build(symbol, dtype):
        # Imported here: building needs llvmlite's IR layer, running from the cache does not.
        from nnkit.kernels.images.pool_ir import build_forward

        return build_forward(shape, symbol, dtype, arguments)

    return AssembledEntry(name, f"pool_{shape.label}", build)


def backward_entry(name: str, shape: Pooling, arguments: tuple[Argument, ...]) -> AssembledEntry:
    """Return the entry of the gradient of a pooling of this shape."""

    def build(symbol, dtype):
        from nnkit.kernels.images.pool_ir import build_backward

        return build_backward(shape, symbol, dtype, arguments)

    return AssembledEntry(name, f"pool_backward_{shape.label}", build)
