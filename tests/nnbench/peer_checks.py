"""What tests of peers share: uses of ops in small cases, and the comparison of a peer with its op."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.cases.catalogue import read_case
from nnbench.cases.spec import CaseSpec
from nnbench.kernelbench import timing as kernelbench
from nnbench.kernelbench.peers.peer import call_of, parameters
from nnbench.kernelbench.timing import Side
from nnbench.kernelbench.uses import Use, uses_of
from nnbench.plan import request
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import from_options, read_settings
from nnbench.training.precompile import warm_up
from nnkit import losses, optimizers
from nnkit.activations.builtin import BUILTIN
from nnkit.compiler import losses as outcome
from nnkit.compiler import program, update
from nnkit.compiler.losses import loss_kind
from nnkit.compiler.update import update_kind
from nnkit.emitting import backward
from nnkit.execution.trial import Trial
from nnkit.layers import LAYERS
from nnkit.layers.activation import activation_kinds
from nnkit.ops import OpKind
from tests.nnbench.case_file import case_content

# What a layer of that name needs to be told; the others need nothing.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "Conv2D": {"filters": 2, "kernel_size": 2},
    "Conv1D": {"filters": 2, "kernel_size": 2},
    "Dense": {"units": 4},
    "Dropout": {"rate": 0.5},
    "SpatialDropout1D": {"rate": 0.5},
    "SpatialDropout2D": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "AlphaDropout": {"rate": 0.5},
    "GroupNormalization": {"groups": 2},
    "DepthwiseConv2D": {"kernel_size": 2},
    "SeparableConv2D": {"filters": 2, "kernel_size": 2},
    "Conv2DTranspose": {"filters": 2, "kernel_size": 2},
    "Conv1DTranspose": {"filters": 2, "kernel_size": 2},
    "Maxout": {"units": 4},
    "Reshape": {"target_shape": [8]},
    "Residual": {"layers": [{"type": "Dense", "units": 8}]},
}


def _kinds_of_layer(name: str) -> list[OpKind]:
    """Return the kinds of op that a model with this layer behind a ReLU trains and evaluates with."""
    shapes = {"2D": [2, 2, 2], "1D": [4, 2], "RandomShift": [2, 2, 2], "InstanceNormalization": [2, 2, 2]}
    content = case_content()
    content["model"]["layers"][1:2] = [
        {
            "type": "Reshape",
            "target_shape": shapes.get(name, shapes.get(name.removesuffix("Transpose")[-2:], [8])),
        },
        {"type": "Activation", "activation": "$activation"},
        {"type": name, **_ARGUMENTS.get(name, {})},
        {"type": "Flatten"},
    ]
    trials = _trials(read_case(content, "case.toml"))
    return [use.op.kind for use in uses_of(trials)]


def all_kinds() -> dict[str, OpKind]:
    """Return every kind of op that a training or an evaluation can have: of all layers, losses, and so on."""
    found = [kind for name in LAYERS.names() for kind in _kinds_of_layer(name)]
    for module in (program, outcome, update, backward):
        found += [value for value in vars(module).values() if isinstance(value, OpKind)]
    for record in BUILTIN:
        found += activation_kinds(record) if record.name != "linear" else ()  # which is no op
    for loss in map(losses.get, losses.names()):
        found += [loss_kind(loss, training=training) for training in (True, False)]
    found += [update_kind(record) for record in optimizers.records() if record.kernel is not None]
    # Of two of one name, a convolution with a bias and one without, the one that takes more.
    return {kind.name: kind for kind in sorted(found, key=lambda kind: len(kind.arguments))}


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


def _trials(chosen: CaseSpec, **options: str) -> list[TrialSpec]:
    given = {"optimizer": "sgd", "activation": "relu", "dtype": "float64", **options, "seeds": "1"}
    return request.plan_for([chosen], read_settings(from_options(given))).matrix.trials()


def uses(chosen: CaseSpec, **options: str) -> list[Use]:
    trials = _trials(chosen, **options)
    warm_up(trials, lambda *_: None)
    return uses_of(trials)


def outcomes(use: Use, side: Side) -> tuple[list[NDArray[Any]], list[NDArray[Any]]] | None:
    """Return what the op writes and what the peer makes of the same values, in the op's order.

    None where the peer has no call for windows of that shape.
    """
    run = Trial(use.program, seed=0)
    kernelbench.prepare(use, run)
    outside = kernelbench.outside_of(use, run)
    known = kernelbench.arguments(use, run, outside)
    peer = side.peers[use.op.kind.name]
    given = {name: side.converted(known[name]) for name in parameters(peer) if name in known}
    call = call_of(peer, given)
    if call is None:
        return None
    returned = call()

    kernelbench.repetition(use, run, outside, n_copies=1).run(1)
    written = [each.name for each in use.op.kind.operands if each.role in ("out", "inout")]
    ours = [kernelbench.arguments(use, run, outside)[name] for name in written]
    in_place = [given[name] for name in written if name in given]
    if returned is None or any(returned is value for value in in_place):
        theirs = [np.asarray(each) for each in in_place]
    else:
        theirs = [np.asarray(each) for each in (returned if isinstance(returned, tuple) else (returned,))]
    if side.name == "torch":
        theirs = [_as_here(name, each) for name, each in zip(written, theirs, strict=False)]
    return ours, theirs


def _as_here(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return torch's (batch, channels, height, width) or (filters, channels, taps …) in the op's order."""
    if values.ndim < 4:
        return values
    return values.transpose(2, 3, 1, 0) if name == "dw" else values.transpose(0, 2, 3, 1)


def check(found: list[Use], side: Side, *, tolerance: float, first_only: tuple[str, ...] = ()) -> set[str]:
    """Compare every use that the side has a peer for, and return their names.

    Peers of the kinds that end like one of ``first_only`` return the op's first result alone.
    """
    checked = set()
    for use in found:
        compared = outcomes(use, side) if use.op.kind.name in side.peers else None
        if compared is None:
            continue
        ours, theirs = compared
        who = f"{use.op.kind.name} of {side.name}"
        if use.op.kind.name.endswith(first_only):
            ours = ours[:1]
        assert len(theirs) == len(ours), who
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(other.reshape(mine.shape), mine, tolerance, tolerance, err_msg=who)
        checked.add(use.op.kind.name)
    return checked
