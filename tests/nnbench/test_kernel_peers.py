"""The other side of ``nnbench kernels``: what NumPy is timed at computes what the kernel computes."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench import catalogue, kernelbench, request, torch_peers
from nnbench.catalogue import read_case
from nnbench.errors import EnvironmentProblem
from nnbench.kernel_peers import PEERS
from nnbench.kernel_uses import Use, uses_of
from nnbench.kernelbench import Side
from nnbench.settings import from_options, read_settings
from nnbench.spec import CaseSpec
from nnbench.trial import warm_up
from nnkit import losses, optimizers
from nnkit.activations.builtin import BUILTIN
from nnkit.compiler import backward, program, update
from nnkit.compiler.program import loss_kind
from nnkit.compiler.update import update_kind
from nnkit.execution import Trial
from nnkit.layers import dense, dropout, normalization, prelu, residual, shape
from nnkit.layers.activation import activation_kinds
from nnkit.ops import OpKind
from tests.nnbench.case_file import case_content

ACTIVATIONS = [record.name for record in BUILTIN if record.name != "linear"]
OPTIMIZERS = [name.removesuffix("_update") for name in PEERS if name.endswith("_update")]
SIDES = {"numpy": Side("numpy", PEERS)}


def fixed_kinds() -> Iterator[OpKind]:
    for module in (dense, dropout, residual, shape, program, update, backward):
        yield from (value for value in vars(module).values() if isinstance(value, OpKind))
    yield from (kind(4) for kind in (normalization.train_kind, normalization.test_kind))
    yield from (kind(4) for kind in (normalization.backward_kind, normalization.layer_norm_kind))
    yield from (kind(4) for kind in (normalization.layer_norm_backward_kind, prelu.forward_kind))
    yield prelu.backward_kind(4)


def all_kinds() -> dict[str, OpKind]:
    """Return every kind of op that a training or an evaluation can have, but for convolution and pooling."""
    found = list(fixed_kinds())
    for record in BUILTIN:
        found += activation_kinds(record)
    for loss in losses.records():
        found += [loss_kind(loss, training=training) for training in (True, False)]
    found += [update_kind(record) for record in optimizers.records() if record.kernel is not None]
    return {kind.name: kind for kind in found}


def case(**changes: Any) -> CaseSpec:
    content = case_content()
    content["model"]["layers"].insert(1, {"type": "$norm"})
    content["model"]["layers"].insert(2, {"type": "Dropout", "rate": 0.25})
    for section, values in changes.items():
        content[section] |= values
    return read_case(content, "case.toml")


def with_layers(*layers: dict[str, Any]) -> CaseSpec:
    """Return the case with these layers behind its first."""
    content = case_content()
    content["model"]["layers"][1:1] = layers
    return read_case(content, "case.toml")


def uses(chosen: CaseSpec, **options: str) -> list[Use]:
    given = {"optimizer": "sgd", "activation": "relu", "dtype": "float64", **options, "seeds": "1"}
    plan = request.plan_for([chosen], read_settings(from_options(given)))
    trials = plan.matrix.trials()
    warm_up(trials, lambda *_: None)
    return uses_of(trials)


def outcomes(use: Use, side: Side) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Return what the op writes and what the peer makes of the same values, in the op's order."""
    run = Trial(use.program, seed=0)
    kernelbench.prepare(use, run)
    outside = kernelbench.outside_of(use, run)
    known = kernelbench.arguments(use, run, outside)
    peer = side.peers[use.op.kind.name]
    given = {name: known[name] for name in inspect.signature(peer).parameters}
    given = {n: side.convert(value) if isinstance(value, np.ndarray) else value for n, value in given.items()}
    returned = peer(**given)

    kernelbench.repetition(use, run, outside, n_copies=1).run(1)
    written = [each.name for each in use.op.kind.operands if each.role in ("out", "inout")]
    ours = [kernelbench.arguments(use, run, outside)[name] for name in written]
    if returned is None or any(returned is value for value in given.values()):
        returned = tuple(given[name] for name in written if name in given)
    theirs = returned if isinstance(returned, tuple) else (returned,)
    return ours, [np.asarray(each) for each in theirs]


def check(found: list[Use], side: Side, *, tolerance: float) -> set[str]:
    """Compare every use that the side has a peer for, and return their names."""
    checked = set()
    for use in found:
        if use.op.kind.name in side.peers:
            ours, theirs = outcomes(use, side)
            assert theirs, use.op.kind.name
            for mine, other in zip(ours, theirs, strict=False):
                who = f"{use.op.kind.name} of {side.name}"
                np.testing.assert_allclose(other.reshape(mine.shape), mine, tolerance, tolerance, err_msg=who)
            checked.add(use.op.kind.name)
    return checked


def test_peers_name_only_what_there_is() -> None:
    """Every peer has the name of a kind of op, and asks for nothing that the kind's record does not name."""
    kinds = all_kinds()

    for name, peer in PEERS.items():
        known = {argument.name for argument in kinds[name].arguments}
        assert set(inspect.signature(peer).parameters) <= known, name


def test_every_activation_has_both_peers() -> None:
    for name in ACTIVATIONS:
        assert {name, f"{name}_backward"} <= PEERS.keys()


def test_activations_and_dense_layers() -> None:
    found = uses(case(), activation=",".join(ACTIVATIONS))

    checked = check(found, SIDES["numpy"], tolerance=1e-12)

    assert {*ACTIVATIONS, *(f"{name}_backward" for name in ACTIVATIONS)} - {"relu"} <= checked
    assert {"dense", "dense_backward_kernel", "dense_backward_input", "column_sum", "multiply"} <= checked
    assert {"gather", "gather_labels", "sparse_categorical_crossentropy_gradient"} <= checked
    assert "sparse_categorical_crossentropy_value" in checked


def test_optimizers() -> None:
    checked = check(uses(case(), optimizer=",".join(OPTIMIZERS)), SIDES["numpy"], tolerance=1e-12)

    assert {f"{name}_update" for name in OPTIMIZERS} <= checked


def test_centered_rmsprop_with_momentum() -> None:
    chosen = "rmsprop(centered=true, momentum=0.9)"

    assert "rmsprop_update" in check(uses(case(), optimizer=chosen), SIDES["numpy"], tolerance=1e-12)


def test_layers_that_few_cases_have() -> None:
    residual_layers = [{"type": "Dense", "units": 8}, {"type": "PReLU"}]
    chosen = with_layers(
        {"type": "Residual", "layers": residual_layers}, {"type": "LayerNormalization"}, {"type": "PReLU"}
    )

    checked = check(uses(chosen), SIDES["numpy"], tolerance=1e-12)

    assert {"add", "accumulate", "layer_norm", "layer_norm_backward", "prelu", "prelu_backward"} <= checked


def test_normalisation_penalties_and_clipping() -> None:
    limits = {"l1": 0.01, "l2": 0.02, "clip_value": 0.05, "clip_norm": 0.1}

    checked = check(uses(case(training=limits), norm="batch"), SIDES["numpy"], tolerance=1e-12)

    assert {"batch_norm_train", "batch_norm_test", "batch_norm_backward"} <= checked
    assert {"regularize", "clip_by_value", "clip_by_global_norm"} <= checked


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes"])
def test_the_other_losses(name: str) -> None:
    """A binary classification, and a regression whose targets are gathered as rows."""
    built_in = catalogue.case_named(name)

    checked = check(uses(built_in), SIDES["numpy"], tolerance=1e-12)

    kind = built_in.training.loss
    assert {f"{kind}_gradient", f"{kind}_value"} <= checked
    assert ("gather_targets" if name == "diabetes" else "gather_labels") in checked


def test_torch_computes_the_same() -> None:
    """The functions that ``--versus torch`` times.

    Optimizers have slots of their own, losses are means there and sums here, and the running variance of a
    batch normalisation is unbiased there.
    """
    pytest.importorskip("torch", reason="PyTorch is not installed")
    with torch_peers.torch_on_one_thread() as torch:
        side = Side("torch", torch_peers.peers(torch), torch_peers.tensor)
        assert side.peers.keys() <= all_kinds().keys()
        others = ("_update", "_value", "batch_norm_train")
        stateless = {name: peer for name, peer in side.peers.items() if not name.endswith(others)}
        found = uses(case(), activation=",".join(ACTIVATIONS))
        found += uses(case(training={"clip_value": 0.05}), norm="batch")

        checked = check(found, Side("torch", stateless, side.convert), tolerance=1e-6)

    assert stateless.keys() - checked <= {
        "accumulate", "gather_targets", "mean_squared_error_gradient", "relu"
    }  # fmt: skip


def test_without_torch_the_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(EnvironmentProblem, match="PyTorch is not installed"):
        torch_peers.torch_on_one_thread().__enter__()
