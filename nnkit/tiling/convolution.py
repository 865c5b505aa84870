"""How a convolution is cut into register tiles: what its machine code and its scratch buffers agree on.

A vector has 64 bytes. Where a group's filters fill half of it or less, it holds several pixels: lane
``c * pixels + p`` belongs to filter c of pixel p, so that the inputs of all lanes are one small load,
repeated. The pixels' inputs must then lie side by side: in images of one channel they do, others are
woven into a buffer where they do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from nnkit.tiling.window import Pair, Windows

_MOST_PIXELS = 4
# No tile on any CPU has more rows than this.
MOST_ROWS = 14
# The gradient of a kernel keeps its sums in registers over at least so many pixels.
_PIXELS_PER_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Convolution:
    """The shape of a convolution: everything that its machine code is made for.

    ``spread`` input pixels lie that far apart, zeros between, and with ``turned`` the kernel is read
    from its last tap to its first, inputs and outputs exchanged: so the gradient of a convolution for its
    input is a convolution too.
    """

    windows: Windows
    channels: int
    filters: int
    groups: int = 1
    spread: Pair = (1, 1)
    turned: bool = False

    @property
    def image(self) -> Pair:
        """Return height and width of the input as it lies in memory."""
        (height, width), (down, across) = self.windows.size, self.spread
        return (height - 1) // down + 1, (width - 1) // across + 1

    @property
    def taps(self) -> int:
        return prod(self.windows.window)

    @property
    def group_channels(self) -> int:
        return self.channels // self.groups

    @property
    def group_filters(self) -> int:
        return self.filters // self.groups

    @property
    def is_by_channel(self) -> bool:
        """True where lanes are channels that do not see each other: one filter for each of them."""
        return self.groups == self.channels == self.filters > 1

    @property
    def parts(self) -> int:
        """Return how many groups are computed one after the other; where lanes are channels, they are one."""
        return 1 if self.is_by_channel else self.groups

    @property
    def part_filters(self) -> int:
        return self.filters // self.parts

    @property
    def depth(self) -> int:
        """Return the products behind one output value."""
        return self.taps * self.group_channels

    @property
    def flops(self) -> int:
        """Return the floating-point operations of one image: a gradient's are those of what it belongs to."""
        pixels = self.image if self.turned else self.windows.output
        return 2 * prod(pixels) * self.filters * self.depth

    def runs(self, row: int) -> list[tuple[int, int]]:
        """Return where the taps of one window lie in an image of ``row`` values a row: (offset, length)."""
        (down, across), (height, width) = self.windows.dilation, self.windows.window
        if self.is_contiguous:
            return [(r * down * row, width * self.channels) for r in range(height)]
        columns = [s * across * self.channels for s in range(width)]
        return [(r * down * row + column, self.group_channels) for r in range(height) for column in columns]

    @property
    def is_contiguous(self) -> bool:
        """True where the taps of a kernel's row lie side by side."""
        return self.groups == 1 and (self.windows.dilation[1] == 1 or self.windows.window[1] == 1)

    @property
    def label(self) -> str:
        spread = "" if self.spread == (1, 1) else f"z{self.spread[0]}x{self.spread[1]}"
        return f"{self.windows.label}c{self.channels}f{self.filters}g{self.groups}{spread}{'t' * self.turned}"

    def gradient(self) -> "Convolution":
        """Return the convolution that makes the gradient for the input of the gradient for the output."""
        one = self.windows
        spans, output = one.spans, one.output
        size = to_pair((n - 1) * stride + 1 for n, stride in zip(output, one.strides, strict=True))
        before = to_pair(span - 1 - origin for span, origin in zip(spans, one.origin, strict=True))
        # What is left after the gradient is zeros (or, where the last pixels were not read, cut off).
        after = to_pair(
            length + span - 1 - first - of
            for length, span, first, of in zip(one.size, spans, before, size, strict=True)
        )
        pads = ((before[0], after[0]), (before[1], after[1]))
        windows = Windows(size, one.window, dilation=one.dilation, pads=pads)
        return Convolution(windows, self.filters, self.channels, self.groups, one.strides, turned=True)


def pixels_per_vector(filters: int, lanes: int) -> int:
    """Return for how many pixels (or taps) one vector has room."""
    pixels = 1
    while pixels < _MOST_PIXELS and 2 * pixels * filters <= lanes:
        pixels *= 2
    return pixels


@dataclass(frozen=True, slots=True)
class GradientPlan:
    """Buffers of the gradient for the kernel: some padded images, and the sums in vectors.

    Here several *taps* share a vector where there are few filters: lane ``c * taps + t``.
    """

    shape: Convolution
    lanes: int

    @property
    def taps(self) -> int:
        return 1 if self.shape.is_by_channel else pixels_per_vector(self.shape.part_filters, self.lanes)

    @property
    def reads_image(self) -> bool:
        return self.shape.windows.is_inside and self.taps == 1

    @property
    def row(self) -> int:
        width = self.shape.windows.size[1] if self.reads_image else self.shape.windows.reach[1]
        return width * self.shape.channels

    @property
    def skips_rows(self) -> bool:
        """True where windows are left out that have a tap's kernel row above or below the image."""
        return len(self.places) // len(self.shape.runs(self.row)) > MOST_ROWS // 2

    @property
    def image_size(self) -> int:
        height = self.shape.windows.size[0] if self.reads_image else self.shape.windows.reach[0]
        return height * self.row

    @property
    def images(self) -> int:
        """Return how many images are summed up before the sums leave the registers."""
        return max(1, _PIXELS_PER_BLOCK // prod(self.shape.windows.output))

    @property
    def may_pair(self) -> bool:
        """True where the chains are so few that each would wait for its last sum: two blocks take turns."""
        return 2 * (len(self.places) + 1) * self.vectors <= MOST_ROWS

    @property
    def padded_size(self) -> int:
        images = self.images * (2 if self.may_pair else 1)
        return 0 if self.reads_image else whole_vectors(images * self.image_size + 2 * self.lanes, self.lanes)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Return the rows of the product: (offset in the padded image, taps from there that count)."""
        runs = self.shape.runs(self.row)
        starts = [(offset, length, t) for offset, length in runs for t in range(0, length, self.taps)]
        return [(offset + t, min(self.taps, length - t)) for offset, length, t in starts]

    @property
    def vectors(self) -> int:
        return -(-self.shape.part_filters * self.taps // self.lanes)

    @property
    def sums_size(self) -> int:
        """Return the values of all sums of all groups, the bias's included."""
        return self.shape.parts * (len(self.places) + 1) * self.vectors * self.lanes


def whole_vectors(values: int, lanes: int) -> int:
    """Return so many values, rounded up to whole vectors."""
    return -(-values // lanes) * lanes


def to_pair(values: Iterable[int]) -> Pair:
    first, second = values
    return first, second
