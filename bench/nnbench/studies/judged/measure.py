"""What a column of scores measures, as its name and values tell: which way is better, and what counts."""

import re
from collections.abc import Sequence

from nnbench.records.trials import Direction
from nnkit import metrics

# Long words also count inside others, as in "crossentropy", short ones alone.
_LESS = re.compile(
    "loss|error|perplexity|regret|deviance|divergence|entropy|brier|cost"
    "|(?<![a-z])(err|r?mse|mae|mape|ppl|nll|wer|cer|fid|bpb|bpc)(?![a-z])"
)
_MORE = re.compile(
    "accuracy|score|precision|recall|reward|return"
    "|(?<![a-z])(acc|auc|auroc|f1|r2|map|m?iou|dice|bleu|rouge|psnr|ssim|top[15])(?![a-z])"
)
_SHARE = re.compile("accuracy|error_rate|%|(?<![a-z])(acc|top[15])(?![a-z])")
_NAMELESS = re.compile("metric|value")  # more is taken to be better, and the report says so


def direction_of(name: str) -> Direction | None:
    """Return which way is better for a metric of this name; None where it does not say, or says both."""
    words = _in_small_letters(name)
    less, more = (bool(known.search(words)) for known in (_LESS, _MORE))
    # scikit-learn's negated losses are named after the loss.
    if less != more and "neg_" not in words:
        return "min" if less else "max"
    return "max" if _NAMELESS.fullmatch(words) else None


def noticeable_of(name: str, direction: Direction, values: Sequence[float]) -> float:
    """Return half a percentage point for what looks like a share; 0, by which nothing is equivalent, else."""
    if is_percent(name, values):
        return 0.5
    looks_like_a_share = direction == "max" or bool(_SHARE.search(_in_small_letters(name)))
    return 0.005 if looks_like_a_share and values and 0 <= min(values) <= max(values) <= 1 else 0.0


def is_percent(name: str, values: Sequence[float]) -> bool:
    """Return whether these are shares in percent: by their name shares, and beyond 1."""
    by_name = bool(_SHARE.search(_in_small_letters(name)))
    return by_name and bool(values) and min(values) >= 0 and 1 < max(values) <= 100


def name_shown(name: str, values: Sequence[float]) -> str:
    """Return the name by which a report knows the unit: it takes accuracies and rates for shares of 1."""
    if is_percent(name, values):
        return re.sub(r"[ _(]*(%|percent|pct)\)?", "", name) + " %"
    is_share = bool(values) and 0 <= min(values) <= max(values) <= 1
    return name if is_share or not ("accuracy" in name or name.endswith("rate")) else f"{name} value"


def read_as(name: str) -> tuple[str | None, tuple[float | None, float | None]]:
    """Return the unit and the ends of the range of one of nnbench's own metrics; of others nothing."""
    if name.removeprefix(metrics.OF_TRAINING) not in metrics.names():
        return None, (None, None)
    metric = metrics.asked(name).metric
    return metric.unit, (metric.least, metric.most)


def _in_small_letters(name: str) -> str:
    """Return ``val_accuracy_(%)`` for ``valAccuracy (%)``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])| ", "_", name).lower()
