"""Where the windows of a convolution or a pooling lie: sizes are (height, width) pairs."""

from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of ``window`` taps over images of ``size``, ``strides`` apart.

    The taps of one window lie ``dilation`` apart. ``pads`` is ((top, bottom), (left, right)).
    """

    size: Pair
    window: Pair
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pads: tuple[Pair, Pair] = ((0, 0), (0, 0))

    @property
    def spans(self) -> Pair:
        """Return the pixels from a window's first tap to its last, both included."""
        return _pair(
            dilation * (taps - 1) + 1 for taps, dilation in zip(self.window, self.dilation, strict=True)
        )

    @property
    def output(self) -> Pair:
        """Return how many windows there are down and across; 0 or less where none fits."""
        axes = zip(self.size, self.pads, self.spans, self.strides, strict=True)
        return _pair((size + sum(pads) - span) // stride + 1 for size, pads, span, stride in axes)

    @property
    def reach(self) -> Pair:
        """Return the size of the padded image that the windows read; rows beyond it are never needed."""
        axes = zip(self.output, self.strides, self.spans, strict=True)
        return _pair((count - 1) * stride + span for count, stride, span in axes)

    @property
    def origin(self) -> Pair:
        """Return the place of the image's first pixel in the padded image."""
        return self.pads[0][0], self.pads[1][0]

    @property
    def is_inside(self) -> bool:
        """True where no window reaches over the image's edge."""
        return all(
            origin == 0 and reach <= size
            for origin, reach, size in zip(self.origin, self.reach, self.size, strict=True)
        )

    @property
    def is_apart(self) -> bool:
        """True where no pixel lies in two windows."""
        return all(stride >= span for stride, span in zip(self.strides, self.spans, strict=True))

    def all_see_the_image(self, axis: int) -> bool:
        """Return whether every window has a tap inside the image, along this axis."""
        first, size = -self.pads[axis][0], self.size[axis]
        taps = range(0, self.spans[axis], self.dilation[axis])
        starts = range(first, first + self.output[axis] * self.strides[axis], self.strides[axis])
        return all(any(0 <= start + tap < size for tap in taps) for start in starts)

    @property
    def label(self) -> str:
        """Return the windows in letters that a file name may have."""
        pairs = {"k": self.window, "s": self.strides, "d": self.dilation}
        text = "".join(f"{letter}{a}x{b}" for letter, (a, b) in pairs.items())
        (top, bottom), (left, right) = self.pads
        return f"{self.size[0]}x{self.size[1]}{text}p{top}.{bottom}.{left}.{right}"


def same_pads(size: Pair, spans: Pair, strides: Pair) -> tuple[Pair, Pair]:
    """Return the padding that gives ceil(size / stride) windows; an odd pixel goes after, as in Keras."""
    pads = []
    for length, span, stride in zip(size, spans, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + span - length, 0)
        pads.append((total // 2, total - total // 2))
    return pads[0], pads[1]


def _pair(values) -> Pair:
    first, second = values
    return first, second
