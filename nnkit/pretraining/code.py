"""The kernels of Boltzmann machines as ops, and the scratch that they work in."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnkit.entries import op_kind
from nnkit.kernels import boltzmann, enumeration
from nnkit.ops import Operand, Scalar
from nnkit.tiling.matmul import STRIP

Array = NDArray[Any]


def _arrays(role: Any, *names: str, rank: int = 1, type: Any = "real") -> tuple[Operand, ...]:
    return tuple(Operand(name, role, rank=rank, type=type) for name in names)


_WHOLE: Literal["integer"] = "integer"
_MODEL = (
    *_arrays("inout", "weights", rank=2),
    *_arrays("inout", "visible_bias", "hidden_bias"),
)
_PACKED = (
    *_arrays("scratch", "values", rank=2),
    *_arrays("scratch", "places", rank=2, type="int32"),
    *_arrays("scratch", "counts", type="int32"),
)
_DRAWN = (Scalar("key", _WHOLE), Scalar("stream", _WHOLE))

CONTRASTIVE_DIVERGENCE = op_kind(
    "contrastive_divergence",
    boltzmann.contrastive_divergence,
    *_arrays("in", "x", rank=2),
    *_arrays("scratch", "order", type="int32"),
    *_MODEL,
    *_arrays("inout", "weight_speed", rank=2),
    *_arrays("inout", "visible_speed", "hidden_speed"),
    *_arrays("inout", "state", rank=2),
    *_arrays("scratch", "taken", "visible", "phases", rank=2),
    *_arrays("scratch", "panels", "turned", "phase_panels", rank=3),
    *_arrays("scratch", "turned_units", rank=2),
    *_arrays("in", "zeros"),
    *_arrays("scratch", "gradient", rank=2),
    *_arrays("scratch", "words", type="uint32"),
    *_PACKED,
    *(Scalar(name, _WHOLE) for name in ("epoch", "n_steps")),
    *(Scalar(name) for name in ("rate", "momentum", "decay")),
    *(Scalar(name, _WHOLE) for name in ("is_persistent", "is_gaussian")),
    *_DRAWN,
)
PROPAGATE = op_kind(
    "propagate",
    boltzmann.propagate,
    *_arrays("in", "x", "weights", rank=2),
    *_arrays("in", "bias"),
    *_arrays("out", "out", rank=2),
    *_arrays("scratch", "panels", rank=3),
    *_PACKED,
    Scalar("is_logistic", _WHOLE),
)
GIBBS = op_kind(
    "gibbs_chains",
    boltzmann.gibbs_chains,
    *_MODEL,
    *_arrays("inout", "state", "visible", "hidden", rank=2),
    *_arrays("scratch", "panels", "turned", rank=3),
    *_arrays("scratch", "words", type="uint32"),
    *_PACKED,
    *(Scalar(name, _WHOLE) for name in ("n_steps", "is_gaussian")),
    *_DRAWN,
    Scalar("epoch", _WHOLE),
)
SAMPLE_BINARY = op_kind(
    "sample_binary",
    boltzmann.sample_binary,
    *_arrays("in", "probabilities"),
    *_arrays("out", "samples"),
    Scalar("n", _WHOLE),
    *_arrays("scratch", "words", type="uint32"),
    *_DRAWN,
    *(Scalar(name, _WHOLE) for name in ("epoch", "batch")),
)
LOG_ODDS = op_kind("log_odds", boltzmann.log_odds, *_arrays("inout", "values"))
_STATES = (
    *_arrays("in", "weights", rank=2),
    *_arrays("in", "own_bias", "bias"),
    *_arrays("scratch", "fields", rank=2),
)
LOG_PARTITION = op_kind(
    "log_partition",
    enumeration.log_partition,
    *_STATES,
    *_arrays("out", "result"),
    Scalar("is_gaussian", _WHOLE),
)
MOMENTS = op_kind(
    "state_moments",
    enumeration.state_moments,
    *_STATES,
    *_arrays("in", "log_total"),
    *_arrays("out", "products", rank=2),
    *_arrays("out", "own", "others"),
    Scalar("is_gaussian", _WHOLE),
)
FREE_ENERGIES = op_kind(
    "free_energies",
    enumeration.free_energies,
    *_arrays("in", "x", "weights", rank=2),
    *_arrays("in", "visible_bias", "hidden_bias"),
    *_arrays("scratch", "field"),
    *_arrays("out", "result"),
    Scalar("is_gaussian", _WHOLE),
)


@dataclass(frozen=True, slots=True)
class Scratch:
    """Room for the work on batches of ``rows`` rows of a machine of so many units, of one type."""

    n_visible: int
    n_hidden: int
    rows: int
    dtype: str

    def packed(self) -> dict[str, Array]:
        n_rows = max(self.n_visible, self.rows)
        # A vector beyond what is packed at most: what is compressed is written in whole vectors on some CPUs.
        room = max(self.n_visible, self.n_hidden, 2 * self.rows) + 16
        return {
            "values": np.empty((n_rows, room), self.dtype),
            "places": np.empty((n_rows, room), np.int32),
            "counts": np.empty(n_rows, np.int32),
        }

    def panels(self, depth: int, columns: int) -> Array:
        """Return room for the panels of a matrix, each row of which begins with a cache line."""
        return aligned((-(-columns // self.strip), depth, self.strip), self.dtype)

    @property
    def strip(self) -> int:
        """The columns of a panel."""
        return STRIP * 64 // np.dtype(self.dtype).itemsize

    def of_batch(self) -> dict[str, Array]:
        """Return what `gibbs_chains` and `contrastive_divergence` share."""
        return {
            "panels": self.panels(self.n_visible, self.n_hidden),
            "turned": self.panels(self.n_hidden, self.n_visible),
            "visible": np.zeros((self.rows, self.n_visible), self.dtype),
            **self.packed(),
        }

    def words(self, at_least: int = 0) -> Array:
        return np.empty(max(at_least, self.rows * max(self.n_visible, self.n_hidden)), np.uint32)


def aligned(shape: tuple[int, ...], dtype: str) -> Array:
    """Return zeros that begin with a cache line of 64 bytes."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    block = np.zeros(size + 64, np.uint8)
    start = -block.ctypes.data % 64
    return block[start : start + size].view(dtype).reshape(shape)
