"""Batch normalisation over the last axis: the entries, made for a number of channels.

Their vector code has the bits of the readable kernels in ``tests/nnkit/kernels/readable_batch_norm.py``.
"""

from nnkit.assembly import AssembledEntry
from nnkit.ops import Argument


def batch_norm_entry(kind: str, channels: int, arguments: tuple[Argument, ...]) -> AssembledEntry:
    """Return the entry of a batch normalisation: train, test or backward."""

    def build(symbol, dtype):
        # Imported here: building needs llvmlite's IR layer, running from the cache does not.
        from nnkit.kernels.rows import normalize_ir

        return normalize_ir.build(kind, channels, symbol, dtype, arguments)

    return AssembledEntry(f"batch_norm_{kind}", f"batch_norm_{kind}_{channels}", build)
