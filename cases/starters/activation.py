"""An activation of one's own: two functions of one number, which are compiled."""

import math

import nnkit


def value(x):
    """Return x times its logistic function, which is called swish."""
    return x / (1.0 + math.exp(-x))


def slope(x):
    """Return the derivative of ``value`` at x; it is checked against differences of ``value``."""
    share = 1.0 / (1.0 + math.exp(-x))
    return share * (1.0 + x * (1.0 - share))


nnkit.activations.register("mine", value=value, slope=slope, summary="x times its logistic function.")


def test_it():
    """What built-in parts are held to: run `pytest` on this file."""
    nnkit.testing.check_activation("mine")
