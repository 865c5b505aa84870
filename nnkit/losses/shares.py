"""From shares back to logits, for losses that are told ``from_logits=false``.

The softmax of the logarithms of shares is the shares divided by their sum, and the sigmoid of log-odds is the
share: one kernel of a loss serves both. Shares are held 1e-7 from 0 (and 1, of two classes), as in Keras, and
have no gradient beyond.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.jit import Kernel, kernel
from nnkit.kernels.elementwise import map_backward, map_forward
from nnkit.kernels.scalar import log
from nnkit.simd import real


@kernel
def log_share(p):
    """Return ``log(p)``."""
    least = real(p, 1e-7)
    return log(least if p < least else p)


@kernel
def log_share_slope(p):
    return real(p, 0.0) if p < real(p, 1e-7) else real(p, 1.0) / p


@kernel
def log_odds(p):
    """Return ``log(p / (1 - p))``."""
    least, one = real(p, 1e-7), real(p, 1.0)
    held = least if p < least else p
    held = one - least if held > one - least else held
    return log(held / (one - held))


@kernel
def log_odds_slope(p):
    least, one = real(p, 1e-7), real(p, 1.0)
    return real(p, 0.0) if p < least or p > one - least else one / (p * (one - p))


# By whether there is one output per label: the kernels ``(p, z)`` and ``(p, dz, dp)`` over flat vectors.
TO_LOGITS: dict[bool, tuple[str, Kernel, Kernel]] = {
    False: ("log_share", map_forward.bind(value=log_share), map_backward.bind(slope=log_share_slope)),
    True: ("log_odds", map_forward.bind(value=log_odds), map_backward.bind(slope=log_odds_slope)),
}


def to_logits(shares: NDArray[Any], *, single: bool) -> NDArray[Any]:
    """Return the logits of shares, in their shape and type."""
    found = np.empty_like(shares)
    TO_LOGITS[single][1](shares.reshape(-1), found.reshape(-1))
    return found


def through_logits(shares: NDArray[Any], gradient: NDArray[Any], *, single: bool) -> NDArray[Any]:
    """Return the gradient by the shares, of the one by their logits."""
    found = np.empty_like(shares)
    TO_LOGITS[single][2](shares.reshape(-1), gradient.reshape(-1), found.reshape(-1))
    return found
