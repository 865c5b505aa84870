"""Which parameters are matrices, and which of them an optimizer moves where another moves the rest."""

from collections.abc import Mapping
from math import prod

Shape = tuple[int, ...]


def matrix_of(shape: Shape) -> tuple[int, int]:
    """Return the matrix as which a parameter is seen: (all other sizes, outputs); a vector is one row."""
    return (prod(shape[:-1]), shape[-1]) if len(shape) > 1 else (1, prod(shape))


def is_matrix(name: str, shape: Shape) -> bool:
    """Return whether a parameter multiplies what flows through a layer.

    In a model these are the kernels; a slope for each value of a feature map is none, whatever its shape.
    By hand, where names are anything, whatever has two axes.
    """
    last = name.rpartition("/")[2]
    return len(shape) > 1 and ("kernel" in last or "/" not in name)


def matrices(shapes: Mapping[str, Shape], *, ends: bool) -> list[str]:
    """Return the names of the matrices, in order; without ``ends`` the first and the last are left out."""
    found = [name for name, shape in shapes.items() if is_matrix(name, shape)]
    return found if ends else found[1:-1]
