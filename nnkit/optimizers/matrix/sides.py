"""What optimizers share that look at a matrix from both sides: Gram matrices and eigenvectors."""

from nnkit.jit import kernel
from nnkit.kernels.algebra.product import multiply, multiply_turned, turned_multiply
from nnkit.kernels.algebra.symmetric import decompose
from nnkit.optimizers.matrix.orthogonal import LANES_SCRATCH, MATRIX, PANEL
from nnkit.optimizers.optimizer import Shaped, Sizes
from nnkit.registry import Hyper
from nnkit.simd import copy_values, double, real

# A side with more places than this is left as it is: its eigenvectors would take a second.
LARGEST = 1024


def _side(places: int) -> tuple[int, int]:
    return (places, places) if places <= LARGEST else (1, 1)


def _longer(sizes: Sizes) -> int:
    return max(_side(sizes.rows)[0], _side(sizes.columns)[0])


LEFT = Shaped(lambda sizes: _side(sizes.rows))
RIGHT = Shaped(lambda sizes: _side(sizes.columns))
# Float64 scratch for each side, of its own size, and for their eigenvalues.
DECOMPOSING = {
    "left_work": Shaped(lambda sizes: _side(sizes.rows), "double"),
    "left_vectors": Shaped(lambda sizes: _side(sizes.rows), "double"),
    "right_work": Shaped(lambda sizes: _side(sizes.columns), "double"),
    "right_vectors": Shaped(lambda sizes: _side(sizes.columns), "double"),
    "values": Shaped(lambda sizes: (_longer(sizes),), "double"),
    "beside": Shaped(lambda sizes: (_longer(sizes),), "double"),
    "spare": Shaped(lambda sizes: (_longer(sizes),), "double"),
}
SIDE_SCRATCH = ("x", "other", "left_new", "right_new", "panel", "lanes", *DECOMPOSING)
SIDE_SHAPED = {
    "x": MATRIX,
    "other": MATRIX,
    "left_new": LEFT,
    "right_new": RIGHT,
    "panel": PANEL,
    "lanes": LANES_SCRATCH,
    **DECOMPOSING,
}


def interval(default: int, of: str) -> Hyper:
    return Hyper("interval", default, f"steps from one {of} to the next", at_least=1, integer=True)


@kernel
def is_whole(side, places):
    """Return whether a side is looked at: the array of one that is too long has one place."""
    return side.shape[0] == places


@kernel
def gather(gram, new, keep, take):
    """Write ``gram = keep * gram + take * new``.

    Shapes      gram, new: (n, n); gram in place
    """
    kept, taken = real(gram, keep), real(gram, take)
    for i in range(gram.shape[0]):
        for j in range(gram.shape[0]):
            gram[i, j] = kept * gram[i, j] + taken * new[i, j]


@kernel
def gather_sides(g, left, right, left_new, right_new, panel, keep, take):
    """Move both Gram matrices by those of ``g``, ``g·gᵀ`` and ``gᵀ·g``.

    Shapes      g: (rows, columns); left, left_new: (rows, rows); right, right_new: (columns, columns)
    """
    if is_whole(left, g.shape[0]):
        multiply_turned(g, g, left_new, panel)
        gather(left, left_new, keep, take)
    if is_whole(right, g.shape[1]):
        turned_multiply(g, g, right_new, panel)
        gather(right, right_new, keep, take)


@kernel
def decompose_side(side, work, vectors, values, beside, spare):
    """Write the eigenvalues of a side, and its eigenvectors as rows; the side stays.

    Shapes      side, work, vectors: (n, n); values, beside, spare: at least (n,); all but side float64
    """
    n = side.shape[0]
    for i in range(n):
        for j in range(n):
            work[i, j] = double(side[i, j])
    decompose(work, vectors, values[:n], beside[:n], spare[:n])


@kernel
def narrow(source, target):
    """Write a float64 matrix in another's type.

    Shapes      source, target: (n, n)
    """
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = real(target, source[i, j])


@kernel
def write_identity(a):
    """Write 1 to the diagonal and 0 elsewhere."""
    for i in range(a.shape[0]):
        for j in range(a.shape[0]):
            a[i, j] = real(a, 1.0 if i == j else 0.0)


@kernel
def to_basis(x, other, left, right, panel):
    """Write to ``x`` its coordinates in both bases, whose vectors are the rows: ``left · x · rightᵀ``.

    Shapes      x, other: (rows, columns); left: (rows, rows); right: (columns, columns); x in place
    """
    if is_whole(left, x.shape[0]):
        multiply(left, x, other, panel)
        copy_values(other, 0, x, 0, x.size)
    if is_whole(right, x.shape[1]):
        multiply_turned(x, right, other, panel)
        copy_values(other, 0, x, 0, x.size)


@kernel
def from_basis(x, other, left, right, panel):
    """Write to ``x`` what has these coordinates: ``leftᵀ · x · right``.

    Shapes      as in `to_basis`
    """
    if is_whole(left, x.shape[0]):
        turned_multiply(left, x, other, panel)
        copy_values(other, 0, x, 0, x.size)
    if is_whole(right, x.shape[1]):
        multiply(x, right, other, panel)
        copy_values(other, 0, x, 0, x.size)
