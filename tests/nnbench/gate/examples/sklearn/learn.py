"""A small classifier of scikit-learn, trained by partial_fit on rows that the project prepares."""

import numpy as np
from prepare import scaled
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier


def train(seed, log):
    fixed = np.random.default_rng(7)
    x = 10 * fixed.standard_normal((400, 10)) + 5
    y = (np.tanh((x - 5) / 10 @ fixed.standard_normal((10, 3))).sum(1) > 0).astype(int)
    x = scaled(x, x[:300])
    net = MLPClassifier((16,), activation="tanh", learning_rate_init=0.02, random_state=seed)
    rows = np.random.default_rng(seed)
    for step in range(1, 61):
        batch = rows.integers(0, 300, 32)
        net.partial_fit(x[batch], y[batch], classes=(0, 1))
        log(step, weights=net.coefs_, val_loss=log_loss(y[300:], net.predict_proba(x[300:])))
    return net.coefs_
