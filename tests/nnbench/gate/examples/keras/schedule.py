"""The learning rate of each step: it falls by half every 100 steps."""


def rate(step):
    return 0.5 * 0.5 ** (step / 100)
