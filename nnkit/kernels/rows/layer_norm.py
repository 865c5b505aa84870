"""Layer normalisation, every row by its own mean and variance: the entries, made for a number of columns.

Their vector code has the bits of the readable kernels in ``tests/nnkit/kernels/readable_layer_norm.py``.
"""

from nnkit.assembly import AssembledEntry
from nnkit.ops import Argument


def layer_norm_entry(kind: str, columns: int, arguments: tuple[Argument, ...]) -> AssembledEntry:
    """Return the entry of a layer normalisation: forward or backward."""

    def build(symbol, dtype):
        # Imported here: building needs llvmlite's IR layer, running from the cache does not.
        from nnkit.kernels.rows import layer_norm_ir

        return layer_norm_ir.build(kind, columns, symbol, dtype, arguments)

    return AssembledEntry(f"layer_norm_{kind}", f"layer_norm_{kind}_{columns}", build)
