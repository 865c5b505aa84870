"""Literal keys of trials that users have in their stores: whoever moves one loses them.

They were taken from a store of version 0.1.0 before axes were records. A new axis, a new kind of key entry, a
renamed section of a case: whatever changes one of these changes all, and every stored trial is trained again.
"""

from collections.abc import Mapping

import pytest

from nnbench.cases import catalogue
from nnbench.plan.matrix import Asked, cross

# (key, case, epochs or None for the case's own, type, choices), each of seed 0
PINNED: tuple[tuple[str, str, int | None, str, Mapping[str, str]], ...] = (
    (
        "d192947c7d2a4d507d45b37b4eff9f034be678500823f1f89f88058da0f1a158",
        "iris_softmax",
        None,
        "float32",
        {
            "optimizer": "sgd",
            "activation": "relu",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.01",
            "batch_size": "16",
        },
    ),
    (
        "55a310056bdd4d1966a97f0c584e5d1c3b961d4e7b3626597f9973735b215ad0",
        "iris_softmax",
        None,
        "float32",
        {
            "optimizer": "adam",
            "activation": "relu",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "16",
        },
    ),
    (
        # Moved on purpose: epsilon went to Keras's place, and RMSPROP.numerics to 2.
        "7331ebdf6345730df53c2bff735a24ad58344694bbec4a6584849a0053acda74",
        "iris_softmax",
        None,
        "float32",
        {
            "optimizer": "rmsprop",
            "activation": "relu",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "16",
        },
    ),
    (
        "c45e71755832989f7ae0cd3377592192bffe16aba00a0d8dff2334614ca4713a",
        "wine_mlp",
        3,
        "float32",
        {
            "optimizer": "adam",
            "activation": "relu",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "16",
        },
    ),
    (
        "d2f9fa42f8aa9fef9253d00b00b74036d04cdb434e4f287f4cf312f86ee39457",
        "wine_mlp",
        3,
        "float32",
        {
            "optimizer": "adam",
            "activation": "relu",
            "init": "glorot_uniform",
            "norm": "batch",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "16",
        },
    ),
    (
        "20a7e647dda2ec89a39f28274eafe4c3a708b2b18b7f3789e712665fb336ffd6",
        "wine_mlp",
        3,
        "float32",
        {
            "optimizer": "adam",
            "activation": "tanh",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "16",
        },
    ),
    (
        "14da1ee10ce82d010292208898bdedae58c35ceadb2dbd0662b2bdc2fe72ad77",
        "digits_mlp",
        3,
        "float32",
        {
            "optimizer": "adam",
            "activation": "relu",
            "init": "he_normal",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "32",
        },
    ),
    (
        "7272e88200721af9ad5b09b605256e190c6626c270dca7b87c36253b60c58f01",
        "digits_mlp",
        3,
        "float32",
        {
            "optimizer": "adam",
            "activation": "relu",
            "init": "he_normal",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "64",
        },
    ),
    (
        "2387c52ad314a320e307c9641e86d552644fa2aaa52fd597c0bf7ef711207bcb",
        "digits_mlp",
        3,
        "float32",
        {
            "optimizer": "adam",
            "activation": "relu",
            "init": "he_normal",
            "norm": "none",
            "schedule": "cosine_decay",
            "learning_rate": "0.001",
            "batch_size": "32",
        },
    ),
    (
        "d22e220098ba5a5ebed4e4fbb34b8e94f1cdd3b6439536a69279ae2c8a3d0c25",
        "digits_cnn",
        1,
        "float32",
        {
            "optimizer": "sgd",
            "activation": "tanh",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.01",
            "batch_size": "32",
        },
    ),
    (
        "0d2f3cf58a54954ccbfd0287014a36d272b910e7effb4122ffe21760be19d482",
        "digits_cnn",
        1,
        "float32",
        {
            "optimizer": "sgd",
            "activation": "relu",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.01",
            "batch_size": "32",
        },
    ),
    (
        "7366ed96dba4d0d248edba299bd1253297a582862981dff2fb06d35fa5f10822",
        "digits_cnn",
        1,
        "float32",
        {
            "optimizer": "momentum",
            "activation": "tanh",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.01",
            "batch_size": "32",
        },
    ),
    (
        "db376f900cd607ac4d7a2d34dc5de9ea06be238425471f31223a356315c1f110",
        "deep_sigmoid",
        2,
        "float64",
        {
            "optimizer": "adam",
            "activation": "sigmoid",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "32",
        },
    ),
    (
        "d7d8b009395a99808886860950b3cea294f0a9357902da2c11f08b6daef1b4f1",
        "deep_sigmoid",
        2,
        "float64",
        {
            "optimizer": "adam",
            "activation": "tanh",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "32",
        },
    ),
    (
        "bf64b70f7c3c5d408149ec4c631b1c906def200c12b0aec48bbc58f1a62388ab",
        "deep_sigmoid",
        2,
        "float64",
        {
            "optimizer": "adam",
            "activation": "relu",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.001",
            "batch_size": "32",
        },
    ),
    (
        "b0301c45e7891616ee00654d29470a544ab436e7373d74470e809097b29431a3",
        "diabetes_mlp",
        3,
        "float32",
        {
            "optimizer": "sgd",
            "activation": "tanh",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.01",
            "batch_size": "16",
        },
    ),
    (
        "91cd2f85c095943794a8b50ee4b9045704121caa22d2d204305bed586f3ca055",
        "diabetes_mlp",
        3,
        "float32",
        {
            "optimizer": "sgd",
            "activation": "relu",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.01",
            "batch_size": "16",
        },
    ),
    (
        "90806b0d35b85696dded7f87f28d0a512d1d84dfa52a2ed7730ae76da2673d4c",
        "diabetes_mlp",
        3,
        "float32",
        {
            "optimizer": "momentum",
            "activation": "tanh",
            "init": "glorot_uniform",
            "norm": "none",
            "schedule": "constant",
            "learning_rate": "0.01",
            "batch_size": "16",
        },
    ),
)


@pytest.mark.parametrize(
    ("key", "case", "epochs", "dtype", "choices"), PINNED, ids=lambda value: str(value)[:12]
)
def test_a_trial_keeps_its_key(
    key: str, case: str, epochs: int | None, dtype: str, choices: Mapping[str, str]
) -> None:
    spec = catalogue.case_named(case)
    spec = spec if epochs is None else spec.trained_for(epochs)
    used = catalogue.used_axes(spec)
    asked = {axis: Asked((text,), "here") for axis, text in choices.items() if axis in used}

    matrix = cross((spec,), asked, seeds=(range(1),), own_seeds={}, dtype=dtype)  # type: ignore[arg-type]

    assert [trial.key for trial in matrix.trials()] == [key]
