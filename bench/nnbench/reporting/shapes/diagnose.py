"""``nnbench.diagnose/1``: of one configuration, or of several before training."""

from typing import Annotated, Literal, TypedDict

from nnbench.reporting.shapes.parts import Axes, Interval

# By seed, then by evaluation.
Series = list[list[float | None]]
# "from" is a word of Python, so this one is written as a call.
Course = TypedDict(
    "Course",
    {
        "from": Annotated[str, "The layer where it enters."],
        "to": Annotated[str, "The layer where it ends."],
        "ratio": Annotated[float | None, "What is left of its squares, measured; null: nothing entered."],
        "expected": Annotated[float | None, "What mean-field theory expects; null: it is silent."],
        "fate": Annotated[
            Literal["holds", "vanishes", "explodes", "unknown"],
            "It vanishes below a ratio of 0.01, and explodes above 100.",
        ],
    },
)
Course.__doc__ = "What becomes of signals or gradients on their way through the layers."


class Quantity(TypedDict):
    """A mean over seeds beside theory."""

    mean: Annotated[float | None, "The mean."]
    interval: Interval
    expected: Annotated[float | None, "What mean-field theory expects; null: it is silent."]


class LayerCheck(TypedDict):
    """What reaches one layer with weights before any training."""

    layer: Annotated[str, "The layer."]
    units: Annotated[int, "Its units."]
    activation: Annotated[str | None, "The activation behind it."]
    gain: Annotated[
        float | None, "Square root of variance of weights × inputs of a unit; null: they have a mean."
    ]
    keeping_gain: Annotated[float | None, "The gain that would keep a variance of 1; null: not known."]
    variance: Annotated[Quantity, "Mean square of what it puts out, before the activation."]
    gradient: Annotated[Quantity, "Squared length of the gradient for that; the output's has length 1."]
    gradient_factor: Annotated[Quantity | None, "That over the next layer's; null for the last."]


class Preflight(TypedDict):
    """The check of initialisation and activation before any training."""

    seeds: Annotated[int, "Draws of the weights."]
    samples: Annotated[int, "Training samples that were sent through."]
    signals: Annotated[Course, "From the first layer to the last."]
    gradients: Annotated[Course, "From the last layer to the first."]
    layers: Annotated[list[LayerCheck], "Every layer with weights."]


class WatchedTrial(TypedDict):
    """One seed."""

    key: Annotated[str, "Hash of everything that can change the result."]
    seed: Annotated[int, "The seed."]
    status: Annotated[Literal["finished", "diverged", "failed", "pruned", "cancelled"], "How it ended."]
    failure: Annotated[str | None, "In words, how it failed; null: it did not."]
    final: Annotated[dict[str, float | None], "Metrics at the last step."]
    digest: Annotated[str, "SHA-256 of the final parameters."]


class WatchedActivation(TypedDict):
    """One activation in training; series are by seed, then by evaluation."""

    layer: Annotated[str, "The layer."]
    activation: Annotated[str, "The activation."]
    units: Annotated[int, "Its units."]
    dead: Annotated[Series, "Share of the units that answer nothing on any sample."]
    dead_for_good: Annotated[Series, "Share that is dead then and at every evaluation after."]
    revived: Annotated[list[float | None], "By seed: share that was dead once and is alive at the end."]
    saturated: Annotated[Series, "Share of the values at a flat end."]
    mean: Annotated[Series, "Mean of the values."]
    variance: Annotated[Series, "Variance of the values."]


class WatchedWeights(TypedDict):
    """One kernel at the last step before each evaluation; null before the first step."""

    layer: Annotated[str, "The layer."]
    gradient_norm: Annotated[Series, "Euclidean length of the gradient."]
    update_ratio: Annotated[Series, "Length of the step over length of the weights."]


class WatchedTraining(TypedDict):
    """The configuration in training, seen by probes."""

    steps: Annotated[list[float], "The steps of the evaluations, from 0 on."]
    trials: Annotated[list[WatchedTrial], "Every seed."]
    activations: Annotated[list[WatchedActivation], "Every activation."]
    weights: Annotated[list[WatchedWeights], "Every layer with weights."]


class DiagnoseDocument(TypedDict):
    """What `diagnose --json` prints of one configuration."""

    schema: Annotated[Literal["nnbench.diagnose/1"], "The name and the version of this schema."]
    case: Annotated[str, "The case."]
    axes: Axes
    preflight: Preflight
    training: WatchedTraining


class CheckedConfiguration(TypedDict):
    """One of several configurations before training."""

    axes: Axes
    preflight: Preflight


class PreflightDocument(TypedDict):
    """What `diagnose --json` prints of several configurations."""

    schema: Annotated[Literal["nnbench.diagnose/1"], "The name and the version of this schema."]
    case: Annotated[str, "The case."]
    configurations: Annotated[list[CheckedConfiguration], "Every configuration."]
