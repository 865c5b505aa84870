"""A descent that moves: contours, and the paths growing step by step, as one SVG without a script.

The motion is SMIL (SVG 1.1, chapter 19), which browsers play inside a page and in an image. Where it is not
played, the whole paths are seen.
"""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from nnbench.records.descent import Descent, Landscape, Path, Values
from nnbench.reporting.blocks import DescentAnimation
from nnbench.reporting.figures.levels import contour_lines
from nnbench.reporting.figures.style import GREY, INK, PALETTE

_WIDE, _HIGH, _EDGE, _LINE = 640, 460, 10, 18  # in pixels: the picture, its margin, a line of the legend
_SECONDS, _REST = 8.0, 1.5  # of motion, and of standing still before it begins again
_MOST_FRAMES = 120
_OPENING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
    ' font-family="DejaVu Sans, Arial, Helvetica, sans-serif" font-size="12">'
)


def write(figure: DescentAnimation) -> bytes:
    """Return the file."""
    descent = figure.descent
    high = _HIGH + _LINE * len(descent.paths) + _EDGE
    lines = [
        _OPENING.format(wide=_WIDE, high=high),
        f"<title>{escape(figure.alternative)}</title>",
        f'<clipPath id="{figure.name}-frame"><rect width="{_WIDE}" height="{_HIGH}"/></clipPath>',
        f'<rect width="{_WIDE}" height="{high}" fill="white"/>',
        f'<g clip-path="url(#{figure.name}-frame)" fill="none">',
        *_contours(descent.landscape),
        *_marks(descent),
        *(line for place in reversed(range(len(descent.paths))) for line in _moving(descent, place)),
        "</g>",
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="none" stroke="{GREY}"/>',
        *_legend(descent),
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _pixels(landscape: Landscape, points: Values) -> Values:
    """Return where points lie in the picture, which grows downwards; far ones stay within its reach."""
    (left, right), (bottom, top) = landscape.x[[0, -1]], landscape.y[[0, -1]]
    x = (points[:, 0] - left) / (right - left) * _WIDE
    y = (top - points[:, 1]) / (top - bottom) * _HIGH
    return np.asarray(np.clip(np.stack([x, y], axis=1), -3 * _WIDE, 4 * _WIDE))


def _contours(landscape: Landscape) -> Iterator[str]:
    for _, segment in contour_lines(landscape):
        yield f'<path d="{_track(_pixels(landscape, segment))}" stroke="#BBBBBB" stroke-width="0.8"/>'


def _track(pixels: Values) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in pixels)


def _marks(descent: Descent) -> Iterator[str]:
    for points, sign in ((descent.minima, "M-6 0H6M0 -6V6"), (descent.others, "M-5 -5L5 5M-5 5L5 -5")):
        for x, y in _pixels(descent.landscape, points.reshape(-1, 2)):
            place = f"translate({x:.1f} {y:.1f})"
            yield f'<path transform="{place}" d="{sign}" stroke="{INK}" stroke-width="1.8"/>'
    (x, y), *_ = _pixels(descent.landscape, descent.paths[0].points[:1])
    yield f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="white" stroke="{INK}"/>'


def _moving(descent: Descent, place: int) -> Iterator[str]:
    """Yield a path that is uncovered, and a ball at its head; all paths take the same time for a step."""
    path, colour = descent.paths[place], PALETTE[place % len(PALETTE)]
    most = max(each.n_steps for each in descent.paths)
    frames = _frames(path)
    pixels = _pixels(descent.landscape, path.points[frames])
    lengths = np.concatenate([[0.0], np.hypot(*np.diff(pixels, axis=0).T).cumsum()])
    whole = max(float(lengths[-1]), 1e-6)
    ends = _SECONDS / (_SECONDS + _REST)
    times = [*(frames / most * ends), 1.0]
    uncovered = [f"{whole - length:.1f}" for length in lengths]
    dash = f'stroke-dasharray="{whole:.1f}"'
    yield f'<path d="{_track(pixels)}" stroke="{colour}" stroke-width="1.6" {dash}>'
    yield f"{_animate('stroke-dashoffset', [*uncovered, uncovered[-1]], times)}</path>"
    x, y = ([f"{each:.1f}" for each in column] for column in pixels.T)
    yield f'<circle r="5" cx="{x[-1]}" cy="{y[-1]}" fill="{colour}" stroke="white">'
    yield _animate("cx", [*x, x[-1]], times) + _animate("cy", [*y, y[-1]], times) + "</circle>"


def _frames(path: Path) -> Values:
    """Return the steps that are shown: all of them, or so many, the first and the last among them."""
    n = min(path.n_steps, _MOST_FRAMES)
    return np.unique(np.linspace(0, path.n_steps, n + 1).round().astype(np.int64))


def _animate(attribute: str, values: Sequence[str], times: Sequence[float]) -> str:
    return (
        f'<animate attributeName="{attribute}" dur="{_SECONDS + _REST:g}s" repeatCount="indefinite"'
        f' keyTimes="{";".join(f"{time:.4f}" for time in times)}" values="{";".join(values)}"/>'
    )


def _legend(descent: Descent) -> Iterator[str]:
    for place, path in enumerate(descent.paths):
        y, colour = _HIGH + _LINE * (place + 1), PALETTE[place % len(PALETTE)]
        words = f"{descent.label(path)}: {path.end.replace('_', ' ')}"
        yield f'<circle cx="{_EDGE}" cy="{y - 4}" r="5" fill="{colour}"/>'
        yield f'<text x="{2 * _EDGE}" y="{y}" fill="{INK}">{escape(words)}</text>'
