"""PReLU, a ReLU with a learned slope below 0: the entries, made for a number of channels.

Their vector code has the bits of the readable kernels in ``tests/nnkit/kernels/readable_prelu.py``.
"""

from nnkit.assembly import AssembledEntry
from nnkit.ops import Argument


def prelu_entry(kind: str, channels: int, arguments: tuple[Argument, ...]) -> AssembledEntry:
    """Return the entry of a PReLU: forward or backward."""

    def build(symbol, dtype):
        # Imported here: building needs llvmlite's IR layer, running from the cache does not.
        from nnkit.kernels.rows import prelu_ir

        return prelu_ir.build(kind, channels, symbol, dtype, arguments)

    return AssembledEntry(f"prelu_{kind}", f"prelu_{kind}_{channels}", build)
