"""A schedule of one's own: a function that returns the learning rate of one step."""

import nnkit


def rate(step, n_steps, learning_rate, floor=0.01):
    """Falls in a straight line to a share of the learning rate."""
    # step runs from 0 to n_steps - 1; learning_rate is that of the run.
    return learning_rate * max(floor, 1.0 - step / n_steps)


# What rate takes after learning_rate is a hyper-parameter. On a command line: --schedule "mine(floor=0.1)"
nnkit.schedules.register("mine", rate)


def test_it():
    """What built-in parts are held to: run `pytest` on this file."""
    nnkit.testing.check_schedule("mine")
