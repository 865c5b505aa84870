"""``nnbench.list/1``, ``nnbench.show/1`` and ``nnbench.data/1``."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict


class Hyperparameter(TypedDict):
    """One setting of a part."""

    name: Annotated[str, "Its name."]
    default: Annotated[Any, "Its default; null: it is off."]
    summary: Annotated[str, "What it does."]
    range: Annotated[str, "In words, which values it may have."]
    above: NotRequired[Annotated[float, "It must be above this."]]
    at_least: NotRequired[Annotated[float, "It must be at least this."]]
    below: NotRequired[Annotated[float, "It must be below this."]]
    at_most: NotRequired[Annotated[float, "It must be at most this."]]
    choices: NotRequired[Annotated[list[str], "It must be one of these."]]
    component: NotRequired[Annotated[str, "The component of the optimizer that it turns off."]]
    off: NotRequired[Annotated[Any, "The value that turns that off."]]


EntryKeys = TypedDict(
    "EntryKeys",
    {
        "to fetch": NotRequired[Annotated[str, "Of a data set or its case: how to get the files."]],
        "also measured": NotRequired[Annotated[str, "Of a case: further metrics."]],
        "exchange rate": NotRequired[Annotated[str, "Of a case: of the metric for a step, near the target."]],
    },
)


class Entry(EntryKeys):
    """One part, case, suite, claim or run; what few kinds have is absent in the others."""

    name: Annotated[str, "Its name."]
    summary: Annotated[str, "What it is, in one line."]
    formula: Annotated[str, "Its formula; empty: none."]
    source: Annotated[str, "Where it is from: a paper, a file, the command of a run."]
    hyperparameters: Annotated[list[Hyperparameter], "Its settings."]
    aliases: NotRequired[Annotated[list[str], "Other names it goes by; of everything but runs."]]
    closed_forms: NotRequired[Annotated[list[str], "What it must compute exactly, and is tested for."]]
    licence: NotRequired[Annotated[str, "Of a data set."]]
    task: NotRequired[Annotated[str, "Of a data set: what it is used for."]]
    dataset: NotRequired[Annotated[str, "Of a case: its data."]]
    budget: NotRequired[Annotated[str, "Of a case: epochs and batch size."]]
    metric: NotRequired[Annotated[str, "Of a case: what is compared."]]
    target: NotRequired[Annotated[str, "Of a case: what counts as success."]]
    noise: NotRequired[Annotated[str, "Of a case: how far its best configuration scatters over seeds."]]
    measured: NotRequired[Annotated[str, "Of a case: when target and noise were measured."]]
    noticeable: NotRequired[Annotated[str, "Of a case: the least difference that matters."]]
    axes: NotRequired[Annotated[str, "Of a case: its own choices."]]
    compares: NotRequired[Annotated[str, "Of a case or a suite: what is crossed where nothing is said."]]
    cases: NotRequired[Annotated[str, "Of a suite: its cases."]]
    seeds: NotRequired[Annotated[str, "Of a suite: its seeds."]]
    note: NotRequired[Annotated[str, "Of a claim: the lecture note."]]
    sentence: NotRequired[Annotated[str, "Of a claim: the sentence in English."]]
    korean: NotRequired[Annotated[str, "Of a claim: the sentence in Korean."]]


class ShownEntry(Entry):
    """An entry, and of which kind it is."""

    kind: Annotated[str, "The kind: optimizers, cases …"]


class ListDocument(TypedDict):
    """What `list KIND --json` prints."""

    schema: Annotated[Literal["nnbench.list/1"], "The name and the version of this schema."]
    kind: Annotated[str, "The kind that was asked for."]
    items: Annotated[list[Entry], "Every entry of it."]


class ShowDocument(TypedDict):
    """What `show NAME --json` prints."""

    schema: Annotated[Literal["nnbench.show/1"], "The name and the version of this schema."]
    items: Annotated[
        list[ShownEntry | dict[str, str | float | None]],
        "Every entry of this name; or one run or trial of the store, with its facts by name: for a trial its"
        " choices, `final` and `best` metrics, `training s` in seconds.",
    ]


class DataFile(TypedDict):
    """One file of a data set."""

    name: Annotated[str, "Its name."]
    state: Annotated[str, "fetched, missing, partial or damaged."]
    path: Annotated[str, "Where it is, or would be."]
    size_bytes: Annotated[int, "Its size in bytes."]
    sha256: Annotated[str, "The digest it must have."]
    mirrors: Annotated[list[str], "The addresses that serve it."]


class DataSet(TypedDict):
    """One data set, and whether it is here."""

    name: Annotated[str, "Its name."]
    state: Annotated[str, "included, fetched, missing, partial or damaged."]
    summary: Annotated[str, "What it is, in one line."]
    source: Annotated[str, "Where it is from."]
    licence: Annotated[str, "Its licence."]
    n_samples: Annotated[int, "Samples."]
    input_shape: Annotated[list[int | None], "Shape of one sample."]
    n_classes: Annotated[int | None, "Classes; null: a number is to be told."]
    size_bytes: Annotated[int, "Bytes of its files."]
    files: Annotated[list[DataFile], "Its files; none where it comes with nnkit."]
    n_new: NotRequired[Annotated[int, "Files that were fetched or imported now."]]


class DataDocument(TypedDict):
    """What `data list`, `data check`, `data fetch` and `data import` print with `--json`."""

    schema: Annotated[Literal["nnbench.data/1"], "The name and the version of this schema."]
    action: Annotated[str, "What was asked for."]
    folder: Annotated[str, "The folder of everything that is fetched."]
    datasets: Annotated[list[DataSet], "The data sets that were asked for."]
