"""Cases and trials written by hand, for the tests of what is computed from records."""

from collections.abc import Mapping, Sequence

import numpy as np

from nnbench.records.trials import Axes, CaseFacts, Direction, Status, TrialRecord


def facts(
    *,
    metric: str = "accuracy",
    direction: Direction = "max",
    target: float | None = 0.9,
    noticeable: float = 0.01,
    chance: float = 0.1,
) -> CaseFacts:
    """Return the facts of a small case of 400 validation examples."""
    return CaseFacts(
        name="digits",
        summary="Ten handwritten digits.",
        metric=metric,
        direction=direction,
        target=target,
        noticeable=noticeable,
        chance=chance,
        n_train=1000,
        n_validation=400,
        n_parameters=4810,
        epochs=10,
        batch_size=32,
        steps=300,
    )


def trial(
    optimizer: str = "adam",
    seed: int = 0,
    *,
    activation: str = "relu",
    case: str = "digits",
    status: Status = "finished",
    accuracy: float = 0.95,
    steps_to_target: int | None = 100,
    train_s: float = 0.5,
    failure: str | None = None,
    curves: Mapping[str, Sequence[float]] | None = None,
) -> TrialRecord:
    """Return a trial; only a finished one has a final metric."""
    return TrialRecord(
        key=f"{case}-{optimizer}-{activation}-{seed}",
        case=case,
        axes=Axes((("optimizer", optimizer), ("activation", activation))),
        seed=seed,
        status=status,
        final={"accuracy": accuracy, "loss": 1.0 - accuracy} if status == "finished" else {},
        best={},
        steps=300,
        steps_to_target=steps_to_target,
        train_s=train_s,
        digest="",
        failure=failure,
        curves={name: np.asarray(curve, dtype=np.float32) for name, curve in (curves or {}).items()},
    )
