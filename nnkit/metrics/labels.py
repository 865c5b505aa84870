"""Metrics of classifiers, from logits and labels. A single logit parts two classes, and class 1 is positive.

All are scikit-learn's, whose names, averages and conventions they have. The driver predicts as they do: the
first of the largest logits, and class 1 where a single one is above 0.
"""

import numpy as np

from nnkit.metrics.record import Metric, Targets, Values

# Decimals of log-odds: math libraries differ in the 16th digit of exp, and machines must not differ in ties.
_DECIMALS = 9


def predicted(logits: Values) -> Targets:
    """Return the label that each row stands for."""
    if logits.shape[1] == 1:
        return np.asarray(logits[:, 0] > 0.0, dtype=np.int64)
    return np.asarray(np.argmax(logits, axis=1))


def balanced_accuracy(logits: Values, labels: Targets) -> float:
    """Return the mean over the classes that occur of the share of their rows that was predicted."""
    hits = predicted(logits) == labels
    return float(np.mean([np.mean(hits[labels == each]) for each in np.unique(labels)]))


def f1(logits: Values, labels: Targets) -> float:
    """Return F1 of class 1, where there are two; else its mean over the classes that occur or are predicted.

    A class that is predicted nowhere, or occurs nowhere, has an F1 of 0.
    """
    found = predicted(logits)
    if logits.shape[1] <= 2:
        return _f1_of(found == 1, labels == 1)
    classes = np.union1d(labels, found)
    return float(np.mean([_f1_of(found == each, labels == each) for each in classes]))


def _f1_of(found: Targets, wanted: Targets) -> float:
    n = int(found.sum()) + int(wanted.sum())
    return 2.0 * int((found & wanted).sum()) / n if n else 0.0


def auc(logits: Values, labels: Targets) -> float:
    """Return the area under the ROC curve of class 1, or of every class against the rest, then their mean.

    Rows with equal scores have the mean of their ranks. A class that none of the rows has, or all of them,
    has no curve and does not count; NaN where that is every class.
    """
    if logits.shape[1] == 1:
        return _area(logits[:, 0], labels == 1)
    if logits.shape[1] == 2:
        return _area(_log_odds(logits, 1), labels == 1)
    areas = [_area(_log_odds(logits, each), labels == each) for each in range(logits.shape[1])]
    known = [area for area in areas if area == area]
    return float(np.mean(known)) if known else float("nan")


def _area(scores: Values, positive: Targets) -> float:
    """Return the share of pairs of a positive and a negative row in which the positive one scores more.

    This is Mann and Whitney's U: the sum of the ranks of the positive rows, less the least that it can be.
    """
    n_positive = int(positive.sum())
    n_pairs = n_positive * (len(positive) - n_positive)
    if not n_pairs:
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    doubled = 2 * ends - count + 1  # twice the mean rank of equal scores: a whole number, so sums are exact
    above = int(doubled[place.reshape(-1)][positive].sum()) - n_positive * (n_positive + 1)
    return above / (2 * n_pairs)


def _log_odds(logits: Values, label: int) -> Values:
    """Return ``log(p / (1 - p))`` of a softmax, which does not end at 1 as ``p`` itself does."""
    others = np.delete(logits, label, axis=1)
    largest = others.max(axis=1)
    rest = np.log(np.exp(others - largest[:, None]).sum(axis=1))
    odds: Values = np.round(logits[:, label] - largest - rest, _DECIMALS)
    return odds


def shares(labels: Targets) -> Values:
    """Return the share of rows of every class that occurs."""
    _, count = np.unique(labels, return_counts=True)
    found: Values = count / count.sum()
    return found


def entropy(labels: Targets) -> float:
    """Return the cross-entropy of the shares themselves, in nats."""
    known = shares(labels)
    return float(-np.sum(known * np.log(known)))


def _useless_f1(labels: Targets) -> float:
    """Always class 1 of two, or always the commonest class of more."""
    known = shares(labels)
    if len(known) > 2:
        commonest = float(known.max())
        return 2.0 * commonest / (1.0 + commonest) / len(known)
    positive = float(np.mean(labels == 1))
    return 2.0 * positive / (1.0 + positive)


_SKLEARN = "scikit-learn 1.9, metrics."
ACCURACY = Metric(
    name="accuracy",
    aliases=("acc",),
    summary="The share of rows whose class was predicted.",
    formula="(rows predicted correctly) / rows",
    source=f"{_SKLEARN}accuracy_score",
    direction="max",
    targets="labels",
    useless=lambda labels: float(shares(labels).max()),
    evaluated=1,
    unit="%",
    least=0.0,
    most=1.0,
)
BALANCED_ACCURACY = Metric(
    name="balanced_accuracy",
    summary="Accuracy class by class, then the mean: rare classes weigh as much as common ones.",
    formula="mean over the classes k that occur of (rows of k predicted as k) / (rows of k)",
    source=f"{_SKLEARN}balanced_accuracy_score; Brodersen et al. (2010), ICPR",
    direction="max",
    targets="labels",
    useless=lambda labels: 1.0 / len(shares(labels)),
    compute=balanced_accuracy,
    unit="%",
    least=0.0,
    most=1.0,
)
F1 = Metric(
    name="f1",
    aliases=("f1_score", "F1Score"),
    summary="The harmonic mean of precision and recall: of class 1 of two, the macro average of more.",
    formula="2 TP / (2 TP + FP + FN); more than two classes: the mean over those that occur or are predicted",
    source=f"{_SKLEARN}f1_score(average='binary' for two classes, 'macro' for more)",
    direction="max",
    targets="labels",
    useless=_useless_f1,
    compute=f1,
    least=0.0,
    most=1.0,
)
AUC = Metric(
    name="auc",
    aliases=("AUC", "roc_auc"),
    summary="The area under the ROC curve: how often a row of a class scores above a row of another.",
    formula="(sum of mid-ranks of the n1 positive rows - n1 (n1 + 1) / 2) / (n1 n0); more than two classes:"
    " the mean over one against the rest, by softmax",
    source=f"{_SKLEARN}roc_auc_score(multi_class='ovr', average='macro'); Hanley and McNeil (1982)",
    direction="max",
    targets="labels",
    useless=lambda labels: 0.5,
    compute=auc,
    least=0.0,
    most=1.0,
    needs_logits=True,
)
LOG_LOSS = Metric(
    name="log_loss",
    summary="The cross-entropy alone, in nats: minus the mean log of the right class's share.",
    formula="mean of -log p(label)",
    source=f"{_SKLEARN}log_loss",
    direction="min",
    targets="labels",
    useless=entropy,
    evaluated=0,
    least=0.0,
    needs_logits=True,
)
