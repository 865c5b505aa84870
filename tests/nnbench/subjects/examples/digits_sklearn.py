"""The digits in scikit-learn: one pass over the data at a time."""

from digits_of import BATCH_SIZE, RATES, UNITS, split
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier


def train(seed, log, optimizer="adam", learning_rate=None, epochs=20):
    x, y, x_val, y_val = split(seed)
    model = MLPClassifier(
        UNITS,
        solver="adam" if optimizer == "adam" else "sgd",
        momentum={"sgd": 0.0, "momentum": 0.9, "adam": 0.9}[optimizer],
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=BATCH_SIZE,
        learning_rate_init=learning_rate or RATES[optimizer],
        random_state=seed,
    )
    for epoch in range(1, epochs + 1):
        model.partial_fit(x, y, classes=range(10))
        loss = log_loss(y_val, model.predict_proba(x_val), labels=range(10))
        log(epoch * -(-len(x) // BATCH_SIZE), val_loss=loss, val_accuracy=model.score(x_val, y_val))
    return model.coefs_ + model.intercepts_
