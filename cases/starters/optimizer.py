"""An optimizer of one's own, in plain NumPy: slower than a kernel, good for trying an idea."""

import nnkit


def update(params, grads, state, step, learning_rate, beta=0.9):
    """Momentum: every step goes along a decaying sum of the gradients."""
    # params and grads are dicts of arrays, by names such as "dense_0/kernel". Change params in place.
    # state is a dict of your own, kept from step to step; step is 1 at the first.
    for name, gradient in grads.items():
        velocity = state.setdefault(name, 0.0 * gradient)
        velocity *= beta
        velocity += gradient
        params[name] -= learning_rate * velocity


# Keywords are hyper-parameters with their defaults. On a command line: --optimizer "mine(beta=0.5)"
nnkit.optimizers.register_numpy("mine", update, learning_rate=0.05, beta=0.9)


def test_it():
    """What built-in parts are held to: run `pytest` on this file."""
    nnkit.testing.check_optimizer("mine")
