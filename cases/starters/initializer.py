"""An initializer of one's own: a function of a shape and of a generator of random numbers."""

import math

import nnkit


def draw(shape, rng, gain=1.0):
    """Normal weights that keep the variance of what a layer gets."""
    # A dense kernel is (inputs, outputs), that of a convolution (height, width, channels, filters).
    # rng is a numpy.random.Generator which belongs to this trial and this layer. Draw from nothing else.
    fan_in = math.prod(shape[:-1])
    return gain * rng.standard_normal(shape) / math.sqrt(fan_in)


# What draw takes after rng is a hyper-parameter. On a command line: --init "mine(gain=1.4)"
nnkit.initializers.register("mine", draw)


def test_it():
    """What built-in parts are held to: run `pytest` on this file."""
    nnkit.testing.check_initializer("mine")
