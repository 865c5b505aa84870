"""Small Keras models, and what Keras makes of them: their JSON, size and outputs with known weights.

``KERAS_BACKEND=jax JAX_ENABLE_X64=1 python -m tests.nnbench.starters.keras_nets`` writes ``keras_recorded``
anew. It needs Keras and JAX, where products are those of float64 (on PyTorch Keras rounds them to float32);
the tests read the files, and need neither.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.nnbench.starters.filled import inputs_for, weights_for

FOLDER = Path(__file__).parent / "keras_recorded"


def nets(keras: Any) -> dict[str, Callable[[], Any]]:
    """Return the models by name, each with an output for a data set that ships with nnbench."""
    make, inputs, layer = keras.Sequential, keras.Input, keras.layers
    init, penalty = keras.initializers, keras.regularizers
    return {
        "mlp": lambda: make(
            [
                inputs((64,)),
                layer.Dense(12, activation="relu", kernel_initializer="he_normal"),
                layer.Dropout(0.25),
                layer.Dense(12, activation="relu", kernel_initializer="he_normal"),
                layer.Dense(10, activation="softmax"),
            ]
        ),
        "cnn": lambda: make(
            [
                inputs((8, 8, 1)),
                layer.Conv2D(4, 3, padding="same", use_bias=False, kernel_regularizer=penalty.L2(0.01)),
                layer.BatchNormalization(momentum=0.9, epsilon=1e-5),
                layer.LeakyReLU(negative_slope=0.1),
                layer.MaxPooling2D(),
                layer.Conv2D(6, (3, 2), strides=(2, 1), activation="elu"),
                layer.Flatten(),
                layer.Dense(10),
            ]
        ),
        "groups": lambda: make(
            [
                inputs((8, 8, 1)),
                layer.Conv2D(4, 3, activation="gelu"),
                layer.Conv2D(8, 3, groups=2, padding="same", activation="silu"),
                layer.Conv2D(4, 2, dilation_rate=2, activation="mish"),
                layer.AveragePooling2D((2, 2), strides=1, padding="same"),
                layer.GlobalAveragePooling2D(),
                layer.Dense(10, activation="softmax"),
            ]
        ),
        "sequence": lambda: make(
            [
                inputs((40, 1)),
                layer.Conv1D(4, 5, padding="causal", dilation_rate=2, activation="tanh"),
                layer.MaxPooling1D(3, strides=2),
                layer.Conv1D(6, 3, strides=2, padding="same", activation="softplus"),
                layer.AveragePooling1D(2),
                layer.Flatten(),
                layer.Dense(10, activation="softmax"),
            ]
        ),
        "norms": lambda: make(
            [
                inputs((13,)),
                layer.Dense(8),
                layer.LayerNormalization(epsilon=1e-4),
                layer.Activation("hard_sigmoid"),
                layer.Dense(8),
                layer.BatchNormalization(),
                layer.ELU(0.5),
                layer.Dense(3),
                layer.Softmax(),
            ]
        ),
        "nested": lambda: make(
            [
                inputs((8, 8)),
                layer.Flatten(),
                make([layer.Dense(7, activation="selu", kernel_initializer="lecun_normal"), layer.Dense(6)]),
                layer.ReLU(max_value=6.0),
                layer.GaussianNoise(0.1),
                layer.Dense(10, activation="softmax"),
            ]
        ),
        "prelu": lambda: make(
            [
                inputs((8, 8, 1)),
                layer.Conv2D(3, 3, bias_initializer=init.Constant(0.1)),
                layer.PReLU(shared_axes=[1, 2], alpha_initializer=init.Constant(0.25)),
                layer.GlobalMaxPooling2D(),
                layer.Dense(5),
                layer.PReLU(),
                layer.Dense(10, activation="softmax"),
            ]
        ),
        "binary": lambda: make(
            [
                inputs((30,)),
                layer.Dense(5, activation="sigmoid", kernel_initializer=init.RandomNormal(stddev=0.02)),
                layer.ReLU(negative_slope=0.05),
                layer.Dense(1, activation="sigmoid"),
            ]
        ),
        "regression": lambda: make(
            [inputs((10,)), layer.Dense(6, activation="relu6"), layer.Dense(1, kernel_initializer="zeros")]
        ),
        "tanh_end": lambda: make(
            [
                inputs((10,)),
                layer.Dense(4, activation="tanh", kernel_initializer=init.VarianceScaling(2.0, "fan_in")),
                layer.Dense(1, activation="tanh"),
            ]
        ),
        "reshape": lambda: make(
            [
                inputs((64,)),
                layer.Reshape((4, 4, 4)),
                layer.Conv2D(3, 2, activation="exponential", kernel_regularizer=penalty.L1L2(0.001, 0.002)),
                layer.MaxPooling2D(2, padding="same"),
                layer.Flatten(),
                layer.Dense(10, activation="softmax"),
            ]
        ),
        "scaled_pixels": lambda: make(
            [
                inputs((28, 28, 1)),
                layer.Rescaling(1 / 255),
                layer.Conv2D(2, 5, strides=3, activation="hard_silu"),
                layer.Flatten(),
                layer.Dense(10, activation="softmax"),
            ]
        ),
    }


COMPILED = {
    "mlp": {"optimizer": "adam", "loss": "categorical_crossentropy"},
    "cnn": {"optimizer": "momentum", "loss": "from_logits"},
    "binary": {"optimizer": "rmsprop", "loss": "binary_crossentropy"},
    "tanh_end": {"optimizer": "sgd", "loss": "mse"},
}


def record() -> None:
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    FOLDER.mkdir(exist_ok=True)
    for name, make in nets(keras).items():
        model = make()
        if name in COMPILED:
            chosen = dict(COMPILED[name])
            if chosen["optimizer"] == "momentum":
                chosen["optimizer"] = keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=1.0)
            if chosen["loss"] == "from_logits":
                chosen["loss"] = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(**chosen)
        for place, variable in enumerate(model.weights):
            variable.assign(weights_for(variable.path, variable.shape, place))
        outputs = model(inputs_for(model.input_shape[1:]), training=False)
        content = {
            "keras": keras.__version__,
            "n_parameters": sum(math.prod(variable.shape) for variable in model.trainable_weights),
            "outputs": np.asarray(outputs).tolist(),
            "model": json.loads(model.to_json()),
        }
        (FOLDER / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    record()
