"""How a forward convolution is laid out: its phases, and the scratch buffers that they share.

A convolution over pixels that lie apart, zeros between, is taken apart: outputs that lie as far apart see
the same taps, and are a dense convolution of the image as it is in memory. The zeros are never multiplied.
"""

from dataclasses import dataclass, replace
from functools import cache

from nnkit.tiling.convolution import MOST_ROWS, Convolution, pixels_per_vector, to_pair, whole_vectors
from nnkit.tiling.window import Pair, Windows


@dataclass(frozen=True, slots=True)
class Phase:
    """Outputs from ``place`` on, as far apart as the pixels are spread, as a dense convolution.

    Its taps are those of the kernel from ``first_tap`` on, ``tap_steps`` apart (down, across) in reading
    order. It ``is_empty`` where no tap meets a pixel: then its outputs are the bias.
    """

    shape: Convolution
    place: Pair
    first_tap: int
    tap_steps: Pair
    is_empty: bool = False

    @property
    def depth(self) -> int:
        return 0 if self.is_empty else self.shape.depth


@dataclass(frozen=True, slots=True)
class _Axis:
    """A phase along one axis: its number of outputs, its taps, and where in the image the first one reads."""

    count: int
    n_taps: int
    first_tap: int
    tap_step: int
    dilation: int
    origin: int


@cache
def phases_of(shape: Convolution) -> tuple[Phase, ...]:
    """Return the dense convolutions that a convolution consists of: itself, unless pixels are spread."""
    width = shape.windows.window[1]
    if not shape.turned:
        return (Phase(shape, (0, 0), 0, (width, 1)),)
    found = []
    for top in range(min(shape.spread[0], shape.windows.output[0])):
        for left in range(min(shape.spread[1], shape.windows.output[1])):
            down, across = _axis(shape, 0, top), _axis(shape, 1, left)
            # A turned kernel is read from its last tap to its first.
            first = shape.taps - 1 - (down.first_tap * width + across.first_tap)
            steps = (-down.tap_step * width, -across.tap_step)
            empty = not (down.n_taps and across.n_taps)
            found.append(Phase(_dense(shape, down, across), (top, left), first, steps, empty))
    return tuple(found)


def _axis(shape: Convolution, axis: int, place: int) -> _Axis:
    windows, spread = shape.windows, shape.spread[axis]
    dilation, count = windows.dilation[axis], len(range(place, windows.output[axis], spread))
    first = place - windows.origin[axis]
    taps = [tap for tap in range(windows.window[axis]) if (first + tap * dilation) % spread == 0]
    if not taps:
        return _Axis(count, 0, 0, 1, 1, 0)
    step = taps[1] - taps[0] if len(taps) > 1 else spread
    origin = -(first + taps[0] * dilation) // spread
    return _Axis(count, len(taps), taps[0], step, step * dilation // spread, origin)


def _dense(shape: Convolution, *axes: _Axis) -> Convolution:
    window, dilation = to_pair(max(1, one.n_taps) for one in axes), to_pair(one.dilation for one in axes)
    free = Windows(shape.image, window, dilation=dilation)
    ends = zip(axes, shape.image, free.spans, strict=True)
    top, left = ((one.origin, one.count - 1 + span - size - one.origin) for one, size, span in ends)
    return replace(shape, windows=replace(free, pads=(top, left)), spread=(1, 1))


@dataclass(frozen=True, slots=True)
class ForwardPlan:
    """Buffers of the forward pass: the padded image, the woven one, and the kernel in vectors."""

    shape: Convolution
    lanes: int

    @property
    def phases(self) -> tuple[Phase, ...]:
        return phases_of(self.shape)

    @property
    def padded(self) -> Windows:
        """Return the padded image that the windows of all phases read."""
        found = [phase.shape.windows for phase in self.phases if not phase.is_empty]
        if len(self.phases) == 1 or not found:
            return self.phases[0].shape.windows
        ends = []
        for axis, size in enumerate(self.shape.image):
            origin = max(windows.origin[axis] for windows in found)
            reach = max(origin - windows.origin[axis] + windows.reach[axis] for windows in found)
            ends.append((origin, reach - size - origin))
        return Windows(self.shape.image, (1, 1), pads=(ends[0], ends[1]))

    def image_offset(self, phase: Phase) -> int:
        """Return where the first window of a phase begins in the image that the tiles read."""
        if phase.is_empty:
            return 0
        here, first = self.padded.origin, phase.shape.windows.origin
        offset = (here[0] - first[0]) * self.row + (here[1] - first[1]) * self.shape.channels
        return self.scale * offset

    @property
    def pixels(self) -> int:
        # With groups, the filters of neighbouring pixels do not lie side by side.
        return pixels_per_vector(self.shape.filters, self.lanes) if self.shape.groups == 1 else 1

    @property
    def pixel_step(self) -> int:
        """Return how far apart the first inputs of two neighbouring windows lie in the padded image."""
        return self.phases[0].shape.windows.strides[1] * self.shape.channels

    @property
    def is_woven(self) -> bool:
        return self.pixels > 1 and self.pixel_step > 1

    def skips_rows(self, phase: Phase) -> bool:
        """Return whether kernel rows above and below the image are left out.

        Not so where a tile has pixels of several rows on any CPU: infinite weights would show the difference.
        """
        return -(-phase.shape.windows.output[1] // self.pixels) > MOST_ROWS // 2

    @property
    def scale(self) -> int:
        """Return how far apart the values of the padded image lie where the tiles read it."""
        return self.pixels if self.is_woven else 1

    @property
    def reads_image(self) -> bool:
        """True where the windows can be read from the image itself, without a padded copy."""
        return self.padded.is_inside and self.pixels == 1

    @property
    def row(self) -> int:
        """Return the values of a row of the image that the windows read."""
        width = self.padded.size[1] if self.reads_image else self.padded.reach[1]
        return width * self.shape.channels

    @property
    def plain_size(self) -> int:
        """Return the values of the padded image. The slack behind it is read by vectors, and not used."""
        slack = self.pixels * self.pixel_step + 2 * self.lanes
        return 0 if self.reads_image else whole_vectors(self.padded.reach[0] * self.row + slack, self.lanes)

    @property
    def woven_size(self) -> int:
        values = self.pixels * (self.padded.reach[0] * self.row + self.lanes)
        return whole_vectors(values, self.lanes) if self.is_woven else 0

    @property
    def vectors(self) -> int:
        """Return the vectors that hold one pixel's, or some pixels', outputs of one group."""
        return -(-self.shape.part_filters * self.pixels // self.lanes)

    @property
    def packed_size(self) -> int:
        """Return the values of the kernel and the bias in vectors, phase by phase."""
        return sum(map(self.packed_phase_size, self.phases))

    def packed_phase_size(self, phase: Phase) -> int:
        return self.shape.parts * (phase.depth + 1) * self.vectors * self.lanes
