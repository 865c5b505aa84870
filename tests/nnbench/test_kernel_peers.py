"""The other side of ``nnbench kernels``: what NumPy is timed at computes what the kernel computes."""

import math

import numpy as np
import pytest

from nnbench.cases import catalogue
from nnbench.kernelbench import timing as kernelbench
from nnbench.kernelbench.peers.numpy_activations import erf
from nnbench.kernelbench.peers.numpy_kernels import PEERS
from nnbench.kernelbench.peers.peer import call_of, parameters
from nnbench.kernelbench.timing import Side
from nnkit.activations.builtin import BUILTIN
from nnkit.execution.trial import Trial
from tests.nnbench.peer_checks import all_kinds, case, check, uses, with_layers

ACTIVATIONS = [part.name for part in BUILTIN if part.name in PEERS and not part.learned]
OPTIMIZERS = [name.removesuffix("_update") for name in PEERS if name.endswith("_update")]
# Masks are drawn, from another generator.
NUMPY = Side("numpy", {name: peer for name, peer in PEERS.items() if name != "dropout_mask"})


def test_peers_name_only_what_there_is() -> None:
    """Every peer has the name of a kind of op, and asks for nothing that the kind's record does not name."""
    kinds = all_kinds()

    for name, peer in PEERS.items():
        known = {argument.name for argument in kinds[name].arguments}
        known |= {"shape"} if kinds[name].shape is not None else set()
        assert set(parameters(peer)) <= known, name


def test_what_has_no_peer_is_timed_alone() -> None:
    """A peer is a choice: without one nothing takes turns with the kernel."""
    (use, *_) = [use for use in uses(case()) if use.op.kind.name == "relu_backward"]
    run = Trial(use.program, seed=0)

    assert kernelbench.peer_work(use, run, None, Side("numpy", {})) is None
    assert kernelbench.peer_work(use, run, None, NUMPY) is not None


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-15), (np.float32, 5e-7)])
def test_the_error_function_is_that_of_the_standard_library(dtype: type, error: float) -> None:
    """NumPy has none: exact in float64, and in float32 a formula good to 1.5e-7, more with its rounding."""
    x = np.linspace(-7.0, 7.0, 1401, dtype=dtype)

    found = erf(x)

    assert found.dtype == dtype
    np.testing.assert_allclose(found, [math.erf(value) for value in x], rtol=0, atol=error)


def test_activations_and_dense_layers() -> None:
    found = uses(case(), activation=",".join(ACTIVATIONS))

    checked = check(found, NUMPY, tolerance=1e-12)

    assert {*ACTIVATIONS, *(f"{name}_backward" for name in ACTIVATIONS)} - {"relu"} <= checked
    assert {"dense", "dense_backward_kernel", "dense_backward_input", "column_sum", "multiply"} <= checked
    assert {"gather", "gather_labels", "sparse_categorical_crossentropy_gradient"} <= checked
    assert "sparse_categorical_crossentropy_value" in checked


def test_optimizers() -> None:
    checked = check(uses(case(), optimizer=",".join(OPTIMIZERS)), NUMPY, tolerance=1e-12)

    assert {f"{name}_update" for name in OPTIMIZERS} <= checked


def test_centered_rmsprop_with_momentum() -> None:
    chosen = "rmsprop(centered=true, momentum=0.9)"

    assert "rmsprop_update" in check(uses(case(), optimizer=chosen), NUMPY, tolerance=1e-12)


def test_layers_that_few_cases_have() -> None:
    residual_layers = [{"type": "Dense", "units": 8}, {"type": "PReLU"}]
    chosen = with_layers(
        {"type": "Residual", "layers": residual_layers}, {"type": "LayerNormalization"}, {"type": "PReLU"}
    )

    checked = check(uses(chosen), NUMPY, tolerance=1e-12)

    assert {"add", "accumulate", "layer_norm", "layer_norm_backward", "prelu", "prelu_backward"} <= checked


@pytest.mark.parametrize("rate", [0.25, 0.7])
def test_dropout_keeps_as_many(rate: float) -> None:
    """Its draws are another generator's: the same values, as often."""
    mask = np.full(100_000, np.nan, np.float32)

    call = call_of(PEERS["dropout_mask"], {"mask": mask, "rate": rate})
    assert call is not None
    call()

    assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / (1 - rate))}
    # The mean of as many draws is this far off in one of 10,000 masks at most.
    assert abs(np.count_nonzero(mask == 0) / mask.size - rate) < 4 * np.sqrt(rate * (1 - rate) / mask.size)


def test_normalisation_penalties_and_clipping() -> None:
    limits = {"l1": 0.01, "l2": 0.02, "clip_value": 0.05, "clip_norm": 0.1}

    checked = check(uses(case(training=limits), norm="batch"), NUMPY, tolerance=1e-12)

    assert {"batch_norm_train", "batch_norm_test", "batch_norm_backward"} <= checked
    assert {"regularize", "clip_by_value", "clip_by_global_norm"} <= checked


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes"])
def test_the_other_losses(name: str) -> None:
    """A binary classification, and a regression whose targets are gathered as rows."""
    built_in = catalogue.case_named(name)

    checked = check(uses(built_in), NUMPY, tolerance=1e-12)

    kind = built_in.training.loss
    assert {f"{kind}_gradient", f"{kind}_value"} <= checked
    assert ("gather_targets" if name == "diabetes" else "gather_labels") in checked
