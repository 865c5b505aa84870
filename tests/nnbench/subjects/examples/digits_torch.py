"""The digits in PyTorch."""

from itertools import pairwise

import torch
from digits_of import BATCH_SIZE, RATES, UNITS, split
from torch import nn


def train(seed, log, optimizer="adam", learning_rate=None, epochs=20):
    x, y, x_val, y_val = map(torch.from_numpy, split(seed))
    sizes = (64, *UNITS, 10)
    layers = [nn.Linear(n, m) for n, m in pairwise(sizes)]
    for layer in layers:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    model = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    made = {
        "sgd": torch.optim.SGD,
        "momentum": lambda parameters, lr: torch.optim.SGD(parameters, lr, momentum=0.9),
        "adam": torch.optim.Adam,
    }[optimizer](model.parameters(), lr=learning_rate or RATES[optimizer])
    step = 0
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(BATCH_SIZE):
            made.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            made.step()
            step += 1
        with torch.no_grad():
            outputs = model(x_val)
            loss = nn.functional.cross_entropy(outputs, y_val)
            log(step, val_loss=loss, val_accuracy=(outputs.argmax(1) == y_val).float().mean())
    return model
