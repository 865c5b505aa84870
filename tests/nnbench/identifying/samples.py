"""Optimizers as users write them, in NumPy and without nnkit: right ones and wrong ones."""

SOURCE = '''\
import numpy as np


class Adam:
    """Adam with Keras's epsilon, beside the root that is not yet corrected."""

    first = 1

    def __init__(self, lr=0.01, betas=(0.9, 0.99), eps=1e-7):
        self.lr, self.betas, self.eps, self.t, self.m, self.v = lr, betas, eps, self.first - 1, {}, {}

    def apply(self, parameters, gradients):
        self.t += 1
        b1, b2 = self.betas
        for name, w in parameters.items():
            g = gradients[name]
            m = self.m[name] = b1 * self.m.get(name, 0.0) + (1 - b1) * g
            v = self.v[name] = b2 * self.v.get(name, 0.0) + (1 - b2) * g * g
            w -= self.step(m, v, b1, b2)

    def step(self, m, v, b1, b2):
        rate = self.lr * np.sqrt(1 - b2**self.t) / (1 - b1**self.t)
        return rate * m / (np.sqrt(v) + self.eps)


class PaperAdam(Adam):
    def step(self, m, v, b1, b2):
        return self.lr * m / (1 - b1**self.t) / (np.sqrt(v / (1 - b2**self.t)) + self.eps)


class LateAdam(PaperAdam):
    first = 2


class InsideAdam(Adam):
    def step(self, m, v, b1, b2):
        return self.lr * m / (1 - b1**self.t) / np.sqrt(v / (1 - b2**self.t) + self.eps)


class UncorrectedAdam(Adam):
    def step(self, m, v, b1, b2):
        return self.lr * m / (np.sqrt(v) + self.eps)


class TwiceAdam(PaperAdam):
    def step(self, m, v, b1, b2):
        return 2 * super().step(m, v, b1, b2)


class L2Momentum:
    def __init__(self, lr=0.1, momentum=0.8, weight_decay=0.05):
        self.lr, self.momentum, self.weight_decay, self.v = lr, momentum, weight_decay, {}

    def apply(self, parameters, gradients):
        for name, w in parameters.items():
            g = gradients[name] + self.weight_decay * w
            v = self.v[name] = self.momentum * self.v.get(name, 0.0) + g
            w -= self.lr * v


class Other:
    def __init__(self, lr=0.1):
        self.lr = lr

    def apply(self, parameters, gradients):
        for name, w in parameters.items():
            w -= self.lr * gradients[name] ** 3


class Refuses:
    def apply(self, parameters, gradients):
        raise RuntimeError("not today")


def factory(lr=0.5):
    return PaperAdam(lr)


CONSTANT = 3
'''
