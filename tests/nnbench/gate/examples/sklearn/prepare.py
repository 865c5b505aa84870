"""Columns of mean 0 and deviation 1, as the training rows have them."""


def scaled(x, train):
    return (x - train.mean(0)) / train.std(0)
