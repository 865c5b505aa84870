"""A workbench: a few ops on arrays of their own, outside of any program."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.activations import BoundActivation
from nnkit.compiler.encode import encode
from nnkit.compiler.plan import make_plan
from nnkit.jit import function_at, is_disabled
from nnkit.layers.activation import activation_kinds
from nnkit.ops import Buffer, Op, flat

Array = NDArray[Any]


def run_ops(ops: Sequence[Op], values: Mapping[Buffer, NDArray[Any]], dtype: str) -> None:
    """Run the ops in order, with the machine code that programs run.

    Every buffer that outlives the ops is in ``values``: its array is read before and written after.
    """
    plan = make_plan([("values", list(values))], [(ops, 1)], dtype)
    block = np.zeros(plan.arena_bytes + 64, dtype=np.uint8)
    skip = -block.ctypes.data % 64
    arena = block[skip : skip + plan.arena_bytes]
    places = {
        buffer: arena[plan.offsets[buffer] :][: array.nbytes].view(array.dtype).reshape(array.shape)
        for buffer, array in values.items()
    }
    for buffer, place in places.items():
        place[...] = values[buffer]
    table = encode(ops, plan.offsets, dtype)  # named, so that its cells outlive the calls
    for address, arguments in table.pairs.tolist():
        function_at(address)(int(arena.ctypes.data), arguments)
    for buffer, place in places.items():
        values[buffer][...] = place


def value_and_slope(activation: BoundActivation, x: Array) -> tuple[Array, Array]:
    """Return an activation and its derivative at every ``x``, in its type.

    This is `BoundActivation` without numba, where the kernels' machine code is on disk already.
    """
    if is_disabled():
        return activation(x), activation.gradient(x)
    record = activation.scalar
    forward, backward = activation_kinds(record)
    x_, y_, one_, slope_ = (Buffer(name, (x.size,), "state") for name in ("x", "y", "one", "slope"))
    scalars = dict(zip(record.number_names, activation.numbers, strict=True))
    source = x_ if record.slope_of == "input" else y_
    ops = (
        Op(forward, {"x": flat(x_), "y": flat(y_)}, scalars),
        Op(backward, {"source": flat(source), "dy": flat(one_), "dx": flat(slope_)}, scalars),
    )
    arrays = {x_: np.ascontiguousarray(x).reshape(-1), one_: np.ones(x.size, x.dtype)}
    arrays |= {y_: np.empty(x.size, x.dtype), slope_: np.empty(x.size, x.dtype)}
    run_ops(ops, arrays, str(x.dtype))
    return arrays[y_].reshape(x.shape), arrays[slope_].reshape(x.shape)
