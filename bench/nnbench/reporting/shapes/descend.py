"""``nnbench.descend/1``."""

from typing import Annotated, Literal, TypedDict

Place = list[float | None]


class Path(TypedDict):
    """One descent."""

    optimizer: Annotated[str, "The optimizer."]
    learning_rate: Annotated[float, "The rate."]
    schedule: Annotated[str, "The schedule of the rate."]
    batch_size: Annotated[int | None, "Samples of a step; null: the whole gradient."]
    seed: Annotated[int | None, "Of the noise or the batches; null: nothing is drawn."]
    points: Annotated[list[Place], "Every point as it is drawn, x and y; the start first."]
    values: Annotated[list[float | None], "The function there; null: not finite."]
    end: Annotated[Literal["converged", "saddle", "local_minimum", "diverged", "running"], "How it ended."]
    why: Annotated[str, "Why that is said."]
    steps: Annotated[int, "Steps that were made."]
    settled: Annotated[int | None, "From which step on it is near its end; null: it is not."]
    stability_limit: Annotated[
        float | None, "The rate from which on this optimizer diverges; null: not known."
    ]
    last_point: Annotated[Place, "The last point, in all its dimensions."]


class DescendDocument(TypedDict):
    """What `descend --json` prints."""

    schema: Annotated[Literal["nnbench.descend/1"], "The name and the version of this schema."]
    function: Annotated[str, "The function."]
    formula: Annotated[str, "Its formula."]
    source: Annotated[str, "Where it is from."]
    start: Annotated[Place, "Where every path starts."]
    axes: Annotated[list[str], "What x and y of the picture are."]
    largest_curvature: Annotated[
        float | None, "Largest eigenvalue of the Hessian at the minimum; null: none."
    ]
    stability_limit: Annotated[float | None, "2 over that: the rate above which gradient descent leaves."]
    minima: Annotated[list[Place], "The minima, as they are drawn."]
    noise: Annotated[float, "Standard deviation of what is added to each gradient."]
    paths: Annotated[list[Path], "Every descent."]
