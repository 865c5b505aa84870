"""The filters of a model's first convolution, and its activation maps: read from a trial, trained or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.compiler.encode import encode
from nnkit.compiler.program import Program
from nnkit.execution.trial import Data, Trial
from nnkit.layers.activation import activation_of
from nnkit.ops import Buffer, Op

Array = NDArray[Any]
# What may stand between a convolution and its activation.
_NORMALIZATIONS = ("batch_norm_test", "layer_norm")


@dataclass(frozen=True, slots=True)
class FirstConvolution:
    """A convolution that no layer with parameters stands before. It belongs to a program, not to a trial."""

    layer: str
    activation: str  # "" where another layer reads the outputs first
    kernel: Buffer
    input: Buffer
    maps: Buffer
    map_shape: tuple[int, ...]  # of one sample
    before: tuple[Op, ...]  # of a prediction: what makes the input
    until: tuple[Op, ...]  # and what makes the maps

    def filters(self, trial: Trial) -> Array:
        """Return the kernel, (height, width, in / groups, filters), or (steps, …) of a sequence."""
        return trial.view(self.kernel).copy()

    def look(self, trial: Trial, samples: Data) -> tuple[Array, Array]:
        """Return the layer's input and its maps, behind the activation."""
        n, maps = len(samples), _run(self.until, trial, samples, self.maps)
        return _run(self.before, trial, samples, self.input), maps.reshape(n, *self.map_shape)


def first_convolution(program: Program) -> FirstConvolution | None:
    """Return the first layer that has parameters, if it is a convolution."""
    ops = program.sequences.predict
    for place, op in enumerate(ops):
        if any(buffer.kind == "parameter" for buffer in op.touched("in")):
            return _found(program, ops, place) if op.kind.name == "conv2d" else None
    return None


def _found(program: Program, ops: Sequence[Op], place: int) -> FirstConvolution:
    kernel = ops[place].buffer("w")
    layer = kernel.name.rpartition("/")[0]
    end, activation = _activated(ops, place)
    return FirstConvolution(
        layer,
        activation,
        kernel,
        ops[place].buffer("x"),
        ops[end].buffer("y"),
        # Behind a fused Flatten the buffer has another shape: the unfused sequence has the right one.
        program.named[f"{layer}/output"].shape[1:],
        tuple(ops[:place]),
        tuple(ops[: end + 1]),
    )


def _activated(ops: Sequence[Op], place: int) -> tuple[int, str]:
    """Return the op that makes the maps of the convolution at ``place``, and the activation it applies."""
    if ops[place].scalars["low"] == 0.0:
        return place, "relu"  # fused into the convolution
    y = ops[place].buffer("y")
    for behind, op in enumerate(ops[place + 1 :], place + 1):
        if "x" not in op.views or op.buffer("x") is not y:
            continue
        activation = activation_of(op)
        if activation is not None:
            return behind, activation.name
        if op.kind.name == "prelu":
            return behind, "prelu"
        if op.kind.name not in _NORMALIZATIONS:
            break
        y = op.buffer("y")
    return place, ""


def _run(ops: Sequence[Op], trial: Trial, samples: Data, wanted: Buffer) -> Array:
    """Return what ``wanted`` holds behind the ops, of all samples."""
    # Cut off behind the last op: what follows would lay other values where its output lies.
    table, rows = encode(ops, trial.program.plan.offsets, trial.program.dtype), trial.program.predict_rows
    found = []
    for first in range(0, len(samples), rows):
        some = Data(samples.x[first : first + rows], samples.y[first : first + rows])
        trial.run_batch(some, table)
        found.append(trial.view(wanted, len(some)).copy())
    return np.concatenate(found)
