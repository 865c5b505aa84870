"""What importing costs: no numba, no scipy, and nothing of the tool in the core."""

import ast
import json
import sys
from pathlib import Path

import pytest

from tests.house.source_files import ROOT, files, place, tree
from tests.nnkit.child_process import output_of

HEAVY = ("numba", "scipy", "matplotlib", "pandas", "torch")
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in files("nnkit")
]
_LIST = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def loaded_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh process has loaded after ``statement``."""
    names = json.loads(output_of("-c", f"{statement}; {_LIST}"))
    return {name.split(".")[0] for name in names}


def test_importing_nnkit_loads_numpy_and_nothing_else_from_outside() -> None:
    """llvmlite comes with the first kernel, numba with the first compilation."""
    own = {"nnkit", "numpy"}
    outside = loaded_by("import nnkit") - loaded_by("import numpy") - set(sys.stdlib_module_names)

    assert outside - own == set()


def test_every_module_of_nnkit_can_be_imported_without_numba() -> None:
    """All of them: records are read by commands that must start at once."""
    assert len(MODULES) > 60
    loaded = loaded_by("import " + ", ".join(MODULES))

    assert loaded.isdisjoint(HEAVY)


def test_listing_parts_and_describing_a_model_needs_no_numba() -> None:
    """Names, formulas, hyper-parameters, defaults; a model with its layers' arguments checked."""
    statement = """
import nnkit
for kind in ("activations", "initializers", "layers", "losses", "optimizers", "schedules"):
    kind = getattr(nnkit, kind)
    for name in kind.names():
        record = kind.record(name)
        assert record.summary and record.formula and record.source, name
model = nnkit.Sequential([nnkit.layers.Dense(3, activation="gelu")], input_shape=(2,))
model.compile("adam(learning_rate=0.01)", "mean_squared_error")
model.program()
pass"""

    assert loaded_by(statement).isdisjoint(HEAVY)


@pytest.mark.parametrize("path", files("nnkit"), ids=place)
def test_numba_is_imported_where_something_is_compiled_and_not_above(path: Path) -> None:
    """At the top of no file; nnbench nowhere."""
    assert not outside_functions(tree(path)) & {"numba", "nnbench", "scipy"}


def outside_functions(module: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def test_the_rule_sees_an_import_at_the_top() -> None:
    assert outside_functions(ast.parse("from numba import njit\ndef f():\n    import scipy")) == {"numba"}
