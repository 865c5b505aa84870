"""A small classifier in torch, whose steps the project's own optimizer makes."""

import torch
from optimizer import Adam


def train(seed, log):
    fixed = torch.Generator().manual_seed(7)
    x = torch.randn(400, 10, generator=fixed)
    y = (torch.tanh(x @ torch.randn(10, 3, generator=fixed)).sum(1) > 0).float()
    net = torch.nn.Sequential(torch.nn.Linear(10, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    optimizer, rows = Adam(net.parameters()), torch.Generator().manual_seed(seed)
    loss = torch.nn.BCEWithLogitsLoss()
    log(0, weights=net.state_dict())
    for step in range(1, 61):
        batch = torch.randint(0, 300, (32,), generator=rows)
        optimizer.zero_grad()
        loss(net(x[batch])[:, 0], y[batch]).backward()
        optimizer.step()
        with torch.no_grad():
            log(step, weights=net.state_dict(), val_loss=loss(net(x[300:])[:, 0], y[300:]))
    return net.state_dict()
