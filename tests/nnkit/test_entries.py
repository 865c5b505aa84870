"""Entries: one name for one function, and cells that are read as they were written."""

import gc
import importlib
import inspect

import numpy as np
import pytest

from nnkit import activations, entries, initializers, losses, optimizers
from nnkit.assembly import AssembledEntry
from nnkit.compiler.losses import loss_kind
from nnkit.compiler.update import update_kind
from nnkit.entries import make_entry
from nnkit.execution import driver
from nnkit.jit import Entry, function_at, kernel
from nnkit.layers.acting import learned_kinds, row_kinds
from nnkit.layers.activation import activation_kinds
from nnkit.layers.draw import fill_kind
from nnkit.ops import HEADER_BYTES, KEY, RATE, ROWS, Operand, OpKind, Scalar, X
from tests.house.source_files import ROOT, files


def every_kind() -> list[OpKind]:
    """Return the op kinds of all modules, parts and layers, plug-ins of other tests aside."""
    for path in files("nnkit"):
        importlib.import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
    for activation in activations.records():
        if isinstance(activation, activations.RowActivation):
            row_kinds(activation)
            continue
        activation_kinds(activation)
        if activation.learned:
            learned_kinds(activation)
    for loss in map(losses.get, losses.names()):
        for training in (True, False):
            loss_kind(loss, training=training)
    for optimizer in optimizers.records():
        update_kind(optimizer)
    for initializer in initializers.records():
        if initializer.distribution not in ("composed", "function"):  # which are no ops
            fill_kind(initializer.distribution)
    found: list[OpKind] = [one for one in gc.get_objects() if type(one) is OpKind]
    return [kind for kind in found if kind.entry.home.startswith("nnkit.")]


def code_of(entry: Entry) -> object:
    """Return what two entries of one name must share: the kernel's code, or the assembly's text."""
    if isinstance(entry, AssembledEntry):
        return entry._text("float32")[0]
    behind = entry._bindings.get("compute")
    return getattr(behind, "function", entry._function).__code__, tuple(
        getattr(behind, "bindings", {}).values()
    )


def test_one_name_is_one_function() -> None:
    """The name is the file's in the kernel pack: two functions of one name would load each other's code."""
    by_name: dict[str, set[Entry]] = {}
    for entry in {kind.entry for kind in every_kind()} | {driver.DRIVE, driver.EVALUATE, driver.RUN_ONCE}:
        name = entry._assembly.name if isinstance(entry, AssembledEntry) else entry.name
        by_name.setdefault(name, set()).add(entry)
    shared = {name: entries for name, entries in by_name.items() if len(entries) > 1}

    assert len(by_name) > 60
    assert [name for name, entries in shared.items() if len({code_of(entry) for entry in entries}) > 1] == []


def test_every_op_names_its_kernel_s_arguments() -> None:
    """In their order: an op that swapped two of them would compile as well."""
    for kind in every_kind():
        compute = getattr(kind.entry, "_bindings", {}).get("compute")
        if compute is None:
            continue
        taken = inspect.signature(compute.function).parameters.values()
        names = [one.name for one in taken if one.kind is not one.VAR_POSITIONAL]
        # What a loss takes behind them is held by the tests of losses.
        arguments = kind.arguments if len(names) == len(taken) else kind.arguments[: len(names)]

        assert len(names) == len(arguments), kind.name


def test_a_kernel_of_no_module_has_an_entry() -> None:
    """Code that is typed in, or run by exec, has no module, and so no home."""
    scope = {"kernel": kernel}
    exec("@kernel\ndef double(x):\n    x[0] = 2 * x[0]", scope)

    assert make_entry("double", scope["double"], (Operand("x", "inout"),)).home == ""
    assert make_entry("collect", collect, ARGUMENTS).home == __name__


@kernel
def collect(flat, square, whole, outside, integers, fixed, exact, count, rate, key, out):  # type: ignore[no-untyped-def]
    """Write one number from every argument to ``out``."""
    out[0] = flat.shape[0]
    out[1] = square.shape[0] * 1000 + square.shape[1]
    out[2] = square[1, 2]
    out[3] = whole[0]
    out[4] = outside[3]
    out[5] = integers[1]
    out[6] = fixed
    out[7] = exact
    out[8] = count
    out[9] = rate
    out[10] = key


ARGUMENTS = (
    Operand("flat", "in"), Operand("square", "in", rank=2), Operand("whole", "in", type="double"),
    Operand("outside", "in", external=X), Operand("integers", "in", type="int32"), Scalar("fixed"),
    Scalar("exact", "double"), Scalar("count", "integer"), Scalar("rate", "double", cell=RATE),
    Scalar("key", "integer", cell=KEY), Operand("out", "out", type="double"),
)  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_kind_of_argument_arrives_at_the_kernel(dtype: str) -> None:
    """Arrays of each type and rank, sizes that count rows of the batch, numbers fixed and of the header."""
    arena = np.zeros(HEADER_BYTES + 1024, dtype=np.uint8)
    integers, reals = arena.view(np.int64), arena.view(np.float64)
    data = np.arange(10, 20).astype(dtype)
    integers[ROWS], integers[KEY], reals[RATE] = 5, -(2**40), 0.1
    integers[X], integers[X + 1] = data.ctypes.data, data.size
    square_at, whole_at, integers_at, out_at = (HEADER_BYTES + 64 * place for place in (1, 4, 5, 6))
    arena[square_at : square_at + 160].view(dtype)[:20] = np.arange(20)
    reals[whole_at // 8] = 1 / 3
    arena[integers_at : integers_at + 8].view(np.int32)[:] = 7, -9
    tenth = int(np.array([0.1]).view(np.int64)[0])
    arrays = [HEADER_BYTES, -3, square_at, -1, 4, whole_at, 1, integers_at, 2]
    cells = np.array([*arrays, tenth, tenth, -4, out_at, 11], dtype=np.int64)
    entry = make_entry("test_collect", collect, ARGUMENTS)
    function_at(entry.address(dtype))(arena.ctypes.data, cells.ctypes.data)
    narrow = float(np.dtype(dtype).type(0.1))

    assert reals[out_at // 8 :][:11].tolist() == [
        15, 5004, 6, 1 / 3, 13, -9, narrow, 0.1, -4, 0.1, -(2**40),
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_kernel_called_by_hand_gives_the_bits_of_numba_s_own_call(dtype: str) -> None:
    compute = optimizers.record("adam").kernel
    assert compute is not None
    made = [np.linspace(start, 1, 7).astype(dtype) for start in (-1, -2, 0, 0.5)]
    expected = [array.copy() for array in made]
    numbers = (0.1, 3, 0.9, 0.99, 1e-8, 0.0, 1.0, 1.0)

    entries.call("adam_update", compute, *made, *numbers)
    compute(*expected, *numbers)

    assert all(np.array_equal(one, other) for one, other in zip(made, expected, strict=True))
    assert not np.array_equal(made[0], np.linspace(-1, 1, 7).astype(dtype))


def test_arrays_that_no_entry_takes_are_left_to_numba() -> None:
    """Every second value of a vector: none of those between is touched."""
    compute = optimizers.record("sgd").kernel
    assert compute is not None
    p, g = np.ones(8), np.ones(4)

    entries.call("sgd_update", compute, p[::2], g, 0.5, 1)

    assert p.tolist() == [0.5, 1.0] * 4
