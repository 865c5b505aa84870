"""The shape of a pooling: everything that its machine code is made for."""

from dataclasses import dataclass
from math import inf, prod
from typing import Literal

from nnkit.tiling.window import Windows

_MOST_PIXELS = 4
# Windows of more taps are looped over, and take partial results in turn: a sum waits for the one before.
_MOST_TAPS_IN_LINE = 16
_PARTIALS = 4


@dataclass(frozen=True, slots=True)
class Pooling:
    """A pooling; with ``through_relu``, its gradient passes the ReLU before it too.

    With ``counts_padding`` a mean is over all taps of a window, of which those outside the image are zeros.
    """

    kind: Literal["max", "average"]
    windows: Windows
    channels: int
    through_relu: bool = False
    counts_padding: bool = False

    @property
    def border(self) -> float:
        """Return the value around the image that changes no result."""
        return -inf if self.kind == "max" else 0.0

    @property
    def is_large(self) -> bool:
        return prod(self.windows.window) > _MOST_TAPS_IN_LINE

    @property
    def is_global(self) -> bool:
        """True where the one window is the whole image."""
        return self.windows.window == self.windows.size and self.windows.is_inside

    @property
    def n_partials(self) -> int:
        """Return how many partial sums a window's columns are added to in turn."""
        return _PARTIALS if self.is_large else 1

    @property
    def padded_size(self) -> int:
        """Return the values of the padded image, if there is one."""
        return 0 if self.windows.is_inside else prod(self.windows.reach) * self.channels

    @property
    def writes_all(self) -> bool:
        """True where every pixel that is kept lies in exactly one window."""
        covered = self.windows.size if self.windows.is_inside else self.windows.reach
        is_dense = self.windows.spans == self.windows.window
        return is_dense and self.windows.strides == self.windows.window and self.windows.reach == covered

    def vector(self, dtype: str, *, backward: bool = False) -> tuple[int, int]:
        """Return (lanes, neighbouring windows in a vector) for values of this type.

        Gradients of windows that share pixels are added one window after the other, and windows over an
        edge have means of their own numbers of pixels.
        """
        full = 16 if dtype == "float32" else 8
        if self.channels >= full:
            return full, 1
        lanes = 1 << (self.channels - 1).bit_length()
        shares_pixels = backward and not self.windows.is_apart
        counts_differ = self.kind == "average" and not (self.windows.is_inside or self.counts_padding)
        if lanes != self.channels or shares_pixels or counts_differ:
            return lanes, 1
        pixels = min(_MOST_PIXELS, full // lanes)
        return lanes * pixels, pixels

    @property
    def label(self) -> str:
        options = "r" * self.through_relu + "p" * self.counts_padding
        return f"{self.kind}_{self.windows.label}c{self.channels}{options}"
