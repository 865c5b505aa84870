"""The digits in Keras, on whatever backend it is set to use."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from digits_of import BATCH_SIZE, RATES, UNITS, split


def train(seed, log, optimizer="adam", learning_rate=None, epochs=20):
    x, y, x_val, y_val = split(seed)
    layers = [keras.layers.Dense(units, activation="relu") for units in UNITS]
    model = keras.Sequential([keras.Input((64,)), *layers, keras.layers.Dense(10)])
    rate = learning_rate or RATES[optimizer]
    made = {
        "sgd": keras.optimizers.SGD(rate),
        "momentum": keras.optimizers.SGD(rate, momentum=0.9),
        "adam": keras.optimizers.Adam(rate),
    }[optimizer]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(made, loss, metrics=["accuracy"])
    for epoch in range(1, epochs + 1):
        model.fit(x, y, batch_size=BATCH_SIZE, epochs=1, verbose=0)
        measured = model.evaluate(x_val, y_val, batch_size=len(x_val), verbose=0, return_dict=True)
        log(
            epoch * -(-len(x) // BATCH_SIZE),
            val_loss=measured["loss"],
            val_accuracy=measured["accuracy"],
        )
    return model
