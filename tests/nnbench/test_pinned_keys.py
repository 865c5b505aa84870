"""Literal keys of trials that users have in their stores: whoever moves one loses them.

They were taken from a store of version 0.1.0 before axes were records. A new axis, a new kind of key entry, a
renamed section of a case: whatever changes one of these changes all, and every stored trial is trained again.
"""

from collections.abc import Mapping

import pytest

from nnbench.cases import catalogue
from nnbench.plan.crossing import cross
from nnbench.plan.matrix import Asked

# (key, case, epochs or None for the case's own, type, choices), each of seed 0
# Those of adam moved on purpose: epsilon became the paper's 1e-8, and ADAM.numerics 2.
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
        "4fe5bf87eff3f78396520c264c45d516366452c26bdc02c3f5ea8ce813efcd21",
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
        "9c4c517d0c5349f0f98f29ccf113d08614ac52c389498618aa4c96123bb248fc",
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
        "026cb444d98b9b654bd451fbf78afcc9bdead5e2a442e3a1a168fd3a41b06909",
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
        "ce9d7789080458543ede0436325dccf6e7ac9053e371cd61daaefc40ab6b3c7c",
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
        "a45cab50dc24e3012401785c2f480b7e877630bcb9031c6726e517c572480d18",
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
        "0c0c5baa24b861fe26957757bde709f5eec3ef1ae4477c509a57b3f79170b432",
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
        "3f98f91e8a47ee103a3d3cd3aaa996537680c05eafae8d3ee1084d46b6fe0553",
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
        "584db1e14d9f61dba1d74b739bf03081cbcd8593da30b8dfc97a44bf0ee10dbd",
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
        "b9a88ed9e5c6b6d32724973867a54508596940ea7f5316823b1cde0ea24ff912",
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
        "79fe8e13d1af6b7ce9c1687be06677ddabfd26bb4820db035ead766eec45f989",
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
