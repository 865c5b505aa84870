"""What ``--versus torch`` times computes what the kernels compute; and without torch, one line says so."""

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from nnbench.cases import catalogue
from nnbench.errors import EnvironmentProblem
from nnbench.kernelbench.peers import torch_kernels as torch_peers
from nnbench.kernelbench.peers.numpy_kernels import PEERS
from nnbench.kernelbench.peers.peer import call_of
from nnbench.kernelbench.timing import Side
from nnbench.kernelbench.uses import Use
from nnkit import activations
from nnkit.activations.builtin import BUILTIN
from tests.nnbench.peer_checks import all_kinds, case, check, outcomes, uses, with_layers

# The others have no peer: `nnbench kernels` shows a dash.
ACTIVATIONS = [part.name for part in BUILTIN if part.name in PEERS and not part.learned]
_ALONE = {record.name for record in activations.records()} - set(ACTIVATIONS)
ALONE = {f"{name}{ending}" for name in _ALONE for ending in ("", "_backward", "_fixed", "_fixed_backward")}
# torch has no operator for these: users write them in several, as in NumPy.
ABSENT = {"regularize", "softsign_backward", "lion_update"}
# Peers that return only the first of what the op writes.
FIRST_ONLY = ("_gradient", "layer_norm")
# Means over the batch here, sums there; an unbiased variance; draws of another generator.
OTHERWISE = ("entropy_value", "error_value", "batch_norm_train", "dropout_mask")


@pytest.fixture
def torch_side() -> Iterator[Side]:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    with torch_peers.torch_on_one_thread() as torch:
        yield Side("torch", torch_peers.peers(torch), torch_peers.tensor)


def alike(side: Side) -> Side:
    """Return the side with those peers that compute just what the op computes."""
    chosen = {name: peer for name, peer in side.peers.items() if not name.endswith(OTHERWISE)}
    return Side("torch", chosen, side.convert)


def use_of(found: list[Use], name: str) -> Use:
    return next(use for use in found if use.op.kind.name == name)


def test_every_kind_of_op_has_a_peer(torch_side: Side) -> None:
    """But for those that are named here."""
    assert all_kinds().keys() - torch_side.peers.keys() - ALONE == ABSENT
    assert torch_side.peers.keys() <= all_kinds().keys()


def test_activations_dense_layers_and_normalisation(torch_side: Side) -> None:
    layers = [{"type": "Dense", "units": 8}, {"type": "PReLU"}]
    residual = with_layers(
        {"type": "Residual", "layers": layers}, {"type": "LayerNormalization"}, {"type": "PReLU"}
    )
    found = uses(case(), activation=",".join(ACTIVATIONS)) + uses(residual)
    # torch divides by the norm and 1e-6: of a norm near 1, that is what the tolerance must bear.
    found += uses(case(training={"clip_value": 0.05, "clip_norm": 0.1}), norm="batch")

    checked = check(found, alike(torch_side), tolerance=1e-5, first_only=FIRST_ONLY)

    forward = {record.name for record in BUILTIN if record.name != "linear"} - {"relu"}
    assert forward | {f"{name}_backward" for name in forward} - ABSENT <= checked
    assert {"relu_backward", "dense", "dense_backward_kernel", "dense_backward_input"} <= checked
    assert {"column_sum", "multiply", "add", "copy", "accumulate", "gather", "gather_labels"} <= checked
    assert {"layer_norm", "layer_norm_backward", "prelu", "prelu_backward"} <= checked
    assert {"batch_norm_test", "batch_norm_backward", "clip_by_value", "clip_by_global_norm"} <= checked
    assert "sparse_categorical_crossentropy_gradient" in checked


def test_batch_normalisation_in_training(torch_side: Side) -> None:
    """The outputs; what runs along is updated with an unbiased variance there."""
    use = use_of(uses(case(), norm="batch"), "batch_norm_train")

    compared = outcomes(use, torch_side)

    assert compared is not None
    ours, (y,) = compared
    np.testing.assert_allclose(y, ours[2], 1e-6, 1e-6)


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "iris"])
def test_losses(torch_side: Side, name: str) -> None:
    """Gradients are the same; values are means there."""
    built_in = catalogue.case_named(name)
    found = uses(built_in)

    checked = check(found, alike(torch_side), tolerance=1e-6, first_only=FIRST_ONLY)

    kind = built_in.training.loss
    assert f"{kind}_gradient" in checked
    use = use_of(found, f"{kind}_value")
    compared = outcomes(use, torch_side)
    assert compared is not None
    (totals,), (mean,) = compared
    assert float(mean) == pytest.approx(totals[0] / use.rows, rel=1e-6)


def test_optimizers_have_come_as_far_as_the_op(torch_side: Side) -> None:
    """Parameters and slots after one more step."""
    place = "epsilon_inside_root=false"
    names = (
        f"sgd,momentum,nesterov,adagrad({place}),rmsprop({place}),rmsprop(centered=true, {place}),adam,adamw"
    )

    checked = check(uses(case(), optimizer=names), alike(torch_side), tolerance=1e-6, first_only=FIRST_ONLY)

    expected = {name for name in torch_side.peers if name.endswith("_update")}
    assert expected <= checked


def test_rmsprop_with_momentum(torch_side: Side) -> None:
    """Its velocity is without the rate there; the parameters are the same."""
    use = use_of(uses(case(), optimizer="rmsprop(momentum=0.9, epsilon_inside_root=false)"), "rmsprop_update")

    compared = outcomes(use, torch_side)

    assert compared is not None
    ours, theirs = compared
    np.testing.assert_allclose(theirs[0], ours[0], 1e-9, 1e-9)


def test_dropout_keeps_as_many(torch_side: Side) -> None:
    mask = np.full(100_000, np.nan, np.float32)

    call = call_of(torch_side.peers["dropout_mask"], {"mask": torch_side.converted(mask), "rate": 0.25})
    assert call is not None
    call()

    assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / 0.75)}
    # Far from the mean of as many draws.
    assert abs(np.count_nonzero(mask == 0) / mask.size - 0.25) < 0.01


def test_without_torch_the_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(EnvironmentProblem, match="PyTorch is not installed"):
        torch_peers.torch_on_one_thread().__enter__()
