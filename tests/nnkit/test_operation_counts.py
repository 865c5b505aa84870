"""The FLOP that records count, against the operations in the code that LLVM makes of the kernels."""

import re
from collections import Counter
from typing import Any

import pytest

from nnkit.activations.builtin import BUILTIN
from nnkit.activations.record import Activation
from nnkit.jit import Kernel, Lazy
from nnkit.kernels import scalar
from nnkit.simd import ByType

WEIGHTS = {"fadd": 1, "fsub": 1, "fmul": 1, "fdiv": 1, "llvm.fma": 2, "llvm.sqrt": 1}
OPERATION = re.compile(r"= (?:tail )?(fadd|fsub|fmul|fdiv) |call [^@]*@(llvm\.\w+)\.")
# LLVM may simplify a constant away, or find a common factor, in one version and not in the next.
TOLERANCE = 2


def counted(function: Lazy, n_arguments: int = 1) -> int:
    """Return the float32 operations per call of a scalar kernel without branches."""
    import numba

    single: Lazy = function._single if isinstance(function, ByType) else function
    assert isinstance(single, Kernel)
    dispatcher: Any = single.compiled()
    compiled_only: Any = numba
    # Other tests may have compiled the same kernel for other types.
    signature = (compiled_only.float32,) * n_arguments
    dispatcher.compile(signature)
    text = dispatcher.inspect_llvm(signature)
    # The first definition is the function itself; what follows is how Python calls it.
    found = Counter(a or b for a, b in OPERATION.findall(text.split("define ")[1]))
    return sum(WEIGHTS.get(name, 0) * n for name, n in found.items())


@pytest.mark.parametrize("record", BUILTIN, ids=lambda record: record.name)
def test_activations_count_their_operations(record: Activation) -> None:
    n_arguments = 1 + len(record.number_names)

    assert record.flops == pytest.approx(counted(record.value, n_arguments), abs=TOLERANCE)
    assert record.slope_flops == pytest.approx(counted(record.slope, n_arguments), abs=TOLERANCE)


def test_the_counter_counts() -> None:
    """A polynomial of degree 5 in fused steps is ten operations or more: nothing is missed by its name."""
    assert counted(scalar.exp) >= 16
