"""A small classifier in Keras; the project's own schedule gives the rates."""

import keras
import numpy as np
from schedule import rate


class Logs(keras.callbacks.Callback):
    def __init__(self, log):
        super().__init__()
        self.log, self.n = log, 0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = rate(self.n)

    def on_train_batch_end(self, batch, logs=None):
        self.n += 1
        self.log(self.n, weights=self.model, loss=logs["loss"])

    def on_epoch_end(self, epoch, logs=None):
        self.log(self.n, val_loss=logs["val_loss"])


def train(seed, log):
    fixed = np.random.default_rng(7)
    x = fixed.standard_normal((400, 10)).astype("float32")
    y = (np.tanh(x @ fixed.standard_normal((10, 3))).sum(1) > 0).astype("float32")
    net = keras.Sequential([keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)])
    net.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    net.build((None, 10))
    log(0, weights=net)
    net.fit(
        x[:300], y[:300], batch_size=32, epochs=6, verbose=0, callbacks=[Logs(log)],
        validation_data=(x[300:], y[300:]),
    )  # fmt: skip
    return net
